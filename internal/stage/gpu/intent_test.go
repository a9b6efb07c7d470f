package gpu

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/iris-oculus/iris/internal/job"
)

// jobOne is the job of the execution one.
const (
	jobOne = "01JD0000000000000000000001"
	jobTwo = "01JD0000000000000000000002"
)

func (d *desk) intend(id string, keep time.Duration) {
	d.t.Helper()
	if _, err := d.Handle(d.t.Context(), job.GPUInput{Action: job.ActionIntend, Job: id, Until: d.now.Add(keep)}); err != nil {
		d.t.Fatal(err)
	}
}

func (d *desk) forget(id string) {
	d.t.Helper()
	if _, err := d.Handle(d.t.Context(), job.GPUInput{Action: job.ActionForget, Job: id}); err != nil {
		d.t.Fatal(err)
	}
}

// An upload wakes the GPU; its job takes the lease over, and the linger begins with it.
func TestAnIntentBecomesAJob(t *testing.T) {
	d := newDesk(t, policy)
	d.intend(jobOne, 10*time.Minute)
	d.intend(jobOne, 20*time.Minute) // again: its time is never made later
	if want := []job.Intent{{Job: jobOne, Until: wholeSecond(d.now.Add(10 * time.Minute))}}; !cmp.Equal(want, d.lease.Intents) {
		t.Errorf("%+v", d.lease)
	}
	d.do(job.ActionAcquire, one)
	d.intend(jobOne, 10*time.Minute) // it arrives late
	if len(d.lease.Intents) > 0 || !d.lease.Holds(one) {
		t.Errorf("acquired: %+v", d.lease)
	}
	d.do(job.ActionRelease, one)
	d.now = d.now.Add(121 * time.Second)
	d.do(job.ActionPark, "")
	if diff := cmp.Diff([]int{1, 0}, d.calls); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
}

// An upload that is given up lets the GPU go at once, but not from others.
func TestAnIntentThatIsForgotten(t *testing.T) {
	d := newDesk(t, policy)
	d.intend(jobOne, 10*time.Minute)
	d.intend(jobTwo, 10*time.Minute)
	d.forget(jobOne)
	d.forget(jobOne)
	if diff := cmp.Diff([]int{1}, d.calls); diff != "" || len(d.lease.Intents) != 1 {
		t.Errorf("with another upload: %s %+v", diff, d.lease)
	}
	d.forget(jobTwo)
	if diff := cmp.Diff([]int{1, 0}, d.calls); diff != "" || len(d.lease.Intents) > 0 {
		t.Errorf("the last: %s %+v", diff, d.lease)
	}

	d = newDesk(t, policy)
	d.intend(jobTwo, 10*time.Minute)
	d.do(job.ActionAcquire, one)
	d.forget(jobTwo)
	d.do(job.ActionRelease, one)
	d.intend(jobTwo, time.Minute)
	d.forget(jobTwo)
	if diff := cmp.Diff([]int{1}, d.calls); diff != "" {
		t.Errorf("while another holds it and lingers: %s", diff)
	}

	// A scan that is rejected never held the GPU, and does not keep it up.
	d = newDesk(t, policy)
	d.intend(jobOne, 10*time.Minute)
	d.do(job.ActionRelease, one)
	if diff := cmp.Diff([]int{1, 0}, d.calls); diff != "" || !d.lease.ParkAt.IsZero() {
		t.Errorf("rejected: %s %+v", diff, d.lease)
	}
}

// An upload that dies keeps the GPU up for its time; then the janitor lets it sleep.
func TestAnIntentEndsByItself(t *testing.T) {
	d := newDesk(t, policy)
	d.intend(jobOne, 10*time.Minute)
	sweep := func() {
		t.Helper()
		if err := d.Sweep(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
	}
	d.now = d.now.Add(9 * time.Minute)
	sweep()
	if diff := cmp.Diff([]int{1}, d.calls); diff != "" {
		t.Errorf("before its end: %s", diff)
	}
	d.now = d.now.Add(time.Minute)
	sweep()
	if diff := cmp.Diff([]int{1, 0}, d.calls); diff != "" {
		t.Errorf("at its end: %s", diff)
	}
	d.now = d.now.Add(time.Second) // beyond what was rounded up
	d.intend(jobTwo, time.Minute)
	if len(d.lease.Intents) != 1 {
		t.Errorf("what has ended stays: %+v", d.lease.Intents)
	}
}

// Nobody waits for an intent: a refused change is made by the endpoint's next event, and
// a budget stop wakes nothing.
func TestAnIntentThatIsRefused(t *testing.T) {
	d := newDesk(t, policy)
	d.refuse = 1
	d.intend(jobOne, 10*time.Minute)
	if len(d.calls) > 0 {
		t.Fatal("not refused")
	}
	d.do(ActionReconcile, "")
	if diff := cmp.Diff([]int{1}, d.calls); diff != "" {
		t.Errorf("the event: %s", diff)
	}

	d = newDesk(t, policy)
	d.do(job.ActionBudget, "")
	d.intend(jobOne, 10*time.Minute)
	if len(d.calls) > 0 || len(d.lease.Intents) > 0 {
		t.Errorf("under a budget stop: %v %+v", d.calls, d.lease)
	}
	d = newDesk(t, policy)
	d.intend(jobOne, 10*time.Minute)
	d.do(job.ActionBudget, "")
	if diff := cmp.Diff([]int{1, 0}, d.calls); diff != "" {
		t.Errorf("before a budget stop: %s", diff)
	}
}

// What a broken or hostile message asks for is bounded.
func TestBoundsOfIntents(t *testing.T) {
	for name, in := range map[string]job.GPUInput{
		"no job":     {Action: job.ActionIntend, Until: time.Unix(1_060, 0)},
		"no id":      {Action: job.ActionIntend, Job: "x", Until: time.Unix(1_060, 0)},
		"an attempt": {Action: job.ActionForget, Job: one},
	} {
		d := newDesk(t, policy)
		if _, err := d.Handle(t.Context(), in); err == nil || len(d.calls) > 0 {
			t.Errorf("%s: %v %v", name, err, d.calls)
		}
	}
	d := newDesk(t, policy)
	d.intend(jobOne, -time.Second)
	d.intend(jobOne, -time.Hour)
	d.intend(jobOne, MaxIntent+time.Minute)
	if len(d.calls) > 0 || d.lease.Generation > 0 {
		t.Errorf("in the past or for ever: %v %+v", d.calls, d.lease)
	}
	var entropy [10]byte
	for n := range MaxIntents + 5 {
		entropy[0], entropy[1] = byte(n), byte(n>>8)
		d.intend(job.NewID(d.now, entropy), time.Minute)
	}
	if len(d.lease.Intents) != MaxIntents || len(d.calls) != 1 {
		t.Errorf("%d uploads, %v", len(d.lease.Intents), d.calls)
	}
	for i := 1; i < len(d.lease.Intents); i++ {
		if d.lease.Intents[i-1].Job >= d.lease.Intents[i].Job {
			t.Fatal(fmt.Sprint("not in order: ", d.lease.Intents[i-1:i+1]))
		}
	}
	out := func() job.GPUOutput {
		d.Instances = instances{"Updating", 0, nil}
		return d.do(job.ActionStatus, "")
	}()
	if out.Announced != MaxIntents {
		t.Errorf("status counts %d", out.Announced)
	}
	if _, err := d.Handle(t.Context(), job.GPUInput{Action: "intent"}); err == nil || errors.Is(err, job.ErrLeaseConflict) {
		t.Errorf("%v", err)
	}
}
