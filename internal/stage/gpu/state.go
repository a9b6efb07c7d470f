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
	if err := s.tellIdle(ctx, up); err != nil {
		return err
	}
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

// IdleInstance is the log's message for an instance that is up although nobody needs it.
// The template counts these lines, and its IdleGpuAlarm tells a person when they go on.
const IdleInstance = "an instance is up that nobody needs"

// tellIdle logs an instance that costs money for nobody. A lease whose time has just
// ended is parked a moment later, so a single line is no fault.
func (s Stage) tellIdle(ctx context.Context, up bool) error {
	if !up {
		return nil
	}
	l, err := s.Leases.Get(ctx)
	if err != nil {
		return err
	}
	if needed := !l.Empty() || l.Intended(s.Now()) || s.Now().Before(l.ParkAt); needed && !l.Blocked {
		return nil
	}
	slog.Warn(IdleInstance, job.LogCount, 1)
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
