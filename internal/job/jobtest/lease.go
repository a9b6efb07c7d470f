package jobtest

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/iris-oculus/iris/internal/job"
)

// Lease keeps the GPU's lease in memory. The zero value is one that nobody has
// written. It is held to the same conformance suite as cloud/leases (storetest).
type Lease struct {
	// Before runs before every call, with its name. Its error is the call's.
	Before func(call string) error

	mu    sync.Mutex
	held  job.Lease
	state job.GPUState
}

// State reads how the GPU is.
func (l *Lease) State(context.Context) (job.GPUState, error) {
	if l.Before != nil {
		if err := l.Before("State"); err != nil {
			return job.GPUState{}, err
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.state, nil
}

// SetState writes it, in whole seconds.
func (l *Lease) SetState(_ context.Context, state job.GPUState) error {
	if l.Before != nil {
		if err := l.Before("SetState"); err != nil {
			return err
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	state.Since = time.Unix(state.Since.Unix(), 0).UTC()
	l.state = state
	return nil
}

// Look reads the lease and the state.
func (l *Lease) Look(ctx context.Context) (job.Lease, job.GPUState, error) {
	lease, err := l.Get(ctx)
	if err != nil {
		return lease, job.GPUState{}, err
	}
	state, err := l.State(ctx)
	return lease, state, err
}

// Get reads the lease.
func (l *Lease) Get(context.Context) (job.Lease, error) {
	if l.Before != nil {
		if err := l.Before("Get"); err != nil {
			return job.Lease{}, err
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	held := l.held
	held.Holders, held.Intents, held.Order = slices.Clone(held.Holders), slices.Clone(held.Intents), slices.Clone(held.Order)
	return held, nil
}

// Put writes the lease if the generation that is held is one less, else job.ErrLeaseConflict.
func (l *Lease) Put(_ context.Context, next job.Lease) error {
	if l.Before != nil {
		if err := l.Before("Put"); err != nil {
			return err
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.held.Generation != next.Generation-1 {
		return fmt.Errorf("write the lease at generation %d: %w", next.Generation, job.ErrLeaseConflict)
	}
	next.Holders, next.Intents, next.Order = slices.Sorted(slices.Values(next.Holders)), slices.Clone(next.Intents), slices.Clone(next.Order)
	if !next.ParkAt.IsZero() {
		next.ParkAt = time.Unix(next.ParkAt.Unix(), 0).UTC()
	}
	l.held = next
	return nil
}
