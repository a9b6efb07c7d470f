// Package bus is EventBridge on one machine: the default event bus with its
// rules, targets and schedules.
//
// In: events from services (Emit, Add) and clients (PutEvents over ServeHTTP). Out:
// each event that matches a rule's pattern is delivered to the rule's targets
// at least once. It is on the disk before Emit or PutEvents returns; deliveries
// are retried by the target's policy and end among DeadLetters when all fail.
// Errors: those of the store; *pattern.InvalidError and others name the part of
// a rule that is wrong. Times are UTC, in whole seconds where AWS has them so.
package bus

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"

	"github.com/iris-oculus/iris/internal/local/clock"
	"github.com/iris-oculus/iris/internal/local/outbox"
	"github.com/iris-oculus/iris/internal/local/store"
)

// The buckets of the store that are the bus's own.
const (
	QueueBucket   = "events.queue"   // deliveries on their way
	DeadBucket    = "events.dead"    // deliveries that were given up
	RulesBucket   = "events.rules"   // name → Rule that a client made
	DueBucket     = "events.due"     // rule → its Due
	ObjectsBucket = "events.objects" // ObjectName → sequencer of the object announced last
)

// Deliver hands a payload to a target and returns once it is accepted for
// good. An error whose chain has a method Permanent() bool that answers true is
// not retried.
type Deliver func(ctx context.Context, target Target, payload []byte) error

// Config says where the state lies and who takes what rules deliver.
type Config struct {
	Store   *store.Store
	Clock   clock.Clock
	Account string // default 000000000000
	Region  string // default us-east-1
	// Deliver by the service in the target's ARN: "lambda", "states", "sns".
	// A rule with a target of another service is refused.
	Deliver map[string]Deliver
	Logger  *slog.Logger
}

// Service is the bus. Make one with New.
type Service struct {
	config Config
	queue  *outbox.Outbox
	dead   *outbox.DeadLetters
	wake   chan struct{} // rules have changed
	stop   chan struct{}
	loop   sync.WaitGroup

	mu      sync.Mutex
	rules   map[string]*rule
	due     map[string]Due
	started bool
	closed  bool

	// reconciling is held for reading while an object is announced, and for
	// writing while Reconcile compares.
	reconciling sync.RWMutex
}

// New reads the rules of clients, when schedules fall due and which deliveries have
// not arrived. Nothing is delivered before Start.
func New(c Config) (*Service, error) {
	if c.Account == "" {
		c.Account = "000000000000"
	}
	if c.Region == "" {
		c.Region = "us-east-1"
	}
	if c.Clock == nil {
		c.Clock = clock.Real{}
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	s := &Service{config: c, rules: map[string]*rule{}, wake: make(chan struct{}, 1), stop: make(chan struct{})}
	var err error
	s.due, err = readDue(c.Store)
	if err == nil {
		err = s.readRules()
	}
	if err == nil {
		s.dead, err = outbox.OpenDead(c.Store, DeadBucket)
	}
	if err == nil {
		s.queue, err = outbox.Open(outbox.Config{
			Store: c.Store, Bucket: QueueBucket, Clock: c.Clock, Logger: c.Logger, Parallel: 16,
			Send: s.send, Again: s.again, GiveUp: s.giveUp,
		})
	}
	if err != nil {
		return nil, fmt.Errorf("open event bus: %w", err)
	}
	return s, nil
}

// Start begins to deliver and to keep schedules. A schedule that fell due while
// the bus was down runs once now.
func (s *Service) Start() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.started || s.closed {
		return
	}
	s.started = true
	s.queue.Start()
	s.loop.Add(1)
	go s.keepSchedules()
}

// Close ends deliveries under way; they go on after the next Start.
func (s *Service) Close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	s.closed = true
	s.mu.Unlock()
	close(s.stop)
	s.loop.Wait()
	return s.queue.Close()
}

// Waiting counts deliveries that have not arrived.
func (s *Service) Waiting() int { return s.queue.Len() }

// DeadLetters are the deliveries that were given up, oldest first; the body of
// each is a DeadLetter in JSON.
func (s *Service) DeadLetters() []outbox.Letter { return s.dead.List() }

func (s *Service) arn(resource string) string {
	return "arn:aws:events:" + s.config.Region + ":" + s.config.Account + ":" + resource
}

func (s *Service) stir() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// serviceOf is the third part of an ARN.
func serviceOf(arn string) (string, error) {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) < 6 || parts[0] != "arn" {
		return "", errors.New("want an ARN")
	}
	return parts[2], nil
}
