package sagemaker

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"sync"
	"time"

	"github.com/iris-oculus/iris/internal/job"
	"github.com/iris-oculus/iris/internal/local/child"
)

// container is one model server: a child process with SageMaker's contract. As
// an http.RoundTripper it sends requests to whichever process runs now.
type container struct {
	model Model
	log   io.Writer
	http  *http.Transport

	mu      sync.Mutex
	process *child.Process
	address string
	gone    chan struct{} // closed when the process's end has been reported
	ended   bool
	running map[int64]context.CancelFunc  // by the request's sequence
	offers  map[string]func(job.Progress) // by the inference's id
}

const (
	defaultStartTimeout = 4 * time.Minute
	pingEvery           = 25 * time.Millisecond
	pingTimeout         = 2 * time.Second // as on AWS
	firstBackoff        = 200 * time.Millisecond
	lastBackoff         = 10 * time.Second
	maxHeaderBytes      = 64 << 10
)

var errEnded = errors.New("the container is being ended")

func newContainer(m Model, log io.Writer) *container {
	if m.StartTimeout <= 0 {
		m.StartTimeout = defaultStartTimeout
	}
	c := &container{
		model:   m,
		http:    &http.Transport{DisableKeepAlives: true, DisableCompression: true, MaxResponseHeaderBytes: maxHeaderBytes},
		running: map[int64]context.CancelFunc{}, offers: map[string]func(job.Progress){},
	}
	c.log = &counts{log: log, tell: c.tell}
	return c
}

// tell hands a count to the request that it is about, if that runs here.
func (c *container) tell(inference string, p job.Progress) {
	c.mu.Lock()
	offer := c.offers[inference]
	c.mu.Unlock()
	if offer != nil {
		offer(p)
	}
}

// keep starts the process and starts it again whenever it ends, until end or
// ctx. up is told each time that /ping answers, or once that it never did; down
// each time that the process has ended after that.
func (c *container) keep(ctx context.Context, up func(error), down func()) {
	if c.model.Server != nil {
		up(nil)
		return
	}
	backoff, wasUp := firstBackoff, false
	giveUp := time.Now().Add(c.model.StartTimeout)
	for {
		began := time.Now()
		p, err := c.start()
		if err == nil {
			err = c.await(ctx, p)
		}
		if err == nil {
			wasUp = true
			up(nil)
			select {
			case <-p.Done():
			case <-ctx.Done():
			}
			if !c.ending() {
				down()
			}
			close(c.gone)
		} else if p != nil {
			_ = p.Kill()
		}
		if c.ending() || ctx.Err() != nil {
			return
		}
		if !wasUp && time.Now().After(giveUp) {
			up(fmt.Errorf("the model server did not answer /ping within %v: %w", c.model.StartTimeout, err))
			return
		}
		if time.Since(began) > lastBackoff {
			backoff = firstBackoff
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(backoff):
		}
		backoff = min(2*backoff, lastBackoff)
	}
}

// start runs the program on a free port of the loopback interface.
func (c *container) start() (*child.Process, error) {
	if len(c.model.Command) == 0 {
		return nil, errors.New("the model has no command")
	}
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	address := free.Addr().String()
	port := free.Addr().(*net.TCPAddr).Port
	_ = free.Close()

	env := c.model.Env
	if env == nil {
		env = os.Environ()
	}
	env = append(append([]string(nil), env...), "SAGEMAKER_BIND_TO_PORT="+strconv.Itoa(port))

	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended {
		return nil, errEnded
	}
	p, err := child.Start(child.Spec{
		Path: c.model.Command[0], Args: c.model.Command[1:], Env: env, Dir: c.model.Dir,
		Stdout: c.log, Stderr: c.log,
	})
	if err != nil {
		return nil, err
	}
	c.process, c.address, c.gone = p, address, make(chan struct{})
	return p, nil
}

// await polls /ping until it answers 200.
func (c *container) await(ctx context.Context, p *child.Process) error {
	limit := time.NewTimer(c.model.StartTimeout)
	defer limit.Stop()
	for {
		if c.ping(ctx) {
			return nil
		}
		select {
		case <-p.Done():
			return errors.New("it ended before that")
		case <-limit.C:
			return errors.New("it runs, but is silent")
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pingEvery):
		}
	}
}

func (c *container) ping(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, pingTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://model/ping", nil)
	if err != nil {
		return false
	}
	resp, err := c.RoundTrip(req)
	if err != nil {
		return false
	}
	_ = resp.Body.Close()
	return resp.StatusCode == http.StatusOK
}

// RoundTrip sends req to the running process, whatever host it names.
func (c *container) RoundTrip(req *http.Request) (*http.Response, error) {
	if c.model.Server != nil {
		return c.model.Server.RoundTrip(req)
	}
	c.mu.Lock()
	address := c.address
	c.mu.Unlock()
	req = req.Clone(req.Context())
	req.URL.Host = address
	return c.http.RoundTrip(req)
}

func (c *container) ending() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.ended
}

// end asks the process to end, kills it after grace, and starts no other.
func (c *container) end(grace time.Duration) {
	c.mu.Lock()
	c.ended = true
	p := c.process
	c.mu.Unlock()
	if p != nil {
		_ = p.Terminate(grace)
	}
}

// begin notes a request that runs, how to interrupt it and who takes its counts. gone says
// when the process that serves it has ended.
func (c *container) begin(r Request, cancel context.CancelFunc, offer func(job.Progress)) (gone <-chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.running[r.Sequence], c.offers[r.InferenceID] = cancel, offer
	return c.gone
}

// finish says whether the request is still the caller's to conclude.
func (c *container) finish(r Request) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, found := c.running[r.Sequence]
	delete(c.running, r.Sequence)
	delete(c.offers, r.InferenceID)
	return found
}

// abandon takes a request away from whoever serves it and ends the process that
// is stuck on it; keep starts another.
func (c *container) abandon(sequence int64) bool {
	c.mu.Lock()
	cancel, found := c.running[sequence]
	delete(c.running, sequence)
	p := c.process
	c.mu.Unlock()
	if found {
		cancel()
		if p != nil {
			_ = p.Kill()
		}
	}
	return found
}
