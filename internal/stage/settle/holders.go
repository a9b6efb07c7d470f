package settle

import (
	"context"
	"errors"
	"fmt"

	"github.com/iris-oculus/iris/internal/job"
)

// sweepLease lets the GPU go for holders whose execution is closed. A lease that is
// busy is left to the next sweep.
func (s Stage) sweepLease(ctx context.Context) error {
	if s.Lease == nil {
		return nil
	}
	if err := s.Lease.Sweep(ctx, s.isClosed); err != nil && !isBusy(err) {
		return fmt.Errorf("sweep the lease: %w", err)
	}
	return nil
}

func (s Stage) isClosed(ctx context.Context, holder string) (bool, error) {
	running, _, err := s.Workflow.Running(ctx, holder)
	return !running, err
}

// release lets the GPU go for an execution that is closed. A lease that is busy is
// left to the janitor's sweep.
func (s Stage) release(ctx context.Context, execution string) error {
	if s.Lease == nil {
		return nil
	}
	if err := s.Lease.Release(ctx, execution); err != nil && !isBusy(err) {
		return err
	}
	return nil
}

func isBusy(err error) bool {
	var busy *job.BusyError
	return errors.As(err, &busy)
}
