// Package states is Step Functions on one machine: standard workflows, JSONata
// only, run by local/asl.
//
// In: AWS JSON 1.0 requests (X-Amz-Target: AWSStepFunctions.…), already
// authenticated, or the Go methods. Out: replies and errors of AWS's shape, and
// "Step Functions Execution Status Change" events, each in the transaction that
// begins or ends its execution. What was acknowledged is in the store: after
// kill -9, New resumes every unfinished execution from its last completed state,
// with the task tokens that were given out.
package states

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"sync"
	"time"

	"github.com/iris-oculus/iris/internal/local/asl"
	"github.com/iris-oculus/iris/internal/local/clock"
	"github.com/iris-oculus/iris/internal/local/store"
	"github.com/iris-oculus/iris/internal/local/trace"
)

// Config is what the service needs.
type Config struct {
	// Store keeps machines and executions.
	Store *store.Store
	Clock clock.Clock
	// Invoke runs a Lambda function by ARN or name. An error of the call itself is
	// an *asl.CallError if Retry and Catch shall match it by name. Its context
	// ends with the service: close the service before what Invoke uses.
	Invoke func(ctx context.Context, function string, payload []byte) (reply []byte, functionError string, err error)
	// Emit makes an event part of a batch; nil: nobody listens.
	Emit func(b *store.Batch, source, detailType string, resources []string, detail any) error
	// JSONataPath is npm jsonata's jsonata-es5.min.js, version 2.0.6.
	JSONataPath     string
	Region, Account string
	Logger          *slog.Logger
	// Watch, if set, is told of every execution that has ended. Events reads its history.
	Watch func(d Done, events func() ([]asl.Event, error))
	// Random is in [0, 1), for the jitter of retries; nil: math/rand.
	Random func() float64
}

// Done is what is told of an execution that has ended.
type Done struct {
	ARN, Machine, Name string
	Status, Error      string
	Trace              trace.Header // of who began it
	Begun, Ended       time.Time
}

// Running counts the executions that have not ended.
func (s *Service) Running() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.going
}

// Service is Step Functions. Make one with New.
type Service struct {
	cfg    Config
	engine *asl.Engine

	mu         sync.Mutex
	machines   map[string]*Machine   // by name
	aliases    map[string]string     // names of machines by an alias's ARN
	executions map[string]*execution // by ARN
	going      int                   // executions that run

	ctx     context.Context // of every running execution
	cancel  context.CancelFunc
	running sync.WaitGroup
}

// New opens the service and resumes what was unfinished.
func New(cfg Config) (*Service, error) {
	engine, err := asl.NewEngine(cfg.JSONataPath, cfg.Clock.Now)
	if err != nil {
		return nil, err
	}
	if cfg.Random == nil {
		cfg.Random = rand.Float64
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	s := &Service{cfg: cfg, engine: engine, machines: map[string]*Machine{}, aliases: map[string]string{}, executions: map[string]*execution{}}
	if err := s.loadMachines(); err != nil {
		return nil, err
	}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	if err := s.loadExecutions(); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// Close stops every execution where it is; the next New goes on from there.
func (s *Service) Close() error {
	s.cancel()
	s.running.Wait()
	return nil
}

func (s *Service) machineARN(name string) string {
	return fmt.Sprintf("arn:aws:states:%s:%s:stateMachine:%s", s.cfg.Region, s.cfg.Account, name)
}

func (s *Service) executionARN(machine, name string) string {
	return fmt.Sprintf("arn:aws:states:%s:%s:execution:%s:%s", s.cfg.Region, s.cfg.Account, machine, name)
}

func (s *Service) now() time.Time { return s.cfg.Clock.Now().UTC().Truncate(time.Millisecond) }

// Error is an error of the API. Code is AWS's name of it.
type Error struct{ Code, Message string }

func (e *Error) Error() string { return e.Code + ": " + e.Message }

func refuse(code, format string, args ...any) error {
	return &Error{code, fmt.Sprintf(format, args...)}
}

// validName is AWS's rule for names of machines and executions.
func validName(name string) bool {
	return name != "" && len(name) <= 80 && !strings.ContainsFunc(name, func(r rune) bool {
		return r <= ' ' || r >= 0x7f && r <= 0x9f || r == 0x2028 || r == 0x2029 || strings.ContainsRune("<>{}[]?*\"#%\\^|~`$&,;:/", r)
	})
}

// validJSON compacts a payload, which is JSON of at most 256 KiB.
func validJSON(text string) (json.RawMessage, error) {
	if len(text) > asl.MaxPayload {
		return nil, fmt.Errorf("%d bytes: want at most %d", len(text), asl.MaxPayload)
	}
	return asl.Compact([]byte(text))
}
