package gpu

import (
	"slices"
	"testing"
	"time"

	"github.com/iris-oculus/iris/internal/job"
)

// TestSeededDefectsAreFound puts one defect at a time into the Runs and wants
// the explorer to find it, with the shortest way to the harm.
func TestSeededDefectsAreFound(t *testing.T) {
	if testing.Short() {
		t.Skip("the explorer has one goroutine: nothing for the race detector")
	}
	cases := []struct {
		scenario
		mutant
	}{
		{
			scenario{jobs: 2, atOnce: 2, faults: 1},
			mutant{name: "park without the second read", step: func(before, after Run, reply Reply, _ *world, now time.Time) Run {
				if before.phase == setting && before.desired == 0 && reply.Err == nil {
					return after.end(nil)
				}
				return after
			}},
		},
		{
			scenario{jobs: 2, atOnce: 2, faults: 2},
			mutant{name: "a retried park that returns because a holder is there", step: func(before, after Run, _ Reply, _ *world, now time.Time) Run {
				if before.phase == reading && before.action == job.ActionPark && !after.lease.Empty() {
					return after.end(nil)
				}
				return after
			}},
		},
		{
			scenario{jobs: 4, atOnce: 1, nevers: 3},
			mutant{name: "release arms park_at though it held nothing", step: func(before, after Run, _ Reply, _ *world, now time.Time) Run {
				if before.phase == reading && before.action == job.ActionRelease && after.lease.Empty() && after.phase == looking {
					next := successor(after.lease)
					next.ParkAt = wholeSecond(now.Add(after.policy.Linger))
					return after.write(next, true)
				}
				return after
			}},
		},
		{
			scenario{jobs: 2, atOnce: 2, faults: 1},
			mutant{name: "acquire decides on current capacity", capture: func(w *world, before Run, c job.Capacity) job.Capacity {
				if before.action == job.ActionAcquire {
					return job.Capacity{Desired: w.gpu.current, Bound: w.gpu.current}
				}
				return c
			}},
		},
		{
			scenario{jobs: 1, atOnce: 1, aborts: 1, retries: 1},
			mutant{name: "holders named by job instead of execution", byJob: true},
		},
		{
			scenario{jobs: 1, atOnce: 2, intents: 1, faults: 1},
			mutant{name: "an intent begins its time when it arrives", intend: func(w *world, _ int) {
				w.lease.Intents = slices.Clone(w.lease.Intents)
				for n := range w.lease.Intents {
					w.lease.Intents[n].Until = at(w.tick + intentTicks)
				}
			}},
		},
		{
			scenario{jobs: 1, atOnce: 2, intents: 1},
			mutant{name: "a cancelled upload waits for the janitor", step: func(before, after Run, _ Reply, _ *world, _ time.Time) Run {
				if before.action == job.ActionForget && before.phase == writing && after.phase == looking {
					return after.end(nil)
				}
				return after
			}},
		},
		{
			scenario{jobs: 1, atOnce: 2, intents: 1},
			mutant{name: "acquire leaves the intent", step: func(before, after Run, _ Reply, _ *world, _ time.Time) Run {
				if before.action == job.ActionAcquire && after.phase == writing {
					after.next.Intents = before.lease.Intents
					if before.phase == reading {
						after.next.Intents = after.lease.Intents
					}
				}
				return after
			}},
		},
		{
			scenario{jobs: 2, atOnce: 1, intents: 1, faults: 1},
			mutant{name: "park does not see the intent", step: func(before, after Run, reply Reply, w *world, now time.Time) Run {
				if before.action == job.ActionPark && before.phase == looking && after.phase == finished && before.lease.Empty() &&
					before.lease.Intended(now) && !now.Before(before.lease.ParkAt) && awake(reply.Capacity) {
					after.next, after.phase, after.desired, after.err = Fence(before.lease), fencing, 0, nil
				}
				return after
			}},
		},
		{
			scenario{jobs: 1, atOnce: 2, intents: 1, faults: 1},
			mutant{name: "only the API's own call wakes the GPU", step: func(before, after Run, _ Reply, _ *world, _ time.Time) Run {
				if before.phase == looking && after.phase == setting && before.action != job.ActionIntend && before.lease.Empty() {
					return after.end(nil)
				}
				return after
			}},
		},
	}
	for _, lever := range []string{"bounds", "weights"} {
		for _, c := range cases {
			t.Run(lever+"/"+c.mutant.name, func(t *testing.T) {
				s := c.scenario
				s.lever, s.mutant = lever, c.mutant
				states, bad, _ := explore(s, 3_000_000)
				if bad == nil {
					t.Fatalf("not found in %d states", states)
				}
				s.mutant = mutant{}
				if _, other, _ := explore(s, states); other != nil {
					t.Fatalf("found without the defect too: %v", other)
				}
				t.Logf("found after %d states: %v", states, bad)
				if slices.Contains(bad.trace, "") {
					t.Error("the trace has a move without a name")
				}
			})
		}
	}
}
