package settle

import (
	"context"
	"errors"
	"fmt"
	"time"

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

// Bounds of the janitor's patience.
const (
	uploadWithin = 24 * time.Hour  // for a job made by the API to receive its file
	startWithin  = 1 * time.Minute // for intake to start what it recorded
)

// Closed settles an execution that ended FAILED, TIMED_OUT or ABORTED: not
// every error can be caught, an abort never.
func (s Stage) Closed(ctx context.Context, execution, status string) error {
	id, attempt, ok := job.ParseExecutionName(execution)
	if !ok {
		return nil
	}
	if s.Lease != nil {
		if err := s.Lease.Release(ctx, execution); err != nil && !isBusy(err) {
			return err // busy: the janitor's sweep lets it go
		}
	}
	cause := job.TaskError{Error: "Execution." + status}
	if status == "TIMED_OUT" {
		cause.Error = "States.Timeout"
	}
	_, err := s.end(ctx, id, attempt, verdict(cause))
	return err
}

func isBusy(err error) bool {
	var busy *job.BusyError
	return errors.As(err, &busy)
}

// Sweep is the janitor. One job that cannot be finished does not keep the others.
func (s Stage) Sweep(ctx context.Context) error {
	var problems []error
	if s.Lease != nil {
		if err := s.Lease.Sweep(ctx, s.isClosed); err != nil && !isBusy(err) {
			problems = append(problems, fmt.Errorf("sweep the lease: %w", err))
		}
	}
	g, err := s.gpu(ctx)
	if err != nil {
		problems = append(problems, err)
	}
	for id, err := range s.Jobs.Open(ctx) {
		if err == nil {
			err = s.finish(ctx, id, g)
		}
		if err != nil {
			problems = append(problems, fmt.Errorf("job %s: %w", id, err))
		}
	}
	return errors.Join(problems...)
}

// gpu is what waiting jobs have to know: an instance is in service, or none will be.
type gpu struct{ up, blocked bool }

func (s Stage) gpu(ctx context.Context) (g gpu, err error) {
	if s.Running == nil || s.Lease == nil {
		return g, nil
	}
	if g.up, err = s.Running.Up(ctx); err != nil {
		return g, fmt.Errorf("look at endpoint: %w", err)
	}
	if g.blocked, err = s.Lease.Blocked(ctx); err != nil {
		return g, fmt.Errorf("look for a budget stop: %w", err)
	}
	return g, nil
}

func (s Stage) isClosed(ctx context.Context, holder string) (bool, error) {
	running, _, err := s.Workflow.Running(ctx, holder)
	return !running, err
}

// finish does whatever one open job still needs.
func (s Stage) finish(ctx context.Context, id string, g gpu) error {
	r, err := s.Jobs.Get(ctx, id)
	if errors.Is(err, job.ErrNotFound) {
		return s.Jobs.Close(ctx, id)
	}
	if err != nil {
		return err
	}
	if r.Erased {
		return s.finishErasure(ctx, r)
	}
	age := s.Now().Sub(r.UpdatedAt)
	if len(r.Owed) > 0 && age >= startWithin {
		if err := s.announce(ctx, r); err != nil {
			return err
		}
	}
	switch {
	case r.Status.Ended() && age < startWithin:
		return nil // whoever ended it closes it, or has begun another attempt
	case r.Status == job.Cancelled:
		if err := s.abandon(ctx, r); err != nil {
			return err
		}
		return s.Jobs.Close(ctx, id)
	case r.Status.Ended():
		return s.Jobs.Close(ctx, id)
	case r.Status == job.AwaitingUpload:
		if age < uploadWithin {
			return nil
		}
		return s.late(ctx, r)
	case !r.Execution && age < startWithin:
		return nil
	case !r.Execution:
		return s.startAgain(ctx, r)
	}
	running, known, err := s.Workflow.Running(ctx, job.ExecutionName(id, r.Attempt))
	switch {
	case err != nil:
		return err
	case !known && age < startWithin:
		return nil // its start is not visible everywhere yet
	case !running:
		_, err := s.end(ctx, id, r.Attempt, verdict(job.TaskError{Error: "Execution.Closed"}))
		return err
	}
	return s.nudge(ctx, r, g)
}

// late ends a job whose upload did not come, and starts one whose upload came
// without its event.
func (s Stage) late(ctx context.Context, r job.Record) error {
	object, err := s.Uploads.Head(ctx, r.Upload.Key)
	if errors.Is(err, job.ErrNotFound) {
		return s.expire(ctx, r)
	}
	if err != nil {
		return fmt.Errorf("look for the upload: %w", err)
	}
	r, err = s.Jobs.Amend(ctx, r.ID, func(now *job.Record) error {
		now.Upload.ETag, now.Upload.Size, now.Upload.Modified = object.ETag, object.Size, object.Modified
		return now.Enter(job.Received, s.Now())
	})
	if errors.Is(err, job.ErrStale) {
		return nil
	}
	if err != nil {
		return err
	}
	return s.startAgain(ctx, r)
}

func (s Stage) expire(ctx context.Context, r job.Record) error {
	_, err := s.Jobs.Amend(ctx, r.ID, func(now *job.Record) error {
		if now.Status != job.AwaitingUpload {
			return job.ErrStale
		}
		now.Error = &job.Notice{Code: "not_uploaded", Message: "no file was uploaded within a day"}
		return now.Enter(job.Expired, s.Now())
	})
	if errors.Is(err, job.ErrStale) {
		return nil
	}
	return err
}

func (s Stage) startAgain(ctx context.Context, r job.Record) error {
	if err := s.Workflow.Start(ctx, job.Execution{Job: r.ID, Attempt: r.Attempt, From: r.From}); err != nil {
		return err
	}
	_, err := s.Jobs.Amend(ctx, r.ID, func(now *job.Record) error {
		if now.Attempt != r.Attempt {
			return job.ErrStale
		}
		now.Execution = true
		return nil
	})
	if errors.Is(err, job.ErrStale) {
		return nil
	}
	return err
}

// nudge helps a job that waits for the endpoint.
func (s Stage) nudge(ctx context.Context, r job.Record, g gpu) error {
	if s.Answers != nil && waits(r) && !g.blocked {
		if err := s.Answers.Recover(ctx, r); err != nil {
			return err
		}
	}
	return s.tell(ctx, r, g)
}

func waits(r job.Record) bool { return r.Status == job.Warming || r.Status == job.Segmenting }

// tell a job that waits for the endpoint what is the matter with it.
func (s Stage) tell(ctx context.Context, r job.Record, g gpu) error {
	switch {
	case g.blocked && waits(r) && s.Answers != nil:
		return s.Answers.Stop(ctx, r)
	case g.up && r.Status == job.Warming:
		return s.segmenting(ctx, r)
	}
	return nil
}

// endpointChanged: a change that was refused while the endpoint updated may be
// due now, who waited for the GPU may have it, and after a budget stop nobody waits on.
func (s Stage) endpointChanged(ctx context.Context) error {
	if s.Lease != nil {
		if err := s.Lease.Sweep(ctx, s.isClosed); err != nil && !isBusy(err) {
			return fmt.Errorf("sweep the lease: %w", err)
		}
	}
	g, err := s.gpu(ctx)
	if err != nil || !g.up && !g.blocked {
		return err
	}
	for id, err := range s.Jobs.Open(ctx) {
		if err != nil {
			return err
		}
		r, err := s.Jobs.Get(ctx, id)
		if err == nil {
			err = s.tell(ctx, r, g)
		}
		if err != nil && !errors.Is(err, job.ErrNotFound) {
			return err
		}
	}
	return nil
}

func (s Stage) segmenting(ctx context.Context, r job.Record) error {
	_, err := s.Jobs.Amend(ctx, r.ID, func(now *job.Record) error {
		if now.Status != job.Warming || now.Attempt != r.Attempt {
			return job.ErrStale
		}
		return now.Enter(job.Segmenting, s.Now())
	})
	if errors.Is(err, job.ErrStale) {
		return nil
	}
	return err
}
