package segment

import (
	"time"

	"github.com/iris-oculus/iris/internal/job"
)

// occasion is why an invocation looks at a request.
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

// action is what is to be done next, and the only thing.
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

// Bounds of patience.
const (
	// sendWithin is longer than Start runs: who has not sent by then has died.
	sendWithin = 2 * time.Minute
	// resendWithin: a request that died later than this is not sent again; the
	// task's own time would run out.
	resendWithin = time.Hour
	// maxSends: a request lost with its instance is sent once more.
	maxSends = 2
)

// decide says what follows from a record and what was found. It touches nothing,
// so that a test can walk all of it. Whatever it says may be done twice: the
// invocation dies anywhere, and the next one asks again.
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
