package settle

import (
	"time"

	"github.com/iris-oculus/iris/internal/job"
)

// These bounds say how long the janitor leaves a job to others.
const (
	uploadWithin = 24 * time.Hour  // for a job made by the API to receive its file
	startWithin  = 1 * time.Minute // for the writer of a record to take the next step
)

// execution says what is known of the execution of a job's attempt.
type execution int

const (
	unasked execution = iota // the workflow was not asked yet
	runs
	closed // it has ended
	absent // the workflow knows none of this name
)

// duty is the one thing that the janitor does for an open job, beside announcing the
// events that the record owes.
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

// decide gives the duty for an open job and the state of its execution. It has no effect,
// so that a test can walk all of it. A duty may be carried out twice, and each of its
// writes has the condition that the record has not changed since it was read.
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
