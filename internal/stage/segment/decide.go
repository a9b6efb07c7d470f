package segment

import (
	"time"

	"github.com/iris-oculus/iris/internal/job"
)

// occasion says why an invocation looks at a request.
type occasion int

const (
	started  occasion = iota // the workflow's task has just stored its token
	answered                 // a message says that a request has ended
	swept                    // the janitor passes by
	stopped                  // a budget stop put the GPU to sleep
)

// facts is what an invocation has found out about a job's request.
type facts struct {
	result  bool     // the label map lies in the work bucket
	failed  bool     // the request on record has failed, by its object or by its message
	failure failure  // what is known of that, when failed
	moved   bool     // the job has ended, was erased, or is at another attempt
	why     occasion // why this invocation looks
}

// action is the one thing to do next.
type action int

const (
	nothing  action = iota
	discard         // delete a result that nobody waits for
	succeed         // complete the task with the label map
	reject          // fail the task: the scan is at fault
	giveUp          // fail the task: the model server failed, and was asked often enough
	stop            // fail the task: the budget is spent
	send            // queue the first request, or one whose sender died
	sendMore        // queue it once more, for the failure at hand may be a lost instance's
)

// These bounds say how long and how often is tried.
const (
	// sendWithin is longer than Start can run. If nothing was sent by then, Start has
	// died.
	sendWithin = 2 * time.Minute
	// resendWithin is the age up to which a lost request is sent again. After it the
	// task's own time would run out.
	resendWithin = time.Hour
	// maxSends lets a request that was lost with its instance be sent once more.
	maxSends = 2
)

// decide gives the action for a record and facts. It has no effect, so that a test can
// walk all of it. Every action may be done twice, because an invocation may die anywhere
// and the next one decides again.
func decide(r job.Record, f facts, now time.Time) action {
	switch {
	case f.moved && f.why == answered:
		return discard
	case f.moved, r.Token == "":
		return nothing // nobody waits, or not yet: Start looks for an answer itself
	case f.result:
		return succeed // whatever else is said, the label map is there
	case f.why == stopped:
		return stop
	case f.failed && f.failure.scanAtFault():
		return reject
	case f.failed && r.Request.Sent < maxSends && now.Sub(r.Request.At) < resendWithin:
		return sendMore
	case f.failed:
		return giveUp
	case r.Request.Outstanding:
		return nothing
	case f.why == started:
		return send
	case f.why == swept && r.Status != job.Meshing && r.Request.Sent < maxSends && now.Sub(r.UpdatedAt) >= sendWithin:
		return send
	}
	return nothing
}
