// Package gpu decides when the GPU endpoint wakes and sleeps: the lease of
// DESIGN.md §4 "GPU". In: an action (acquire, release, park, warm, budget,
// unblock, a sweep, an endpoint's event). Out: a changed lease record and, when
// the endpoint's desired capacity is not what the lease asks for, one call that
// changes it. Errors: *job.BusyError (the change was refused: try again, in
// whichever direction is then right), *job.BudgetError (a budget stop is in
// force); anything else is the store's or the endpoint's own.
//
// Three layers, each over the one before: transitions (transition.go) are pure
// functions of a record, the capacity and the time; a Run (run.go) puts them in
// order as a value that says which call is due; a Stage (handle.go) makes those
// calls. explore/ walks every interleaving of Runs, so what it proves is what runs.
package gpu

import (
	"time"

	"github.com/iris-oculus/iris/internal/job"
)

// MaxHolders bounds the record: DynamoDB takes 400 KB an item, a holder is 30
// bytes. It is far beyond what one endpoint works off in a request's lifetime.
const MaxHolders = 4096

// awake: instances are told to run, and nothing is under way that ends them.
func awake(c job.Capacity) bool { return c.Desired > 0 && c.Bound > 0 }

// asleep: none are told to run, and nothing is under way that starts one.
func asleep(c job.Capacity) bool { return c.Desired == 0 && c.Bound == 0 }

// Policy is what the template's parameters say.
type Policy struct {
	Linger       time.Duration // how long the GPU stays up after the last release
	MaxInstances int           // at least 1
	// JobsPerInstance is how many holders one instance serves before another
	// is started (lever weights). 0: the lever counts by itself (bounds, whose
	// target tracking follows the backlog).
	JobsPerInstance int
}

// need is the capacity that so many holders want. A holder has, or is about to
// have, exactly one request queued or running, so holders are the backlog,
// exact and without the minutes that its metric takes.
func (p Policy) need(holders int) int {
	if p.JobsPerInstance < 1 {
		return 1
	}
	n := (holders + p.JobsPerInstance - 1) / p.JobsPerInstance
	return max(1, min(n, p.MaxInstances))
}

// wholeSecond rounds up: a Wait that ends early would make Park refuse.
func wholeSecond(t time.Time) time.Time {
	down := t.UTC().Truncate(time.Second)
	if down.Before(t) {
		return down.Add(time.Second)
	}
	return down
}
