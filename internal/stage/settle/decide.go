package settle

import (
	"time"

	"github.com/iris-oculus/iris/internal/job"
)

// Bounds of the janitor's patience.
const (
	uploadWithin = 24 * time.Hour  // for a job made by the API to receive its file
	startWithin  = 1 * time.Minute // for whoever writes a record to do what follows from it
)

// execution is what is known of the execution of a job's attempt.
type execution int

const (
	unasked execution = iota // the workflow was not asked yet
	runs
	closed // it has ended
	absent // the workflow knows none of this name
)

// duty is what the janitor does for an open job, and the only thing beside
// announcing the events that the record owes.
type duty int

const (
	leave        duty = iota
	ask               // ask the workflow about the execution, and decide again
	eraseObjects      // delete what the job's erasure has left
	abandonRun        // stop the execution of a cancelled job, then close the job
	closeJob          // the job has ended: take it from the open ones
	awaitUpload       // look for the upload, whose time is over
	startRun          // start the execution
	endRun            // its execution is closed: write an ending
	helpRun           // its execution runs: look after its wait for the endpoint
)

// decide says what an open job needs, given what is known of its execution. It
// touches nothing, so that a test can walk all of it. A duty may be carried out twice,
// and the record may have changed since it was read: every write of a duty has the
// condition that it has not.
func decide(r job.Record, x execution, now time.Time) duty {
	young := now.Sub(r.UpdatedAt) < startWithin
	switch {
	case r.Erased:
		return eraseObjects
	case r.Status.Ended() && young:
		return leave // whoever ended it closes it, or has begun another attempt
	case r.Status == job.Cancelled:
		return abandonRun
	case r.Status.Ended():
		return closeJob
	case r.Status == job.AwaitingUpload && now.Sub(r.UpdatedAt) < uploadWithin:
		return leave
	case r.Status == job.AwaitingUpload:
		return awaitUpload
	case !r.Execution && young:
		return leave // whoever recorded it starts it
	case !r.Execution:
		return startRun
	case x == unasked:
		return ask
	case x == runs:
		return helpRun
	case x == absent && young:
		return leave // its start is not visible everywhere yet
	}
	return endRun
}
