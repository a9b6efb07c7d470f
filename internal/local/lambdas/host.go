// Package lambdas runs the Lambda functions of the stack on this machine: the
// very binaries that are deployed, as child processes that speak the Lambda
// Runtime API to a server on 127.0.0.1.
//
// In: Invoke (synchronous), InvokeAsync (a durable queue with AWS's retries and
// on-failure destination), ServeHTTP (the Lambda API for SDKs and the CLI).
// Out: the function's reply, or AWS's error document and "Unhandled" for
// whatever goes wrong inside a function: its own errors, exit, panic, timeout,
// too much memory, too large a reply. Go errors are *APIError: the request
// itself was wrong, or throttled.
//
// Processes live in real time; only retries of the queue wait on Config.Clock.
// Memory is in MB as in the template (1 MB = 2^20 bytes).
package lambdas

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/google/uuid"

	"github.com/iris-oculus/iris/internal/local/clock"
	"github.com/iris-oculus/iris/internal/local/outbox"
	"github.com/iris-oculus/iris/internal/local/store"
	"github.com/iris-oculus/iris/internal/local/trace"
)

// DeadBucket is the bucket of the store for the records of failed invocations.
const DeadBucket = "lambda.dead"

// QueueBucket is the bucket of the store for a function's asynchronous invocations.
func QueueBucket(function string) string { return "lambda.queue." + function }

// Function is one Lambda function. The zero values of its numbers mean AWS's defaults.
type Function struct {
	Name     string
	ARN      string            // empty: made from region, account and name
	Command  []string          // program and arguments; the program is an absolute path
	Env      map[string]string // beside the variables that Lambda sets
	MemoryMB int               // default 128
	Timeout  time.Duration     // default 3 s
	// ReservedConcurrency throttles beyond it; nil: Config.Concurrency, and
	// calls beyond it wait.
	ReservedConcurrency *int
	// Concurrency bounds the processes of this function, and calls beyond it
	// wait; 0: Config.Concurrency.
	Concurrency int
	// MaxRetries of an asynchronous invocation, 0 to 2; nil: 2.
	MaxRetries *int
	// MaxEventAge of an asynchronous invocation; default 6 h.
	MaxEventAge time.Duration
	// OnFailure is the ARN that gets the records of asynchronous invocations that
	// failed for good. If it is no function of this host, they are dead letters.
	OnFailure string
}

// Config says what to run and where its state lies.
type Config struct {
	Store     *store.Store // queues and dead letters
	LogDir    string       // <function>.log
	Clock     clock.Clock
	Functions []Function
	Region    string // default us-east-1
	Account   string // default 000000000000
	// Concurrency bounds the processes of a function without a reserve; default 8.
	Concurrency int
	// IdleAfter ends a process that had nothing to do for so long; default 1 min.
	IdleAfter time.Duration
	Logger    *slog.Logger
	// Watch, if set, is told of every invocation that has ended.
	Watch func(Done)
	// Sampled says that spans are told to a collector.
	Sampled bool
	// Line, if set, gets every line that a function writes.
	Line func(text string)
}

// Done is what is told of an invocation that has ended.
type Done struct {
	Function string
	Trace    trace.Header // of who asked for it
	Span     string       // its own, under which it asks others
	Begun    time.Time    // of its process, when this invocation started one
	Startup  time.Duration
	Took     time.Duration // without Startup
	Error    string        // the name of the error that it ended with, or empty
}

// Host runs functions. Make one with New.
type Host struct {
	config    Config
	functions map[string]*function // by name
	names     []string             // in the order of Config
	runtime   *runtimeServer
	dead      *outbox.DeadLetters
}

// New opens the queues and the runtime server; no process is started before
// the first invocation, no queued one before Start.
func New(c Config) (_ *Host, err error) {
	fill(&c)
	h := &Host{config: c, functions: map[string]*function{}}
	defer func() {
		if err != nil {
			err = errors.Join(err, h.Close())
		}
	}()
	if h.runtime, err = listenRuntime(c.Logger); err != nil {
		return nil, err
	}
	if h.dead, err = outbox.OpenDead(c.Store, DeadBucket); err != nil {
		return nil, fmt.Errorf("open lambda host: %w", err)
	}
	for _, spec := range c.Functions {
		f, err := h.newFunction(spec)
		if err != nil {
			return nil, err
		}
		h.functions[spec.Name] = f
		h.names = append(h.names, spec.Name)
	}
	return h, nil
}

func fill(c *Config) {
	if c.Region == "" {
		c.Region = "us-east-1"
	}
	if c.Account == "" {
		c.Account = "000000000000"
	}
	if c.Concurrency == 0 {
		c.Concurrency = 8
	}
	if c.IdleAfter == 0 {
		c.IdleAfter = time.Minute
	}
	if c.Clock == nil {
		c.Clock = clock.Real{}
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
}

// Start begins to deliver queued invocations.
func (h *Host) Start() {
	for _, name := range h.names {
		h.functions[name].queue.Start()
	}
}

// Close ends queues, then processes. Invocations under way end as if killed;
// asynchronous ones are delivered again after the next Start.
func (h *Host) Close() error {
	var errs []error
	for _, name := range h.names {
		errs = append(errs, h.functions[name].close())
	}
	if h.runtime != nil {
		errs = append(errs, h.runtime.Close())
	}
	return errors.Join(errs...)
}

// Invoke runs a function, named by its name or ARN, and waits for its reply.
// functionError is "" or "Unhandled"; then reply is AWS's error document. The
// invocation goes on when ctx ends first, as on AWS.
func (h *Host) Invoke(ctx context.Context, name string, payload []byte) (reply []byte, functionError string, err error) {
	f, err := h.find(name)
	if err != nil {
		return nil, "", err
	}
	if payload, err = checkPayload(payload, maxRequest, "InvokeFunction"); err != nil {
		return nil, "", err
	}
	outcome, err := f.invoke(ctx, uuid.NewString(), payload, !f.reserved())
	return outcome.reply, outcome.functionError, err
}

// InvokeAsync queues an invocation; when it returns nil, it is on the disk.
func (h *Host) InvokeAsync(ctx context.Context, name string, payload []byte) error {
	_, err := h.enqueue(ctx, name, payload)
	return err
}

func (h *Host) enqueue(ctx context.Context, name string, payload []byte) (requestID string, err error) {
	f, l, err := h.letter(name, payload)
	if err != nil {
		return "", err
	}
	return l.ID, f.queue.PutUnder(trace.From(ctx).Text(true), l)
}

// letter is an asynchronous invocation for the queue of the function that is named.
func (h *Host) letter(name string, payload []byte) (*function, outbox.Letter, error) {
	f, err := h.find(name)
	if err != nil {
		return nil, outbox.Letter{}, err
	}
	if payload, err = checkPayload(payload, maxEvent, "InvokeFunction"); err != nil {
		return nil, outbox.Letter{}, err
	}
	return f, outbox.Letter{ID: uuid.NewString(), Body: payload}, nil
}

// DeadLetters are the records of asynchronous invocations that failed for good
// and had nowhere to go.
func (h *Host) DeadLetters() []outbox.Letter { return h.dead.List() }

// Queued counts asynchronous invocations that have not ended, of all functions.
func (h *Host) Queued() int {
	n := 0
	for _, name := range h.names {
		n += h.functions[name].queue.Len()
	}
	return n
}

// Limits of payloads. AWS: 6 MB requests, 6 MB and a little for replies, 1 MB events.
const (
	maxRequest = 6 << 20
	maxReply   = 6<<20 + 100
	maxEvent   = 1 << 20
)

// checkPayload bounds a payload and wants JSON; an empty one is {}.
func checkPayload(payload []byte, limit int, operation string) ([]byte, error) {
	if len(payload) > limit {
		return nil, &APIError{"RequestTooLargeException", fmt.Sprintf("%d byte payload is too large for the %s operation (limit %d bytes)", len(payload), operation, limit), ""}
	}
	if len(payload) == 0 {
		return []byte("{}"), nil
	}
	if !json.Valid(payload) {
		return nil, &APIError{"InvalidRequestContentException", "Could not parse request body into json", ""}
	}
	return payload, nil
}

func readAtMost(r io.Reader, limit int) ([]byte, bool, error) {
	b, err := io.ReadAll(io.LimitReader(r, int64(limit)+1))
	return b, len(b) <= limit, err
}
