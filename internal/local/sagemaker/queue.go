package sagemaker

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/iris-oculus/iris/internal/local/store"
)

// Request is one asynchronous request, as it is kept in the store until it is done.
type Request struct {
	Sequence    int64         `json:"sequence"`
	InferenceID string        `json:"inference_id"`
	Input       string        `json:"input"`   // s3:// URI
	Output      string        `json:"output"`  // s3:// URI
	Failure     string        `json:"failure"` // s3:// URI, or empty
	ContentType string        `json:"content_type,omitempty"`
	Accept      string        `json:"accept,omitempty"`
	Attributes  string        `json:"attributes,omitempty"`
	Received    time.Time     `json:"received"`
	Expires     time.Time     `json:"expires"`
	Timeout     time.Duration `json:"timeout"`
	Trace       string        `json:"trace,omitempty"` // of who asks (package trace)

	ttl      time.Duration // only until it is queued
	instance int64         // that runs it; 0: none, it waits or has expired
	deadline time.Time
	begun    time.Time // by an instance; zero while it waits
	leaving  bool      // its end is being written
}

// maxQueue bounds the backlog of one machine.
const maxQueue = 10_000

var errFull = errors.New("the queue is full")

// enqueue accepts a request: once it returns, the request is in the
// store.
func (s *Service) enqueue(e *endpoint, r Request) error {
	if len(e.queue) >= maxQueue {
		return fmt.Errorf("%w: %d requests", errFull, maxQueue)
	}
	next := e.Record
	next.Sequence++
	r.Sequence = next.Sequence
	b := &store.Batch{}
	b.Put(RequestBucket, RequestKey(e.Name, r.Sequence), r)
	b.Put(EndpointBucket, e.Name, next)
	if err := e.store.Write(b); err != nil {
		return err
	}
	e.Record = next
	e.queue = append(e.queue, &r)
	s.changed()
	return nil
}

// backlog is ApproximateBacklogSize: requests that wait and those that run.
func (e *endpoint) backlog() int { return len(e.queue) }

// expire gives up on requests that waited too long. Nobody is told, there is no
// object and no message, unless the endpoint is to announce them (AWS's pages
// leave it open).
func (s *Service) expire(e *endpoint, now time.Time) {
	for n := 0; n < len(e.queue); {
		r := e.queue[n]
		switch {
		case r.instance != 0 || r.leaving || now.Before(r.Expires):
			n++
		case e.AnnounceExpired:
			r.leaving = true
			s.world.abandon(e, 0, *r, reasonExpired)
		default:
			_ = e.store.Write(e.removal(r.Sequence)) // else it expires again
			e.queue = slices.Delete(e.queue, n, n+1)
		}
	}
}

// overrun ends requests that run for too long, and the container with them:
// it may still be at work on the request and would hold up the next.
func (s *Service) overrun(e *endpoint, now time.Time) {
	for _, r := range e.queue {
		if r.instance != 0 && !r.leaving && !now.Before(r.deadline) {
			r.leaving = true
			s.world.abandon(e, r.instance, *r, reasonTimeout)
		}
	}
}

// dispatch gives waiting requests to instances that have room, oldest first.
func (s *Service) dispatch(e *endpoint, now time.Time) {
	for _, i := range e.instances {
		for i.state == up && i.running < e.Concurrency {
			r := e.waiting()
			if r == nil {
				return
			}
			i.running++
			r.instance, r.deadline, r.begun = i.id, now.Add(r.Timeout), now
			s.world.serve(e, i.id, *r)
		}
	}
}

func (e *endpoint) waiting() *Request {
	for _, r := range e.queue {
		if r.instance == 0 && !r.leaving {
			return r
		}
	}
	return nil
}

// served reports that a request's end has been written and announced, and that the
// request is no longer in the store.
func (s *Service) served(e *endpoint, sequence int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for n, r := range e.queue {
		if r.Sequence == sequence {
			if i := e.instance(r.instance); i != nil {
				i.running--
			}
			e.queue = slices.Delete(e.queue, n, n+1)
			break
		}
	}
	s.changed()
}

// lose forgets a request without object or message. If it stays in the store, it
// runs once more after the next start and gives the same bytes at the same place.
func (s *Service) lose(e *endpoint, sequence int64) {
	_ = e.store.Write(e.removal(sequence))
	s.served(e, sequence)
}
