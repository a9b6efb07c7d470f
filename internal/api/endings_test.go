package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/iris-oculus/iris/internal/job"
	"github.com/iris-oculus/iris/internal/job/jobtest"
)

// An export whose call is refused is asked for again at the next poll, not at the
// next round.
func TestAnExportThatCouldNotBeSentIsSentAtTheNextPoll(t *testing.T) {
	w := newWorld()
	id := w.job(t, "alice", job.Ready, func(r *job.Record) { r.Structures = []job.Structure{{Name: "liver"}} })
	w.sendFails = 2
	for n, want := range []int{http.StatusServiceUnavailable, http.StatusServiceUnavailable, http.StatusAccepted, http.StatusAccepted} {
		if out := w.ask(t, alice, "GET", "/v1/jobs/"+id+"/artifacts/model.glb?format=stl", ""); out.Code != want {
			t.Errorf("poll %d: %d, want %d: %s", n, out.Code, want, out.Body)
		}
	}
	if len(w.exports) != 1 {
		t.Errorf("sent %d times", len(w.exports))
	}
}

// crashing is the claims and the export function of a process that dies between two calls.
type crashing struct {
	*jobtest.Store
	*world
	crash *jobtest.Crash
}

func (c crashing) Claim(ctx context.Context, owner, key, value string, now time.Time) (held string, mine bool, err error) {
	err = c.crash.Do(func() (err error) { held, mine, err = c.Store.Claim(ctx, owner, key, value, now); return })
	return held, mine, err
}

func (c crashing) Unclaim(context.Context, string, string) error { return jobtest.ErrCrash }

func (c crashing) Send(ctx context.Context, in any) error {
	return c.crash.Do(func() error { return c.world.Send(ctx, in) })
}

// Wherever a process dies that was to send an export, a poll half a minute later
// sends it, and polls after that do not send it again.
func TestAnExportOutlivesACrash(t *testing.T) {
	for n := range 8 {
		w := newWorld()
		id := w.job(t, "alice", job.Ready, func(r *job.Record) { r.Structures = []job.Structure{{Name: "liver"}} })
		c := crashing{&w.store, w, &jobtest.Crash{At: n / 2, After: n%2 == 1}}
		poll := func() int {
			a := API{Jobs: c, Results: &w.results, Exports: c, Now: func() time.Time { return w.now }}
			r := httptest.NewRequest("GET", "/v1/jobs/"+id+"/artifacts/model.glb?format=stl", nil).WithContext(WithPrincipal(t.Context(), alice))
			out := httptest.NewRecorder()
			a.Handler().ServeHTTP(out, r)
			conforms(t, r, out)
			return out.Code
		}
		poll()
		w.now = w.now.Add(sendWithin)
		for range 3 {
			if got := poll(); got != http.StatusAccepted {
				t.Errorf("crash %d, after it: %v: %d", n/2, n%2 == 1, got)
			}
		}
		if sent := len(w.exports); sent < 1 || sent > 2 {
			t.Errorf("crash %d, after it: %v: sent %d times", n/2, n%2 == 1, sent)
		}
	}
}

// What a remesh may ask for is what the label map holds; anything else is refused
// before work, with the list. A merge's name is no structure.
func TestARemeshAsksForWhatTheLabelMapHolds(t *testing.T) {
	cases := []struct {
		name, options string
		code, warning string
	}{
		{"what was meshed", `"structures":["liver"]`, "", ""},
		{"what was segmented and not meshed", `"structures":["spleen"]`, "", ""},
		{"what was not segmented", `"structures":["kidney_left"]`, "bad_option", ""},
		{"a merge of what is there", `"structures":["both"],"merge":"both=liver,spleen"`, "", ""},
		{"a merge of what is not", `"structures":["liver"],"merge":"both=liver,kidney_left"`, "bad_option", ""},
		{"a merge of what is not, and all structures", `"structures":[],"merge":"both=liver,kidney_left"`, "bad_option", ""},
		{"a merge's name without the merge", `"structures":["both"]`, "bad_option", ""},
		{"all", `"structures":[]`, "", "subset_only"},
		{"a decimation", `"decimate":"0.5"`, "", ""},
		{"DICOM objects", `"dicom":["seg","rtstruct"]`, "", ""},
		{"no DICOM object", `"dicom":"none"`, "", ""},
	}
	for _, long := range []bool{false, true} {
		for _, c := range cases {
			w := newWorld()
			table := job.Table{Structures: []job.Structure{{Name: "liver"}}, Holds: []string{"liver", "spleen"}}
			id := w.job(t, "alice", job.Ready, func(r *job.Record) {
				r.Options.Structures, r.Table, r.Asked = []string{"liver", "spleen"}, table, []string{"liver", "spleen"}
				if r.Long = long; long {
					r.Table = job.Table{}
				}
			})
			if long {
				text, err := json.Marshal(table)
				if err != nil {
					t.Fatal(err)
				}
				w.results.Set(job.Key(id, 1, job.TableObject), text, nil)
			}
			out := w.ask(t, alice, "POST", "/v1/jobs/"+id+"/remesh", `{"options":{`+c.options+`}}`)
			switch {
			case c.code == "" && out.Code != http.StatusAccepted, c.code != "" && (code(out) != c.code || len(w.executions) != 0):
				t.Errorf("%s: %d %s", c.name, out.Code, out.Body)
			case c.code == "bad_option" && !strings.Contains(out.Body.String(), "only liver, spleen"):
				t.Errorf("%s: it is not said what is there: %s", c.name, out.Body)
			case strings.Contains(out.Body.String(), "subset_only") != (c.warning != ""):
				t.Errorf("%s: warnings %s", c.name, out.Body)
			}
		}
	}
}

// Whether all that a label map holds is all that the model knows follows from what
// was segmented, not from what a remesh before asked for.
func TestARemeshToAllAfterAnother(t *testing.T) {
	for _, c := range []struct {
		name     string
		asked    []string // when the scan was segmented
		remeshes []string
		want     int // warnings
	}{
		{"a few were segmented", []string{"liver", "spleen"}, []string{`["liver"]`, `[]`}, 1},
		{"a few were segmented, twice all", []string{"liver", "spleen"}, []string{`[]`, `["liver"]`, `[]`}, 1},
		{"a few were segmented, and are shown", []string{"liver", "spleen"}, []string{`[]`, `["liver"]`}, 0},
		{"all were segmented", nil, []string{`["liver","spleen"]`, `[]`}, 0},
	} {
		w := newWorld()
		id := w.job(t, "alice", job.Ready, func(r *job.Record) {
			r.Asked, r.Options.Structures = c.asked, c.asked
			r.Table = job.Table{Holds: []string{"liver", "spleen"}}
		})
		var got jobBody
		for _, names := range c.remeshes {
			got = answer[jobBody](t, w.ask(t, alice, "POST", "/v1/jobs/"+id+"/remesh", `{"options":{"structures":`+names+`}}`))
			if _, err := w.store.Amend(t.Context(), id, func(r *job.Record) error { r.Status = job.Ready; return nil }); err != nil {
				t.Fatal(err)
			}
		}
		if len(got.Warnings) != c.want {
			t.Errorf("%s: warnings %v, want %d", c.name, got.Warnings, c.want)
		}
	}
}

// A table that no record holds is read where it lies, and an export of one of its
// structures is none of an unknown one.
func TestALongTableIsShown(t *testing.T) {
	w := newWorld()
	id := w.job(t, "alice", job.Ready, func(r *job.Record) { r.Long = true })
	var table job.Table
	for n := range 1500 {
		table.Structures = append(table.Structures, job.Structure{Label: n + 1, Name: fmt.Sprint(strings.Repeat("🧠", 190), n)})
	}
	text, err := json.Marshal(table)
	if err != nil {
		t.Fatal(err)
	}
	w.results.Set(job.Key(id, 1, job.TableObject), text, nil)
	if got := answer[jobBody](t, w.ask(t, alice, "GET", "/v1/jobs/"+id, "")); len(got.Structures) != 1500 {
		t.Errorf("%d structures", len(got.Structures))
	}
	if out := w.ask(t, alice, "GET", "/v1/jobs/"+id+"/artifacts/model.glb?format=stl&structure="+strings.Repeat("%F0%9F%A7%A0", 190)+"7", ""); out.Code != http.StatusAccepted {
		t.Errorf("export: %d %s", out.Code, out.Body)
	}
}

// An option that cannot be is refused before anything is uploaded.
func TestOptionsThatCannotBe(t *testing.T) {
	w := newWorld()
	for _, options := range []string{`"decimate":"0"`, `"dicom":["seg","none"]`, `"dicom":"rtss"`, `"dicom":[]`, `"dicom":[1]`, `"dicom":true`} {
		out := w.ask(t, alice, "POST", "/v1/jobs", `{"file":"a.nii","bytes":1,"options":{`+options+`}}`)
		if out.Code != http.StatusBadRequest || code(out) != "bad_option" {
			t.Errorf("%s: %d %s", options, out.Code, out.Body)
		}
	}
	if p := problemOf(errors.Join(&job.BusyError{Message: "x"}, nil)); p.Status != http.StatusServiceUnavailable || p.RetryAfter == 0 {
		t.Errorf("%+v", p)
	}
}
