package settle_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/iris-oculus/iris/internal/job"
	"github.com/iris-oculus/iris/internal/job/jobtest"
	"github.com/iris-oculus/iris/internal/stage/settle"
)

// crowd is a workflow in which every question about an execution takes a while. It
// counts the questions by job, and how many are under way at a time.
type crowd struct {
	executions
	takes time.Duration
	hangs map[string]bool // jobs about which a question has no answer
	fails map[string]error

	mu         sync.Mutex
	asked      map[string]int
	under, top int
}

func (c *crowd) AllRunning(context.Context) (map[string]bool, error) { return nil, nil }

func (c *crowd) Running(ctx context.Context, name string) (bool, bool, error) {
	id, _, _ := job.ParseExecutionName(name)
	c.mu.Lock()
	c.under++
	c.top = max(c.top, c.under)
	c.mu.Unlock()
	defer func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.under--
	}()
	takes := c.takes
	if c.hangs[id] {
		takes = 1000 * time.Hour
	}
	select {
	case <-ctx.Done():
		return false, false, ctx.Err()
	case <-time.After(takes):
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asked[id]++
	return true, true, c.fails[id]
}

// crowded is a table of jobs whose executions run.
func crowded(t *testing.T, jobs int, takes time.Duration) (settle.Stage, *crowd, []string) {
	t.Helper()
	store, flow := &jobtest.Store{}, &crowd{takes: takes, hangs: map[string]bool{}, fails: map[string]error{}, asked: map[string]int{}}
	ids := make([]string, jobs)
	for n := range ids {
		ids[n] = job.NewID(start.Add(time.Duration(n)*time.Millisecond), [10]byte{byte(n >> 8), byte(n)})
		r := job.Record{ID: ids[n], Attempt: 1, Status: job.Meshing, Execution: true, CreatedAt: start, UpdatedAt: start}
		if _, _, err := store.Create(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	return settle.Stage{Jobs: store, Workflow: flow, Now: func() time.Time { return start.Add(time.Hour) }}, flow, ids
}

func sweepFor(t *testing.T, s settle.Stage, d time.Duration) error {
	t.Helper()
	ctx, done := context.WithTimeout(t.Context(), d)
	defer done()
	return s.Sweep(ctx)
}

// A job takes a second of the 300 that a sweep has: 16 are looked at at a time, so
// that 16 × 290 are reached, and as many again from there by each further sweep, though
// some hang for ever and some fail. None waits longer than the round needs.
func TestASweepThatIsCutGoesOnWhereItWas(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const jobs, perSweep = 10_000, 16*290 - 16*60 // at most 16 hang for a minute each at a time
		s, flow, ids := crowded(t, jobs, time.Second)
		for n := 0; n < jobs; n += 500 {
			flow.hangs[ids[n]] = true
		}
		for n := 7; n < jobs; n += 500 {
			flow.fails[ids[n]] = &job.BusyError{Message: "throttled"}
		}
		const sweeps = (jobs + perSweep - 1) / perSweep
		for n := range sweeps {
			began := time.Now()
			err := sweepFor(t, s, 300*time.Second)
			if took := time.Since(began); took >= 300*time.Second {
				t.Errorf("sweep %d took %v: the function was killed before it had noted its place", n, took)
			}
			if err == nil || strings.Count(err.Error(), "\n") > 40 {
				t.Errorf("sweep %d: the error is %v", n, err)
			}
		}
		for _, id := range ids {
			if flow.asked[id] == 0 && !flow.hangs[id] {
				t.Fatalf("job %s was not looked at in %d sweeps", id, sweeps)
			}
		}
		if flow.top > 16 {
			t.Errorf("%d at a time", flow.top)
		}
	})
}

// Ten thousand jobs are swept at once when a look is as slow as on AWS.
func TestTenThousandOpenJobsTakeOneSweep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, flow, ids := crowded(t, 10_000, 100*time.Millisecond)
		if err := sweepFor(t, s, 300*time.Second); err != nil {
			t.Fatal(err)
		}
		for _, id := range ids {
			if flow.asked[id] != 1 {
				t.Fatalf("job %s was looked at %d times", id, flow.asked[id])
			}
		}
	})
}

// Whatever the length of a sweep, each one gets further, even if the first jobs of all
// hang: nobody is behind them for ever.
func TestHangingJobsStopNobody(t *testing.T) {
	for _, length := range []time.Duration{10 * time.Second, time.Minute, 300 * time.Second} {
		synctest.Test(t, func(t *testing.T) {
			s, flow, ids := crowded(t, 200, 10*time.Millisecond)
			for _, id := range ids[:100] {
				flow.hangs[id] = true
			}
			rounds := 0
			for ; flow.asked[ids[199]] == 0 && rounds < 100; rounds++ {
				_ = sweepFor(t, s, length)
			}
			if rounds > 100/16+1 {
				t.Errorf("%v: the last job was reached in sweep %d", length, rounds)
			}
		})
	}
}

// A sweep that is stopped from outside says so, and the next goes on behind it.
func TestASweepThatIsStopped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, flow, ids := crowded(t, 100, time.Second)
		ctx, stop := context.WithCancel(t.Context())
		time.AfterFunc(1500*time.Millisecond, stop)
		if err := s.Sweep(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("stopped: %v", err)
		}
		if place, err := s.Jobs.SweptTo(t.Context()); place != ids[15] || err != nil {
			t.Errorf("the place is %s, %v, want %s", place, err, ids[15])
		}
		if err := s.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		counts := map[int]int{}
		for _, id := range ids {
			counts[flow.asked[id]]++
		}
		if fmt.Sprint(counts) != "map[1:84 2:16]" {
			t.Errorf("looks by how often: %v", counts)
		}
	})
}
