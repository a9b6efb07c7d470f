package lambdas

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"time"
)

// APIError is an error of the Lambda service itself, not of a function. Code is
// AWS's exception name.
type APIError struct {
	Code, Message string
	Reason        string // of a throttle
}

func (e *APIError) Error() string { return e.Code + ": " + e.Message }

// Permanent says whether the same request will fail again: then a bus or a
// topic that delivers to a function gives up at once.
func (e *APIError) Permanent() bool { return e.Code != "TooManyRequestsException" }

var errClosing = errors.New("the host is closing")

// unhandled marks every outcome that is not a reply.
const unhandled = "Unhandled"

// outcome is how an invocation ended: a reply, or an error document.
type outcome struct {
	reply         []byte
	functionError string
	tail          []byte // the last log lines
}

// document is AWS's error document for what a function could not say itself.
func document(kind, message string) outcome {
	b, err := json.Marshal(struct {
		Type    string `json:"errorType"`
		Message string `json:"errorMessage"`
	}{kind, message})
	if err != nil {
		panic(err) // two strings
	}
	return outcome{reply: b, functionError: unhandled}
}

// errorName is the name of the error that an outcome is, or empty.
func (o outcome) errorName() string {
	var told struct {
		Type string `json:"errorType"`
	}
	switch {
	case o.functionError == "":
		return ""
	case json.Unmarshal(o.reply, &told) != nil || !errorName.MatchString(told.Type):
		return o.functionError
	}
	return told.Type
}

// errorName is the form of a name: a type of Go's or one of AWS's.
var errorName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_.]{0,63}$`)

func timedOut(id string, after time.Duration) outcome {
	return document("Sandbox.Timedout", fmt.Sprintf("RequestId: %s Error: Task timed out after %.2f seconds", id, after.Seconds()))
}

// exited is the outcome of a process that ended before it replied; state is
// nil for exit code 0.
func exited(id string, state error) outcome {
	if state == nil {
		return document("Runtime.ExitError", fmt.Sprintf("RequestId: %s Error: Runtime exited without providing a reason", id))
	}
	return document("Runtime.ExitError", fmt.Sprintf("RequestId: %s Error: Runtime exited with error: %v", id, state))
}

func noBootstrap(id string) outcome {
	return document("Runtime.InvalidEntrypoint", fmt.Sprintf("RequestId: %s Error: Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]", id))
}

func replyTooLarge() outcome {
	return document("Function.ResponseSizeTooLarge", fmt.Sprintf("Response payload size exceeded maximum allowed payload size (%d bytes).", maxReply))
}

func throttled(reserved bool) *APIError {
	reason := "ConcurrentInvocationLimitExceeded"
	if reserved {
		reason = "ReservedFunctionConcurrentInvocationLimitExceeded"
	}
	return &APIError{"TooManyRequestsException", "Rate Exceeded.", reason}
}
