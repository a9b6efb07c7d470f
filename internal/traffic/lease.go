package traffic

import (
	"context"
	"errors"
	"time"

	"github.com/iris-oculus/iris/internal/job"
	"github.com/iris-oculus/iris/internal/stage/gpu"
)

// Policy is a way of letting the endpoint sleep.
type Policy struct {
	Name   string
	Linger time.Duration // of the lease
	Upload time.Duration // scans are announced so long before they want the GPU, and that wakes it; 0: not
	Auto   bool          // no lease: Application Auto Scaling alone
	Always bool          // as many instances as may be, for ever
}

func (p Policy) of(f *fleet) policy {
	switch {
	case p.Auto:
		return &autoscaler{f: f}
	case p.Always:
		return always{f}
	}
	return newLeased(f, p)
}

// The workflow's and the janitor's times, as the template and the state machine have them.
const (
	busyPause     = 15 * time.Second // of Acquire and Park (statemachine/scan.asl.json)
	janitorPeriod = 5 * time.Minute
	intentLasts   = 10 * time.Minute // WarmOnIntentSeconds
	perInstance   = 4                // JobsPerInstance
)

// epoch is when every simulation begins.
var epoch = time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)

// leased is the product's lease, driven as the workflow, the janitor and the endpoint's
// events drive it.
type leased struct {
	f     *fleet
	stage gpu.Stage
	lease job.Lease
	open  map[string]bool // holders whose execution is not closed
}

func newLeased(f *fleet, p Policy) *leased {
	l := &leased{f: f, open: map[string]bool{}}
	policy := gpu.Policy{Linger: p.Linger, MaxInstances: f.Instances}
	if f.Instances > 1 {
		policy.JobsPerInstance = perInstance
	}
	l.stage = gpu.Stage{Leases: l, Endpoint: l, Policy: policy, Now: func() time.Time { return epoch.Add(f.now) }}
	return l
}

func (l *leased) Get(context.Context) (job.Lease, error) { return l.lease, nil }

func (l *leased) Put(_ context.Context, next job.Lease) error {
	if next.Generation != l.lease.Generation+1 {
		return job.ErrLeaseConflict
	}
	l.lease = next
	return nil
}

func (l *leased) Capacity(context.Context) (job.Capacity, error) {
	return job.Capacity{Desired: l.f.desired, Bound: l.f.desired}, nil
}

// SetDesired is SageMaker's: an endpoint that is between two states refuses another change.
func (l *leased) SetDesired(_ context.Context, n int) error {
	if n == l.f.desired {
		return nil
	}
	if l.f.changing() {
		return &job.BusyError{Message: "the endpoint is Updating"}
	}
	l.f.set(n)
	return nil
}

func (l *leased) start() { l.f.after(janitorPeriod, l.sweep) }

func (l *leased) sweep() {
	_ = l.stage.Sweep(context.Background(), func(_ context.Context, holder string) (bool, error) { return !l.open[holder], nil })
	l.f.assign()
	l.f.after(janitorPeriod, l.sweep)
}

func (l *leased) event() {
	_, _ = l.stage.Handle(context.Background(), job.GPUInput{Action: gpu.ActionReconcile})
}

// id is a scan's job.
func id(s *scan) string {
	var entropy [10]byte
	for i, n := 0, uint64(s.number); i < 8; i++ {
		entropy[i] = byte(n >> (8 * i))
	}
	return job.NewID(epoch, entropy)
}

func (l *leased) arrive(s *scan) {
	holder := job.ExecutionName(id(s), 1)
	l.open[holder] = true
	l.acquire(holder)
}

// announce is POST /v1/jobs: the upload wakes the GPU before it has come.
func (l *leased) announce(s *scan) {
	until := epoch.Add(l.f.now + intentLasts)
	_, _ = l.stage.Handle(context.Background(), job.GPUInput{Action: job.ActionIntend, Job: id(s), Until: until})
}

func (l *leased) acquire(holder string) {
	_, err := l.stage.Handle(context.Background(), job.GPUInput{Action: job.ActionAcquire, Holder: holder})
	if busy(err) {
		l.f.after(busyPause, func() { l.acquire(holder) })
	}
}

func (l *leased) finished(s *scan) {
	holder := job.ExecutionName(id(s), 1)
	out, err := l.stage.Handle(context.Background(), job.GPUInput{Action: job.ActionRelease, Holder: holder})
	delete(l.open, holder)
	l.park(out, err)
}

// park is the workflow's Linger and ParkGPU: it waits until park_at, parks, and waits again
// where the lease says so.
func (l *leased) park(out job.GPUOutput, err error) {
	wait := busyPause
	switch {
	case err == nil:
		at, parsed := time.Parse(time.RFC3339, out.ParkAt)
		if parsed != nil || !out.Empty {
			return
		}
		wait = max(0, at.Sub(epoch)-l.f.now)
	case !busy(err):
		return
	}
	l.f.after(wait, func() {
		out, err := l.stage.Handle(context.Background(), job.GPUInput{Action: job.ActionPark})
		at, parsed := time.Parse(time.RFC3339, out.ParkAt)
		if busy(err) || err == nil && parsed == nil && out.Empty && at.Sub(epoch) > l.f.now+time.Second {
			l.park(out, err)
		}
	})
}

func busy(err error) bool {
	var b *job.BusyError
	return errors.As(err, &b)
}

// always never sleeps.
type always struct{ f *fleet }

func (a always) start()         { a.f.set(a.f.Instances) }
func (a always) arrive(*scan)   {}
func (a always) finished(*scan) {}
func (a always) event()         {}
