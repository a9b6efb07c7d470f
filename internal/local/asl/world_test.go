package asl

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/iris-oculus/iris/internal/local/clock"
)

// epoch is when every test execution begins.
var epoch = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// handler answers calls in a test.
type handler func(w *world, c Call) Reply

// world is an execution with all its surroundings, in virtual time that jumps from
// deadline to deadline.
type world struct {
	t      *testing.T
	clock  *clock.Virtual
	x      *Execution
	over   chan struct{} // closed when Run has returned
	tokens atomic.Int64
	busy   atomic.Int64 // functions that will reply
	owed   atomic.Int64 // replies less what the history tells of them

	mu      sync.Mutex
	calls   []Call
	records []Record

	kill      context.CancelFunc
	killAfter int // so many commits; 0: never
}

// played is a finished execution.
type played struct {
	end     *End
	events  []Event
	records []Record
	calls   []Call
}

// took is how long the execution lasted.
func (p played) took() time.Duration { return p.end.Time.Sub(epoch) }

// play runs a machine from its beginning to its end.
func play(t *testing.T, e *Engine, m *Machine, input string, answer handler) played {
	t.Helper()
	return replay(t, e, m, input, nil, epoch, answer)
}

// replay goes on after records, at a time; begun acts before it runs.
func replay(t *testing.T, e *Engine, m *Machine, input string, records []Record, at time.Time, answer handler, begun ...func(*world)) played {
	t.Helper()
	w := newWorld(t, e, m, input, records, at, answer)
	for _, begin := range begun {
		begin(w)
	}
	end, err := w.run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	p := played{end: end, records: w.records, calls: w.calls}
	for _, r := range slices.Concat(records, w.records) {
		p.events = append(p.events, r.Events...)
	}
	return p
}

func newWorld(t *testing.T, e *Engine, m *Machine, input string, records []Record, at time.Time, answer handler) *world {
	t.Helper()
	w := &world{t: t, clock: clock.NewVirtual(at), over: make(chan struct{})}
	w.tokens.Store(int64(1000 * len(records))) // tokens never repeat
	env := Env{
		Engine: e, Clock: w.clock,
		Invoke: func(_ context.Context, c Call) Reply {
			w.mu.Lock()
			w.calls = append(w.calls, c)
			w.mu.Unlock()
			w.busy.Add(1)
			defer w.busy.Add(-1)
			r := answer(w, c)
			w.owed.Add(1)
			return r
		},
		Commit: w.commit,
		Warn:   func(err error) { t.Error(err) },
		Token:  func() string { return fmt.Sprintf("token-%d", w.tokens.Add(1)) },
		Random: func() float64 { return 0.5 },
	}
	start := Start{
		ARN: "arn:aws:states:us-east-1:000000000000:execution:m:e", Name: "e", MachineName: "m", RoleARN: "role",
		MachineARN: "arn:aws:states:us-east-1:000000000000:stateMachine:m", Region: "us-east-1",
		Input: compact(json.RawMessage(input)), Time: epoch,
	}
	var err error
	if w.x, err = Resume(m, start, records, env); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *world) commit(r Record) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.records = append(w.records, clone(w.t, r))
	for _, e := range r.Events {
		switch e.Type {
		case "TaskSucceeded", "TaskFailed", "TaskSubmitted", "LambdaFunctionSucceeded", "LambdaFunctionFailed":
			w.owed.Add(-1)
		}
	}
	if w.killAfter > 0 && len(w.records) == w.killAfter {
		w.kill()
	}
	return nil
}

// run drives the execution until it ends or is killed, and joins what it started.
func (w *world) run(ctx context.Context) (*End, error) {
	ctx, w.kill = context.WithCancel(ctx)
	defer w.kill()
	done := make(chan struct{})
	go w.jump(done)
	end, err := w.x.Run(ctx)
	close(done)
	close(w.over)
	w.x.Join()
	return end, err
}

// clone is a record as a journal gives it back.
func clone(t *testing.T, r Record) (back Record) {
	t.Helper()
	text, err := json.Marshal(r)
	if err == nil {
		err = json.Unmarshal(text, &back)
	}
	if err != nil {
		t.Error(err)
	}
	return back
}

// jump moves the clock to whatever is due next, once nothing has happened for a
// while and no function is about to reply.
func (w *world) jump(done <-chan struct{}) {
	idle, last := 0, ""
	for {
		select {
		case <-done:
			return
		case <-time.After(time.Millisecond):
		}
		at, any := w.clock.Next()
		w.mu.Lock()
		now := fmt.Sprint(at, len(w.calls), len(w.records))
		w.mu.Unlock()
		if idle++; !any || w.busy.Load() > 0 || now != last {
			idle, last = 0, now
		}
		patience := 10
		far := at.Sub(w.clock.Now()) > time.Hour // an execution's own deadline: more likely a busy machine than nothing to do
		if far || w.owed.Load() > 0 {            // a reply is on its way, or came too late to matter
			patience = 200
		}
		if idle >= patience {
			w.clock.Advance(at.Sub(w.clock.Now()))
			idle = 0
		}
	}
}

// hang is a function that never replies while the execution runs.
func (w *world) hang() Reply {
	w.busy.Add(-1)
	defer w.busy.Add(1)
	<-w.over
	return Reply{}
}

// parse reads a definition that must be right.
func parse(t testing.TB, e *Engine, definition string) *Machine {
	t.Helper()
	m, err := Parse([]byte(definition), e.Check)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// later does something outside once the execution waits.
func (w *world) later(act func() error) {
	time.Sleep(5 * time.Millisecond)
	if err := act(); err != nil {
		w.t.Error(err)
	}
}
