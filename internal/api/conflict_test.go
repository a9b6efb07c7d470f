package api

import (
	"net/http"
	"strings"
	"testing"

	"github.com/iris-oculus/iris/internal/job"
)

// A conflict says what the job is and what would have been possible.
func TestConflictsSayWhy(t *testing.T) {
	w := newWorld()
	ready := w.job(t, "alice", job.Ready, func(r *job.Record) { r.Shown = 1 })
	awaiting := w.job(t, "alice", job.AwaitingUpload)
	rejected := w.job(t, "alice", job.Rejected, func(r *job.Record) { r.Shown = 0 })
	for _, c := range []struct{ id, action, want string }{
		{ready, "retry", "the job is ready: only a rejected or failed job can be retried"},
		{awaiting, "retry", "the job is awaiting upload: only a rejected or failed job can be retried"},
		{ready, "parts", "the job is ready: parts are signed only while it awaits its upload"},
		{awaiting, "remesh", "the job is awaiting upload: wait until it has ended"},
		{rejected, "remesh", "the job is rejected and has no model yet"},
	} {
		out := w.ask(t, alice, "POST", "/v1/jobs/"+c.id+"/"+c.action, "{}")
		if p := answer[struct{ Code, Detail string }](t, out); out.Code != http.StatusConflict || p.Code != "conflict" || !strings.Contains(p.Detail, c.want) {
			t.Errorf("%s: %d %+v, want %s", c.action, out.Code, p, c.want)
		}
	}
}

// A structure that the model does not make is refused before anything is uploaded,
// and again when a job is retried; a remesh asks the label map instead.
func TestStructuresAreJudgedBeforeTheUpload(t *testing.T) {
	w := newWorld()
	out := w.ask(t, alice, "POST", "/v1/jobs", `{"file":"a.nii.gz","bytes":9,"options":{"structures":["bon"]}}`)
	if p := answer[struct{ Code, Detail string }](t, out); out.Code != http.StatusBadRequest || p.Code != "bad_option" || !strings.Contains(p.Detail, "did you mean bone?") {
		t.Errorf("%d %+v", out.Code, p)
	}
	id := w.job(t, "alice", job.Rejected)
	out = w.ask(t, alice, "POST", "/v1/jobs/"+id+"/retry", `{"options":{"structures":["skim"]}}`)
	if p := answer[struct{ Code, Detail string }](t, out); out.Code != http.StatusBadRequest || !strings.Contains(p.Detail, "did you mean skin?") {
		t.Errorf("retry: %d %+v", out.Code, p)
	}
	id = w.job(t, "alice", job.Ready, func(r *job.Record) { r.Shown, r.Table.Holds = 1, []string{"gills"} })
	out = w.ask(t, alice, "POST", "/v1/jobs/"+id+"/remesh", `{"options":{"structures":["gills"]}}`)
	if out.Code != http.StatusAccepted {
		t.Errorf("remesh of a label map of another model: %d %s", out.Code, out.Body)
	}
}
