package api

import (
	"net/http"
	"strings"
	"testing"

	"github.com/iris-oculus/iris/internal/job"
)

// Names of a label map's own table are asked for as they are, in either form of the body,
// for a new job and for a remesh.
func TestNamesOfALabelMap(t *testing.T) {
	for _, c := range []struct {
		name, options string
		want          string // structures and merge as options, or the beginning of the error
	}{
		{"a text", `"structures":"Left Lung, liver"`, `Left Lung,liver `},
		{"a list", `"structures":["Left Lung","Node, left"]`, `Left Lung,"Node, left" `},
		{"quoted", `"structures":"\"Node, left\",liver"`, `"Node, left",liver `},
		{"a merge", `"merge":"both lungs=Left Lung,Right Lung"`, ` both lungs=Left Lung,Right Lung`},
		{"a merge as a job shows it", `"merge":[{"name":"x=y","of":["Left Lung","Node, left"]}]`, ` "x=y"=Left Lung,"Node, left"`},
		{"a quote that stays open", `"structures":"\"Left Lung"`, "bad_option"},
		{"a line's end", `"structures":"Left\nLung"`, "bad_option"},
	} {
		said := func(o job.Options) string { return job.SpelledNames(o.Structures) + " " + job.SpelledMerge(o.Merge) }
		w := newWorld()
		out := w.ask(t, alice, "POST", "/v1/jobs", `{"file":"x.zip","bytes":5,"options":{"task":"labels",`+c.options+`}}`)
		if out.Code != http.StatusAccepted {
			if code(out) != c.want {
				t.Errorf("%s: %d %s, want %s", c.name, out.Code, out.Body, c.want)
			}
			continue
		}
		id := answer[struct{ Job struct{ ID string } }](t, out).Job.ID
		if got := said(w.store.Record(id).Options); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
		if w.ask(t, alice, "POST", "/v1/jobs", `{"file":"x.zip","bytes":5,"options":{`+c.options+`}}`).Code != http.StatusBadRequest {
			t.Errorf("%s: taken for a scan, whose model knows no such name", c.name)
		}

		id = w.job(t, "alice", job.Ready, func(r *job.Record) {
			r.Options.Task = job.TaskLabels
			r.Table.Holds = []string{"Left Lung", "Right Lung", "Node, left", "liver"}
		})
		if out := w.ask(t, alice, "POST", "/v1/jobs/"+id+"/remesh", `{"options":{`+c.options+`}}`); out.Code != http.StatusAccepted {
			t.Errorf("%s, remesh: %d %s", c.name, out.Code, out.Body)
		}
		if got := said(w.store.Record(id).Options); got != c.want {
			t.Errorf("%s, remesh: %s, want %s", c.name, got, c.want)
		}
	}

	w := newWorld()
	id := w.job(t, "alice", job.Ready, func(r *job.Record) {
		r.Options.Task, r.Table.Holds = job.TaskLabels, []string{"Left Lung", "liver"}
	})
	if out := w.ask(t, alice, "POST", "/v1/jobs/"+id+"/remesh", `{"options":{"structures":"left_lung"}}`); out.Code != http.StatusAccepted || !strings.Contains(out.Body.String(), `"structures":["Left Lung"]`) {
		t.Errorf("with _: %d %s", out.Code, out.Body)
	}
	id = w.job(t, "alice", job.Ready, func(r *job.Record) {
		r.Options.Task, r.Table.Holds = job.TaskLabels, []string{"Left Lung", "liver"}
	})
	if out := w.ask(t, alice, "POST", "/v1/jobs/"+id+"/remesh", `{"options":{"structures":"livr"}}`); out.Code != http.StatusBadRequest || !strings.Contains(out.Body.String(), "did you mean liver?") {
		t.Errorf("misspelt: %d %s", out.Code, out.Body)
	}
}
