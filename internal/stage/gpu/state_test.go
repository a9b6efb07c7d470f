package gpu

import (
	"errors"
	"testing"
	"time"

	"github.com/iris-oculus/iris/internal/job"
	"github.com/iris-oculus/iris/internal/job/jobtest"
)

// People are told of each change of the GPU, and since when it is so.
func TestTheGPUsStateIsTold(t *testing.T) {
	d := newDesk(t, policy)
	states := &jobtest.Lease{}
	d.States = states
	began := d.now
	at := func(s int) { d.now = began.Add(time.Duration(s) * time.Second) }
	seen := func(up bool) func() {
		return func() {
			t.Helper()
			if err := d.Seen(t.Context(), up); err != nil {
				t.Error(err)
			}
		}
	}
	do := func(action, holder string) func() { return func() { t.Helper(); d.do(action, holder) } }
	is := func(desired, bound int) func() {
		return func() { d.capacity = job.Capacity{Desired: desired, Bound: bound} }
	}
	for n, step := range []struct {
		at    int
		do    func()
		state job.GPUWord
		since int
	}{
		{0, func() {}, "", 0},
		{1, seen(false), job.GPUAsleep, 1},
		{2, seen(true), job.GPUAsleep, 1}, // its last instance is still there
		{10, do(job.ActionAcquire, one), job.GPUWaking, 10},
		{20, do(job.ActionAcquire, two), job.GPUWaking, 10},
		{30, seen(false), job.GPUWaking, 10},
		{40, seen(true), job.GPUWarm, 40},
		{50, seen(true), job.GPUWarm, 40},
		{60, do(job.ActionRelease, one), job.GPUWarm, 40},
		{70, do(job.ActionRelease, two), job.GPUWarm, 40},
		{80, do(job.ActionPark, ""), job.GPUWarm, 40}, // it lingers
		{200, do(job.ActionPark, ""), job.GPUAsleep, 200},
		{210, is(0, 2), job.GPUAsleep, 200},
		{211, seen(true), job.GPUAsleep, 200}, // the bounds have changed, the instances have not
		{220, is(1, 1), job.GPUAsleep, 200},
		{221, seen(false), job.GPUWaking, 221}, // whoever woke it could not say so
		{230, seen(true), job.GPUWarm, 230},
		{240, seen(false), job.GPUWaking, 240}, // its instance was lost
	} {
		at(step.at)
		step.do()
		got, err := states.State(t.Context())
		since := time.Time{}
		if step.state != "" {
			since = began.Add(time.Duration(step.since) * time.Second).UTC().Truncate(time.Second)
		}
		if err != nil || got.State != step.state || step.state != "" && !got.Since.Equal(since) {
			t.Fatalf("step %d, at %d s: %+v, %v, want %s since %v", n, step.at, got, err, step.state, since)
		}
	}
}

// A GPU whose state cannot be noted wakes and sleeps as any other, and a refused change is
// no change.
func TestNoActionWaitsForTheState(t *testing.T) {
	d := newDesk(t, policy)
	states := &jobtest.Lease{Before: func(string) error { return errors.New("throttled") }}
	d.States = states
	if out := d.do(job.ActionAcquire, one); out.Desired != 1 {
		t.Errorf("acquire answered %+v", out)
	}
	if err := d.Seen(t.Context(), true); err == nil {
		t.Error("nobody was told that the state was not noted")
	}
	d = newDesk(t, policy)
	d.States, d.refuse = &jobtest.Lease{}, 1
	if _, err := d.Handle(t.Context(), job.GPUInput{Action: job.ActionAcquire, Holder: one}); !isBusy(err) {
		t.Fatal(err)
	}
	if got, err := d.States.State(t.Context()); err != nil || got.State != "" {
		t.Errorf("a change that was refused is told: %+v, %v", got, err)
	}
}

// One instance more or less is no waking.
func TestMoreInstancesAreNoWaking(t *testing.T) {
	d := newDesk(t, Policy{Linger: time.Minute, MaxInstances: 2, JobsPerInstance: 1})
	d.States = &jobtest.Lease{}
	d.do(job.ActionAcquire, one)
	if err := d.Seen(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	d.now = d.now.Add(time.Minute)
	d.do(job.ActionAcquire, two)
	if got, err := d.States.State(t.Context()); err != nil || got.State != job.GPUWarm || d.capacity.Desired != 2 {
		t.Errorf("%+v at desired %d, %v", got, d.capacity.Desired, err)
	}
}
