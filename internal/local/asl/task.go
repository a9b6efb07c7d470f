package asl

import (
	"encoding/json"
	"errors"
	"strconv"
	"time"

	"github.com/google/uuid"
)

// schedule starts t's Task state: its arguments are evaluated, the run is written
// down, and the function is called after the commit.
func (x *Execution) schedule(t *Thread) {
	s := t.state
	run := &taskRun{}
	if s.Resource.callback {
		run.Token = x.env.Token()
	}
	t.Task = run // the context object has the token
	arguments := t.Input
	err := x.evaluating(t, extras{}, func(session *Session) (err error) {
		if s.Arguments != nil {
			if arguments, err = s.Arguments.evaluate(session, "Arguments"); err != nil {
				return err
			}
		}
		if run.Timeout, err = s.Timeout.whole(session, "TimeoutSeconds", 1); err != nil {
			return err
		}
		run.Heartbeat, err = s.Heartbeat.whole(session, "HeartbeatSeconds", 1)
		return err
	})
	if err != nil {
		x.evaluationFailed(t, err, false)
		return
	}
	if len(arguments) > MaxPayload {
		x.fail(t, tooLarge(t, "has arguments"))
		return
	}
	if s.Resource.function != "" {
		run.Function, run.Payload = s.Resource.function, arguments
		x.event(t, "LambdaFunctionScheduled", functionDetails{Resource: run.Function, Input: string(arguments), Timeout: run.Timeout})
	} else {
		if run.Function, run.Payload = invocation(arguments); run.Function == "" {
			x.fail(t, Failure{errRuntime, x.during(t) + "The value for the field 'FunctionName' must be a STRING."})
			return
		}
		details := x.taskDetails(t)
		details.Region, details.Parameters, details.Timeout, details.Heartbeat = x.start.Region, string(arguments), run.Timeout, run.Heartbeat
		x.event(t, "TaskScheduled", details)
	}
	run.Scheduled = t.Previous
	x.taskEvent(t, "Started", x.taskDetails(t), nil)
	now := x.now()
	if run.Timeout > 0 {
		run.Deadline = now.Add(time.Duration(run.Timeout) * time.Second)
	}
	if run.Heartbeat > 0 && run.Token != "" {
		run.beat = now.Add(time.Duration(run.Heartbeat) * time.Second)
	}
	t.Phase = phaseCall
	x.calls = append(x.calls, t)
}

// invocation reads lambda:invoke's arguments; without a function's name it is empty.
func invocation(arguments json.RawMessage) (function string, payload json.RawMessage) {
	a := struct {
		FunctionName string
		Payload      json.RawMessage
	}{Payload: json.RawMessage("{}")}
	if err := json.Unmarshal(arguments, &a); err != nil {
		return "", nil
	}
	return a.FunctionName, a.Payload
}

func (x *Execution) taskDetails(t *Thread) taskDetails {
	return taskDetails{ResourceType: "lambda", Resource: t.state.Resource.action()}
}

// taskEvent adds the event of this name in the family that the resource has:
// LambdaFunction… for a function's ARN, Task… for lambda:invoke.
func (x *Execution) taskEvent(t *Thread, name string, details taskDetails, direct any) {
	if t.state.Resource.function != "" {
		x.event(t, "LambdaFunction"+name, direct)
	} else {
		x.event(t, "Task"+name, details)
	}
}

// replied takes a function's reply, unless its run is over already.
func (x *Execution) replied(r reply) {
	t := x.threads[r.thread]
	if t == nil || t.Phase != phaseCall || t.Task.Scheduled != r.scheduled {
		return
	}
	x.touch(t)
	switch {
	case r.Err != nil:
		var named *CallError
		f := Failure{Error: "Lambda.ServiceException", Cause: r.Err.Error()}
		if errors.As(r.Err, &named) {
			f = Failure{named.Name, named.Cause}
		}
		x.taskFailed(t, f)
	case r.FunctionError != "":
		var told struct {
			ErrorType string `json:"errorType"`
		}
		f := Failure{Error: "Lambda.Unknown", Cause: string(r.Payload)}
		if err := json.Unmarshal(r.Payload, &told); err == nil && told.ErrorType != "" {
			f.Error = told.ErrorType
		}
		x.taskFailed(t, f)
	case t.state.Resource.function != "":
		x.taskSucceeded(t, payload(r.Payload))
	case t.Task.Token == "":
		x.taskSucceeded(t, x.invoked(r.Payload))
	default:
		details := x.taskDetails(t)
		details.Output, details.OutputDetails = string(x.invoked(r.Payload)), &truncation{}
		x.event(t, "TaskSubmitted", details)
		t.Phase = phaseToken
	}
}

// payload is a function's reply as JSON.
func payload(reply []byte) json.RawMessage {
	switch {
	case len(reply) == 0:
		return json.RawMessage("null")
	case json.Valid(reply):
		return compact(reply)
	}
	return quote(string(reply))
}

// invoked is lambda:invoke's result: the API's response as the integration shows it.
func (x *Execution) invoked(reply []byte) json.RawMessage {
	headers := [][2]string{
		{"Connection", "keep-alive"}, {"Content-Length", strconv.Itoa(len(reply))}, {"Content-Type", "application/json"},
		{"Date", x.now().Format("Mon, 02 Jan 2006 15:04:05 GMT")}, {"X-Amz-Executed-Version", "$LATEST"}, {"x-amzn-RequestId", uuid.NewString()},
	}
	type metadata struct {
		All    map[string][]string `json:"AllHttpHeaders"`
		HTTP   map[string]string   `json:"HttpHeaders"`
		Status int                 `json:"HttpStatusCode"`
	}
	m := metadata{map[string][]string{}, map[string]string{}, 200}
	for _, h := range headers {
		m.All[h[0]], m.HTTP[h[0]] = []string{h[1]}, h[1]
	}
	return encode(struct {
		Version  string            `json:"ExecutedVersion"`
		Payload  json.RawMessage   `json:"Payload"`
		Metadata metadata          `json:"SdkHttpMetadata"`
		Response map[string]string `json:"SdkResponseMetadata"`
		Status   int               `json:"StatusCode"`
	}{"$LATEST", payload(reply), m, map[string]string{"RequestId": m.HTTP["x-amzn-RequestId"]}, 200})
}

// taskSucceeded ends a task's run with its result.
func (x *Execution) taskSucceeded(t *Thread, result json.RawMessage) {
	if len(result) > MaxPayload {
		x.taskFailed(t, tooLarge(t, "returned a result"))
		return
	}
	details := x.taskDetails(t)
	details.Output, details.OutputDetails = string(result), &truncation{}
	x.taskEvent(t, "Succeeded", details, outputDetails{Output: string(result)})
	x.conclude(t, way{output: t.state.Output, assign: t.state.Assign, next: t.state.Next}, result)
}

// taskFailed ends a task's run with a failure.
func (x *Execution) taskFailed(t *Thread, f Failure) {
	details := x.taskDetails(t)
	details.Error, details.Cause = f.Error, f.Cause
	x.taskEvent(t, "Failed", details, errorDetails(f))
	x.fail(t, f)
}

// taskTimedOut ends a task's run whose deadline or heartbeat has passed. What was
// called runs on; its reply is not waited for.
func (x *Execution) taskTimedOut(t *Thread) {
	f := Failure{Error: errTimeout}
	if t.due().Equal(t.Task.beat) {
		f.Error = errHeartbeat
	}
	details := x.taskDetails(t)
	details.Error = f.reported()
	x.taskEvent(t, "TimedOut", details, errorDetails{Error: f.reported()})
	x.fail(t, f)
}
