package settle

import (
	"context"
	"errors"

	"github.com/iris-oculus/iris/internal/job"
)

// startAgain starts the execution of a job that was recorded and not started, and
// notes on the record that it has started. Starting a running execution again
// changes nothing, because the workflow knows executions by their name.
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
