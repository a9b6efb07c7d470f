package settle_test

import (
	"encoding/json"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/iris-oculus/iris/internal/job"
)

var glimpseKey = job.Key(id, 1, job.GlimpseGLB)

// glimpsed is a CT that waits for a model, with a first look that its record lists or, as
// after a crash of who wrote it, does not list.
func glimpsed(t *testing.T, listed bool) *bench {
	t.Helper()
	b := newBench(t, job.Meshing)
	b.amend(t, func(r *job.Record) {
		r.Options = job.Options{Task: "total", Modality: "CT"}
		r.ShowScan(&job.Artifact{Name: job.ScanPNG, Attempt: 1})
		if listed {
			r.ShowGlimpse(&job.Artifact{Name: job.GlimpseGLB, Attempt: 1, Provisional: true}, nil)
		}
	})
	b.mesh(t)
	b.results.Set(glimpseKey, []byte("glimpse"), nil)
	b.results.Set(job.Key(id, 1, job.ScanPNG), []byte("picture"), nil)
	return b
}

// endings of a job, and what each is called by.
var endings = map[job.Status]func(*testing.T, *bench) error{
	job.Ready: func(t *testing.T, b *bench) error {
		_, err := b.Handle(t.Context(), job.SettleInput{Action: job.ActionPublish, Job: id, Attempt: 1})
		return err
	},
	job.Failed: func(t *testing.T, b *bench) error {
		_, err := b.Handle(t.Context(), job.SettleInput{Action: job.ActionSettle, Job: id, Attempt: 1, Error: &job.TaskError{Error: "X"}})
		return err
	},
	job.Cancelled: func(t *testing.T, b *bench) error {
		_, err := b.Cancel(t.Context(), id)
		return err
	},
}

// gone wants nothing left of the first look, and the picture of the scan as it was.
func gone(t *testing.T, b *bench, status job.Status) {
	t.Helper()
	r := b.record(t)
	if b.results.Bytes(glimpseKey) != nil || r.HasGlimpse(1) || r.Status != status || b.jobs.IsOpen(id) {
		t.Errorf("%s: the first look is stored: %v, listed: %v; the job is %s, open: %v", status, b.results.Bytes(glimpseKey) != nil, r.HasGlimpse(1), r.Status, b.jobs.IsOpen(id))
	}
	if b.results.Bytes(job.Key(id, 1, job.ScanPNG)) == nil || r.Artifacts[0].Name != job.ScanPNG {
		t.Errorf("%s: the picture of the scan went too: %+v", status, r.Artifacts)
	}
}

// The first look goes with every ending, whether it was listed or not.
func TestAFirstLookEndsWithItsJob(t *testing.T) {
	for status, end := range endings {
		for _, listed := range []bool{true, false} {
			b := glimpsed(t, listed)
			if err := end(t, b); err != nil {
				t.Fatal(err)
			}
			gone(t, b, status)
		}
	}
}

// Where the ending is cut off before it is deleted, a repeat deletes it, or the janitor.
func TestAFirstLookIsDeletedInTheEnd(t *testing.T) {
	for status, end := range endings {
		for name, again := range map[string]func(*bench) error{
			"a repeat": func(b *bench) error { return end(t, b) },
			"the janitor": func(b *bench) error {
				b.now = b.now.Add(time.Hour)
				_, err := b.Invoke(t.Context(), json.RawMessage(`{"source":"aws.events"}`))
				return err
			},
		} {
			b := glimpsed(t, true)
			b.results.Before = func(call, key string) error {
				if call == "Delete" {
					return errors.New("power cut")
				}
				return nil
			}
			if err := end(t, b); err == nil {
				t.Errorf("%s: an ending that could not delete tells nobody", status)
			}
			r := b.record(t)
			if r.Status != status || r.HasGlimpse(1) {
				t.Errorf("%s: the ending waits for a deletion: %+v", status, r)
			}
			b.results.Before = nil
			if err := again(b); err != nil {
				t.Fatalf("%s, %s: %v", status, name, err)
			}
			gone(t, b, status)
		}
	}
}

// Of a job that never had one nothing is deleted: no request more than before.
func TestWhoHasNoFirstLookPaysForNone(t *testing.T) {
	b := newBench(t, job.Meshing)
	b.mesh(t)
	b.amend(t, func(r *job.Record) { r.Options = job.Options{Task: job.TaskTissue, Modality: "CT"} })
	var calls []string
	b.results.Before = func(call, _ string) error {
		calls = append(calls, call)
		return nil
	}
	if err := endings[job.Ready](t, b); err != nil || slices.Contains(calls, "Delete") {
		t.Errorf("%v, %v", err, calls)
	}
}
