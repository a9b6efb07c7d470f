package sagemaker

import (
	"container/heap"
	"context"
	"encoding/json"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/iris-oculus/iris/internal/job"
	"github.com/iris-oculus/iris/internal/local/store"
	"github.com/iris-oculus/iris/internal/stage/gpu"
)

// sim is everything around the lease and the endpoint in virtual time: one
// thread, one heap of happenings, one seed. The lease's transitions and the
// endpoint are the product's own; containers answer in process.
type sim struct {
	t     *testing.T
	rng   *rand.Rand
	start time.Time
	now   time.Time
	queue happenings
	seq   int

	s       *Service
	calm    bool   // no faults
	refused string // the execution whose input the model refuses

	store  *memory
	wakeAt time.Time
	flying map[int64]flight // requests at a container, by sequence

	lease  job.Lease
	lever  gpu.Endpoint
	policy gpu.Policy

	active  map[string]*simJob // executions that are not closed
	arrived int
	total   int
	tally   map[string]int
	answers map[string]int // good answers by execution

	idleFrom time.Time     // the current idle time's last start, zero when paused
	idle     time.Duration // of the current idle period
	periods  []time.Duration
	longest  time.Duration // job's wait from queueing to its answer
}

// flight is one request at a container.
type flight struct {
	instance int64
	r        Request
}

type happening struct {
	at  time.Time
	seq int
	do  func()
}

type happenings []happening

func (h happenings) Len() int { return len(h) }
func (h happenings) Less(i, j int) bool {
	return h[i].at.Before(h[j].at) || h[i].at.Equal(h[j].at) && h[i].seq < h[j].seq
}
func (h happenings) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *happenings) Push(x any)   { *h = append(*h, x.(happening)) }
func (h *happenings) Pop() any {
	old := *h
	x := old[len(old)-1]
	*h = old[:len(old)-1]
	return x
}

// Now makes sim the service's clock.
func (m *sim) Now() time.Time { return m.now }

// After is part of clock.Clock; the loop that would use it does not run here.
func (m *sim) After(time.Duration) (<-chan time.Time, func()) { return nil, func() {} }

func (m *sim) after(d time.Duration, do func()) {
	m.seq++
	heap.Push(&m.queue, happening{m.now.Add(d), m.seq, do})
}

// between is a random time from low to high.
func (m *sim) between(low, high time.Duration) time.Duration {
	return low + time.Duration(m.rng.Int64N(int64(high-low)+1))
}

// exp is a random time with an exponential distribution.
func (m *sim) exp(mean time.Duration) time.Duration {
	return time.Duration(m.rng.ExpFloat64() * float64(mean))
}

// chance is whether something of probability p happens; never in calm.
func (m *sim) chance(p float64) bool { return !m.calm && m.rng.Float64() < p }

// happen runs until nothing more can.
func (m *sim) happen() { m.until(m.start.AddDate(1000, 0, 0)) }

// until runs what happens before a time.
func (m *sim) until(end time.Time) {
	for len(m.queue) > 0 && m.queue[0].at.Before(end) {
		h := heap.Pop(&m.queue).(happening)
		m.now = h.at
		h.do()
		m.pump()
		m.measure()
	}
}

// pump lets the endpoint do what is due, and comes back when it says.
func (m *sim) pump() {
	m.s.mu.Lock()
	next := m.s.step(m.now)
	m.s.mu.Unlock()
	if next.IsZero() || !next.After(m.now) || m.wakeAt.After(m.now) && !next.Before(m.wakeAt) {
		return
	}
	m.wakeAt = next
	m.after(next.Sub(m.now), func() {})
}

// measure keeps the time during which an instance is told to run, nobody holds
// the lease, and the endpoint would take a change.
func (m *sim) measure() {
	e := m.s.endpoints[0]
	over := !m.lease.Empty() || e.Desired == 0
	if counts := !over && !e.changing; counts != !m.idleFrom.IsZero() {
		if counts {
			m.idleFrom = m.now
		} else {
			m.idle += m.now.Sub(m.idleFrom)
			m.idleFrom = time.Time{}
		}
	}
	if over && m.idle > 0 {
		m.periods = append(m.periods, m.idle)
		m.idle = 0
	}
}

// The world of containers.

func (m *sim) boot(e *endpoint, id int64) {
	m.after(m.between(60*time.Second, 250*time.Second), func() { m.s.booted(e, id, nil) })
}

func (m *sim) serve(e *endpoint, id int64, r Request) {
	m.flying[r.Sequence] = flight{id, r}
	took := m.between(20*time.Second, 240*time.Second)
	switch {
	case m.chance(0.003): // hangs: the endpoint gives it up
	case m.chance(0.01): // the container dies
		m.after(took, func() {
			if m.land(r) {
				m.restart(e, id)
				m.conclude(e, r, outcome{reason: reasonEnded})
			}
		})
	case m.chance(0.01) || m.refused == r.InferenceID:
		m.after(took, func() { m.answer(e, r, http.StatusBadRequest) })
	default:
		m.after(took, func() { m.answer(e, r, http.StatusOK) })
	}
}

// land takes a request from its container; false when somebody else has.
func (m *sim) land(r Request) bool {
	_, flying := m.flying[r.Sequence]
	delete(m.flying, r.Sequence)
	return flying
}

func (m *sim) restart(e *endpoint, id int64) {
	m.s.exited(e, id)
	m.after(m.between(10*time.Second, 60*time.Second), func() { m.s.booted(e, id, nil) })
}

// answer is the container's, through the endpoint's own transfers and checks.
func (m *sim) answer(e *endpoint, r Request, status int) {
	if !m.land(r) {
		return
	}
	o, err := m.s.perform(context.Background(), reply(status), r)
	if err != nil {
		m.t.Fatal(err)
	}
	if o.reason == "" {
		m.answers[r.InferenceID]++
	}
	m.conclude(e, r, o)
}

func (m *sim) conclude(e *endpoint, r Request, o outcome) {
	if err := m.s.conclude(context.Background(), e, r, o); err != nil {
		m.t.Fatal(err)
	}
}

// reply is a container that answers every request with one status.
type reply int

func (status reply) RoundTrip(*http.Request) (*http.Response, error) {
	const body = "labels"
	return &http.Response{
		StatusCode: int(status), Header: http.Header{}, ContentLength: int64(len(body)), Body: io.NopCloser(strings.NewReader(body)),
	}, nil
}

func (m *sim) abandon(e *endpoint, id int64, r Request, reason string) {
	m.after(time.Second, func() {
		if m.land(r) {
			m.restart(e, id)
			m.conclude(e, r, outcome{reason: reason})
		}
	})
}

func (m *sim) halt(e *endpoint, id int64) {
	for _, f := range m.s.endpoints[0].queue {
		if f.instance == id {
			r := *f
			m.after(m.between(0, 30*time.Second), func() {
				if m.land(r) {
					m.tally["requests hit by a scale-in"]++
					m.conclude(e, r, outcome{reason: reasonEnded})
				}
			})
		}
	}
	m.after(m.between(30*time.Second, 90*time.Second), func() { m.s.halted(e, id) })
}

func (m *sim) emit(stateChange) {
	copies := 1
	switch {
	case m.chance(0.02):
		copies = 0
	case m.chance(0.02):
		copies = 2
	}
	for range copies {
		m.after(m.between(100*time.Millisecond, 3*time.Second), func() { m.drop(m.dead(), 0) }) // as settle does
	}
}

// publish is SNS: most messages arrive, some twice, some never.
func (m *sim) publish(_ *store.Batch, _, _, text string) error {
	var n notification
	if err := json.Unmarshal([]byte(text), &n); err != nil {
		return err
	}
	copies := 1
	switch {
	case m.chance(0.005):
		copies = 0
	case m.chance(0.01):
		copies = 2
	}
	for range copies {
		m.after(m.between(50*time.Millisecond, 2*time.Second), func() { m.hear(n.InferenceID, n.FailureReason) })
	}
	return nil
}

// run makes a Run's calls, each some milliseconds after the other, so that
// others come between. It may die between any two of them.
func (m *sim) run(r gpu.Run, done func(job.GPUOutput, error), died func()) {
	if r.Call().Kind == gpu.Finished {
		done(r.Output(m.now))
		return
	}
	if m.chance(0.002) {
		m.tally["invocations that died"]++
		died()
		return
	}
	var answer gpu.Reply
	switch call := r.Call(); call.Kind {
	case gpu.ReadLease:
		answer.Lease = m.lease
	case gpu.WriteLease:
		if m.lease.Generation == call.Lease.Generation-1 {
			m.lease = call.Lease
		} else {
			m.tally["conflicts"]++
			answer.Err = job.ErrLeaseConflict
		}
	case gpu.ReadCapacity:
		answer.Capacity, answer.Err = m.lever.Capacity(context.Background())
	case gpu.SetDesired:
		answer.Err = m.lever.SetDesired(context.Background(), call.Desired)
	}
	next := r.Next(answer, m.now)
	m.after(m.between(3*time.Millisecond, 150*time.Millisecond), func() { m.run(next, done, died) })
}
