package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"
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
