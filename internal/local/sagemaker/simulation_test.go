package sagemaker

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	cloudendpoint "github.com/iris-oculus/iris/internal/cloud/endpoint"
	"github.com/iris-oculus/iris/internal/job"
	"github.com/iris-oculus/iris/internal/stage/gpu"
)

var update = flag.Bool("update", false, "rewrite docs/gpu-idle.svg")

// direct is the lever without the SDK between: what cloud/endpoint does, at a
// hundredth of its time. TestSimulationThroughTheSDK uses the real one.
type direct struct {
	m      *sim
	bounds bool
}

func (d direct) Capacity(context.Context) (job.Capacity, error) {
	e := d.m.s.endpoints[0]
	c := job.Capacity{Desired: e.Desired, Bound: e.Desired}
	if d.bounds && e.Target != nil {
		c.Bound = 0
		if e.Target.Min > 0 {
			c.Bound = e.Target.Max
		}
	}
	return c, nil
}

func (d direct) SetDesired(_ context.Context, n int) error {
	d.m.s.mu.Lock()
	defer d.m.s.mu.Unlock()
	e := d.m.s.endpoints[0]
	busy := &job.BusyError{Message: "an update is under way"}
	if !d.bounds {
		if d.m.s.setDesired(e, n, d.m.now) != nil {
			return busy
		}
		return nil
	}
	refuses := e.changing && (e.Desired > 0) != (n > 0)
	low, high := min(n, 1), 0
	if n > 0 {
		high = d.m.policy.MaxInstances
	}
	if d.m.s.register(e, &low, &high, d.m.now) != nil || refuses {
		return busy
	}
	return nil
}

// handler lets the SDK reach the service without a socket.
type handler struct{ *Service }

func (h handler) Do(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result(), nil
}

func newSim(t *testing.T, lever string, jobs int, seed uint64, sdk bool) *sim {
	start := time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)
	m := &sim{
		t: t, rng: rand.New(rand.NewPCG(seed, 0)), start: start, now: start, total: jobs,
		store: &memory{objects: map[string][]byte{}}, flying: map[int64]flight{},
		active: map[string]*simJob{}, tally: map[string]int{}, answers: map[string]int{},
		policy: gpu.Policy{Linger: simLinger, MaxInstances: 4},
	}
	m.s = newService(Config{
		Clock: m, Bucket: m.store.bucket, Publish: m.publish,
		Endpoints: []Endpoint{{
			Name: "gpu", Instances: 1, OutputPath: "s3://work", FailurePath: "s3://work/failures", SuccessTopic: "ok", ErrorTopic: "error",
			StartAfter: time.Minute, ScaleAfter: 2 * time.Second,
		}},
	})
	m.s.world = m
	if err := m.s.load(); err != nil {
		t.Fatal(err)
	}
	if lever == cloudendpoint.LeverWeights {
		m.policy.JobsPerInstance = 3
	} else {
		m.s.endpoints[0].Target = &target{Min: 0, Max: 4}
		m.s.endpoints[0].Policies = []policy{{Name: "backlog", TargetValue: 3, InCooldown: 300, OutCooldown: 60}}
	}
	m.lever = direct{m, lever == cloudendpoint.LeverBounds}
	if sdk {
		url := "http://sagemaker"
		e := cloudendpoint.New(aws.Config{
			Region: region, BaseEndpoint: &url, HTTPClient: handler{m.s}, RetryMaxAttempts: 1,
			Credentials: credentials.NewStaticCredentialsProvider("key", "secret", ""),
		}, cloudendpoint.Config{Name: "gpu", MaxInstances: 4})
		real, err := e.Lever(lever)
		if err != nil {
			t.Fatal(err)
		}
		m.lever = real
	}
	return m
}

// simulate runs until every job has ended and the GPU sleeps, and checks that
// none was lost, stuck or doubled and no GPU left on.
func simulate(t *testing.T, lever string, jobs int, seed uint64, sdk bool) *sim {
	began := time.Now()
	m := newSim(t, lever, jobs, seed, sdk)
	m.after(time.Second, m.arrive)
	m.after(janitorPeriod, m.sweep)
	m.after(m.exp(30*24*time.Hour), m.stop)
	m.happen()

	ends := m.tally["closed"] + m.tally["aborted"]
	if lost := m.tally["executions"] - ends; lost != 0 || len(m.active) != 0 {
		t.Errorf("%d executions lost, %d still open", lost, len(m.active))
	}
	if n := m.tally["stuck"] + m.tally["failed: busy"]; n != 0 {
		t.Errorf("%d jobs stuck", n)
	}
	doubled := 0
	for _, n := range m.answers {
		if n > 1 {
			doubled++
		}
	}
	if doubled != 0 {
		t.Errorf("%d jobs answered twice", doubled)
	}
	if e := m.s.endpoints[0]; e.Desired != 0 || e.current() != 0 || !m.lease.Empty() {
		t.Errorf("at the end desired %d, current %d, holders %v", e.Desired, e.current(), m.lease.Holders)
	}
	if limit := simLinger + janitorPeriod; m.worst() > limit {
		t.Errorf("idle for %v: want at most %v", m.worst(), limit)
	}
	t.Logf("lever %s, seed %d: %d jobs over %.0f days in %.1f s; longest idle %v in %d periods, longest wait for an answer %v",
		lever, seed, jobs, m.now.Sub(m.start).Hours()/24, time.Since(began).Seconds(), m.worst().Round(time.Millisecond), len(m.periods), m.longest.Round(time.Second))
	var names []string
	for name := range m.tally {
		names = append(names, name)
	}
	sort.Strings(names)
	for n, name := range names {
		names[n] = fmt.Sprintf("%s %d", name, m.tally[name])
	}
	t.Log(strings.Join(names, ", "))
	return m
}

func (m *sim) worst() time.Duration {
	if len(m.periods) == 0 {
		return 0
	}
	return slices.Max(m.periods)
}

const jobsOfARun = 100_000

func TestSimulation(t *testing.T) {
	for _, lever := range []string{cloudendpoint.LeverBounds, cloudendpoint.LeverWeights} {
		t.Run(lever, func(t *testing.T) {
			jobs := jobsOfARun
			if testing.Short() { // under the race detector
				jobs /= 50
			}
			m := simulate(t, lever, jobs, 1, false)
			if *update && lever == cloudendpoint.LeverBounds {
				path := filepath.Join("..", "..", "..", "docs", "gpu-idle.svg")
				if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, plot(m), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

func TestSimulationThroughTheSDK(t *testing.T) {
	for _, lever := range []string{cloudendpoint.LeverBounds, cloudendpoint.LeverWeights} {
		t.Run(lever, func(t *testing.T) {
			jobs := 2_000
			if testing.Short() {
				jobs /= 10
			}
			simulate(t, lever, jobs, 2, true)
		})
	}
}

func TestSimulationIsDeterministic(t *testing.T) {
	a, b := simulate(t, "bounds", 500, 3, false), simulate(t, "bounds", 500, 3, false)
	if !slices.Equal(a.periods, b.periods) || a.now != b.now {
		t.Error("two runs of one seed differ")
	}
}
