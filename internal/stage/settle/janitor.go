package settle

import (
	"context"
	"errors"
	"fmt"

	"github.com/iris-oculus/iris/internal/job"
)

// Lease lets the GPU go. A nil Lease means that no endpoint is deployed.
type Lease interface {
	// Release removes a holder; one that holds nothing changes nothing.
	Release(ctx context.Context, holder string) error
	// Sweep drops the holders whose execution is closed and puts the capacity right.
	Sweep(ctx context.Context, closed func(ctx context.Context, holder string) (bool, error)) error
	// Blocked says whether a budget stop is in force.
	Blocked(ctx context.Context) (bool, error)
	// Seen is told whether an instance is in service, for people who ask how the GPU is.
	Seen(ctx context.Context, up bool) error
}

// Answers completes the tasks of jobs that wait for the endpoint.
type Answers interface {
	// Recover finds an answer whose message was lost.
	Recover(ctx context.Context, r job.Record) error
	// Stop fails a task whose answer is not there: the budget is spent.
	Stop(ctx context.Context, r job.Record) error
}

// Running says whether an instance of the endpoint is in service.
type Running interface {
	Up(ctx context.Context) (bool, error)
}

// surroundings holds the facts that a sweep finds out once for all jobs.
type surroundings struct {
	gpu     gpu
	running map[string]bool // names of executions that ran when the sweep began
}

// Sweep is the janitor's round. It releases the GPU for dead holders and does for every
// open job whatever that still needs. It begins behind the last job of the sweep before,
// so that a sweep which runs out of time is continued by the next one. A job that cannot
// be finished does not stop the round.
func (s Stage) Sweep(ctx context.Context) error {
	var found surroundings
	var problems [6]error
	problems[0] = s.sweepLease(ctx)
	found.gpu, problems[1] = s.gpu(ctx)
	// Without the list, which saves a call for each job, the workflow is asked about each.
	found.running, problems[2] = s.Workflow.AllRunning(ctx)
	from, err := s.Jobs.SweptTo(ctx)
	if err != nil {
		problems[3] = fmt.Errorf("read how far the last sweep came: %w", err)
	}
	problems[4] = s.eraseDue(ctx)
	problems[5] = s.eachOpen(ctx, from, func(ctx context.Context, id string) error {
		return s.finish(ctx, id, found)
	}, func(place string) error { return s.keepPlace(ctx, &from, place) })
	return errors.Join(problems[:]...)
}

// keepPlace writes down how far the sweep came, when that has changed, even if the
// sweep's own time is over.
func (s Stage) keepPlace(ctx context.Context, written *string, place string) error {
	if place == *written {
		return nil
	}
	ctx, done := context.WithTimeout(context.WithoutCancel(ctx), sweepReserve/2)
	defer done()
	if err := s.Jobs.SetSweptTo(ctx, place); err != nil {
		return err
	}
	*written = place
	return nil
}

// finish does whatever one open job still needs.
func (s Stage) finish(ctx context.Context, id string, found surroundings) error {
	r, err := s.Jobs.Get(ctx, id)
	if errors.Is(err, job.ErrNotFound) {
		return s.Jobs.Close(ctx, job.Record{ID: id})
	}
	if err != nil {
		return err
	}
	if !r.Erased && owesEvent(r, s.Now()) {
		if err := s.announce(ctx, r); err != nil {
			return err
		}
	}
	next := decide(r, unasked, s.Now())
	if next == ask {
		x, err := s.executionOf(ctx, r, found.running)
		if err != nil {
			return err
		}
		next = decide(r, x, s.Now())
	}
	return s.carryOut(ctx, r, next, found.gpu)
}

func (s Stage) carryOut(ctx context.Context, r job.Record, d duty, g gpu) error {
	switch d {
	case eraseObjects:
		return s.finishErasure(ctx, r)
	case abandonRun:
		if err := s.abandon(ctx, r); err != nil {
			return err
		}
		return s.closeEnded(ctx, r)
	case closeJob:
		return s.closeEnded(ctx, r)
	case awaitUpload:
		return s.findUpload(ctx, r)
	case startRun:
		return job.Begin(ctx, s.Jobs, s.Workflow, r)
	case endRun:
		return s.endClosed(ctx, r)
	case helpRun:
		return s.recoverAnswer(ctx, r, g)
	}
	return nil
}
