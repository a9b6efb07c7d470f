package settle

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/iris-oculus/iris/internal/job"
)

// gpu says whether an instance of the endpoint is in service, and whether a budget stop
// keeps the GPU off. Jobs that wait for the endpoint depend on both.
type gpu struct{ up, blocked bool }

func (s Stage) gpu(ctx context.Context) (g gpu, err error) {
	if s.Running == nil || s.Lease == nil {
		return g, nil
	}
	g.up, err = s.Running.Up(ctx)
	switch {
	case isBusy(err): // the deployment is making it: the next sweep looks again
		g.up = false
	case err != nil:
		return g, fmt.Errorf("look at endpoint: %w", err)
	}
	if err := s.Lease.Seen(ctx, g.up); err != nil { // it is only told
		slog.Warn("the GPU's state was not noted", job.LogError, err.Error())
	}
	if g.blocked, err = s.Lease.Blocked(ctx); err != nil {
		return g, fmt.Errorf("look for a budget stop: %w", err)
	}
	return g, nil
}

// waits says whether a job waits for the endpoint's answer.
func waits(r job.Record) bool { return r.Status == job.Warming || r.Status == job.Segmenting }

// recoverAnswer looks for an answer of the endpoint whose message was lost, then
// tells the job how the endpoint is.
func (s Stage) recoverAnswer(ctx context.Context, r job.Record, g gpu) error {
	if s.Answers != nil && waits(r) && !g.blocked {
		if err := s.Answers.Recover(ctx, r); err != nil {
			return err
		}
	}
	return s.tellWaiting(ctx, r, g)
}

// tellWaiting ends the wait of a job when a budget stop is in force, and moves a
// warming job to segmenting when an instance is in service.
func (s Stage) tellWaiting(ctx context.Context, r job.Record, g gpu) error {
	switch {
	case g.blocked && waits(r) && s.Answers != nil:
		return s.Answers.Stop(ctx, r)
	case g.up && r.Status == job.Warming:
		return s.segmenting(ctx, r)
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

// endpointChanged reacts to a change of the endpoint's state. It sets a capacity that
// could not be set while the endpoint updated, moves on the jobs that wait for an
// instance, and after a budget stop fails their tasks.
func (s Stage) endpointChanged(ctx context.Context) error {
	if err := s.sweepLease(ctx); err != nil {
		return err
	}
	g, err := s.gpu(ctx)
	if err != nil || !g.up && !g.blocked {
		return err
	}
	return s.eachOpen(ctx, "", func(ctx context.Context, id string) error {
		r, err := s.Jobs.Get(ctx, id)
		if errors.Is(err, job.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		return s.tellWaiting(ctx, r, g)
	}, func(string) error { return nil })
}
