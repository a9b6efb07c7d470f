package asl

import (
	"context"
	"encoding/json"
	"time"
)

// signal is a message from outside, handled between two states.
type signal struct {
	handle func() error
	ack    chan error
}

// send has the execution's own goroutine run handle, and returns its error once
// what it did is committed.
func (x *Execution) send(ctx context.Context, handle func() error) error {
	s := signal{handle, make(chan error, 1)}
	select {
	case x.signals <- s:
	case <-x.ended:
		return x.over()
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case err := <-s.ack:
		return err
	case <-x.ended:
		select {
		case err := <-s.ack:
			return err
		default:
			return x.over()
		}
	}
}

// over is why an execution takes no more signals.
func (x *Execution) over() error {
	if x.suspended {
		return ErrSuspended
	}
	return ErrEnded
}

// Succeed answers a task token with an output.
func (x *Execution) Succeed(ctx context.Context, token string, output json.RawMessage) error {
	return x.answer(ctx, token, func(t *Thread) { x.taskSucceeded(t, output) })
}

// Fail answers a task token with an error.
func (x *Execution) Fail(ctx context.Context, token, name, cause string) error {
	return x.answer(ctx, token, func(t *Thread) { x.taskFailed(t, Failure{Error: name, Cause: cause}) })
}

// Heartbeat says that the work behind a task token goes on.
func (x *Execution) Heartbeat(ctx context.Context, token string) error {
	return x.answer(ctx, token, func(t *Thread) {
		if t.Task.Heartbeat > 0 {
			t.Task.beat = x.now().Add(time.Duration(t.Task.Heartbeat) * time.Second)
		}
	})
}

func (x *Execution) answer(ctx context.Context, token string, handle func(*Thread)) error {
	return x.send(ctx, func() error {
		for _, id := range x.ids() {
			if t := x.threads[id]; t.Task != nil && t.Task.Token == token && x.end == nil {
				handle(t)
				return nil
			}
		}
		return ErrTaskClosed
	})
}

// Stop ends the execution as ABORTED.
func (x *Execution) Stop(ctx context.Context, name, cause string) error {
	return x.send(ctx, func() error {
		if x.end != nil {
			return ErrEnded
		}
		x.finish(End{Status: Aborted, Error: name, Cause: cause}, x.nextEvent-1)
		return nil
	})
}

// await takes what comes first, a signal, a reply or a deadline, and then whatever
// else is there already, so that one commit covers all of it.
func (x *Execution) await(ctx context.Context) error {
	if len(x.ready) == 0 {
		var due <-chan time.Time
		if at, any := x.deadline(); any {
			fire, stop := x.env.Clock.After(at.Sub(x.env.Clock.Now()))
			defer stop()
			due = fire
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case s := <-x.signals:
			x.signalled(s)
		case r := <-x.replies:
			x.replied(r)
		case <-due:
		}
	}
	x.expire()
	for x.end == nil {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case s := <-x.signals:
			x.signalled(s)
		case r := <-x.replies:
			x.replied(r)
		default:
			return nil
		}
	}
	return nil
}

func (x *Execution) signalled(s signal) {
	err := s.handle()
	x.acks = append(x.acks, func() { s.ack <- err })
}

// deadline is the earliest time at which something is due.
func (x *Execution) deadline() (earliest time.Time, any bool) {
	consider := func(at time.Time) {
		if !at.IsZero() && (!any || at.Before(earliest)) {
			earliest, any = at, true
		}
	}
	if x.machine.Timeout > 0 {
		consider(x.start.Time.Add(x.machine.Timeout))
	}
	for _, t := range x.threads {
		consider(t.due())
	}
	return earliest, any
}

// due is when t's wait, backoff, task or heartbeat is over; zero: never.
func (t *Thread) due() time.Time {
	switch t.Phase {
	case phaseWait, phaseBackoff:
		return t.Until
	case phaseCall, phaseToken:
		if t.Task == nil {
			break // a failed branch, on its way out
		}
		if !t.Task.beat.IsZero() && (t.Task.Deadline.IsZero() || t.Task.beat.Before(t.Task.Deadline)) {
			return t.Task.beat
		}
		return t.Task.Deadline
	}
	return time.Time{}
}

// expire acts on every deadline that has passed.
func (x *Execution) expire() {
	now := x.env.Clock.Now() // in full: a deadline may lie within a millisecond
	if x.machine.Timeout > 0 && !now.Before(x.start.Time.Add(x.machine.Timeout)) {
		x.finish(End{Status: TimedOut, Error: errTimeout}, x.nextEvent-1)
		return
	}
	for _, id := range x.ids() {
		t := x.threads[id]
		if t == nil || x.end != nil || t.due().IsZero() || t.due().After(now) {
			continue // t may be gone: what expired before it can end its siblings
		}
		switch t.Phase {
		case phaseWait:
			t.Until = time.Time{}
			x.conclude(t, way{output: t.state.Output, assign: t.state.Assign, next: t.state.Next}, nil)
		case phaseBackoff:
			t.Until = time.Time{}
			x.perform(t)
		default:
			x.taskTimedOut(t)
		}
	}
}
