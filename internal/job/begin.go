package job

import (
	"context"
	"errors"
	"fmt"
)

// Records changes job records, as cloud/jobs does.
type Records interface {
	Amend(ctx context.Context, id string, change func(*Record) error) (Record, error)
}

// Executions starts executions of the scan workflow. To start one again changes
// nothing, because the workflow knows executions by their names.
type Executions interface {
	Start(ctx context.Context, e Execution) error
}

// Begin starts the execution of a job's attempt and then notes on the record that it
// has started. After a crash between the two the janitor begins the attempt again. A
// job that has another attempt or is gone meanwhile is no error.
func Begin(ctx context.Context, records Records, executions Executions, r Record) error {
	if err := executions.Start(ctx, Execution{Job: r.ID, Attempt: r.Attempt, From: r.From}); err != nil {
		return err
	}
	_, err := records.Amend(ctx, r.ID, func(now *Record) error {
		if now.Attempt != r.Attempt || now.Execution {
			return ErrStale
		}
		now.Execution = true
		return nil
	})
	if err != nil && !errors.Is(err, ErrStale) && !errors.Is(err, ErrNotFound) {
		return fmt.Errorf("record execution: %w", err)
	}
	return nil
}
