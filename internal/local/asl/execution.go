package asl

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/iris-oculus/iris/internal/local/clock"
)

// Bounds of an execution, as Step Functions documents them.
const (
	MaxPayload   = 256 << 10 // bytes of any input, output, argument or result as JSON text
	maxVariables = 10 << 20  // bytes of all variables of a scope
	maxEvents    = 25000     // of a history
	maxInline    = 40        // iterations of an inline Map at once
)

// burst is how many states run between two commits at most, so that a long row of
// states can be stopped and its record stays small.
const burst = 500

// Call asks for one run of a Lambda function.
type Call struct {
	Function string // ARN or name
	Payload  json.RawMessage
	Event    int64 // the event of the history that scheduled it
}

// Reply is what a run gave. FunctionError is Lambda's header of that name: then
// Payload tells the error. Err is an error of the call itself: a *CallError, or any
// other, which counts as Lambda.ServiceException.
type Reply struct {
	Payload       []byte
	FunctionError string
	Err           error
}

// CallError is an error of a call by the name that Retry and Catch match, such as
// Lambda.TooManyRequestsException.
type CallError struct{ Name, Cause string }

func (e *CallError) Error() string { return e.Name + ": " + e.Cause }

// Env is what an execution needs of its surroundings.
type Env struct {
	Engine *Engine
	Clock  clock.Clock
	// Invoke runs a function; its context ends with the service, not with the
	// execution: as on AWS, a function that began runs to its end.
	Invoke func(ctx context.Context, call Call) Reply
	// Commit makes a record durable before it returns. It is tried again, with a
	// Warn each time, until it succeeds or the context ends.
	Commit func(Record) error
	Warn   func(error)
	// Token makes a task token that no one can guess.
	Token func() string
	// Random is in [0, 1): jitter.
	Random func() float64
}

// Start describes an execution; it never changes.
type Start struct {
	ARN, Name               string
	MachineARN, MachineName string
	Region, RoleARN         string
	Input                   json.RawMessage // compact
	Time                    time.Time
}

// Errors of Succeed, Fail, Heartbeat and Stop.
var (
	ErrTaskClosed = errors.New("the task is closed or its token is unknown")
	ErrEnded      = errors.New("the execution has ended")
	ErrSuspended  = errors.New("the execution is suspended until the service starts again")
)

// Execution runs one machine on one input. Run drives it; the other methods may
// be called from anywhere while it runs.
type Execution struct {
	machine *Machine
	start   Start
	env     Env

	threads    map[int]*Thread
	nextThread int
	nextEvent  int64
	end        *End
	full       bool  // the history has no room
	ready      []int // threads to run, in order

	pending Record // since the last commit
	changed map[int]bool
	calls   []*Thread // to launch after the commit
	acks    []func()  // to call after the commit

	signals   chan signal
	replies   chan reply
	ended     chan struct{} // closed when Run returns
	suspended bool          // it returned before the end
	running   sync.WaitGroup
}

type reply struct {
	thread    int
	scheduled int64
	Reply
}

// New prepares an execution that has not begun.
func New(m *Machine, s Start, env Env) *Execution {
	return &Execution{
		machine: m, start: s, env: env,
		threads: map[int]*Thread{}, nextThread: 1, nextEvent: 1, changed: map[int]bool{},
		signals: make(chan signal), replies: make(chan reply), ended: make(chan struct{}),
	}
}

// Resume prepares an execution that goes on after its committed records.
func Resume(m *Machine, s Start, records []Record, env Env) (*Execution, error) {
	x := New(m, s, env)
	for _, r := range records {
		for _, t := range r.Threads {
			x.threads[t.ID] = t
			x.nextThread = max(x.nextThread, t.ID+1)
		}
		for _, id := range r.Dropped {
			delete(x.threads, id)
			x.nextThread = max(x.nextThread, id+1)
		}
		if n := len(r.Events); n > 0 {
			x.nextEvent = r.Events[n-1].ID + 1
		}
		x.end = r.End
	}
	if x.end != nil {
		return x, nil
	}
	for _, id := range x.ids() { // parents before children
		if err := x.revive(x.threads[id]); err != nil {
			return nil, err
		}
	}
	return x, nil
}

// revive restores what a thread's JSON form leaves out, and starts what was under
// way: a function in flight is invoked again, with the same payload and token.
func (x *Execution) revive(t *Thread) error {
	parent := x.threads[t.Parent]
	if t.Parent != 0 && (parent == nil || parent.state == nil || parent.Fan == nil) {
		return fmt.Errorf("resume %s: thread %d has no parent", x.start.Name, t.ID)
	}
	if parent != nil {
		parent.Fan.spawned++
	}
	if t.Phase == phaseDone || t.Phase == phaseFailed {
		parent.Fan.keep(t)
		if t.Phase == phaseFailed {
			parent.Fan.failed++
		}
		delete(x.threads, t.ID)
		return nil
	}
	if t.state = x.machineOf(t).States[t.State]; t.state == nil {
		return fmt.Errorf("resume %s: no state %q", x.start.Name, t.State)
	}
	if t.Fan != nil {
		t.Fan.results = make([]json.RawMessage, t.Fan.Width)
	}
	now := x.now()
	switch t.Phase {
	case phaseReady:
		x.ready = append(x.ready, t.ID)
	case phaseCall:
		if t.Task.Token == "" && t.Task.Timeout > 0 {
			t.Task.Deadline = now.Add(time.Duration(t.Task.Timeout) * time.Second)
		}
		x.calls = append(x.calls, t)
	}
	if t.Task != nil && t.Task.Token != "" && t.Task.Heartbeat > 0 {
		t.Task.beat = now.Add(time.Duration(t.Task.Heartbeat) * time.Second)
	}
	return nil
}

// Run drives the execution to its end. An error means that ctx ended first: the
// committed records are all that a later Resume needs.
func (x *Execution) Run(ctx context.Context) (end *End, err error) {
	defer func() {
		x.suspended = err != nil
		close(x.ended)
	}()
	if x.nextEvent == 1 {
		x.begin()
	}
	for {
		x.advance()
		if err := x.commit(ctx); err != nil {
			return nil, err
		}
		if x.end != nil {
			return x.end, nil
		}
		x.launch(ctx)
		if err := x.await(ctx); err != nil {
			return nil, err
		}
	}
}

// Join waits for functions that still run after Run has returned.
func (x *Execution) Join() { x.running.Wait() }

func (x *Execution) begin() {
	x.eventAfter(0, "ExecutionStarted", startedDetails{Input: string(x.start.Input), RoleARN: x.start.RoleARN})
	x.spawn(&Thread{Input: x.start.Input}, x.machine)
}

// spawn adds a thread at the start of machine.
func (x *Execution) spawn(t *Thread, m *Machine) {
	t.ID, t.Phase, t.State = x.nextThread, phaseReady, m.StartAt
	t.state = m.States[m.StartAt]
	x.nextThread++
	x.threads[t.ID] = t
	x.ready = append(x.ready, t.ID)
	x.touch(t)
}

// advance runs ready threads until each waits for something.
func (x *Execution) advance() {
	for n := 0; n < burst && len(x.ready) > 0 && x.end == nil && !x.full; n++ {
		t := x.threads[x.ready[0]]
		x.ready = x.ready[1:]
		if t != nil && t.Phase == phaseReady {
			x.enter(t)
		}
	}
	if x.full {
		x.finish(End{Status: Failed, Error: errRuntime, Cause: fmt.Sprintf("The execution reached the maximum number of history events (%d).", maxEvents)}, x.nextEvent-1)
	}
}

// finish ends the execution; previous is the event before its last one.
func (x *Execution) finish(end End, previous int64) {
	if x.end != nil {
		return
	}
	end.Time = x.now()
	x.end = &end
	switch end.Status {
	case Succeeded:
		x.eventAfter(previous, "ExecutionSucceeded", outputDetails{Output: string(end.Output)})
	case Failed:
		x.eventAfter(previous, "ExecutionFailed", errorDetails{end.Error, end.Cause})
	case TimedOut:
		x.eventAfter(previous, "ExecutionTimedOut", errorDetails{end.Error, end.Cause})
	case Aborted:
		x.eventAfter(previous, "ExecutionAborted", errorDetails{end.Error, end.Cause})
	}
	x.pending.End = x.end
}

// commit makes what has happened durable, then tells those who wait for it.
func (x *Execution) commit(ctx context.Context) error {
	for _, id := range slices.Sorted(maps.Keys(x.changed)) {
		if t := x.threads[id]; t != nil {
			x.pending.Threads = append(x.pending.Threads, t)
		}
	}
	if x.end != nil {
		x.pending.Threads = nil // nothing goes on
	}
	for len(x.pending.Events)+len(x.pending.Threads)+len(x.pending.Dropped) > 0 || x.pending.End != nil {
		err := x.env.Commit(x.pending)
		if err == nil {
			break
		}
		x.env.Warn(fmt.Errorf("commit execution %s: %w", x.start.Name, err))
		again, stop := x.env.Clock.After(time.Second)
		select {
		case <-again:
		case <-ctx.Done():
			stop()
			return ctx.Err()
		}
	}
	x.pending = Record{}
	clear(x.changed)
	for _, ack := range x.acks {
		ack()
	}
	x.acks = nil
	return nil
}

// launch starts the functions that were scheduled, one goroutine each; their
// number is bounded by the definition's branches and maxInline.
func (x *Execution) launch(ctx context.Context) {
	for _, t := range x.calls {
		if x.threads[t.ID] != t || t.Phase != phaseCall {
			continue
		}
		r := reply{thread: t.ID, scheduled: t.Task.Scheduled}
		call := Call{Function: t.Task.Function, Payload: t.Task.Payload, Event: t.Task.Scheduled}
		x.running.Go(func() {
			r.Reply = x.env.Invoke(ctx, call)
			if ctx.Err() != nil {
				return // the service ends: what came back is no reply of the function
			}
			select {
			case x.replies <- r:
			case <-x.ended:
			}
		})
	}
	x.calls = nil
}

func (x *Execution) now() time.Time { return x.env.Clock.Now().UTC().Truncate(time.Millisecond) }

// ids are the threads' in order.
func (x *Execution) ids() []int { return slices.Sorted(maps.Keys(x.threads)) }
