package gpu

import (
	"context"
	"fmt"
	"time"

	"github.com/iris-oculus/iris/internal/job"
)

// Instances tells people what runs; no decision is made on it.
type Instances interface {
	// Running is the endpoint's status in SageMaker's words, and how many
	// instances are in service.
	Running(ctx context.Context) (status string, current int, err error)
}

// Status is the lease and the capacity as they are.
type Status struct {
	Lease    job.Lease
	Capacity job.Capacity
}

// Status reads the lease and the capacity, and changes nothing.
func (s Stage) Status(ctx context.Context) (Status, error) {
	l, err := s.Leases.Get(ctx)
	if err != nil {
		return Status{}, err
	}
	c, err := s.Endpoint.Capacity(ctx)
	return Status{Lease: l, Capacity: c}, err
}

// Blocked says whether a budget stop is in force.
func (s Stage) Blocked(ctx context.Context) (bool, error) {
	l, err := s.Leases.Get(ctx)
	return l.Blocked, err
}

// answer is what `iris gpu status` shows. ParkAt is set only for an empty lease with a
// time to park.
func (s Stage) answer(ctx context.Context) (job.GPUOutput, error) {
	st, err := s.Status(ctx)
	if err != nil {
		return job.GPUOutput{}, err
	}
	status, current, err := s.Instances.Running(ctx)
	if err != nil {
		return job.GPUOutput{}, fmt.Errorf("look at the endpoint: %w", err)
	}
	out := job.GPUOutput{Empty: st.Lease.Empty(), Desired: st.Capacity.Desired, GPUStatus: &job.GPUStatus{
		Endpoint: status, Current: current, Holders: append([]string{}, st.Lease.Holders...), Queue: len(st.Lease.Holders),
		Announced: onTheirWay(st.Lease, s.Now()), Blocked: st.Lease.Blocked, USDPerHour: s.USDPerHour * float64(current),
	}}
	if st.Lease.Empty() && !st.Lease.ParkAt.IsZero() {
		out.ParkAt = st.Lease.ParkAt.Format(time.RFC3339)
	}
	return out, nil
}

// onTheirWay counts the uploads that keep the GPU awake.
func onTheirWay(l job.Lease, now time.Time) (n int) {
	for _, i := range l.Intents {
		if i.Until.After(now) {
			n++
		}
	}
	return n
}
