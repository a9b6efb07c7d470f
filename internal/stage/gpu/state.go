package gpu

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/iris-oculus/iris/internal/job"
)

// States keeps how the GPU is, for people. No decision is made on it: a state that was not
// written stays what it was until the janitor looks.
type States interface {
	State(ctx context.Context) (job.GPUState, error)
	SetState(ctx context.Context, state job.GPUState) error
}

// told notes what the endpoint has just been told. That it cannot be noted is no error of
// the action.
func (s Stage) told(ctx context.Context, desired int, before job.Capacity) {
	state := job.GPUAsleep
	switch {
	case desired > 0 && awake(before):
		return // one instance more or less
	case desired > 0:
		state = job.GPUWaking
	}
	if err := s.note(ctx, state); err != nil {
		slog.Warn("the GPU's state was not noted", job.LogStatus, string(state), job.LogError, err.Error())
	}
}

// Seen notes how the GPU is found: up says whether an instance is in service. An endpoint
// between two states, whose bounds have changed and whose instances have not, stays what it
// was said to be.
func (s Stage) Seen(ctx context.Context, up bool) error {
	if s.States == nil {
		return nil
	}
	c, err := s.Endpoint.Capacity(ctx)
	if err != nil {
		return err
	}
	switch {
	case asleep(c):
		return s.note(ctx, job.GPUAsleep)
	case awake(c) && up:
		return s.note(ctx, job.GPUWarm)
	case awake(c):
		return s.note(ctx, job.GPUWaking)
	}
	return nil
}

// note writes a state that is another one than before.
func (s Stage) note(ctx context.Context, state job.GPUWord) error {
	if s.States == nil {
		return nil
	}
	was, err := s.States.State(ctx)
	if err == nil && was.State == state {
		return nil // since then
	}
	if err := s.States.SetState(ctx, job.GPUState{State: state, Since: s.Now().UTC().Truncate(time.Second)}); err != nil {
		return fmt.Errorf("note that the GPU is %s: %w", state, err)
	}
	return nil
}
