package endpoint_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/iris-oculus/iris/internal/cloud/endpoint"
	"github.com/iris-oculus/iris/internal/job"
	"github.com/iris-oculus/iris/internal/local/sagemaker"
)

// manners are the ways in which an account may answer.
var manners = []struct {
	name     string
	change   func(*sagemaker.Endpoint)
	findings endpoint.Findings
}{
	{"a maximum of 0 and the same bounds work", func(*sagemaker.Endpoint) {},
		endpoint.Findings{ZeroMaximum: true, BoundsPark: true, BoundsWake: true, UpdatingLost: false, SameBoundsMove: true, ByHand: true}},
	{"a maximum of 0 is refused", func(e *sagemaker.Endpoint) { e.RefuseZeroMaximum = true },
		endpoint.Findings{BoundsWake: true, ByHand: true}},
	{"the same bounds move nothing", func(e *sagemaker.Endpoint) { e.SameBoundsMoveNothing = true },
		endpoint.Findings{ZeroMaximum: true, BoundsPark: true, BoundsWake: true, ByHand: true}},
	{"both", func(e *sagemaker.Endpoint) { e.RefuseZeroMaximum, e.SameBoundsMoveNothing = true, true },
		endpoint.Findings{BoundsWake: true, ByHand: true}},
}

// insist asks for a capacity until it is not refused as busy, as the workflow
// and the janitor do, and until the endpoint has it.
func insist(t *testing.T, e *endpoint.Endpoint, lever endpoint.Lever, n int) {
	t.Helper()
	for range 2000 {
		var busy *job.BusyError
		if err := lever.SetDesired(t.Context(), n); err != nil && !errors.As(err, &busy) {
			t.Fatal(err)
		}
		st, err := e.Describe(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if st == (endpoint.State{Status: "InService", Desired: n, Current: n}) {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Fatalf("the endpoint never came to %d instances", n)
}

// Whatever an account does, lever bounds wakes and parks, also after a scaling
// activity that failed because the endpoint was changing.
func TestBoundsWakeAndParkInEveryManner(t *testing.T) {
	for _, m := range manners {
		t.Run(m.name, func(t *testing.T) {
			e := open(t, 20*time.Millisecond, m.change)
			lever, err := e.Lever(endpoint.LeverBounds)
			if err != nil {
				t.Fatal(err)
			}
			for range 2 {
				if err := lever.SetDesired(t.Context(), 1); err != nil {
					t.Fatal(err)
				}
				// Refused or lost: the instance is still starting.
				var busy *job.BusyError
				if err := lever.SetDesired(t.Context(), 0); err != nil && !errors.As(err, &busy) {
					t.Fatal(err)
				}
				insist(t, e, lever, 0)
				insist(t, e, lever, 1)
				if c, err := lever.Capacity(t.Context()); err != nil || c.Bound == 0 {
					t.Errorf("awake: %+v, %v", c, err)
				}
				insist(t, e, lever, 0)
				if c, err := lever.Capacity(t.Context()); err != nil || c != (job.Capacity{}) {
					t.Errorf("asleep: %+v, %v", c, err)
				}
			}
		})
	}
}

func TestProbe(t *testing.T) {
	for _, m := range manners {
		t.Run(m.name, func(t *testing.T) {
			e := open(t, 20*time.Millisecond, m.change)
			wait := func(ctx context.Context) error { time.Sleep(5 * time.Millisecond); return ctx.Err() }
			got, err := e.Probe(t.Context(), wait, func(text string) { t.Log(text) })
			if err != nil {
				t.Fatal(err)
			}
			// Whether a change is refused or lost while Updating depends on when it comes.
			got.UpdatingLost, got.UpdatingRefuse = m.findings.UpdatingLost, m.findings.UpdatingRefuse
			if diff := cmp.Diff(m.findings, got); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
			if got.Lever() != endpoint.LeverBounds {
				t.Errorf("lever %q", got.Lever())
			}
			until(t, e, endpoint.State{Status: "InService"})
		})
	}
}

func TestTheLeverFollowsFromTheFindings(t *testing.T) {
	for _, c := range []struct {
		f    endpoint.Findings
		want string
	}{
		{endpoint.Findings{}, ""},
		{endpoint.Findings{BoundsWake: true}, ""},
		{endpoint.Findings{BoundsWake: true, ZeroMaximum: true, BoundsPark: true}, ""}, // a failed activity would stay
		{endpoint.Findings{BoundsWake: true, ZeroMaximum: true, BoundsPark: true, SameBoundsMove: true}, endpoint.LeverBounds},
		{endpoint.Findings{BoundsWake: true, ByHand: true}, endpoint.LeverBounds},
		{endpoint.Findings{ByHand: true}, endpoint.LeverWeights},
		{endpoint.Findings{ZeroMaximum: true, BoundsPark: true, SameBoundsMove: true}, ""},
	} {
		if got := c.f.Lever(); got != c.want {
			t.Errorf("%+v: %q, want %q", c.f, got, c.want)
		}
	}
}
