package sagemaker

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/iris-oculus/iris/internal/job"
	"github.com/iris-oculus/iris/internal/stage/gpu"
)

// simJob is one execution of the workflow, as statemachine/scan.asl.json runs it.
type simJob struct {
	id      string
	attempt int
	name    string
	waiting bool // for its answer
	retried bool // there is or will be a second attempt
	sent    int
	since   time.Time
}

// Of the workflow and the rules around it.
const (
	simLinger     = 120 * time.Second
	janitorPeriod = 5 * time.Minute
	busyRetry     = 15 * time.Second
	busyRetries   = 80
	segmentLimit  = 7500 * time.Second
	simTimeout    = 900 // InvocationTimeoutSeconds
)

// arrive lets jobs come, alone or in bursts, until all have.
func (m *sim) arrive() {
	if m.arrived >= m.total {
		return
	}
	m.arrived++
	var entropy [10]byte
	for n := range 8 {
		entropy[n] = byte(m.arrived >> (8 * n))
	}
	m.begin(job.NewID(m.start, entropy), 1)
	gap := m.exp(900 * time.Second)
	if m.chance(0.4) {
		gap = m.exp(20 * time.Second)
	}
	m.after(gap, m.arrive)
}

func (m *sim) begin(id string, attempt int) {
	j := &simJob{id: id, attempt: attempt, name: job.ExecutionName(id, attempt)}
	m.active[j.name] = j
	m.tally["executions"]++
	if m.chance(0.02) {
		m.after(m.exp(200*time.Second), func() { m.abort(j) })
	}
	if m.chance(0.03) {
		m.tally["rejected"]++
		m.after(time.Second, func() { m.release(j) }) // never held the GPU
		return
	}
	m.after(m.between(time.Second, 10*time.Second), func() { m.acquire(j, 0) })
}

func (m *sim) alive(j *simJob) bool { return m.active[j.name] == j }

func (m *sim) acquire(j *simJob, tries int) {
	if !m.alive(j) {
		return
	}
	m.run(gpu.NewRun(m.policy, job.ActionAcquire, j.name),
		func(_ job.GPUOutput, err error) {
			switch {
			case !m.alive(j):
			case err == nil:
				j.waiting, j.since = true, m.now
				m.send(j)
				m.after(segmentLimit, func() { m.overdue(j) })
			case isBusy(err) && tries < busyRetries:
				m.after(busyRetry, func() { m.acquire(j, tries+1) })
			case isBusy(err):
				m.fail(j, "busy")
			default:
				m.fail(j, "budget stop")
			}
		},
		func() { m.again(func() { m.acquire(j, tries) }, func() { m.fail(j, "acquire died") }) })
}

// again repeats what died, or, rarely, gives it up.
func (m *sim) again(repeat, giveUp func()) {
	if m.chance(0.1) {
		m.tally["given up"]++
		m.after(time.Second, giveUp)
		return
	}
	m.after(m.between(time.Second, 4*time.Second), repeat)
}

func isBusy(err error) bool {
	var busy *job.BusyError
	return errors.As(err, &busy)
}

func (m *sim) input(j *simJob) string { return "s3://work/" + j.name + "/volume.nii.gz" }

func (m *sim) send(j *simJob) {
	j.sent++
	m.store.put(m.input(j), "volume")
	h := http.Header{}
	for name, value := range map[string]string{
		"InputLocation": m.input(j), "Inference-Id": j.name, "S3OutputPathExtension": j.name, "Filename": job.LabelsObject,
		"RequestTTLSeconds": "3600", "InvocationTimeoutSeconds": strconv.Itoa(simTimeout),
	} {
		h.Set(headerPrefix+name, value)
	}
	if _, err := m.s.invoke("gpu", h); err != nil {
		m.t.Fatal(err)
	}
}

// hear is segmented: an answer, a repeated, late or unknown one.
func (m *sim) hear(name, reason string) {
	j := m.active[name]
	if j == nil || !j.waiting {
		m.tally["answers already settled"]++
		return
	}
	m.longest = max(m.longest, m.now.Sub(j.since))
	switch {
	case reason == "":
		j.waiting = false
		m.tally["ready"]++
		m.release(j)
	case reason == reasonEnded && j.sent < 2:
		m.tally["sent once more"]++
		m.send(j)
	default:
		cause, _, _ := strings.Cut(reason, " with message")
		m.fail(j, cause)
	}
}

func (m *sim) overdue(j *simJob) {
	if m.alive(j) && j.waiting {
		m.tally["stuck"]++
		m.fail(j, "timed out")
	}
}

// fail ends a job badly. Every cause is a fault that was put in, but "busy".
func (m *sim) fail(j *simJob, cause string) {
	if !m.alive(j) {
		return
	}
	j.waiting = false
	m.tally["failed"]++
	m.tally["failed: "+cause]++
	m.discard(j)
	m.retry(j)
	m.release(j)
}

// discard deletes a request's input, so that an orphan fails fast.
func (m *sim) discard(j *simJob) {
	m.store.mu.Lock()
	delete(m.store.objects, m.input(j)[len("s3://"):])
	m.store.mu.Unlock()
}

func (m *sim) retry(j *simJob) {
	if j.attempt == 1 && !j.retried && m.chance(0.5) {
		j.retried = true
		m.after(m.exp(30*time.Second), func() { m.begin(j.id, 2) })
	}
}

func (m *sim) release(j *simJob) {
	if !m.alive(j) {
		return
	}
	m.run(gpu.NewRun(m.policy, job.ActionRelease, j.name),
		func(out job.GPUOutput, err error) {
			if err != nil {
				m.linger(j, m.now)
				return
			}
			m.linger(j, m.parse(out.ParkAt))
		},
		func() { m.again(func() { m.release(j) }, func() { m.linger(j, m.now) }) })
}

func (m *sim) parse(at string) time.Time {
	t, err := time.Parse(time.RFC3339, at)
	if err != nil {
		m.t.Fatal(err)
	}
	return t
}

func (m *sim) linger(j *simJob, until time.Time) {
	m.after(max(0, until.Sub(m.now)), func() { m.park(j, 0) })
}

func (m *sim) park(j *simJob, tries int) {
	if !m.alive(j) {
		return
	}
	m.run(gpu.NewRun(m.policy, job.ActionPark, ""),
		func(out job.GPUOutput, err error) {
			switch {
			case isBusy(err) && tries < busyRetries:
				m.after(busyRetry, func() { m.park(j, tries+1) })
			case err == nil && out.Empty && m.parse(out.ParkAt).After(m.now.Add(time.Second)):
				m.linger(j, m.parse(out.ParkAt))
			default:
				m.close(j)
			}
		},
		func() { m.again(func() { m.park(j, tries) }, func() { m.close(j) }) })
}

func (m *sim) close(j *simJob) {
	if m.alive(j) {
		m.tally["closed"]++
		delete(m.active, j.name)
	}
}

// abort ends an execution from outside; the rule on aborted executions lets
// its lease go, if its event arrives.
func (m *sim) abort(j *simJob) {
	if !m.alive(j) {
		return
	}
	m.tally["aborted"]++
	delete(m.active, j.name)
	if m.chance(0.8) {
		m.discard(j)
	}
	m.retry(j)
	if m.chance(0.05) {
		return
	}
	m.after(m.between(time.Second, 5*time.Second), func() {
		m.run(gpu.NewRun(m.policy, job.ActionRelease, j.name), func(job.GPUOutput, error) {}, func() {})
	})
}

// sweep is the janitor, every five minutes while there is anything to wait for.
func (m *sim) sweep() {
	m.drop(m.dead(), 0)
	for _, name := range m.lease.Holders {
		if j := m.active[name]; j != nil && j.waiting {
			m.recover(j)
		}
	}
	if m.arrived < m.total || len(m.active) > 0 || m.s.endpoints[0].Desired > 0 || m.s.endpoints[0].changing {
		m.after(janitorPeriod, m.sweep)
	}
}

// dead are the holders whose execution is closed.
func (m *sim) dead() (names []string) {
	for _, holder := range m.lease.Holders {
		if m.active[holder] == nil {
			names = append(names, holder)
		}
	}
	m.tally["dead holders dropped"] += len(names)
	return names
}

func (m *sim) drop(dead []string, tries int) {
	again := func() {
		if tries < 5 {
			m.drop(dead, tries+1)
		}
	}
	m.run(gpu.NewDrop(m.policy, m.lease, dead), func(_ job.GPUOutput, err error) {
		if errors.Is(err, job.ErrLeaseConflict) {
			again()
		}
	}, again)
}

// recover completes a token whose message was lost: the object is there.
func (m *sim) recover(j *simJob) {
	if _, found := m.store.get("s3://work/" + j.name + "/" + job.LabelsObject); found {
		m.tally["messages recovered"]++
		m.hear(j.name, "")
	} else if reason, found := m.store.get("s3://work/failures/" + j.name + "/labels" + failureSuffix); found && reason != reasonEnded {
		m.tally["messages recovered"]++
		m.hear(j.name, reason)
	} else if found && !m.queued(j) {
		m.tally["messages recovered"]++
		m.hear(j.name, reasonEnded)
	}
}

// queued says whether the endpoint still has the request.
func (m *sim) queued(j *simJob) bool {
	for _, r := range m.s.endpoints[0].queue {
		if r.InferenceID == j.name {
			return true
		}
	}
	return false
}

// stop is the budget alarm now and then: the GPU is parked, holders' jobs fail.
func (m *sim) stop() {
	if m.arrived >= m.total {
		return
	}
	m.tally["budget stops"]++
	m.person(job.ActionBudget)
	m.after(2*time.Second, func() {
		for _, name := range m.lease.Holders {
			if j := m.active[name]; m.lease.Blocked && j != nil && j.waiting {
				m.fail(j, "budget stop")
			}
		}
	})
	m.after(m.between(10*time.Minute, time.Hour), func() { m.person(job.ActionUnblock) })
	m.after(m.exp(30*24*time.Hour), m.stop)
}

// person asks until it is answered, as the alarm's message does.
func (m *sim) person(action string) {
	m.run(gpu.NewRun(m.policy, action, ""), func(job.GPUOutput, error) {}, func() {
		m.after(time.Minute, func() { m.person(action) })
	})
}
