package lambdas

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/iris-oculus/iris/internal/local/outbox"
	"github.com/iris-oculus/iris/internal/local/trace"
)

// function is one function with its processes and its queue.
type function struct {
	host  *Host
	spec  Function
	slots chan struct{} // one a process that may exist
	log   *logFile
	queue *outbox.Outbox

	running sync.WaitGroup // invocations

	mu     sync.Mutex
	idle   []*instance // the last one was used last
	all    map[*instance]struct{}
	closed bool
}

// functionName is AWS's form; it also makes a name safe as a file name.
var functionName = regexp.MustCompile(`^[a-zA-Z0-9_-]{1,64}$`)

func (h *Host) newFunction(spec Function) (*function, error) {
	if !functionName.MatchString(spec.Name) || h.functions[spec.Name] != nil {
		return nil, fmt.Errorf("function %q: want a name of its own: 1 to 64 letters, digits, - and _", spec.Name)
	}
	if len(spec.Command) == 0 || !filepath.IsAbs(spec.Command[0]) {
		return nil, fmt.Errorf("function %s: command: want the absolute path of a program", spec.Name)
	}
	if spec.MemoryMB == 0 {
		spec.MemoryMB = 128
	}
	if spec.Timeout == 0 {
		spec.Timeout = 3 * time.Second
	}
	if spec.MaxEventAge == 0 {
		spec.MaxEventAge = 6 * time.Hour
	}
	if spec.MaxRetries == nil {
		two := 2
		spec.MaxRetries = &two
	}
	if spec.ARN == "" {
		spec.ARN = fmt.Sprintf("arn:aws:lambda:%s:%s:function:%s", h.config.Region, h.config.Account, spec.Name)
	}
	f := &function{host: h, spec: spec, all: map[*instance]struct{}{}}
	concurrency := h.config.Concurrency
	if spec.Concurrency > 0 {
		concurrency = spec.Concurrency
	}
	if spec.ReservedConcurrency != nil {
		concurrency = *spec.ReservedConcurrency
	}
	f.slots = make(chan struct{}, max(concurrency, 0))
	var err error
	if f.log, err = openLog(h.config.LogDir, spec.Name); err != nil {
		return nil, err
	}
	if f.queue, err = f.openQueue(); err != nil {
		return nil, fmt.Errorf("function %s: %w", spec.Name, errors.Join(err, f.log.Close()))
	}
	return f, nil
}

// find takes a name, an ARN or the latter's partial form, with or without a
// qualifier: $LATEST is all there is.
func (h *Host) find(name string) (*function, error) {
	short := name
	if _, after, found := strings.Cut(short, ":function:"); found {
		short = after
	}
	short, qualifier, _ := strings.Cut(short, ":")
	if f := h.functions[short]; f != nil && (qualifier == "" || qualifier == "$LATEST") {
		return f, nil
	}
	arn := fmt.Sprintf("arn:aws:lambda:%s:%s:function:%s", h.config.Region, h.config.Account, short)
	if qualifier != "" {
		arn += ":" + qualifier
	}
	return nil, &APIError{"ResourceNotFoundException", "Function not found: " + arn, ""}
}

func (f *function) reserved() bool { return f.spec.ReservedConcurrency != nil }

// invoke runs one invocation to its end, in a slot. wait says whether to wait
// for a slot or to be throttled without one.
func (f *function) invoke(ctx context.Context, id string, payload []byte, wait bool) (outcome, error) {
	select {
	case f.slots <- struct{}{}:
	default:
		if !wait || cap(f.slots) == 0 {
			return outcome{}, throttled(f.reserved())
		}
		select {
		case f.slots <- struct{}{}:
		case <-ctx.Done():
			return outcome{}, fmt.Errorf("invoke %s: %w", f.spec.Name, ctx.Err())
		}
	}
	if !f.begin() {
		<-f.slots
		return outcome{}, fmt.Errorf("invoke %s: %w", f.spec.Name, errClosing)
	}
	done := make(chan outcome, 1)
	go func() {
		defer f.running.Done()
		o := f.run(trace.From(ctx), id, payload)
		<-f.slots // before the caller knows: its next call finds room
		done <- o
	}()
	select {
	case o := <-done:
		return o, nil
	case <-ctx.Done():
		return outcome{}, fmt.Errorf("invoke %s: %w", f.spec.Name, ctx.Err())
	}
}

// begin counts an invocation, unless the host is closing.
func (f *function) begin() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.closed {
		f.running.Add(1)
	}
	return !f.closed
}

// run takes a warm process or starts one, and logs as Lambda does.
func (f *function) run(at trace.Header, id string, payload []byte) outcome {
	call := newInvocation(f, at, id, payload)
	call.logf("START RequestId: %s Version: $LATEST", id)
	in, o := f.instance(call)
	if in != nil {
		o = in.serve(call)
	}
	call.report(in)
	if watch := f.host.config.Watch; watch != nil {
		watch(Done{
			Function: f.spec.Name, Trace: call.trace, Span: call.span, Begun: call.begun.Add(-call.startup), Startup: call.startup,
			Took: time.Since(call.begun), Error: o.errorName(),
		})
	}
	if in != nil {
		f.release(in)
	}
	o.tail = call.lastLines()
	return o
}

// instance returns a process that asks for its next invocation, or the outcome
// of failing to start one.
func (f *function) instance(call *invocation) (*instance, outcome) {
	f.mu.Lock()
	for len(f.idle) > 0 {
		in := f.idle[len(f.idle)-1]
		f.idle = f.idle[:len(f.idle)-1]
		if in.rest.Stop() && in.alive() {
			f.mu.Unlock()
			return in, outcome{}
		}
	}
	f.mu.Unlock()
	return f.start(call)
}

// release keeps the process warm if it asks for more, and ends it when nothing
// came for Config.IdleAfter.
func (f *function) release(in *instance) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed || !in.asking() {
		go in.end()
		return
	}
	in.rest = time.AfterFunc(f.host.config.IdleAfter, in.end)
	f.idle = append(f.idle, in)
}

// forget is called once a process has ended.
func (f *function) forget(in *instance) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.all, in)
	for i, other := range f.idle {
		if other == in {
			f.idle = append(f.idle[:i], f.idle[i+1:]...)
			return
		}
	}
}

func (f *function) close() error {
	err := f.queue.Close()
	f.mu.Lock()
	f.closed = true
	var all []*instance
	for in := range f.all {
		all = append(all, in)
	}
	f.mu.Unlock()
	var ending sync.WaitGroup
	for _, in := range all {
		ending.Add(1)
		go func() { defer ending.Done(); in.end() }()
	}
	ending.Wait()
	f.running.Wait()
	return errors.Join(err, f.log.Close())
}
