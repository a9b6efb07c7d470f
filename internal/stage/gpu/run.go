package gpu

import (
	"errors"
	"fmt"
	"time"

	"github.com/iris-oculus/iris/internal/job"
)

// Kind says what a Run has to do next.
type Kind int

// The calls of a Run, and its end.
const (
	ReadLease Kind = iota
	WriteLease
	ReadCapacity
	SetDesired
	Finished
)

// Call is one call that is due: WriteLease writes Lease on condition that the
// stored generation is one less; SetDesired sets Desired.
type Call struct {
	Kind    Kind
	Lease   job.Lease
	Desired int
}

// Reply is a call's answer: what was read, or the error. job.ErrLeaseConflict answers a
// write whose condition did not hold.
type Reply struct {
	Lease    job.Lease
	Capacity job.Capacity
	Err      error
}

// ActionReconcile changes nothing of the lease: the endpoint's events ask for it.
// ActionDrop is the janitor's.
const (
	ActionReconcile = "reconcile"
	ActionDrop      = "drop"
)

type phase int

const (
	reading   phase = iota // the lease, to apply the action to it
	writing                // the applied action
	rereading              // the lease, to reconcile it
	looking                // at the capacity, to compare it with the lease
	fencing
	setting
	checking // the lease again: who came in while the capacity was being set?
	finished
)

// maxCalls bounds a Run among many that write the same lease. In each round one of them
// succeeds. A Run that fails too often ends with a *job.BusyError.
const maxCalls = 200

// Run is one invocation as a value. Call says which call is due, and Next takes its
// answer. The process may die between any two calls, which explore_test.go tries.
type Run struct {
	policy Policy
	action string
	holder string    // or the job of an intent
	until  time.Time // of an intent
	dead   []string

	phase    phase
	lease    job.Lease    // as last read or written
	next     job.Lease    // being written
	capacity job.Capacity // as last read or set
	desired  int          // being set
	calls    int
	err      error
}

// NewRun begins an action. Holder is an execution name, for acquire and release, or the
// job to forget.
func NewRun(p Policy, action, holder string) Run {
	return Run{policy: p, action: action, holder: holder}
}

// NewIntent begins what keeps the GPU awake for a job until a time.
func NewIntent(p Policy, id string, until time.Time) Run {
	return Run{policy: p, action: job.ActionIntend, holder: id, until: until}
}

// NewDrop begins the janitor's sweep: dead holders leave the lease as it was
// read, at that generation only, and then it is reconciled. A Run that finds
// another generation ends with job.ErrLeaseConflict.
func NewDrop(p Policy, read job.Lease, dead []string) Run {
	r := Run{policy: p, action: ActionDrop, dead: dead, lease: read}
	next, changed := Drop(read, dead)
	if !changed {
		r.phase = rereading // what was read is as old as the questions about its holders
		return r
	}
	return r.write(next, changed)
}

// Call is the call that is due.
func (r Run) Call() Call {
	switch r.phase {
	case reading, rereading, checking:
		return Call{Kind: ReadLease}
	case writing, fencing:
		return Call{Kind: WriteLease, Lease: r.next}
	case looking:
		return Call{Kind: ReadCapacity}
	case setting:
		return Call{Kind: SetDesired, Desired: r.desired}
	}
	return Call{Kind: Finished}
}

// Next is the Run after its due call was answered at now.
func (r Run) Next(reply Reply, now time.Time) Run {
	if r.calls++; r.calls > maxCalls {
		return r.end(&job.BusyError{Message: fmt.Sprintf("the lease is contended: gave up after %d calls", maxCalls)})
	}
	conflict := errors.Is(reply.Err, job.ErrLeaseConflict)
	switch {
	case reply.Err == nil || conflict:
	case r.phase == setting && r.optional() && isBusy(reply.Err):
		return r.end(nil)
	default:
		return r.end(reply.Err)
	}
	switch r.phase {
	case reading:
		r.lease = reply.Lease
		return r.apply(now)
	case writing:
		if conflict {
			return r.conflicted()
		}
		r.lease = r.next
		r.phase = looking
	case rereading:
		r.lease = reply.Lease
		r.phase = looking
	case looking:
		r.capacity = reply.Capacity
		return r.reconcile(now)
	case fencing:
		if conflict {
			r.phase = rereading
			return r
		}
		r.lease = r.next
		r.phase = setting
	case setting:
		// Not read back: a description may lag behind the call.
		r.capacity = job.Capacity{Desired: r.desired, Bound: r.desired}
		r.phase = checking
	case checking:
		if reply.Lease.Generation == r.lease.Generation {
			return r.end(nil)
		}
		r.lease = reply.Lease
		return r.reconcile(now)
	}
	return r
}

// optional says that the change under way neither wakes nor parks the endpoint but only
// changes its number of instances. Nobody has to wait for it, because the endpoint is up
// and its next event or the janitor will ask again.
func (r Run) optional() bool { return r.desired > 0 && awake(r.capacity) }

func isBusy(err error) bool {
	var busy *job.BusyError
	return errors.As(err, &busy)
}

func (r Run) apply(now time.Time) Run {
	next, changed := r.lease, false
	var err error
	switch r.action {
	case job.ActionAcquire:
		next, changed, err = Acquire(r.lease, r.holder)
	case job.ActionRelease:
		next, changed = Release(r.lease, r.holder, now, r.policy.Linger)
	case job.ActionWarm:
		next, changed, err = Warm(r.lease, now, r.policy.Linger)
	case job.ActionIntend:
		next, changed, err = Intend(r.lease, r.holder, r.until, now)
	case job.ActionForget:
		next, changed = Forget(r.lease, r.holder)
	case job.ActionBudget, job.ActionUnblock:
		next, changed = Block(r.lease, r.action == job.ActionBudget)
	}
	if err != nil {
		return r.end(err)
	}
	return r.write(next, changed)
}

func (r Run) write(next job.Lease, changed bool) Run {
	r.phase = looking
	if changed {
		r.next, r.phase = next, writing
	}
	return r
}

func (r Run) conflicted() Run {
	if r.action == ActionDrop {
		return r.end(job.ErrLeaseConflict)
	}
	r.phase = reading
	return r
}

func (r Run) reconcile(now time.Time) Run {
	plan := Reconcile(r.lease, r.capacity, now, r.policy, r.action == job.ActionWarm, r.action == ActionDrop)
	switch {
	case !plan.Set:
		return r.end(nil)
	case plan.Fence:
		r.next, r.phase = Fence(r.lease), fencing
	default:
		r.phase = setting
	}
	r.desired = plan.Desired
	return r
}

func (r Run) end(err error) Run {
	r.phase, r.err = finished, err
	return r
}

// Output is what the run found, once Finished: the answer to the workflow, or
// the error. ParkAt is never before now, and now when nobody need wait for it.
func (r Run) Output(now time.Time) (job.GPUOutput, error) {
	if r.err != nil {
		return job.GPUOutput{}, r.err
	}
	at := now
	if r.lease.Empty() && !r.lease.Blocked && r.lease.ParkAt.After(now) {
		at = r.lease.ParkAt
	}
	return job.GPUOutput{
		ParkAt:  wholeSecond(at).Format(time.RFC3339),
		Empty:   r.lease.Empty(),
		Desired: r.capacity.Desired,
	}, nil
}
