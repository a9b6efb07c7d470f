package sagemaker

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/iris-oculus/iris/internal/local/store"
)

// Endpoint statuses that occur here.
const (
	statusUpdating  = "Updating"
	statusInService = "InService"
)

// endpoint is one declared endpoint and everything that is known of it.
type endpoint struct {
	Endpoint
	store *store.Store

	Record    // kept in the store
	status    string
	changing  bool // instances come or go, so a change of capacity is refused
	instances []*instance
	lastID    int64
	queue     []*Request // by sequence, running ones included
	failure   string     // why the last change of capacity did not succeed

	sampleAt   time.Time // when the scaling policies look next
	highs      int       // datapoints in a row over the target
	lows       int       // and under it
	cooldownTo time.Time
}

// Record is an endpoint's durable part, beside its queue.
type Record struct {
	Desired    int        `json:"desired"`
	Created    time.Time  `json:"created"`
	Modified   time.Time  `json:"modified"`
	Target     *target    `json:"target,omitempty"`
	Policies   []policy   `json:"policies,omitempty"`
	Activities []activity `json:"activities,omitempty"`
	Sequence   int64      `json:"sequence"`
}

type instanceState int

const (
	provisioning instanceState = iota // until due, then its container is started
	booting                           // its container does not answer /ping yet
	up
	restarting // up, but its container has ended and is started again
	stopping   // its container is being ended; gone when that is done and due
)

type instance struct {
	id      int64
	state   instanceState
	due     time.Time
	halted  bool
	running int
}

// maxInstances is more model servers than one machine can run.
const maxInstances = 64

func (d Endpoint) check() error {
	if d.Name == "" || len(d.Name) > 63 {
		return fmt.Errorf("name of %d characters: want 1..63", len(d.Name))
	}
	if d.Instances < 0 || d.Instances > maxInstances {
		return fmt.Errorf("instances %d: want 0..%d", d.Instances, maxInstances)
	}
	if _, _, err := parseS3(d.OutputPath); err != nil {
		return fmt.Errorf("output path: %w", err)
	}
	if d.FailurePath != "" {
		if _, _, err := parseS3(d.FailurePath); err != nil {
			return fmt.Errorf("failure path: %w", err)
		}
	}
	return nil
}

// parseS3 splits s3://bucket/key; the key may be empty.
func parseS3(uri string) (bucket, key string, err error) {
	rest, found := strings.CutPrefix(uri, "s3://")
	bucket, key, _ = strings.Cut(rest, "/")
	if !found || bucket == "" {
		return "", "", errors.New("want s3://bucket/key")
	}
	return bucket, key, nil
}

func openEndpoint(st *store.Store, d Endpoint, now time.Time) (*endpoint, error) {
	if d.Variant == "" {
		d.Variant = "AllTraffic"
	}
	d.Concurrency = max(1, d.Concurrency)
	e := &endpoint{Endpoint: d, store: st, status: statusInService}
	e.Record = Record{Desired: d.Instances, Created: now, Modified: now}
	if err := e.read(); err != nil {
		return nil, err
	}
	return e, e.save(e.Record)
}

// current counts the instances that are in service.
func (e *endpoint) current() int {
	n := 0
	for _, i := range e.instances {
		if i.state == up || i.state == restarting {
			n++
		}
	}
	return n
}

func (e *endpoint) instance(id int64) *instance {
	for _, i := range e.instances {
		if i.id == id {
			return i
		}
	}
	return nil
}

// errUpdating is SageMaker's refusal of a change while one is under way.
var errUpdating = errors.New("Cannot update in-progress endpoint")

// setDesired is what UpdateEndpointWeightsAndCapacities and a scaling activity do.
func (s *Service) setDesired(e *endpoint, n int, now time.Time) error {
	if e.changing {
		return fmt.Errorf("%w %q", errUpdating, endpointARN(e.Name))
	}
	if n == e.Desired {
		return nil
	}
	next := e.Record
	next.Desired, next.Modified = n, now
	if err := e.save(next); err != nil {
		return err
	}
	e.failure = ""
	s.resize(e, now)
	return nil
}

// resize begins to move the instances towards the desired number. The newest leave
// first, busy or not: AWS documents no order.
func (s *Service) resize(e *endpoint, now time.Time) {
	have := len(e.instances)
	if have == e.Desired {
		return
	}
	e.changing, e.status = true, statusUpdating
	for ; have < e.Desired; have++ {
		e.lastID++
		e.instances = append(e.instances, &instance{id: e.lastID, state: provisioning, due: now.Add(e.StartAfter)})
	}
	for _, i := range e.instances[e.Desired:] {
		i.state, i.due = stopping, now.Add(e.StopAfter)
		s.world.halt(e, i.id)
	}
	s.world.emit(e.stateChange())
	s.changed()
}

// settle ends a change of capacity once no instance comes or goes.
func (s *Service) settle(e *endpoint, now time.Time) {
	if !e.changing {
		return
	}
	for _, i := range e.instances {
		if i.state != up && i.state != restarting {
			return
		}
	}
	e.changing, e.status = false, statusInService
	e.Modified = now
	s.world.emit(e.stateChange())
}

// booted reports that an instance's container answers /ping, or why it never
// will: then the instance is given up and the endpoint keeps what it has.
func (s *Service) booted(e *endpoint, id int64, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer s.changed()
	i := e.instance(id)
	if i == nil || i.state != booting && i.state != restarting {
		return
	}
	if err == nil {
		i.state = up
		return
	}
	i.state, i.due = stopping, s.cfg.Clock.Now()
	e.failure = err.Error()
	next := e.Record
	next.Desired = max(0, next.Desired-1)
	if err := e.save(next); err != nil {
		e.Record = next // the next change meets the same full disk
	}
	s.world.halt(e, id)
}

// exited reports that an instance's container has ended by itself or was ended
// for hanging; it is being started again.
func (s *Service) exited(e *endpoint, id int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if i := e.instance(id); i != nil && i.state == up {
		i.state = restarting
	}
}

// halted reports that an instance's container is gone.
func (s *Service) halted(e *endpoint, id int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if i := e.instance(id); i != nil {
		i.halted = true
	}
	s.changed()
}
