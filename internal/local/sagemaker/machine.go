package sagemaker

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"
)

// machine is the world outside of tests: containers are child processes, transfers
// are real. Every method starts one goroutine; close waits for them all.
type machine struct {
	s     *Service
	tasks sync.WaitGroup

	mu         sync.Mutex
	closed     bool
	containers map[instanceKey]*container
	events     []stateChange
	sending    bool
}

// instanceKey names one instance of one endpoint.
type instanceKey struct {
	e  *endpoint
	id int64
}

const (
	stopGrace  = 30 * time.Second       // SIGTERM to SIGKILL at a scale-in, as on AWS
	closeGrace = 5 * time.Second        // when the whole stack ends
	retryStore = 500 * time.Millisecond // while S3 or a topic does not answer
	endNoticed = 2 * time.Second        // from a broken connection to the end of its process
)

func newMachine(s *Service) *machine {
	return &machine{s: s, containers: map[instanceKey]*container{}}
}

// spawn runs f unless the machine is closed.
func (m *machine) spawn(f func(ctx context.Context)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return
	}
	m.tasks.Add(1)
	go func() {
		defer m.tasks.Done()
		f(m.s.ctx)
	}()
}

// close ends every container at once (what ran runs again after the next
// start) and waits.
func (m *machine) close() {
	m.mu.Lock()
	m.closed = true
	running := make([]*container, 0, len(m.containers))
	for _, c := range m.containers {
		running = append(running, c)
	}
	m.mu.Unlock()
	var ends sync.WaitGroup
	for _, c := range running {
		ends.Go(func() { c.end(closeGrace) })
	}
	ends.Wait()
	m.tasks.Wait()
}

func (m *machine) container(e *endpoint, id int64) *container {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.containers[instanceKey{e, id}]
}

func (m *machine) boot(e *endpoint, id int64) {
	c := newContainer(e.Model, m.s.cfg.Log)
	m.mu.Lock()
	m.containers[instanceKey{e, id}] = c
	m.mu.Unlock()
	m.spawn(func(ctx context.Context) {
		c.keep(ctx,
			func(err error) { m.s.booted(e, id, err) },
			func() { m.s.exited(e, id) })
	})
}

func (m *machine) halt(e *endpoint, id int64) {
	c := m.container(e, id)
	m.spawn(func(context.Context) {
		if c != nil {
			c.end(stopGrace)
		}
		m.mu.Lock()
		delete(m.containers, instanceKey{e, id})
		m.mu.Unlock()
		m.s.halted(e, id)
	})
}

func (m *machine) serve(e *endpoint, id int64, r Request) {
	c := m.container(e, id)
	m.spawn(func(ctx context.Context) {
		run, cancel := context.WithCancel(ctx)
		defer cancel()
		m.s.forgetProgress(run, r)
		gone := c.begin(r, cancel, m.storing(run, r))
		var o outcome
		ok := m.insist(run, func() (err error) {
			o, err = m.s.perform(run, c, r)
			return err
		})
		if !c.finish(r) || !ok {
			return // abandoned for running too long, or the service closes
		}
		if o.reason == reasonEnded {
			select { // else the next request would meet the dead process
			case <-gone:
			case <-time.After(endNoticed):
			case <-ctx.Done():
			}
			if c.ending() && e.LoseOnScaleIn {
				m.s.lose(e, r.Sequence)
				return
			}
		}
		m.finish(ctx, e, r, o)
	})
}

func (m *machine) abandon(e *endpoint, id int64, r Request, reason string) {
	if id == 0 { // no container has begun it
		m.spawn(func(ctx context.Context) { m.finish(ctx, e, r, outcome{reason: reason}) })
		return
	}
	c := m.container(e, id)
	if c == nil {
		return // ended by a scale-in: whoever served the request tells how it ended, once S3 takes that
	}
	m.spawn(func(ctx context.Context) {
		if c.abandon(r.Sequence) {
			m.finish(ctx, e, r, outcome{reason: reason})
		}
	})
}

func (m *machine) finish(ctx context.Context, e *endpoint, r Request, o outcome) {
	m.insist(ctx, func() error { return m.s.conclude(ctx, e, r, o) })
}

// insist repeats f until it is not interrupted; false when the service closes first.
func (m *machine) insist(ctx context.Context, f func() error) bool {
	for {
		err := f()
		if ctx.Err() != nil {
			return false
		}
		if !errors.Is(err, errInterrupted) {
			return true
		}
		select {
		case <-ctx.Done():
			return false
		case <-time.After(retryStore):
		}
	}
}

// emit sends events one after the other, in the order in which they happened.
func (m *machine) emit(detail stateChange) {
	if m.s.cfg.Emit == nil {
		return
	}
	m.mu.Lock()
	m.events = append(m.events, detail)
	first := !m.sending
	m.sending = true
	m.mu.Unlock()
	if first {
		m.spawn(m.send)
	}
}

// send empties the line of events. An event that the bus does not take is
// lost, as on AWS: the lease does not depend on it.
func (m *machine) send(ctx context.Context) {
	for {
		m.mu.Lock()
		if len(m.events) == 0 || ctx.Err() != nil {
			m.sending = false
			m.mu.Unlock()
			return
		}
		detail := m.events[0]
		m.events = m.events[1:]
		m.mu.Unlock()
		_ = m.s.cfg.Emit(ctx, "aws.sagemaker", "SageMaker Endpoint State Change", []string{detail.EndpointArn}, detail)
	}
}

var _ http.RoundTripper = (*container)(nil)
