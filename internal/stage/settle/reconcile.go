package settle

import (
	"context"

	"github.com/iris-oculus/iris/internal/job"
)

// Closed settles an execution that ended FAILED, TIMED_OUT or ABORTED. The workflow
// itself settles the errors that it can catch; some it cannot, and an abort never.
func (s Stage) Closed(ctx context.Context, execution, status string) error {
	id, attempt, ok := job.ParseExecutionName(execution)
	if !ok {
		return nil
	}
	if err := s.release(ctx, execution); err != nil {
		return err
	}
	cause := job.TaskError{Error: "Execution." + status}
	if status == "TIMED_OUT" {
		cause.Error = "States.Timeout"
	}
	_, err := s.end(ctx, id, attempt, verdict(cause))
	return err
}

// endClosed ends a job whose execution is closed although no ending was written:
// the event that says so was lost.
func (s Stage) endClosed(ctx context.Context, r job.Record) error {
	_, err := s.end(ctx, r.ID, r.Attempt, verdict(job.TaskError{Error: "Execution.Closed"}))
	return err
}

// executionOf finds out whether a job's execution runs. The list of running
// executions that the sweep began with answers for most; the workflow is asked
// about the others, because the list may lack one that has just started.
func (s Stage) executionOf(ctx context.Context, r job.Record, running map[string]bool) (execution, error) {
	name := job.ExecutionName(r.ID, r.Attempt)
	if running[name] {
		return runs, nil
	}
	open, known, err := s.Workflow.Running(ctx, name)
	switch {
	case err != nil:
		return unasked, err
	case open:
		return runs, nil
	case known:
		return closed, nil
	}
	return absent, nil
}
