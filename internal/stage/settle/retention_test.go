package settle_test

import (
	"errors"
	"testing"
	"time"

	"github.com/iris-oculus/iris/internal/job"
)

// A job goes with all its objects when its time is over, however long the janitor was
// away, and not a moment earlier.
func TestAJobGoesWhenItsTimeIsOver(t *testing.T) {
	b := newBench(t, job.Ready)
	b.jobs.Now = b.Now
	b.add(t, job.Record{ID: otherID, Attempt: 1, Status: job.Ready, CreatedAt: start, UpdatedAt: start, ExpiresAt: start.Add(job.Lifetime)})
	for _, key := range []string{job.ModelGLB, "export/model.stl"} {
		b.results.Set(job.Key(otherID, 1, key), []byte("x"), nil)
	}
	sweep := func(at time.Duration) {
		t.Helper()
		b.now = start.Add(at)
		if err := b.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	sweep(job.Lifetime - time.Second)
	if _, err := b.jobs.Get(t.Context(), otherID); err != nil || len(b.results.Keys()) != 2 {
		t.Fatalf("before its time: %v, %v", b.results.Keys(), err)
	}
	b.now = start.Add(job.Lifetime + 2*time.Second)
	if _, err := b.jobs.Get(t.Context(), otherID); !errors.Is(err, job.ErrNotFound) {
		t.Errorf("after its time it can be read: %v", err)
	}
	sweep(job.Lifetime + 3*24*time.Hour) // the machine was off over the weekend
	r, err := b.jobs.Get(t.Context(), otherID)
	if err != nil || !r.Erased || r.Erasure.By != job.ByRetention || r.Erasure.Found.Objects != 2 || len(b.results.Keys()) != 0 {
		t.Errorf("after its time: %+v, %v, %v", r, b.results.Keys(), err)
	}
	sweep(job.Lifetime + 4*24*time.Hour)
	for d := range b.jobs.Due(t.Context(), b.now) {
		t.Errorf("still due: %+v", d)
	}
	if r := b.record(t); r.Erased {
		t.Error("a job without an end was erased")
	}
}

// An erasure that fails in its middle is finished by the janitor's next round, which
// knows of it by its mark, though the job's time is over.
func TestTheEndOfAJobsTimeThatDied(t *testing.T) {
	b := newBench(t, job.Ready)
	b.jobs.Now = b.Now
	b.add(t, job.Record{ID: otherID, Attempt: 1, Status: job.Ready, CreatedAt: start, UpdatedAt: start, ExpiresAt: start.Add(time.Hour)})
	b.results.Set(job.Key(otherID, 1, job.ModelGLB), []byte("x"), nil)
	b.now = start.Add(2 * time.Hour)
	b.results.Before = func(call, key string) error {
		if call == "DeletePrefix" {
			return errors.New("S3 is away")
		}
		return nil
	}
	if err := b.Sweep(t.Context()); err == nil {
		t.Error("the failure is not told")
	}
	b.results.Before = nil
	b.now = b.now.Add(5 * time.Minute)
	if err := b.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if keys := b.results.Keys(); len(keys) != 0 {
		t.Errorf("left: %v", keys)
	}
}
