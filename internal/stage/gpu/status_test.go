package gpu

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/iris-oculus/iris/internal/job"
)

// instances is what runs.
type instances struct {
	status  string
	current int
	err     error
}

func (i instances) Running(context.Context) (string, int, error) { return i.status, i.current, i.err }

func TestStatusChangesNothingAndTellsTheBill(t *testing.T) {
	d := newDesk(t, policy)
	d.Instances, d.USDPerHour = instances{"Updating", 1, nil}, 0.7364
	d.do(job.ActionAcquire, one)
	d.do(job.ActionAcquire, two)
	before := d.lease
	want := job.GPUOutput{Desired: 1, GPUStatus: &job.GPUStatus{
		Endpoint: "Updating", Current: 1, Holders: []string{one, two}, Queue: 2, USDPerHour: 0.7364,
	}}
	if diff := cmp.Diff(want, d.do(job.ActionStatus, "")); diff != "" {
		t.Errorf("held (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(before, d.lease); diff != "" {
		t.Errorf("status changed the lease:\n%s", diff)
	}

	d.do(job.ActionRelease, one)
	d.do(job.ActionRelease, two)
	d.do(job.ActionBudget, "")
	d.Instances = instances{"InService", 0, nil}
	want = job.GPUOutput{ParkAt: d.lease.ParkAt.Format(time.RFC3339), Empty: true, GPUStatus: &job.GPUStatus{
		Endpoint: "InService", Holders: []string{}, Blocked: true,
	}}
	if diff := cmp.Diff(want, d.do(job.ActionStatus, "")); diff != "" {
		t.Errorf("blocked (-want +got):\n%s", diff)
	}
	if blocked, err := d.Blocked(t.Context()); err != nil || !blocked {
		t.Errorf("Blocked = %v, %v", blocked, err)
	}

	d.Instances = instances{err: errors.New("no endpoint")}
	if _, err := d.Handle(t.Context(), job.GPUInput{Action: job.ActionStatus}); err == nil {
		t.Error("an endpoint that cannot be described is shown as one that sleeps")
	}
}
