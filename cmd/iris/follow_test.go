package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"github.com/iris-oculus/iris/internal/job"
)

// Who follows a job hears of each status, and once of the first look at its scan.
func TestFollowTellsOfTheFirstLook(t *testing.T) {
	const look = `"glimpse.glb":{"bytes":9,"sha256":"aa","provisional":true}`
	states := []string{
		`"status":"preparing"`, `"status":"segmenting"`, `"status":"segmenting","artifacts":{"scan.png":{"bytes":1}}`,
		`"status":"segmenting","artifacts":{` + look + `}`, `"status":"segmenting","artifacts":{` + look + `}`, `"status":"meshing","artifacts":{` + look + `}`,
		`"status":"ready","artifacts":{"model.glb":{"bytes":1}}`,
	}
	asked := 0
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `{"id":"J",%s}`, states[min(asked, len(states)-1)])
		asked++
	}))
	defer service.Close()
	c := &client{base: service.URL, http: service.Client(), pause: func(context.Context, time.Duration) error { return nil }}
	var heard []string
	if _, _, err := c.follow(t.Context(), "J", func(v jobView) { heard = append(heard, v.standing()) }); err != nil {
		t.Fatal(err)
	}
	hint := "; a first look: iris get J --artifact glimpse.glb"
	if want := []string{"preparing", "segmenting", "segmenting" + hint, "meshing" + hint, "ready"}; !slices.Equal(heard, want) {
		t.Errorf("heard %q, want %q", heard, want)
	}
}

// iris status says what is shown only for a while, and why there is no first look.
func TestStatusTellsWhatIsProvisional(t *testing.T) {
	for body, want := range map[string]string{
		`"artifacts":{"glimpse.glb":{"bytes":9,"provisional":true},"scan.png":{"bytes":7}}`: "9 bytes, until the model is ready",
		`"no_glimpse":{"code":"glimpse_needs_ct","message":"it is an MR"}`:                  "  glimpse_needs_ct: it is an MR\n",
		`"queue":{"ahead":2}`: "  waiting for the GPU, 2 jobs ahead\n",
		`"stages":[{"name":"warming","started_at":"2026-01-02T03:00:00Z","usual":{"low_s":150,"high_s":260}}]`:  "  waiting for the GPU, usually 2.5 to 4.5 min\n",
		`"gpu":{"state":"waking","since":"2026-01-02T03:04:05Z"}`:                                               "  GPU: waking since " + time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC).Local().Format("15:04:05") + "\n",
		`"stages":[{"name":"preparing","started_at":"2026-01-02T03:00:09Z","ended_at":"2026-01-02T03:00:00Z"}]`: "     0.0 s\n",
	} {
		service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, `{"id":"J","status":"warming",`+body+`}`)
		}))
		c := &client{base: service.URL, http: service.Client()}
		v, raw, err := c.job(t.Context(), "J")
		service.Close()
		if err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		cmd := &cobra.Command{}
		cmd.SetOut(&out)
		if err := show(cmd, v, raw, false); err != nil || !strings.Contains(out.String(), want) || strings.Count(out.String(), "until") > 1 {
			t.Errorf("%v: %q, want %q", err, out.String(), want)
		}
	}
}

// A person who waits reads one calm sentence, with nothing in it that is not known.
func TestSituation(t *testing.T) {
	for body, want := range map[string]string{
		`{"status":"awaiting_upload"}`:                                                                                                                 "waiting for the upload",
		`{"status":"preparing","stages":[{"name":"preparing"}]}`:                                                                                       "preparing",
		`{"status":"preparing","stages":[{"name":"preparing","usual":{"low_s":5.1,"high_s":9.9}}]}`:                                                    "preparing, usually 5 to 10 s",
		`{"status":"warming","stages":[{"usual":{"low_s":150.2,"high_s":260.9}}],"queue":{"ahead":0}}`:                                                 "waiting for the GPU, usually 2.5 to 4.5 min",
		`{"status":"warming","stages":[{"usual":{"low_s":0.1,"high_s":209}}]}`:                                                                         "waiting for the GPU, usually 1 s to 3.5 min",
		`{"status":"warming","stages":[{"usual":{"low_s":181,"high_s":184}}]}`:                                                                         "waiting for the GPU, usually 3 min",
		`{"status":"segmenting","stages":[{"usual":{"low_s":41,"high_s":63.7}}],"queue":{"ahead":2}}`:                                                  "segmenting, 2 jobs ahead",
		`{"status":"segmenting","stages":[{"name":"segmenting"}],"queue":{"ahead":1}}`:                                                                 "segmenting, 1 job ahead",
		`{"status":"segmenting","stages":[{"usual":{"low_s":41,"high_s":63.7}}],"queue":{"ahead":0},"progress":{"done":18,"total":63,"unit":"tiles"}}`: "segmenting 18 of 63 tiles, usually 41 to 64 s",
		`{"status":"meshing","stages":[{"usual":{"low_s":0.1,"high_s":0.4}}]}`:                                                                         "meshing, usually less than 1 s",
		`{"status":"ready","stages":[{"name":"meshing"}]}`:                                                                                             "ready",
	} {
		var v jobView
		if err := json.Unmarshal([]byte(body), &v); err != nil {
			t.Fatal(err)
		}
		if got := v.situation(); got != want {
			t.Errorf("%s: %q, want %q", body, got, want)
		}
	}
}

// The line of a stage changes in its place, and each stage keeps a line.
func TestFollowingOnATerminal(t *testing.T) {
	var out bytes.Buffer
	b := &bar{w: &out, erase: "\r"}
	var looks artifactMap
	at := func(status job.Status, done int) {
		v := jobView{ID: "J", Artifacts: looks, Status: status, Stages: []stageView{{Name: status, StartedAt: time.Now()}}}
		if done > 0 {
			v.Progress = &job.Progress{Done: done, Total: 2, Unit: "tiles"}
		}
		b.follow(v)
	}
	at(job.Preparing, 0)
	at(job.Segmenting, 1)
	looks = artifactMap{job.GlimpseGLB: {Bytes: 9, Provisional: true}}
	at(job.Segmenting, 2)
	at(job.Meshing, 0)
	looks = nil
	at(job.Ready, 0)
	b.leave()
	want := "\rpreparing\n\rsegmenting 1 of 2 tiles\ra first look: iris get J --artifact glimpse.glb\n\rsegmenting 2 of 2 tiles\n\rmeshing\n\rready\n"
	if got := out.String(); got != want {
		t.Errorf("%q, want %q", got, want)
	}
	quiet := &bar{}
	quiet.follow(jobView{Status: job.Preparing})
	quiet.leave()
}
