package gpu

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/iris-oculus/iris/internal/job"
)

// Each transition takes the record that was read. It returns the record to write in its
// place, on condition that the generation is still the same. If changed is false there
// is nothing to write.

// Acquire adds holder, and takes away the intent of its job. A budget stop refuses it.
func Acquire(l job.Lease, holder string) (next job.Lease, changed bool, err error) {
	if l.Blocked {
		return l, false, &job.BudgetError{Message: "the budget stop is in force: the GPU is not woken until it is lifted"}
	}
	intended := slices.ContainsFunc(l.Intents, intentOf(jobOf(holder)))
	at, found := slices.BinarySearch(l.Holders, holder)
	if found && !intended {
		return l, false, nil
	}
	if !found && len(l.Holders) >= MaxHolders {
		return l, false, &job.BusyError{Message: fmt.Sprintf("%d jobs hold the GPU: want at most %d", len(l.Holders), MaxHolders)}
	}
	next = withoutIntents(l, intentOf(jobOf(holder)))
	if !found {
		next.Holders = slices.Insert(slices.Clone(l.Holders), at, holder)
		next.Order = append(slices.Clone(l.Order), holder)
	}
	return next, true, nil
}

// Release removes holder, and sets park_at if nobody is left. For a holder that does not
// hold the lease it only takes away the intent of its job, so that a job which never held
// the GPU does not keep it up.
func Release(l job.Lease, holder string, now time.Time, linger time.Duration) (next job.Lease, changed bool) {
	if !l.Holds(holder) {
		return Forget(l, jobOf(holder))
	}
	next = withoutIntents(without(l, []string{holder}), intentOf(jobOf(holder)))
	next.Generation = l.Generation + 1
	if next.Empty() {
		next.ParkAt = wholeSecond(now.Add(linger))
	}
	return next, true
}

// Drop removes holders whose execution is closed. It does not set park_at, because
// nobody has used the GPU since they died.
func Drop(l job.Lease, dead []string) (next job.Lease, changed bool) {
	next = without(l, dead)
	return next, len(next.Holders) < len(l.Holders)
}

// Warm sets park_at by hand. It never makes it earlier.
func Warm(l job.Lease, now time.Time, linger time.Duration) (next job.Lease, changed bool, err error) {
	if l.Blocked {
		return l, false, &job.BudgetError{Message: "the budget stop is in force: lift it before warming the GPU"}
	}
	at := wholeSecond(now.Add(linger))
	if !at.After(l.ParkAt) {
		return l, false, nil
	}
	next = successor(l)
	next.ParkAt = at
	return next, true, nil
}

// Intend keeps the GPU awake until a time for a job whose scan is being uploaded. What is
// there already stays as it is: an intent of this job, whose time is never made later, and
// an execution of it, which needs none. A budget stop refuses it.
func Intend(l job.Lease, id string, until, now time.Time) (next job.Lease, changed bool, err error) {
	if l.Blocked {
		return l, false, &job.BudgetError{Message: "the budget stop is in force: the GPU is not woken until it is lifted"}
	}
	until = wholeSecond(until)
	holds := slices.ContainsFunc(l.Holders, func(h string) bool { return jobOf(h) == id })
	if holds || !until.After(now) || until.After(now.Add(MaxIntent+time.Second)) || slices.ContainsFunc(l.Intents, intentOf(id)) {
		return l, false, nil
	}
	next = withoutIntents(l, func(i job.Intent) bool { return !i.Until.After(now) })
	if len(next.Intents) >= MaxIntents {
		return l, false, nil
	}
	at, _ := slices.BinarySearchFunc(next.Intents, id, func(i job.Intent, id string) int { return strings.Compare(i.Job, id) })
	next.Intents = slices.Insert(next.Intents, at, job.Intent{Job: id, Until: until})
	return next, true, nil
}

// Forget takes away the intent of a job whose upload was given up. It sets no park_at, so
// that the GPU sleeps at once where nobody else needs it.
func Forget(l job.Lease, id string) (next job.Lease, changed bool) {
	if !slices.ContainsFunc(l.Intents, intentOf(id)) {
		return l, false
	}
	return withoutIntents(l, intentOf(id)), true
}

// Block puts the budget stop in force or lifts it.
func Block(l job.Lease, blocked bool) (next job.Lease, changed bool) {
	if l.Blocked == blocked {
		return l, false
	}
	next = successor(l)
	next.Blocked = blocked
	return next, true
}

// Fence is written before the GPU is put to sleep. It changes only the generation, so
// that an Acquire which has read the older record has to read again.
func Fence(l job.Lease) job.Lease { return successor(l) }

// Plan is what reconciling asks for: nothing, or Set with the new capacity.
// Fence asks for the fence to be written first.
type Plan struct {
	Set     bool
	Desired int
	Fence   bool
}

// sweepLead is how long before park_at the janitor may park the GPU. A sweep that came
// shortly before park_at would otherwise leave it up until the next sweep. With the lead
// the idle time stays below linger plus one period, including the rounding of park_at
// (1 s) and the time of a sweep and its scaling activity.
const sweepLead = 10 * time.Second

// Reconcile compares the lease with the capacity. wanted asks for an instance although
// nobody holds the lease, for a warm-up by hand; so does an intent. sweeping says that the janitor calls:
// only then the number of running instances may be reduced, and only if half of them
// must be idle. SageMaker chooses which ones end, and the request of a busy one has to
// be sent again.
func Reconcile(l job.Lease, c job.Capacity, now time.Time, p Policy, wanted, sweeping bool) Plan {
	if sweeping {
		now = now.Add(sweepLead)
	}
	wanted = wanted || l.Intended(now)
	switch {
	case l.Blocked || l.Empty() && !wanted && !now.Before(l.ParkAt):
		if asleep(c) {
			return Plan{}
		}
		return Plan{Set: true, Desired: 0, Fence: true}
	case l.Empty() && !wanted:
		return Plan{} // lingering
	}
	need := p.need(len(l.Holders))
	busy := max(need, min(len(l.Holders), p.MaxInstances))
	switch {
	case !awake(c), c.Desired < need && p.JobsPerInstance > 0:
		return Plan{Set: true, Desired: need}
	case sweeping && p.JobsPerInstance > 0 && 2*busy <= c.Desired:
		return Plan{Set: true, Desired: busy}
	}
	return Plan{}
}

// jobOf is the job of an execution's name.
func jobOf(holder string) string {
	id, _, _ := strings.Cut(holder, "-")
	return id
}

func intentOf(id string) func(job.Intent) bool {
	return func(i job.Intent) bool { return i.Job == id }
}

func withoutIntents(l job.Lease, gone func(job.Intent) bool) job.Lease {
	next := successor(l)
	next.Intents = slices.DeleteFunc(slices.Clone(l.Intents), gone)
	return next
}

func successor(l job.Lease) job.Lease {
	l.Generation++
	return l
}

func without(l job.Lease, names []string) job.Lease {
	next := successor(l)
	gone := func(h string) bool { return slices.Contains(names, h) }
	next.Holders, next.Order = slices.DeleteFunc(slices.Clone(l.Holders), gone), slices.DeleteFunc(slices.Clone(l.Order), gone)
	return next
}
