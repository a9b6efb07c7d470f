package gpu

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/iris-oculus/iris/internal/job"
)

const (
	one = "01JD0000000000000000000001-1"
	two = "01JD0000000000000000000002-1"
)

// fake is the lease's store and the endpoint in memory.
type fake struct {
	lease    job.Lease
	capacity job.Capacity
	refuse   int // that many changes
	calls    []int
	before   func() // runs before the next SetDesired
}

func (f *fake) Get(context.Context) (job.Lease, error) { return f.lease, nil }

func (f *fake) Put(_ context.Context, l job.Lease) error {
	if f.lease.Generation != l.Generation-1 {
		return job.ErrLeaseConflict
	}
	f.lease = l
	return nil
}

func (f *fake) Capacity(context.Context) (job.Capacity, error) { return f.capacity, nil }

func (f *fake) SetDesired(_ context.Context, n int) error {
	if do := f.before; do != nil {
		f.before = nil
		do()
	}
	if f.refuse > 0 {
		f.refuse--
		return &job.BusyError{Message: "updating"}
	}
	f.calls = append(f.calls, n)
	f.capacity = job.Capacity{Desired: n, Bound: n}
	return nil
}

// desk is a Stage whose time the test moves.
type desk struct {
	*fake
	Stage
	t   *testing.T
	now time.Time
}

func newDesk(t *testing.T, p Policy) *desk {
	d := &desk{fake: &fake{}, t: t, now: time.Unix(1_000, 400_000_000)}
	d.Stage = Stage{Leases: d.fake, Endpoint: d.fake, Policy: p, Now: func() time.Time { return d.now }}
	return d
}

func (d *desk) do(action, holder string) job.GPUOutput {
	d.t.Helper()
	out, err := d.Handle(d.t.Context(), job.GPUInput{Action: action, Holder: holder})
	if err != nil {
		d.t.Fatalf("%s: %v", action, err)
	}
	return out
}

var policy = Policy{Linger: 120 * time.Second, MaxInstances: 1}

func TestOneJob(t *testing.T) {
	d := newDesk(t, policy)
	if out := d.do(job.ActionAcquire, one); out.Desired != 1 || out.Empty {
		t.Errorf("acquire answered %+v", out)
	}
	out := d.do(job.ActionRelease, one)
	if want := time.Unix(1_121, 0).UTC().Format(time.RFC3339); out.ParkAt != want || !out.Empty {
		t.Errorf("release answered %+v, want park_at %s: whole seconds, rounded up", out, want)
	}
	d.now = time.Unix(1_120, 999_999_999)
	if early := d.do(job.ActionPark, ""); early.ParkAt != out.ParkAt || !early.Empty || early.Desired != 1 {
		t.Errorf("a park too early answered %+v: want back to Linger", early)
	}
	d.now = time.Unix(1_121, 0)
	if late := d.do(job.ActionPark, ""); late.Desired != 0 || late.ParkAt > d.now.UTC().Format(time.RFC3339) {
		t.Errorf("park answered %+v", late)
	}
	if diff := cmp.Diff([]int{1, 0}, d.calls); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
}

func TestRepeatsChangeNothing(t *testing.T) {
	d := newDesk(t, policy)
	d.do(job.ActionAcquire, one)
	was := d.lease
	d.do(job.ActionAcquire, one)
	d.do(job.ActionRelease, two)
	if diff := cmp.Diff(was, d.lease); diff != "" {
		t.Errorf("a repeated acquire or a release of nothing wrote (-was +is):\n%s", diff)
	}
	d.do(job.ActionRelease, one)
	was = d.lease
	d.now = d.now.Add(time.Minute)
	d.do(job.ActionRelease, one)
	if diff := cmp.Diff(was, d.lease); diff != "" {
		t.Errorf("a repeated release wrote (-was +is):\n%s", diff)
	}
}

func TestOnlyTheLastReleaseArms(t *testing.T) {
	d := newDesk(t, policy)
	d.do(job.ActionAcquire, one)
	d.do(job.ActionAcquire, two)
	if out := d.do(job.ActionRelease, one); out.Empty || !d.lease.ParkAt.IsZero() {
		t.Errorf("with a holder left: %+v, armed at %v", out, d.lease.ParkAt)
	}
	d.now = d.now.Add(time.Hour)
	if out := d.do(job.ActionPark, ""); out.Empty || out.Desired != 1 {
		t.Errorf("park with a holder answered %+v", out)
	}
}

func TestAHolderThatComesWhileParkingIsServed(t *testing.T) {
	d := newDesk(t, policy)
	d.capacity = job.Capacity{Desired: 1, Bound: 1}
	d.before = func() { d.do(job.ActionAcquire, one) } // after the fence: it sees desired 1
	d.do(job.ActionPark, "")
	if diff := cmp.Diff([]int{0, 1}, d.calls); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
}

func TestAHolderThatComesBeforeTheFenceStopsThePark(t *testing.T) {
	d := newDesk(t, policy)
	r := NewRun(policy, job.ActionPark, "")
	r = r.Next(Reply{}, d.now)                                             // an empty lease
	r = r.Next(Reply{Capacity: job.Capacity{Desired: 1, Bound: 1}}, d.now) // awake
	r = r.Next(Reply{Err: job.ErrLeaseConflict}, d.now)                    // the fence comes too late
	r = r.Next(Reply{Lease: job.Lease{Holders: []string{one}, Generation: 1}}, d.now)
	r = r.Next(Reply{Capacity: job.Capacity{Desired: 1, Bound: 1}}, d.now)
	if out, err := r.Output(d.now); r.Call().Kind != Finished || err != nil || out.Empty {
		t.Errorf("the park went on: %+v, %v", r.Call(), err)
	}
}

func TestRefusedChangesAreBusyAndRetriedInTheRightDirection(t *testing.T) {
	d := newDesk(t, policy)
	d.capacity = job.Capacity{Desired: 1, Bound: 1}
	d.refuse = 1
	var busy *job.BusyError
	if _, err := d.Handle(t.Context(), job.GPUInput{Action: job.ActionPark}); !errors.As(err, &busy) {
		t.Fatalf("a refused park: %v, want BusyError", err)
	}
	d.do(job.ActionAcquire, one)
	if out := d.do(job.ActionPark, ""); out.Desired != 1 || len(d.calls) != 0 {
		t.Errorf("the retry with a holder there answered %+v after %v", out, d.calls)
	}
}

func TestBudgetStop(t *testing.T) {
	d := newDesk(t, policy)
	d.do(job.ActionAcquire, one)
	d.do(job.ActionBudget, "")
	if d.capacity.Desired != 0 || !d.lease.Holds(one) {
		t.Errorf("under a budget stop: %+v, %+v", d.capacity, d.lease)
	}
	var refused *job.BudgetError
	for _, in := range []job.GPUInput{{Action: job.ActionAcquire, Holder: two}, {Action: job.ActionWarm}} {
		if _, err := d.Handle(t.Context(), in); !errors.As(err, &refused) {
			t.Errorf("%s: %v, want BudgetError", in.Action, err)
		}
	}
	if out := d.do(job.ActionUnblock, ""); out.Desired != 1 {
		t.Errorf("lifting the stop with a holder there answered %+v", out)
	}
}

func TestWarmByHand(t *testing.T) {
	d := newDesk(t, policy)
	if out := d.do(job.ActionWarm, ""); out.Desired != 1 || !out.Empty {
		t.Errorf("warm answered %+v", out)
	}
	d.do(ActionReconcile, "")
	d.now = d.now.Add(121 * time.Second)
	if out := d.do(ActionReconcile, ""); out.Desired != 0 {
		t.Errorf("after the linger %+v", out)
	}
	if st, err := d.Status(t.Context()); err != nil || st.Capacity.Desired != 0 || !st.Lease.Empty() {
		t.Errorf("status %+v, %v", st, err)
	}
}

func TestSweepDropsTheDeadAtTheGenerationItRead(t *testing.T) {
	d := newDesk(t, policy)
	d.do(job.ActionAcquire, one)
	d.do(job.ActionAcquire, two)
	asked := 0
	err := d.Sweep(t.Context(), func(_ context.Context, holder string) (bool, error) {
		if asked++; asked == 1 { // meanwhile somebody releases
			d.do(job.ActionRelease, two)
			d.do(job.ActionAcquire, two)
		}
		return holder == one, nil
	})
	if err != nil || !slices.Equal(d.lease.Holders, []string{two}) || asked != 4 {
		t.Errorf("holders %v, %v, asked %d times: want a second sweep", d.lease.Holders, err, asked)
	}
	if !d.lease.ParkAt.Before(d.now.Add(121 * time.Second)) {
		t.Errorf("armed at %v", d.lease.ParkAt)
	}
}

func TestASweepThatComesJustBeforeParkAtParks(t *testing.T) {
	d := newDesk(t, policy)
	d.do(job.ActionAcquire, one)
	d.do(job.ActionRelease, one)
	for _, c := range []struct {
		left    time.Duration
		desired int
	}{{11 * time.Second, 1}, {10 * time.Second, 0}} {
		d.now = d.lease.ParkAt.Add(-c.left)
		if err := d.Sweep(t.Context(), nil); err != nil || d.capacity.Desired != c.desired {
			t.Errorf("%v before park_at: %+v, %v, want desired %d", c.left, d.capacity, err, c.desired)
		}
	}
}

func TestASweepParksAFirstDeployment(t *testing.T) {
	d := newDesk(t, policy)
	d.capacity = job.Capacity{Desired: 1}
	if err := d.Sweep(t.Context(), nil); err != nil || d.capacity.Desired != 0 {
		t.Errorf("%+v, %v", d.capacity, err)
	}
}

func TestABatchRaisesAndComesDownAgain(t *testing.T) {
	d := newDesk(t, Policy{Linger: time.Minute, MaxInstances: 3, JobsPerInstance: 2})
	names := make([]string, 10)
	for n := range names {
		names[n] = job.ExecutionName("01JD000000000000000000000"+string('0'+rune(n)), 1)
		d.do(job.ActionAcquire, names[n])
	}
	for _, name := range names[:9] {
		d.do(job.ActionRelease, name)
	}
	if err := d.Sweep(t.Context(), func(context.Context, string) (bool, error) { return false, nil }); err != nil {
		t.Fatal(err)
	}
	d.do(job.ActionRelease, names[9])
	d.now = d.now.Add(time.Minute + time.Second)
	d.do(job.ActionPark, "")
	if diff := cmp.Diff([]int{1, 2, 3, 1, 0}, d.calls); diff != "" {
		t.Errorf("desired over a batch of ten (-want +got):\n%s", diff)
	}
}

func TestNobodyWaitsForMoreOfAnEndpointThatIsUp(t *testing.T) {
	d := newDesk(t, Policy{Linger: time.Minute, MaxInstances: 3, JobsPerInstance: 1})
	d.do(job.ActionAcquire, one)
	d.refuse = 1
	if out := d.do(job.ActionAcquire, two); out.Desired != 1 || !d.lease.Holds(two) {
		t.Errorf("a second job while the first instance starts: %+v", out)
	}
	if err := d.Sweep(t.Context(), func(context.Context, string) (bool, error) { return false, nil }); err != nil || d.capacity.Desired != 2 {
		t.Errorf("after the endpoint's event: %+v, %v", d.capacity, err)
	}
}

func TestBadInput(t *testing.T) {
	d := newDesk(t, policy)
	for _, in := range []job.GPUInput{
		{}, {Action: "fly"}, {Action: job.ActionAcquire}, {Action: job.ActionRelease, Holder: "somebody"},
	} {
		if _, err := d.Handle(t.Context(), in); err == nil {
			t.Errorf("%+v was accepted", in)
		}
	}
	if d.lease.Generation != 0 {
		t.Errorf("something was written: %+v", d.lease)
	}
}

func TestTheLeaseIsBounded(t *testing.T) {
	l := job.Lease{Holders: make([]string, MaxHolders)}
	for n := range l.Holders {
		l.Holders[n] = string(rune('a')) + string(rune(0x10000+n))
	}
	var busy *job.BusyError
	if _, _, err := Acquire(l, one); !errors.As(err, &busy) {
		t.Errorf("one holder too many: %v", err)
	}
}

// TestWarmNeverShortensALinger: whoever warms the GPU by hand while a longer
// linger runs changes nothing; a linger that would end sooner is extended, for
// every distance between the two, and Warm never moves park_at backwards.
func TestWarmNeverShortensALinger(t *testing.T) {
	now := time.Unix(1_000, 400_000_000)
	for running := -time.Minute; running <= 4*time.Minute; running += time.Second {
		before := job.Lease{Generation: 7, ParkAt: wholeSecond(now.Add(running))}
		after, changed, err := Warm(before, now, policy.Linger)
		if err != nil {
			t.Fatal(err)
		}
		if want := running < policy.Linger; changed != want {
			t.Errorf("linger of %v: changed %v, want %v", running, changed, want)
		}
		want := max(running, policy.Linger)
		if !after.ParkAt.Equal(wholeSecond(now.Add(want))) {
			t.Errorf("linger of %v: park_at is %v from now, want %v", running, after.ParkAt.Sub(now), want)
		}
		if !changed && !cmp.Equal(before, after) {
			t.Errorf("linger of %v: the record changed though nothing is to be written", running)
		}
	}

	// The same through the stage: an operator whose linger is shorter than the one
	// that runs.
	d := newDesk(t, Policy{Linger: 10 * time.Minute, MaxInstances: 1})
	d.do(job.ActionAcquire, one)
	d.do(job.ActionRelease, one)
	was := d.lease.ParkAt
	d.Policy.Linger = time.Minute
	if out := d.do(job.ActionWarm, ""); out.ParkAt != was.UTC().Format(time.RFC3339) || !d.lease.ParkAt.Equal(was) {
		t.Errorf("warm answered park_at %s and left %v: want %v, which was armed before", out.ParkAt, d.lease.ParkAt, was)
	}
}
