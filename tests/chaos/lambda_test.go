package chaos

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/iris-oculus/iris/internal/edge"
	"github.com/iris-oculus/iris/internal/local/asl"
)

// host is Lambda: it runs the handlers of the functions' mains in this process.
// An invocation may be killed at any of its calls, or run out of time; what it has not
// sent by then is never sent.
type host struct {
	functions map[string]function    // by name
	happens   func(what string) bool // the service refuses, or loses an answer
	ended     func(*invocation)      // is told each invocation that met a fault, at its end
	running   sync.WaitGroup
	over      context.Context

	mu   sync.Mutex
	dead []letter
}

// letter is an invocation that failed for good.
type letter struct {
	arn     string
	payload []byte
}

// redrive sends the dead letters of intake again once the storm is over, as
// docs/operate.md tells the operator whom the alarm calls: of an event that failed three
// times there is no job that the janitor could look after.
func (w *world) redrive() {
	for wait := time.Until(w.storm.until); w.host.pause(wait); wait = 5 * time.Minute {
		w.host.mu.Lock()
		dead := w.host.dead
		w.host.dead = nil
		w.host.mu.Unlock()
		for _, l := range dead {
			if nameOf(l.arn) == "iris-intake" {
				_ = w.host.InvokeAsync(w.host.over, l.arn, l.payload) // the function is there: it was asked before
			}
		}
	}
}

type function struct {
	timeout time.Duration
	retries int // of an asynchronous invocation
	handle  func(ctx context.Context, payload []byte) (any, error)
}

// invocation is one event on its way through a function.
type invocation struct {
	function string
	cancel   context.CancelFunc
	dead     chan struct{}
	once     sync.Once
	ended    atomic.Bool // killed or out of time
	faults   atomic.Int32

	mu   sync.Mutex
	told []string // ending events that it has put on the bus
}

type invocationKey struct{}

func (in *invocation) gone() bool { return in != nil && in.ended.Load() }

// met notes a fault that hit one of the invocation's calls.
func (in *invocation) met(f fault) {
	if in != nil && f != none {
		in.faults.Add(1)
	}
}

func (in *invocation) kill() {
	if in == nil {
		return
	}
	in.once.Do(func() { in.ended.Store(true); in.cancel(); close(in.dead) })
}

func nameOf(arn string) string {
	parts := strings.Split(strings.TrimSuffix(arn, ":$LATEST"), ":")
	return parts[len(parts)-1]
}

func document(kind, message string) ([]byte, string, error) {
	b, err := json.Marshal(map[string]string{"errorType": kind, "errorMessage": message})
	return b, "Unhandled", err
}

// Invoke runs a function and waits for its reply, as lambdas.Host does.
func (h *host) Invoke(ctx context.Context, arn string, payload []byte) (reply []byte, functionError string, err error) {
	f, ok := h.functions[nameOf(arn)]
	if !ok {
		return nil, "", fmt.Errorf("no function %s", arn)
	}
	if h.happens("throttled " + nameOf(arn)) {
		return nil, "", &asl.CallError{Name: "Lambda.TooManyRequestsException", Cause: "Rate Exceeded."}
	}
	reply, functionError, err = h.run(ctx, nameOf(arn), f, payload)
	if os.Getenv("CHAOS_LOG") != "" {
		fmt.Println(time.Now().Format("15:04:05"), nameOf(arn), string(payload[:min(len(payload), 200)]), string(reply[:min(len(reply), 200)]), functionError, err)
	}
	if err == nil && h.happens("answer lost of "+nameOf(arn)) {
		return nil, "", &asl.CallError{Name: "Lambda.ServiceException", Cause: "the answer was lost"}
	}
	return reply, functionError, err
}

func (h *host) run(ctx context.Context, name string, f function, payload []byte) ([]byte, string, error) {
	in := &invocation{function: name, dead: make(chan struct{})}
	run, cancel := context.WithTimeout(context.WithValue(h.over, invocationKey{}, in), f.timeout)
	in.cancel = cancel
	type outcome struct {
		value any
		err   error
	}
	done := make(chan outcome, 1)
	h.running.Go(func() {
		defer cancel()
		value, err := f.handle(run, bytes.Clone(payload))
		if in.faults.Load() > 0 || in.gone() {
			h.ended(in)
		}
		done <- outcome{value, edge.Name(err)}
	})
	answered := func(o outcome) ([]byte, string, error) {
		if o.err != nil {
			return document(reflect.TypeOf(o.err).Elem().Name(), o.err.Error())
		}
		b, err := json.Marshal(o.value)
		return b, "", err
	}
	select {
	case o := <-done:
		return answered(o)
	case <-in.dead:
		return document("Runtime.ExitError", "Runtime exited with error: signal: killed")
	case <-run.Done(): // after its answer, or because its time is over
		select {
		case o := <-done:
			return answered(o)
		default:
		}
		if !errors.Is(run.Err(), context.DeadlineExceeded) {
			return document("Runtime.ExitError", "Runtime exited with error: signal: killed")
		}
		in.kill()
		return document("Sandbox.Timedout", "Task timed out")
	case <-ctx.Done():
		return nil, "", ctx.Err() // the invocation goes on
	}
}

// InvokeAsync queues an invocation, which is repeated when it fails.
func (h *host) InvokeAsync(_ context.Context, arn string, payload []byte) error {
	f, ok := h.functions[nameOf(arn)]
	if !ok {
		return fmt.Errorf("no function %s", arn)
	}
	h.running.Go(func() {
		for attempt := 0; attempt <= f.retries; attempt++ {
			if !h.pause(time.Duration(attempt) * time.Minute) {
				return
			}
			if _, functionError, err := h.run(h.over, nameOf(arn), f, payload); err == nil && functionError == "" {
				return
			}
		}
		h.mu.Lock()
		defer h.mu.Unlock()
		h.dead = append(h.dead, letter{arn, payload})
	})
	return nil
}

func (h *host) pause(d time.Duration) bool {
	select {
	case <-time.After(d):
		return true
	case <-h.over.Done():
		return false
	}
}

// ServeHTTP is Lambda's Invoke, for the functions that call others.
func (h *host) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name, ok := strings.CutPrefix(strings.TrimSuffix(r.URL.Path, "/invocations"), "/2015-03-31/functions/")
	if !ok || r.Header.Get("X-Amz-Invocation-Type") != "Event" {
		panic("lambda: " + r.Method + " " + r.URL.Path + " " + r.Header.Get("X-Amz-Invocation-Type"))
	}
	payload, err := io.ReadAll(r.Body)
	if err == nil {
		err = h.InvokeAsync(r.Context(), name, payload)
	}
	if err != nil {
		panic(err)
	}
	w.WriteHeader(http.StatusAccepted)
}

// handler is a function's main: its input from JSON, its answer to JSON.
func handler[In, Out any](handle func(context.Context, In) (Out, error)) func(context.Context, []byte) (any, error) {
	return func(ctx context.Context, payload []byte) (any, error) {
		var in In
		if err := json.Unmarshal(payload, &in); err != nil {
			return nil, err
		}
		return handle(ctx, in)
	}
}

func sink[In any](handle func(context.Context, In) error) func(context.Context, []byte) (any, error) {
	return handler(func(ctx context.Context, in In) (struct{}, error) { return struct{}{}, handle(ctx, in) })
}
