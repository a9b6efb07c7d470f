package asl

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/iris-oculus/iris/internal/local/clock"
)

// epoch is when every test execution begins.
var epoch = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// handler answers calls in a test.
type handler func(w *world, c Call) Reply

// world is an execution with all its surroundings, in a bubble of testing/synctest:
// time stands still while anything can happen and then jumps to what is due next,
// so nothing depends on how fast the machine is.
type world struct {
	t      *testing.T
	clock  clock.Real // inside the bubble
	x      *Execution
	over   chan struct{} // closed when Run has returned
	tokens atomic.Int64

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
func replay(t *testing.T, e *Engine, m *Machine, input string, records []Record, at time.Time, answer handler, begun ...func(*world)) (p played) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, e, m, input, records, at, answer)
		for _, begin := range begun {
			begin(w)
		}
		end, err := w.run(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		p = played{end: end, records: w.records, calls: w.calls}
	})
	for _, r := range slices.Concat(records, p.records) {
		p.events = append(p.events, r.Events...)
	}
	return p
}

// newWorld must be called in a bubble, whose time it moves on to at.
func newWorld(t *testing.T, e *Engine, m *Machine, input string, records []Record, at time.Time, answer handler) *world {
	t.Helper()
	time.Sleep(time.Until(at))
	w := &world{t: t, over: make(chan struct{})}
	w.tokens.Store(int64(1000 * len(records))) // tokens never repeat
	env := Env{
		Engine: e, Clock: w.clock,
		Invoke: func(_ context.Context, c Call) Reply {
			w.mu.Lock()
			w.calls = append(w.calls, c)
			w.mu.Unlock()
			return answer(w, c)
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
	if w.killAfter > 0 && len(w.records) == w.killAfter {
		w.kill()
	}
	return nil
}

// run drives the execution until it ends or is killed, and joins what it started.
func (w *world) run(ctx context.Context) (*End, error) {
	ctx, w.kill = context.WithCancel(ctx)
	defer w.kill()
	end, err := w.x.Run(ctx)
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

// hang is a function that never replies while the execution runs.
func (w *world) hang() Reply {
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
	synctest.Wait()
	if err := act(); err != nil {
		w.t.Error(err)
	}
}
