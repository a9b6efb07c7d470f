// Package child runs real processes that end with this one: model servers,
// Lambda binaries, dynalite. In: a command. Out: a Process to wait for, to ask
// to end and to kill. Errors name the program, never its arguments or environment.
//
// A child must not outlive its parent, even after kill -9. On Linux the kernel
// sends it SIGKILL when the parent dies (PR_SET_PDEATHSIG). That signal is tied
// to the *thread* that forked, and Go ends threads whenever it likes, so every
// fork happens on one thread that never ends. Elsewhere, and for
// grandchildren, Spec.Lifeline gives the child a pipe whose end of file says
// that the parent is gone.
package child

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// Spec says what to run.
type Spec struct {
	Path   string // the program; looked up in PATH when it has no slash
	Args   []string
	Env    []string // complete, as os.Environ; nil: this process's own
	Dir    string   // working directory; empty: this process's own
	Stdout io.Writer
	Stderr io.Writer
	// Lifeline makes file descriptor 3 of the child a pipe that reaches its
	// end of file when this process is gone.
	Lifeline bool
}

// Process is a started child. Make one with Start.
type Process struct {
	cmd      *exec.Cmd
	lifeline *os.File // our end, closed when the child has ended
	done     chan struct{}
	err      error // valid after done
}

// drain is how long output may still arrive on inherited pipes after the child
// itself has ended (a grandchild may hold them open for ever).
const drain = 2 * time.Second

// starts hands every fork to the one thread that lives as long as the process.
var starts = sync.OnceValue(func() chan<- func() {
	work := make(chan func())
	go func() {
		runtime.LockOSThread()
		for f := range work {
			f()
		}
	}()
	return work
})

// Start runs a child in a process group of its own, so that a Ctrl-C at the
// terminal reaches only the parent, which ends its children in order.
func Start(s Spec) (*Process, error) {
	cmd := exec.Command(s.Path, s.Args...)
	cmd.Env, cmd.Dir = s.Env, s.Dir
	cmd.Stdout, cmd.Stderr = s.Stdout, s.Stderr
	cmd.WaitDelay = drain
	cmd.SysProcAttr = attributes()

	p := &Process{cmd: cmd, done: make(chan struct{})}
	var theirs *os.File
	if s.Lifeline {
		r, w, err := os.Pipe()
		if err != nil {
			return nil, fmt.Errorf("start %s: lifeline: %w", filepath.Base(s.Path), err)
		}
		theirs, p.lifeline = r, w
		cmd.ExtraFiles = []*os.File{theirs}
	}

	started := make(chan error)
	starts() <- func() { started <- cmd.Start() }
	err := <-started
	if theirs != nil {
		_ = theirs.Close()
	}
	if err != nil {
		p.cut()
		return nil, fmt.Errorf("start %s: %w", filepath.Base(s.Path), err)
	}
	go func() {
		p.err = cmd.Wait()
		p.cut()
		close(p.done)
	}()
	return p, nil
}

func (p *Process) cut() {
	if p.lifeline != nil {
		_ = p.lifeline.Close()
	}
}

// Pid is the child's process id, and that of its group.
func (p *Process) Pid() int { return p.cmd.Process.Pid }

// Done is closed when the child has ended and its output has been read.
func (p *Process) Done() <-chan struct{} { return p.done }

// Wait waits for the end and says how it came: nil, or an *exec.ExitError. Any
// number of callers may wait.
func (p *Process) Wait() error {
	<-p.done
	return p.err
}

// Kill ends the child's whole group at once (SIGKILL) and waits for the child.
func (p *Process) Kill() error {
	p.signal(syscall.SIGKILL)
	return p.Wait()
}

// Terminate asks the child to end (SIGTERM to it alone: its own children are
// its own business), kills the group when it has not after grace, and waits.
func (p *Process) Terminate(grace time.Duration) error {
	select {
	case <-p.done:
		return p.err
	default:
	}
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("end process %d: %w", p.Pid(), err)
	}
	timer := time.NewTimer(grace)
	defer timer.Stop()
	select {
	case <-p.done:
	case <-timer.C:
	}
	return p.Kill() // also for grandchildren that stayed behind
}

// Pause stops the child and all its threads where they are, until resume is called. It is
// back when they have stopped. A child that has ended is os.ErrProcessDone.
func (p *Process) Pause() (resume func(), err error) {
	p.signal(syscall.SIGSTOP)
	resume = func() { p.signal(syscall.SIGCONT) }
	err = p.stopped()
	select {
	case <-p.done:
		err = os.ErrProcessDone
	default:
	}
	if err != nil {
		resume()
		return nil, fmt.Errorf("pause process %d: %w", p.Pid(), err)
	}
	return resume, nil
}

// PauseCurrent is Pause of the process that current holds. It is for a child that is
// started again when it dies: resume fails when it was, since then it did not stand still
// all the time.
func PauseCurrent(current *atomic.Pointer[Process], name string) (resume func() error, err error) {
	p := current.Load()
	cont, err := p.Pause()
	if err != nil {
		return nil, err
	}
	return func() error {
		cont()
		if current.Load() != p {
			return fmt.Errorf("%s was started again meanwhile", name)
		}
		return nil
	}, nil
}

// signal reaches the group. Once the child is reaped its id may be anybody's,
// but the kernel keeps a group's id taken while a member lives.
func (p *Process) signal(s syscall.Signal) {
	_ = syscall.Kill(-p.Pid(), s)
}
