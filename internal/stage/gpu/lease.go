// Package gpu wakes the GPU endpoint and lets it sleep. It implements the lease of
// DESIGN.md §4 "GPU". In: an action (acquire, release, park, warm, budget, unblock, intend, forget), a
// sweep, or an event of the endpoint. Out: a changed lease record and, when the
// endpoint's desired capacity differs from that of the lease, one call that changes it.
// Errors: *job.BusyError when the change was refused and has to be tried again,
// *job.BudgetError when a budget stop is in force; others are the store's or the
// endpoint's own.
//
// It has three layers. Transitions (transition.go) are pure functions of a record, the
// capacity and the time. A Run (run.go) is a value that puts them in order and says
// which call is due. A Stage (handle.go) makes those calls. The tests of explore_test.go
// walk every interleaving of Runs, which are the same code as in production.
package gpu

import (
	"time"

	"github.com/iris-oculus/iris/internal/job"
)

// MaxIntents bounds the uploads for which the GPU is kept awake. One more changes nothing:
// it is awake.
const MaxIntents = 256

// MaxIntent is the longest time for which an intent keeps the GPU awake.
const MaxIntent = time.Hour

// MaxHolders bounds the record. An item of DynamoDB may have 400 KB, and a holder has 30
// bytes. One endpoint can process far fewer requests before they expire.
const MaxHolders = 4096

// awake says that instances are told to run, and that no change is under way which ends
// them.
func awake(c job.Capacity) bool { return c.Desired > 0 && c.Bound > 0 }

// asleep says that no instance is told to run, and that no change is under way which
// starts one.
func asleep(c job.Capacity) bool { return c.Desired == 0 && c.Bound == 0 }

// Policy holds parameters of the template.
type Policy struct {
	Linger       time.Duration // how long the GPU stays up after the last release
	MaxInstances int           // at least 1
	// JobsPerInstance is how many holders one instance serves before another is
	// started, with lever weights. It is 0 for lever bounds, whose target tracking
	// follows the backlog.
	JobsPerInstance int
}

// need is the capacity for a number of holders. Each holder has, or is about to have,
// exactly one request queued or running, so the number of holders is the backlog. The
// metric of the backlog would be minutes late.
func (p Policy) need(holders int) int {
	if p.JobsPerInstance < 1 {
		return 1
	}
	n := (holders + p.JobsPerInstance - 1) / p.JobsPerInstance
	return max(1, min(n, p.MaxInstances))
}

// wholeSecond rounds up to whole seconds, because Park refuses if the workflow's Wait
// ends early.
func wholeSecond(t time.Time) time.Time {
	down := t.UTC().Truncate(time.Second)
	if down.Before(t) {
		return down.Add(time.Second)
	}
	return down
}
