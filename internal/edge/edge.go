// Package edge connects Lambda with the stages. In: the environment and an invocation.
// Out: a stage's call, and its error in the form that the state machine can match. It
// reads the environment once and makes the logger.
package edge

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/iris-oculus/iris/internal/cloud/awsconfig"
	"github.com/iris-oculus/iris/internal/job"
)

// NoEndpoint is ENDPOINT_NAME where no model is deployed.
const NoEndpoint = "none"

// Env reads a function's environment and remembers every variable that is
// missing or malformed, so that one message names them all.
type Env struct{ problems []string }

// String is a variable that must be set.
func (e *Env) String(name string) string {
	v := os.Getenv(name)
	if v == "" {
		e.problems = append(e.problems, name+" is not set")
	}
	return v
}

// Int is a variable that must be a whole number.
func (e *Env) Int(name string) int {
	v := e.String(name)
	n, err := strconv.Atoi(v)
	if v != "" && err != nil {
		e.problems = append(e.problems, name+" is not a whole number")
	}
	return n
}

// Check adds what is wrong with the value of a variable.
func (e *Env) Check(name string, err error) {
	if err != nil {
		e.problems = append(e.problems, name+": "+err.Error())
	}
}

// Days is a variable that must be a whole number of days, at least one.
func (e *Env) Days(name string) time.Duration {
	n := e.Int(name)
	if n < 1 {
		e.problems = append(e.problems, name+" is less than a day")
	}
	return time.Duration(n) * 24 * time.Hour
}

// Seconds is a variable that must be a whole number of seconds.
func (e *Env) Seconds(name string) time.Duration {
	return time.Duration(e.Int(name)) * time.Second
}

// Float is a variable that must be a number.
func (e *Env) Float(name string) float64 {
	v := e.String(name)
	f, err := strconv.ParseFloat(v, 64)
	if v != "" && err != nil {
		e.problems = append(e.problems, name+" is not a number")
	}
	return f
}

// List is a variable of comma-separated values; it must be set.
func (e *Env) List(name string) []string { return strings.Split(e.String(name), ",") }

// Config is the AWS configuration; Require must follow every read of the environment.
func (e *Env) Config(ctx context.Context) aws.Config {
	cfg, err := awsconfig.Load(ctx)
	if err != nil {
		e.problems = append(e.problems, "AWS configuration: "+err.Error())
	}
	return cfg
}

// Require ends the process with one message that names every variable at fault.
func (e *Env) Require() {
	if len(e.problems) > 0 {
		slog.Error("environment", job.LogError, strings.Join(e.problems, "; "))
		os.Exit(1)
	}
}

// Start serves invocations with handle until the process ends.
func Start[In, Out any](handle func(context.Context, In) (Out, error)) {
	begin()
	lambda.Start(func(ctx context.Context, in In) (Out, error) {
		out, err := handle(ctx, in)
		return out, Name(err)
	})
}

// begin sets up the process of a function.
func begin() {
	logTo(os.Stderr)
	limitMemory()
}

// limitMemory makes the garbage collector work harder before the function reaches the
// limit of its memory, where Lambda would kill it without a message. Lambda states the
// limit in MB; elsewhere there is none. GOMEMLIMIT takes precedence.
func limitMemory() {
	mb, err := strconv.ParseInt(os.Getenv("AWS_LAMBDA_FUNCTION_MEMORY_SIZE"), 10, 64)
	if err == nil && mb > 0 && os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(mb << 20 / 10 * 9)
	}
}

func logTo(w io.Writer) { slog.SetDefault(slog.New(slog.NewJSONHandler(w, nil))) }

// StartSink is like Start, for a handler without an answer.
func StartSink[In any](handle func(context.Context, In) error) {
	Start(func(ctx context.Context, in In) (struct{}, error) { return struct{}{}, handle(ctx, in) })
}

// InternalError is any error without a name of its own.
type InternalError struct{ Message string }

func (e *InternalError) Error() string { return e.Message }

// Name finds the named error in err's chain and returns it without its wrapping, because
// aws-lambda-go reports the Go type of the outermost error. The text of a named error is
// for the scan's owner. Any other error is logged here and becomes an InternalError.
func Name(err error) error {
	if err == nil {
		return nil
	}
	if named := job.Named(err); named != nil {
		return named
	}
	if errors.Is(err, context.DeadlineExceeded) {
		err = fmt.Errorf("out of time: %w", err)
	}
	slog.Error("stage failed", job.LogError, err.Error())
	return &InternalError{Message: err.Error()}
}

// Problem notes that a variable is set to something that cannot be used.
func (e *Env) Problem(text string) { e.problems = append(e.problems, text) }
