package asl

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"
)

// Error names that the Amazon States Language defines.
const (
	errAll        = "States.ALL"
	errTaskFailed = "States.TaskFailed"
	errTimeout    = "States.Timeout"
	errHeartbeat  = "States.HeartbeatTimeout"
	errRuntime    = "States.Runtime"
	errDataLimit  = "States.DataLimitExceeded"
	errQuery      = "States.QueryEvaluationError"
	errNoChoice   = "States.NoChoiceMatched"
	errThreshold  = "States.ExceedToleratedFailureThreshold"
)

// Failure is why a state failed. An empty name is an error without one, as a Fail
// state may give.
type Failure struct {
	Error string `json:"Error,omitempty"`
	Cause string `json:"Cause,omitempty"`
}

// output builds the value of $states.errorOutput.
func (f Failure) output() json.RawMessage { return encode(f) }

// reported is the name that histories and results show: a missed heartbeat has a
// name of its own inside Retry and Catch only.
func (f Failure) reported() string {
	if f.Error == errHeartbeat {
		return errTimeout
	}
	return f.Error
}

// matches says whether one of the names of an ErrorEquals stands for this failure.
// States.Runtime is never handled; States.DataLimitExceeded only by its name;
// States.TaskFailed is any error but a timeout.
func (f Failure) matches(names []string) bool {
	if f.Error == errRuntime {
		return false
	}
	return slices.ContainsFunc(names, func(name string) bool {
		switch {
		case name == f.Error:
			return true
		case f.Error == errDataLimit:
			return false
		case name == errAll:
			return true
		case name == errTaskFailed:
			return f.reported() != errTimeout
		}
		return name == errTimeout && f.Error == errHeartbeat
	})
}

// during begins the causes of errors that are no task's.
func (x *Execution) during(t *Thread) string {
	return fmt.Sprintf("An error occurred while executing the state '%s' (entered at the event id #%d). ", t.State, t.Entered)
}

// evaluationFailed is a States.QueryEvaluationError; one inside a Catch is not
// caught by the same state.
func (x *Execution) evaluationFailed(t *Thread, err error, inCatch bool) {
	var evaluation *EvaluationError
	if !errors.As(err, &evaluation) { // the engine could not be used at all
		evaluation = &EvaluationError{Message: err.Error()}
	}
	f := Failure{Error: errQuery, Cause: x.during(t) + evaluation.Message}
	if t.Previous == t.Entered && !evaluation.late {
		t.Previous = t.EnteredPrevious // as Step Functions numbers an evaluation before anything else
	}
	x.event(t, "EvaluationFailed", evaluationDetails{Error: f.Error, Cause: f.Cause, Location: evaluation.Location, State: t.State})
	if inCatch {
		x.uncaught(t, f)
		return
	}
	x.fail(t, f)
}

// dataLimit fails a state on its way out with too much.
func (x *Execution) dataLimit(t *Thread, did string, inCatch bool) {
	f := tooLarge(t, did)
	if inCatch {
		x.uncaught(t, f)
		return
	}
	x.fail(t, f)
}

// tooLarge is the failure of a state that did something with more bytes than it may.
func tooLarge(t *Thread, did string) Failure {
	return Failure{errDataLimit, fmt.Sprintf("The state/task '%s' %s with a size exceeding the maximum number of bytes service limit.", t.State, did)}
}

// fail runs t's state again, or goes where a Catch says, or ends t's machine.
func (x *Execution) fail(t *Thread, f Failure) {
	x.touch(t)
	x.clear(t)
	t.Task = nil
	for i, r := range t.state.Retry {
		if !f.matches(r.Errors) {
			continue
		}
		if t.Attempts == nil {
			t.Attempts = make([]int, len(t.state.Retry))
		}
		if t.Attempts[i] < r.MaxAttempts {
			t.Phase, t.Until = phaseBackoff, x.now().Add(r.delay(t.Attempts[i], x.env.Random))
			t.Attempts[i]++
			return
		}
		break // the first retrier that matches decides
	}
	for _, c := range t.state.Catch {
		if f.matches(c.Errors) {
			x.conclude(t, way{output: c.Output, assign: c.Assign, next: c.Next, failed: &f}, nil)
			return
		}
	}
	x.uncaught(t, f)
}

// delay is how long to wait before the next run, after so many retries.
func (r Retrier) delay(retries int, random func() float64) time.Duration {
	seconds := r.Interval.Seconds() * math.Pow(r.Backoff, float64(retries))
	limit := float64(maxSeconds)
	if r.MaxDelay > 0 {
		limit = r.MaxDelay.Seconds()
	}
	seconds = min(seconds, limit)
	if r.Jitter {
		seconds *= random()
	}
	return time.Duration(seconds * float64(time.Second))
}

// retries is how often t's state was run again since it was entered.
func (t *Thread) retries() int {
	n := 0
	for _, attempts := range t.Attempts {
		n += attempts
	}
	return n
}

// uncaught ends t's machine with a failure.
func (x *Execution) uncaught(t *Thread, f Failure) {
	switch t.state.Type {
	case Parallel, Map:
		x.event(t, t.state.Type+"StateFailed", nil)
		t.Phase = phaseDone // nothing of it is left to be aborted
	}
	if t.Parent == 0 {
		t.Phase = phaseDone
		x.finish(End{Status: Failed, Error: f.reported(), Cause: f.Cause}, t.Previous)
		return
	}
	x.branchFailed(x.threads[t.Parent], t, f)
}
