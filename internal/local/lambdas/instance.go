package lambdas

import (
	"errors"
	"os/exec"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"github.com/iris-oculus/iris/internal/local/child"
)

// instance is one process of a function: Lambda's execution environment. It
// serves one invocation at a time.
type instance struct {
	f       *function
	token   string // its part of the Runtime API's path
	process *child.Process
	output  *lineWriter
	rest    *time.Timer // ends it while it is idle
	peak    atomic.Int64

	asks       chan struct{}    // the process has come to /invocation/next
	next       chan *invocation // what it gets there
	failedInit chan outcome     // /init/error

	mu      sync.Mutex
	current *invocation // handed out and not ended by another /invocation/next
	waiting bool        // in /invocation/next; asks is told once for each time
}

// startLimit is what a process has for its start beside its function's timeout,
// as on AWS, where a start that took 10 s is begun again within the timeout.
const startLimit = 10 * time.Second

// endGrace is how long a process may take to end when asked.
const endGrace = time.Second

// start runs a new process until it asks for its first invocation.
func (f *function) start(call *invocation) (*instance, outcome) {
	in := &instance{
		f: f, token: uuid.NewString(), output: newLineWriter(call),
		asks: make(chan struct{}, 1), next: make(chan *invocation), failedInit: make(chan outcome, 1),
	}
	begun := time.Now()
	f.host.runtime.register(in)
	if err := in.launch(); err != nil {
		f.host.runtime.unregister(in)
		if errors.Is(err, errClosing) {
			return nil, exited(call.id, err)
		}
		f.host.config.Logger.Error("start function", "function", f.spec.Name, "error", err.Error())
		return nil, noBootstrap(call.id)
	}
	defer in.watch()()
	limit := time.NewTimer(startLimit + f.spec.Timeout)
	defer limit.Stop()
	o := outcome{}
	select {
	case <-in.asks:
		call.startup = time.Since(begun)
		return in, outcome{}
	case o = <-in.failedInit:
	case <-in.process.Done():
		select { // an error that was told before the exit says more
		case o = <-in.failedInit:
		default:
			o = in.exited(call)
		}
	case <-limit.C:
		o = in.timedOut(call)
	}
	in.end()
	return nil, o
}

// launch starts the process, unless the host is closing.
func (in *instance) launch() error {
	f := in.f
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return errClosing
	}
	process, err := child.Start(child.Spec{
		Path: f.spec.Command[0], Args: f.spec.Command[1:], Dir: filepath.Dir(f.spec.Command[0]),
		Env: environment(f, in), Stdout: in.output, Stderr: in.output,
	})
	if err != nil {
		return err
	}
	in.process = process
	f.all[in] = struct{}{}
	go func() {
		<-process.Done()
		in.output.flush()
		f.host.runtime.unregister(in)
		f.forget(in)
	}()
	return nil
}

// serve gives the process one invocation and waits for the answer *and* for
// the process to ask again or end: only then is it free for another.
func (in *instance) serve(call *invocation) outcome {
	timeout := in.f.spec.Timeout
	call.begun = time.Now()
	call.deadline = call.begun.Add(timeout)
	in.output.redirect(call)
	defer in.watch()()
	limit := time.NewTimer(timeout)
	defer limit.Stop()
	select {
	case in.next <- call:
	case <-in.process.Done():
		return in.exited(call)
	case <-limit.C: // it has dropped its connection
		return in.timedOut(call)
	}
	var answer *outcome
	for {
		select {
		case o := <-call.answered:
			answer = &o
			continue
		case <-in.asks:
		case <-in.process.Done():
		case <-limit.C:
			if answer == nil {
				return in.timedOut(call)
			}
			_ = in.process.Kill() // it has answered, but never asked again
		}
		if answer != nil {
			return *answer
		}
		select { // both were there, the other was read first
		case o := <-call.answered:
			return o
		default:
			return in.exited(call)
		}
	}
}

// timedOut kills the process.
func (in *instance) timedOut(call *invocation) outcome {
	_ = in.process.Kill()
	call.logf("%s Task timed out after %.2f seconds", call.id, in.f.spec.Timeout.Seconds())
	return timedOut(call.id, in.f.spec.Timeout)
}

// exited is the outcome of a process that ended, or asked for more, without an answer.
func (in *instance) exited(call *invocation) outcome {
	err := in.process.Kill() // in the second case it still runs
	var state *exec.ExitError
	if !errors.As(err, &state) {
		err = nil
	}
	call.logf("RequestId: %s Error: Runtime exited: %v", call.id, err)
	return exited(call.id, err)
}

// end asks the process to end, and makes it.
func (in *instance) end() { _ = in.process.Terminate(endGrace) }

func (in *instance) alive() bool {
	select {
	case <-in.process.Done():
		return false
	default:
		return true
	}
}

// asking says whether the process can take another invocation.
func (in *instance) asking() bool {
	in.mu.Lock()
	defer in.mu.Unlock()
	return in.waiting && in.alive()
}

// watchEvery is how often a busy process's memory is looked at; an idle one's is not.
const watchEvery = 50 * time.Millisecond

// watch kills the process when it outgrows its function's memory, until the
// returned function is called.
func (in *instance) watch() (stop func()) {
	limit := int64(in.f.spec.MemoryMB) << 20
	done := make(chan struct{})
	var ended sync.WaitGroup
	look := func() bool {
		resident, ok := residentBytes(in.process.Pid())
		if ok && resident > in.peak.Load() {
			in.peak.Store(resident)
		}
		return ok && resident > limit
	}
	ended.Add(1)
	go func() {
		defer ended.Done()
		ticker := time.NewTicker(watchEvery)
		defer ticker.Stop()
		for {
			select {
			case <-done:
				return
			case <-in.process.Done():
				return
			case <-ticker.C:
				if look() {
					in.f.host.config.Logger.Warn("function outgrew its memory", "function", in.f.spec.Name)
					_ = in.process.Kill()
					return
				}
			}
		}
	}()
	return func() { close(done); ended.Wait(); look() }
}
