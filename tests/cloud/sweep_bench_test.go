package cloud_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/iris-oculus/iris/internal/cloud/jobs"
	"github.com/iris-oculus/iris/internal/job"
	"github.com/iris-oculus/iris/internal/stage/settle"
)

// openJobs is how many jobs the janitor must sweep within the time of its function.
const openJobs = 10_000

// quick is a workflow that answers at once: what the benchmark measures is the table.
type quick struct {
	settle.Workflow
	running map[string]bool
	mu      sync.Mutex
	started int
}

func (q *quick) AllRunning(context.Context) (map[string]bool, error) { return q.running, nil }
func (q *quick) Running(context.Context, string) (bool, bool, error) { return true, true, nil }
func (q *quick) Start(context.Context, job.Execution) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.started++
	return nil
}

// BenchmarkSweep is the janitor over 10,000 open jobs in the DynamoDB of this machine:
// half of them run, a quarter was recorded and never started, a quarter has ended and
// is still among the open ones. Its time must stay far below the function's 300 s:
//
//	go test ./tests/cloud -run - -bench Sweep -benchtime 1x
func BenchmarkSweep(b *testing.B) {
	s := table(b)
	for b.Loop() {
		b.StopTimer()
		flow := &quick{running: map[string]bool{}}
		fill(b, s, flow)
		stage := settle.Stage{Jobs: s, Workflow: flow, Now: func() time.Time { return time.Now().Add(time.Hour) }}
		b.StartTimer()
		if err := stage.Sweep(b.Context()); err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		left := 0
		for range s.Open(b.Context(), "") {
			left++
		}
		if flow.started != openJobs/4 || left != openJobs*3/4 {
			b.Fatalf("%d started, %d left open, want %d and %d", flow.started, left, openJobs/4, openJobs*3/4)
		}
		b.StartTimer()
	}
}

func fill(b *testing.B, s *jobs.Store, flow *quick) {
	b.Helper()
	var all sync.WaitGroup
	for part := range 16 {
		all.Go(func() {
			for n := part; n < openJobs; n += 16 {
				r := record(n, "a", "k")
				switch n % 4 {
				case 0, 1:
					r.Status, r.Execution = job.Meshing, true
				case 3:
					r.Status = job.Ready
				}
				if _, _, err := s.Create(b.Context(), r); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
	for n, err := range s.Open(b.Context(), "") {
		if err != nil {
			b.Fatal(err)
		}
		flow.running[job.ExecutionName(n, 1)] = true
	}
}
