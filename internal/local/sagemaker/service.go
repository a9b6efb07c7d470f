// Package sagemaker is SageMaker asynchronous inference and Application Auto
// Scaling on one machine. In: the SDK's calls (SageMaker and Application Auto
// Scaling over JSON 1.1, the runtime's REST call), each already authenticated.
// Out: a real model server as a child process for each instance that the
// endpoint is told to run, its answers as objects on S3, messages shaped as
// SNS's and events shaped as EventBridge's. Errors are AWS's, by code and status.
//
// Endpoints are declared by Config (the template's), not by CreateEndpoint. An
// endpoint's desired capacity, scaling settings and queue live in
// Config.Store and survive kill -9: whatever was queued or running then runs
// (again) after the next start. All decisions are taken in one place, step,
// under one lock and at times of the injected clock; processes and transfers
// happen elsewhere (world) and report back.
package sagemaker

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/iris-oculus/iris/internal/job"
	"github.com/iris-oculus/iris/internal/local/clock"
	"github.com/iris-oculus/iris/internal/local/store"
	"github.com/iris-oculus/iris/internal/local/trace"
)

// Region and account of everything that the one-machine stack names.
const (
	region  = "us-east-1"
	account = "000000000000"
)

// Objects is one bucket. Not found wraps job.ErrNotFound; size is the body's length.
type Objects interface {
	Head(ctx context.Context, key string) (job.Object, error)
	Get(ctx context.Context, key string) (io.ReadCloser, error)
	Put(ctx context.Context, key, mediaType string, body io.Reader, size int64) error
}

// Config is what the service needs. Publish and Emit may be nil.
type Config struct {
	Store     *store.Store // nil: the state ends with the process
	Clock     clock.Clock
	Bucket    func(name string) Objects
	Publish   func(b *store.Batch, topicARN, subject, message string) error // makes a message part of a batch
	Emit      func(ctx context.Context, source, detailType string, resources []string, detail any) error
	Log       io.Writer // what model servers print; nil: nowhere
	Endpoints []Endpoint
	// Watch, if set, is told of every request that has ended.
	Watch func(Done)
}

// Done is what is told of a request that has ended.
type Done struct {
	Endpoint               string
	Trace                  trace.Header
	Received, Begun, Ended time.Time // Begun is zero where no instance had it
	Error                  string    // the kind of a failure: ClientError or ModelError
}

// State is what is seen of an endpoint from outside.
type State struct {
	Endpoint    string
	Desired, Up int
	Backlog     int           // requests that wait or run
	Oldest      time.Duration // since the oldest of them came
}

// States are those of all endpoints.
func (s *Service) States() (all []State) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range s.endpoints {
		one := State{Endpoint: e.Name, Desired: e.Desired, Up: e.current(), Backlog: e.backlog()}
		for _, r := range e.queue {
			one.Oldest = max(one.Oldest, s.cfg.Clock.Now().Sub(r.Received))
		}
		all = append(all, one)
	}
	return all
}

// Endpoint declares one asynchronous endpoint with one variant.
type Endpoint struct {
	Name         string
	Variant      string // empty: AllTraffic
	Config       string // name of its endpoint configuration
	Instances    int    // desired when the endpoint is first seen
	OutputPath   string // s3://bucket[/prefix]
	FailurePath  string // s3://bucket[/prefix]; empty: failures leave no object
	SuccessTopic string // ARN; empty: no message
	ErrorTopic   string
	Concurrency  int // requests at a time for each instance; 0: 1
	Model        Model

	StartAfter time.Duration // from the call until a new instance's container is started
	StopAfter  time.Duration // from the call until an instance is gone, at least
	ScaleAfter time.Duration // from RegisterScalableTarget until its scaling activity

	// LoseOnScaleIn drops, without object or message, a request whose container
	// is ended by a scale-in before it answers. AWS documents no fate for it;
	// false reports it as a failure.
	LoseOnScaleIn bool

	// What AWS does in the next three cases is documented in both ways or in
	// none; each can be tried here, and `make probe` asks a real account.

	// RefuseZeroMaximum makes MaxCapacity 0 a ValidationException, as one page
	// of AWS's says (endpoint-auto-scaling-add-policy.html).
	RefuseZeroMaximum bool
	// SameBoundsMoveNothing says that registering the bounds which a target has
	// already starts no scaling activity, although the capacity lies outside of them.
	SameBoundsMoveNothing bool
	// AnnounceExpired tells of a request that waited too long as of a failure;
	// false forgets it without object or message.
	AnnounceExpired bool
}

// Model is the container: a program with SageMaker's contract. It is started
// with its port in SAGEMAKER_BIND_TO_PORT and listens on 127.0.0.1.
type Model struct {
	// Server, in place of a program, serves the model within this process: a simulation's
	// time does not pass while a socket is open.
	Server  http.RoundTripper
	Command []string
	Env     []string // complete; nil: this process's own
	Dir     string
	// StartTimeout bounds the time until GET /ping answers 200. 0: 4 minutes, as on AWS.
	StartTimeout time.Duration
}

// Service is the running emulation. Make one with New; it is an http.Handler.
type Service struct {
	cfg   Config
	world world
	ctx   context.Context // ended by Close
	stop  context.CancelFunc
	kick  chan struct{}
	loops sync.WaitGroup

	mu        sync.Mutex
	endpoints []*endpoint // by name
}

// world is everything that takes time outside of this package's clock. Its
// methods return at once and never call back from within the call.
type world interface {
	// boot starts an instance's container, then calls booted.
	boot(e *endpoint, instance int64)
	// serve sends a request to an instance's container, brings the result to
	// its place and announces it, then calls served.
	serve(e *endpoint, instance int64, r Request)
	// give up on a request that waited (instance 0) or ran too long: write and
	// announce its failure, then call served.
	abandon(e *endpoint, instance int64, r Request, reason string)
	// halt ends an instance's container, then calls halted.
	halt(e *endpoint, instance int64)
	emit(detail stateChange)
}

// New starts the service on the state that the store holds. Instances that were up
// start again.
func New(cfg Config) (*Service, error) {
	s := newService(cfg)
	s.world = newMachine(s)
	if err := s.load(); err != nil {
		s.stop()
		return nil, err
	}
	s.loops.Add(1)
	go s.loop()
	return s, nil
}

func newService(cfg Config) *Service {
	ctx, stop := context.WithCancel(context.Background())
	return &Service{cfg: cfg, ctx: ctx, stop: stop, kick: make(chan struct{}, 1)}
}

func (s *Service) load() error {
	now := s.cfg.Clock.Now()
	for _, declared := range s.cfg.Endpoints {
		if err := declared.check(); err != nil {
			return fmt.Errorf("endpoint %s: %w", declared.Name, err)
		}
		if s.find(declared.Name) != nil {
			return fmt.Errorf("endpoint %s is declared twice", declared.Name)
		}
		e, err := openEndpoint(s.cfg.Store, declared, now)
		if err != nil {
			return fmt.Errorf("endpoint %s: %w", declared.Name, err)
		}
		s.endpoints = append(s.endpoints, e)
	}
	slices.SortFunc(s.endpoints, func(a, b *endpoint) int {
		if a.Name < b.Name {
			return -1
		}
		return 1
	})
	for _, e := range s.endpoints {
		s.resize(e, now)
	}
	return nil
}

// Close ends the containers and waits for everything that runs. Nothing is
// lost: unfinished requests run after the next New.
func (s *Service) Close() error {
	s.stop()
	s.loops.Wait()
	if m, ok := s.world.(*machine); ok {
		m.close()
	}
	return nil
}

// loop calls step whenever something is due or has changed.
func (s *Service) loop() {
	defer s.loops.Done()
	for {
		s.mu.Lock()
		now := s.cfg.Clock.Now()
		next := s.step(now)
		s.mu.Unlock()
		var fire <-chan time.Time
		cancel := func() {}
		if !next.IsZero() {
			fire, cancel = s.cfg.Clock.After(next.Sub(now))
		}
		select {
		case <-fire:
		case <-s.kick:
		case <-s.ctx.Done():
		}
		cancel()
		if s.ctx.Err() != nil {
			return
		}
	}
}

// changed tells the loop that there may be something to do.
func (s *Service) changed() {
	select {
	case s.kick <- struct{}{}:
	default:
	}
}

func (s *Service) find(name string) *endpoint {
	for _, e := range s.endpoints {
		if e.Name == name {
			return e
		}
	}
	return nil
}

// errUnknown says that there is no such endpoint.
var errUnknown = errors.New("could not find endpoint")

func (s *Service) get(name string) (*endpoint, error) {
	if e := s.find(name); e != nil {
		return e, nil
	}
	return nil, fmt.Errorf("%w %q", errUnknown, endpointARN(name))
}

func endpointARN(name string) string {
	return "arn:aws:sagemaker:" + region + ":" + account + ":endpoint/" + name
}
