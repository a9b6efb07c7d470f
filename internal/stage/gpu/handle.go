package gpu

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/iris-oculus/iris/internal/job"
)

// Leases stores the one lease record.
type Leases interface {
	// Get reads it consistently; an absent record is the zero Lease.
	Get(ctx context.Context) (job.Lease, error)
	// Put writes it on condition that the stored generation is one less than
	// l's (absent: 0), and wraps job.ErrLeaseConflict otherwise.
	Put(ctx context.Context, l job.Lease) error
}

// Endpoint is the lever on the GPU endpoint's capacity.
type Endpoint interface {
	Capacity(ctx context.Context) (job.Capacity, error)
	// SetDesired wakes (n > 0) or parks (0). A refused change is a *job.BusyError.
	SetDesired(ctx context.Context, n int) error
}

// Stage carries the lease's actions out. Instances and USDPerHour are needed by
// the action status only; States may be nil, and then nobody is told how the GPU is.
type Stage struct {
	Leases   Leases
	Endpoint Endpoint
	States   States
	Policy   Policy
	Now      func() time.Time

	Instances  Instances
	USDPerHour float64 // of one instance
}

// Handle does one action of the workflow, of a person or of the budget alarm.
func (s Stage) Handle(ctx context.Context, in job.GPUInput) (job.GPUOutput, error) {
	switch in.Action {
	case job.ActionAcquire, job.ActionRelease:
		if _, _, ok := job.ParseExecutionName(in.Holder); !ok {
			return job.GPUOutput{}, fmt.Errorf("%s the GPU: holder is not an execution name", in.Action)
		}
	case job.ActionPark, job.ActionWarm, job.ActionBudget, job.ActionUnblock, ActionReconcile:
	case job.ActionStatus:
		return s.answer(ctx)
	case job.ActionIntend, job.ActionForget:
		return s.intent(ctx, in)
	default:
		return job.GPUOutput{}, fmt.Errorf("action %.20q: want acquire, release, park, warm, budget, unblock, intend, forget, reconcile or status", in.Action)
	}
	return s.run(ctx, NewRun(s.Policy, in.Action, in.Holder))
}

// intent wakes the GPU for an upload, or lets it go. Nobody waits for it: where the change
// of capacity was refused, the endpoint's next event and the janitor see the intent in the
// lease, and under a budget stop nothing is woken.
func (s Stage) intent(ctx context.Context, in job.GPUInput) (job.GPUOutput, error) {
	if !job.ValidID(in.Job) {
		return job.GPUOutput{}, fmt.Errorf("%s the GPU: job is no job's id", in.Action)
	}
	r := NewRun(s.Policy, in.Action, in.Job)
	if in.Action == job.ActionIntend {
		r = NewIntent(s.Policy, in.Job, in.Until)
	}
	out, err := s.run(ctx, r)
	var stopped *job.BudgetError
	if isBusy(err) || errors.As(err, &stopped) {
		return out, nil
	}
	return out, err
}

// maxSweeps bounds how often a sweep begins again because the lease moved on.
const maxSweeps = 5

// Release removes a holder whose execution has ended without doing so.
func (s Stage) Release(ctx context.Context, holder string) error {
	_, err := s.Handle(ctx, job.GPUInput{Action: job.ActionRelease, Holder: holder})
	return err
}

// Sweep is the janitor's part: it drops the holders whose execution is closed
// and reconciles the endpoint in both directions.
func (s Stage) Sweep(ctx context.Context, closed func(ctx context.Context, holder string) (bool, error)) error {
	for range maxSweeps {
		l, err := s.Leases.Get(ctx)
		if err != nil {
			return err
		}
		var dead []string
		for _, holder := range l.Holders {
			gone, err := closed(ctx, holder)
			if err != nil {
				return fmt.Errorf("sweep the lease: %w", err)
			}
			if gone {
				dead = append(dead, holder)
			}
		}
		_, err = s.run(ctx, NewDrop(s.Policy, l, dead))
		if !errors.Is(err, job.ErrLeaseConflict) {
			return err
		}
	}
	return &job.BusyError{Message: fmt.Sprintf("sweep the lease: it changed %d times meanwhile", maxSweeps)}
}

// run makes the calls that r asks for until it is finished.
func (s Stage) run(ctx context.Context, r Run) (job.GPUOutput, error) {
	for {
		call := r.Call()
		var reply Reply
		switch call.Kind {
		case ReadLease:
			reply.Lease, reply.Err = s.Leases.Get(ctx)
		case WriteLease:
			reply.Err = s.Leases.Put(ctx, call.Lease)
		case ReadCapacity:
			reply.Capacity, reply.Err = s.Endpoint.Capacity(ctx)
		case SetDesired:
			if reply.Err = s.Endpoint.SetDesired(ctx, call.Desired); reply.Err == nil {
				s.told(ctx, call.Desired, r.capacity)
			}
		case Finished:
			return r.Output(s.Now())
		}
		r = r.Next(reply, s.Now())
	}
}
