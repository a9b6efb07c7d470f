package settle_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/iris-oculus/iris/internal/job"
	"github.com/iris-oculus/iris/internal/job/jobtest"
	"github.com/iris-oculus/iris/internal/stage/settle"
)

const id = "01JD0000000000000000000001"

var start = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// executions is the workflow: which executions run, and what was announced.
type executions struct {
	running   map[string]bool
	announced []job.EventDetail
	refuses   int // so many events before one is taken
}

func (w *executions) Start(_ context.Context, e job.Execution) error {
	w.running[job.ExecutionName(e.Job, e.Attempt)] = true
	return nil
}
func (w *executions) Stop(_ context.Context, name string) error {
	if _, known := w.running[name]; known {
		w.running[name] = false
	}
	return nil
}
func (w *executions) Running(_ context.Context, name string) (bool, bool, error) {
	running, known := w.running[name]
	return running, known, nil
}
func (w *executions) AllRunning(context.Context) (map[string]bool, error) {
	listed := map[string]bool{}
	for name, running := range w.running {
		if running {
			listed[name] = true
		}
	}
	return listed, nil
}
func (w *executions) Announce(_ context.Context, _ string, d job.EventDetail) error {
	if w.refuses > 0 {
		w.refuses--
		return &job.BusyError{Message: "put event: throttled"}
	}
	w.announced = append(w.announced, d)
	return nil
}

type bench struct {
	settle.Stage
	jobs                   *jobtest.Store
	uploads, work, results *jobtest.Bucket
	flow                   *executions
	now                    time.Time
}

func newBench(t *testing.T, status job.Status) *bench {
	t.Helper()
	b := &bench{jobs: &jobtest.Store{}, uploads: &jobtest.Bucket{}, work: &jobtest.Bucket{}, results: &jobtest.Bucket{},
		flow: &executions{running: map[string]bool{}}, now: start}
	b.Stage = settle.Stage{Jobs: b.jobs, Links: b.jobs, Retention: b.jobs, Uploads: b.uploads, Work: b.work, Results: b.results, Workflow: b.flow,
		Now: func() time.Time { return b.now }}
	b.uploads.Now = b.Now
	object := b.uploads.Set("scan.nii.gz", []byte("scan"), nil)
	b.add(t, job.Record{ID: id, Attempt: 1, Status: status, From: job.FromPrepare, Execution: true,
		Upload:    job.Upload{Bucket: "uploads", Key: "scan.nii.gz", ETag: object.ETag, Modified: object.Modified},
		CreatedAt: start, UpdatedAt: start})
	b.flow.running[job.ExecutionName(id, 1)] = true
	b.work.Set(job.Key(id, 1, job.VolumeObject), []byte("volume"), nil)
	return b
}

func (b *bench) add(t *testing.T, r job.Record) {
	t.Helper()
	if _, _, err := b.jobs.Create(t.Context(), r); err != nil {
		t.Fatal(err)
	}
}

func (b *bench) record(t *testing.T) job.Record {
	t.Helper()
	r, err := b.jobs.Get(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func (b *bench) mesh(t *testing.T) {
	t.Helper()
	text, err := json.Marshal(job.Meshed{
		Artifacts: []job.Artifact{{Name: job.ModelGLB, Bytes: 3}},
		Table:     job.Table{Structures: []job.Structure{{Label: 1, Name: "bone"}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	b.work.Set(job.Key(id, 1, job.MeshObject), text, nil)
}

func TestPublishMakesReadyOnce(t *testing.T) {
	b := newBench(t, job.Meshing)
	b.mesh(t)
	for range 2 { // a repeat writes nothing new; its event may come twice
		out, err := b.Handle(t.Context(), job.SettleInput{Action: job.ActionPublish, Job: id, Attempt: 1})
		if err != nil || out.Status != job.Ready {
			t.Fatalf("publish = %v, %v", out, err)
		}
	}
	r := b.record(t)
	if r.Shown != 1 || len(r.Artifacts) != 1 || len(r.Structures) != 1 || len(r.Warnings) != 0 {
		t.Errorf("record = %+v", r)
	}
	if b.jobs.IsOpen(id) {
		t.Error("a ready job is still among the open ones")
	}
	if d := b.flow.announced[0]; d.Status != job.Ready || d.Job != id {
		t.Errorf("announced %+v", d)
	}
}

// What the label map was asked for stays known when a remesh asks for less of it, and the
// picture of the scan stays listed.
func TestTheLabelMapsOptionsOutliveARemesh(t *testing.T) {
	b := newBench(t, job.Meshing)
	b.amend(t, func(r *job.Record) { r.ShowScan(&job.Artifact{Name: job.ScanPNG, Attempt: 1}) })
	for attempt, structures := range [][]string{{"liver", "spleen"}, {"liver"}} {
		b.amend(t, func(r *job.Record) {
			r.Attempt, r.Status, r.Options.Structures = attempt+1, job.Meshing, structures
			if attempt > 0 {
				r.From = job.FromMesh
			}
		})
		b.mesh(t)
		b.work.Set(job.Key(id, attempt+1, job.MeshObject), b.work.Bytes(job.Key(id, 1, job.MeshObject)), nil)
		if _, err := b.Handle(t.Context(), job.SettleInput{Action: job.ActionPublish, Job: id, Attempt: attempt + 1}); err != nil {
			t.Fatal(err)
		}
		if r := b.record(t); r.Shown != attempt+1 || !slices.Equal(r.Asked, []string{"liver", "spleen"}) {
			t.Errorf("attempt %d: shown %d, asked for %v", attempt+1, r.Shown, r.Asked)
		} else if scan := r.Artifacts[0]; len(r.Artifacts) != 2 || r.ArtifactKey(scan) != job.Key(id, 1, job.ScanPNG) {
			t.Errorf("attempt %d: %+v: want the picture of the scan that attempt 1 made, and the model", attempt+1, r.Artifacts)
		}
	}
}

func TestACancelledJobStaysCancelled(t *testing.T) {
	b := newBench(t, job.Meshing)
	b.mesh(t)
	if _, err := b.Cancel(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	if b.flow.running[job.ExecutionName(id, 1)] {
		t.Error("the execution goes on")
	}
	if b.work.Bytes(job.Key(id, 1, job.VolumeObject)) != nil {
		t.Error("the request's input is still there: an orphan would run")
	}
	for _, action := range []string{job.ActionPublish, job.ActionSettle} {
		out, err := b.Handle(t.Context(), job.SettleInput{Action: action, Job: id, Attempt: 1, Error: &job.TaskError{Error: "X"}})
		if err != nil || out.Status != job.Cancelled {
			t.Errorf("%s after cancel = %v, %v", action, out, err)
		}
	}
	if _, err := b.Cancel(t.Context(), id); err != nil {
		t.Errorf("cancel again: %v", err)
	}
}

func TestCancelLeavesAnEndedJob(t *testing.T) {
	b := newBench(t, job.Ready)
	if _, err := b.Cancel(t.Context(), id); !errors.Is(err, job.ErrStale) {
		t.Errorf("cancel of a ready job = %v, want ErrStale", err)
	}
}

// cut is what the workflow does with a cause (scan.asl.json, Settle).
func cut(cause string) string { return cause[:min(len(cause), 4096)] }

func TestVerdicts(t *testing.T) {
	secret := "pq: password=hunter2 for Jane Doe"
	tests := []struct {
		name       string
		err        job.TaskError
		wantStatus job.Status
		wantCode   string
	}{
		{"rejected", job.TaskError{Error: "RejectedError", Cause: `{"errorMessage":"truncated: the file ends early","errorType":"RejectedError"}`}, job.Rejected, "truncated"},
		{"unsupported", job.TaskError{Error: "UnsupportedError", Cause: `{"errorMessage":"unsupported_datatype: complex voxels"}`}, job.Rejected, "unsupported_datatype"},
		{"rejected, cut within its code", job.TaskError{Error: "RejectedError", Cause: `{"errorMessage":"trunc`}, job.Rejected, "rejected"},
		{"rejected at length", job.TaskError{Error: "RejectedError", Cause: cut(`{"errorMessage":"series_ambiguous: ` + strings.Repeat(`series 1 \"x\"; `, 400) + `"}`)}, job.Rejected, "series_ambiguous"},
		{"cut within an escape", job.TaskError{Error: "RejectedError", Cause: `{"errorMessage":"truncated: the file \u00`}, job.Rejected, "truncated"},
		{"cut behind the message", job.TaskError{Error: "RejectedError", Cause: `{"errorMessage":"truncated: the file ends","errorType":"Rej`}, job.Rejected, "truncated"},
		{"busy", job.TaskError{Error: "BusyError"}, job.Failed, "busy"},
		{"budget", job.TaskError{Error: "BudgetError"}, job.Failed, "budget_stop"},
		{"model", job.TaskError{Error: "EndpointFailedError"}, job.Failed, "model_failed"},
		{"timeout", job.TaskError{Error: "States.Timeout"}, job.Failed, "timed_out"},
		{"killed", job.TaskError{Error: "Runtime.ExitError"}, job.Failed, "out_of_memory"},
		{"killed, and Lambda does not know why", job.TaskError{Error: "Lambda.Unknown"}, job.Failed, "too_large"},
		{"anything else", job.TaskError{Error: "InternalError", Cause: `{"errorMessage":"` + secret + `"}`}, job.Failed, "internal"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			b := newBench(t, job.Preparing)
			out, err := b.Handle(t.Context(), job.SettleInput{Action: job.ActionSettle, Job: id, Attempt: 1, Error: &test.err})
			if err != nil || out.Status != test.wantStatus {
				t.Fatalf("settle = %v, %v", out, err)
			}
			r := b.record(t)
			if r.Error == nil || r.Error.Code != test.wantCode || r.Error.Message == "" {
				t.Errorf("notice = %+v, want code %s and a sentence", r.Error, test.wantCode)
			}
			if r.Error != nil && r.Error.Message == secret {
				t.Error("an internal error's text reached the owner")
			}
			if b.work.Bytes(job.Key(id, 1, job.VolumeObject)) != nil {
				t.Error("a bad ending leaves the request's input")
			}
		})
	}
}

func TestALateErrorDoesNotTouchTheNextAttempt(t *testing.T) {
	b := newBench(t, job.Failed)
	if _, err := b.jobs.Amend(t.Context(), id, func(r *job.Record) error {
		r.Attempt, r.Status = 2, job.Preparing
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	out, err := b.Handle(t.Context(), job.SettleInput{Action: job.ActionSettle, Job: id, Attempt: 1, Error: &job.TaskError{Error: "X"}})
	if err != nil || out.Status != job.Preparing || b.record(t).Status != job.Preparing {
		t.Errorf("settle of attempt 1 = %v, %v; record %s", out, err, b.record(t).Status)
	}
}

func TestEraseLeavesNothing(t *testing.T) {
	b := newBench(t, job.Ready)
	b.results.Set(job.Key(id, 1, job.ModelGLB), []byte("glb"), nil)
	other := job.Key("01JD0000000000000000000002", 1, job.ModelGLB)
	b.results.Set(other, []byte("another's"), nil)
	if err := b.Erase(t.Context(), id, job.ByOwner); err != nil {
		t.Fatal(err)
	}
	if got := append(append(b.uploads.Keys(), b.work.Keys()...), b.results.Keys()...); len(got) != 1 || got[0] != other {
		t.Errorf("objects left: %v, want only another job's", got)
	}
	if r := b.record(t); !r.Erased || r.Upload != (job.Upload{}) || r.Artifacts != nil {
		t.Errorf("more than a tombstone is left: %+v", r)
	}
	if err := b.Erase(t.Context(), id, job.ByOwner); err != nil {
		t.Errorf("erase again: %v", err)
	}
}

// A stage that was running at the erasure writes minutes later, and a model server that
// held the volume within the hour, and nobody asks either.
func TestAnErasureOutlivesLateWrites(t *testing.T) {
	b := newBench(t, job.Meshing)
	if err := b.Erase(t.Context(), id, job.ByOwner); err != nil {
		t.Fatal(err)
	}
	for _, after := range []time.Duration{5 * time.Minute, 64 * time.Minute, 70 * time.Minute} {
		if !b.jobs.IsOpen(id) {
			t.Fatalf("the janitor lets go before %v", after)
		}
		b.results.Set(job.Key(id, 1, job.ModelGLB), []byte("late"), nil)
		b.work.Set(job.FailuresPrefix+job.Key(id, 1, "labels.bin-error.out"), []byte("late"), nil)
		b.now = start.Add(after)
		if err := b.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		if keys := b.results.Keys(); len(keys) != 0 {
			t.Errorf("after %v: %v is left", after, keys)
		}
	}
	if b.jobs.IsOpen(id) {
		t.Error("the janitor never lets go")
	}
}

// A folder's job owns the slices in it, not what lies beside and below them.
func TestEraseOfAFolderLeavesItsNeighbours(t *testing.T) {
	b := newBench(t, job.Ready)
	b.amend(t, func(r *job.Record) { r.Upload = job.Upload{Key: "scans/1.dcm", Prefix: "scans/", ETag: "e"} })
	b.uploads.Set("scans/1.dcm", []byte("slice"), nil)
	b.uploads.Set("scans/2", []byte("slice"), nil)
	b.uploads.Set("scans/other.nii.gz", []byte("a scan of its own"), nil)
	b.uploads.Set("scans/below/1.dcm", []byte("another folder's"), nil)
	if err := b.Erase(t.Context(), id, job.ByOwner); err != nil {
		t.Fatal(err)
	}
	want := []string{"scan.nii.gz", "scans/below/1.dcm", "scans/other.nii.gz"}
	if got := b.uploads.Keys(); !slices.Equal(got, want) {
		t.Errorf("left: %v, want %v", got, want)
	}
}

// The tombstone is written, then the process dies: the janitor must know of it.
func TestAnErasureThatDiedIsFinished(t *testing.T) {
	b := newBench(t, job.Ready)
	if err := b.jobs.Close(t.Context(), b.record(t)); err != nil { // as after publishing
		t.Fatal(err)
	}
	b.amend(t, func(r *job.Record) { r.Erased, r.UpdatedAt = true, start })
	b.now = start.Add(time.Minute)
	if err := b.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if keys := append(b.work.Keys(), b.uploads.Keys()...); len(keys) != 0 {
		t.Errorf("left: %v", keys)
	}
}
