package asl

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// Where AWS documents what no recorded execution covers.
const (
	docErrors    = "Step Functions guide, Handling errors in Step Functions workflows"
	docTask      = "Step Functions guide, Task workflow state"
	docCallback  = "Step Functions guide, Wait for a Callback with Task Token"
	docMap       = "Step Functions guide, Using Map state in Inline mode"
	docParallel  = "Step Functions guide, Parallel workflow state"
	docVariables = "Step Functions guide, Passing data between states with variables"
	docQuotas    = "Step Functions guide, Service quotas"
	docMachine   = "Amazon States Language, Top-level fields"
	docChoice    = "Step Functions guide, Choice workflow state"
	docWait      = "Step Functions guide, Wait workflow state"
	docLambda    = "Step Functions guide, Handle transient Lambda service exceptions"
	docHistory   = "Step Functions API reference, HistoryEvent"
)

// task is a machine with one task T of these extra fields; Caught takes what its
// Catch gives.
func task(extra string) string {
	return machineOf(`"T":{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke","Arguments":{"FunctionName":"f","Payload":{"n":"{% $states.context.State.RetryCount %}"}},` +
		extra + `"Output":"{% $states.result.Payload %}","End":true},"Caught":{"Type":"Pass","End":true}`)
}

// callback is task with a token.
func callback(extra string) string {
	return machineOf(`"T":{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke.waitForTaskToken","Arguments":{"FunctionName":"f","Payload":"{% $states.context.Task.Token %}"},` +
		extra + `"End":true},"Caught":{"Type":"Pass","End":true}`)
}

func machineOf(states string) string {
	first := states[1:]
	return `{"QueryLanguage":"JSONata","StartAt":"` + first[:strings.IndexByte(first, '"')] + `","States":{` + states + `}}`
}

func catching(names string) string {
	return `"Catch":[{"ErrorEquals":["` + names + `"],"Output":"{% $states.errorOutput.Error %}","Next":"Caught"}],`
}

func says(text string) Reply { return Reply{Payload: []byte(text)} }

// thrown is a function's own error.
func thrown(kind string) Reply {
	return Reply{Payload: []byte(`{"errorType":"` + kind + `","errorMessage":"m"}`), FunctionError: "Unhandled"}
}

// inTurn gives one reply after the other, the last one for ever.
func inTurn(replies ...Reply) func() handler {
	return func() handler {
		s := make(chan Reply, len(replies))
		for _, r := range replies {
			s <- r
		}
		return func(*world, Call) Reply {
			if len(s) > 0 {
				return <-s
			}
			return replies[len(replies)-1]
		}
	}
}

func always(h handler) func() handler { return func() handler { return h } }

func hangs(w *world, _ Call) Reply { return w.hang() }

// answered gives a token's answer as a worker elsewhere would.
func answered(act func(w *world, token string) error) func() handler {
	return always(func(w *world, c Call) Reply {
		var token string
		if err := json.Unmarshal(c.Payload, &token); err != nil {
			w.t.Errorf("payload %s: %v", c.Payload, err)
		}
		if err := act(w, token); err != nil {
			w.t.Error(err)
		}
		return says("null")
	})
}

func TestDocumentedBehaviour(t *testing.T) {
	e := engine(t)
	waitBranch := `{"StartAt":"W","States":{"W":{"Type":"Wait","Seconds":100,"End":true}}}`
	failBranch := `{"StartAt":"F","States":{"F":{"Type":"Fail","Error":"Mine","Cause":"why"}}}`
	for _, tc := range []struct {
		name, source string
		definition   string
		input        string
		answer       func() handler
		status       string
		wrong        string        // the error's name, or
		output       string        // the output
		took         time.Duration // in virtual time
		events       string        // event types that must follow one another at the end
		calls        int           // 0: whatever
	}{
		{name: "task timeout", source: docTask, definition: task(`"TimeoutSeconds":5,`), answer: always(hangs),
			status: Failed, wrong: "States.Timeout", took: 5 * time.Second, events: "TaskStarted TaskTimedOut ExecutionFailed"},
		{name: "task timeout from an expression", source: docTask, definition: task(`"TimeoutSeconds":"{% $states.input.s %}",`), input: `{"s":7}`, answer: always(hangs),
			status: Failed, wrong: "States.Timeout", took: 7 * time.Second},
		{name: "timeout caught by name", source: docErrors, definition: task(`"TimeoutSeconds":5,` + catching("States.Timeout")), answer: always(hangs),
			status: Succeeded, output: `"States.Timeout"`, took: 5 * time.Second, events: "TaskTimedOut TaskStateExited PassStateEntered PassStateExited ExecutionSucceeded"},
		{name: "timeout is no States.TaskFailed", source: docErrors, definition: task(`"TimeoutSeconds":5,` + catching("States.TaskFailed")), answer: always(hangs),
			status: Failed, wrong: "States.Timeout"},
		{name: "States.TaskFailed is any other error", source: docErrors, definition: task(catching("States.TaskFailed")), answer: inTurn(thrown("X")),
			status: Succeeded, output: `"X"`},
		{name: "no heartbeat", source: docErrors, definition: callback(`"TimeoutSeconds":100,"HeartbeatSeconds":10,` + catching("States.HeartbeatTimeout")), answer: inTurn(says("null")),
			status: Succeeded, output: `"States.HeartbeatTimeout"`, took: 10 * time.Second, events: "TaskSubmitted TaskTimedOut TaskStateExited PassStateEntered PassStateExited ExecutionSucceeded"},
		{name: "no heartbeat is a timeout too", source: docErrors, definition: callback(`"HeartbeatSeconds":10,` + catching("States.Timeout")), answer: inTurn(says("null")),
			status: Succeeded, took: 10 * time.Second, output: `"States.HeartbeatTimeout"`},
		{name: "uncaught heartbeat is reported as a timeout", source: docErrors, definition: callback(`"HeartbeatSeconds":10,`), answer: inTurn(says("null")),
			status: Failed, wrong: "States.Timeout"},
		{name: "the timeout bounds heartbeats", source: docTask, definition: callback(`"TimeoutSeconds":25,"HeartbeatSeconds":10,`),
			answer: answered(func(w *world, token string) error {
				go func() { // a worker that beats every 6 s and never ends
					for {
						fire, stop := w.clock.After(6 * time.Second)
						select {
						case <-fire:
							_ = w.x.Heartbeat(w.t.Context(), token)
						case <-w.over:
							stop()
							return
						}
					}
				}()
				return nil
			}),
			status: Failed, wrong: "States.Timeout", took: 25 * time.Second},
		{name: "callback succeeds", source: docCallback, definition: callback(""),
			answer: answered(func(w *world, token string) error {
				go func() { w.later(func() error { return w.x.Succeed(w.t.Context(), token, json.RawMessage(`{"a":1}`)) }) }()
				return nil
			}),
			status: Succeeded, output: `{"a":1}`, events: "TaskScheduled TaskStarted TaskSubmitted TaskSucceeded TaskStateExited ExecutionSucceeded"},
		{name: "callback before the function returns", source: docCallback, definition: callback(""),
			answer: answered(func(w *world, token string) error {
				return w.x.Succeed(w.t.Context(), token, json.RawMessage(`2`))
			}),
			status: Succeeded, output: `2`, events: "TaskScheduled TaskStarted TaskSucceeded TaskStateExited ExecutionSucceeded"},
		{name: "callback fails", source: docCallback, definition: callback(catching("Worker")),
			answer: answered(func(w *world, token string) error { return w.x.Fail(w.t.Context(), token, "Worker", "cause") }),
			status: Succeeded, output: `"Worker"`},
		{name: "callback function fails", source: docCallback, definition: callback(""), answer: inTurn(thrown("Broken")),
			status: Failed, wrong: "Broken", events: "TaskStarted TaskFailed ExecutionFailed"},
		{name: "retry by default", source: docErrors, definition: task(`"Retry":[{"ErrorEquals":["States.ALL"]}],`), answer: inTurn(thrown("X")),
			status: Failed, wrong: "X", took: (1 + 2 + 4) * time.Second, calls: 4, events: "TaskScheduled TaskStarted TaskFailed TaskScheduled TaskStarted TaskFailed ExecutionFailed"},
		{name: "retry count in the context", source: docErrors, definition: task(`"Retry":[{"ErrorEquals":["X"],"IntervalSeconds":3,"BackoffRate":1.5}],`), answer: func() handler {
			return func(_ *world, c Call) Reply {
				if string(c.Payload) == `{"n":2}` {
					return says(string(c.Payload))
				}
				return thrown("X")
			}
		}, status: Succeeded, output: `{"n":2}`, took: 7500 * time.Millisecond, calls: 3},
		{name: "MaxDelaySeconds", source: docErrors, definition: task(`"Retry":[{"ErrorEquals":["X"],"BackoffRate":2,"MaxDelaySeconds":3,"MaxAttempts":4}],`), answer: inTurn(thrown("X")),
			status: Failed, wrong: "X", took: (1 + 2 + 3 + 3) * time.Second},
		{name: "full jitter", source: docErrors, definition: task(`"Retry":[{"ErrorEquals":["X"],"JitterStrategy":"FULL"}],`), answer: inTurn(thrown("X")),
			status: Failed, wrong: "X", took: 3500 * time.Millisecond}, // the test's random number is 0.5
		{name: "MaxAttempts 0 never retries", source: docErrors, definition: task(`"Retry":[{"ErrorEquals":["X"],"MaxAttempts":0},{"ErrorEquals":["States.ALL"]}],`), answer: inTurn(thrown("X")),
			status: Failed, wrong: "X", calls: 1},
		{name: "each retrier counts for itself", source: docErrors, // the guide's own example: ErrorA, ErrorB, ErrorC, ErrorB
			definition: task(`"Retry":[{"ErrorEquals":["A","B"],"IntervalSeconds":1,"BackoffRate":2,"MaxAttempts":2},{"ErrorEquals":["C"],"IntervalSeconds":5}],` + catching("States.ALL")),
			answer:     inTurn(thrown("A"), thrown("B"), thrown("C"), thrown("B")), status: Succeeded, output: `"B"`, took: (1 + 2 + 5) * time.Second, calls: 4},
		{name: "States.Runtime is not caught", source: docErrors, definition: machineOf(`"T":{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke","Arguments":"{% {'FunctionName':7} %}","Retry":[{"ErrorEquals":["States.ALL"]}],` + catching("States.ALL") + `"End":true},"Caught":{"Type":"Pass","End":true}`),
			status: Failed, wrong: "States.Runtime", answer: inTurn(says("1"))},
		{name: "a large result is not caught by States.ALL", source: docErrors, definition: task(catching("States.ALL")), answer: inTurn(says(`"` + strings.Repeat("x", MaxPayload) + `"`)),
			status: Failed, wrong: "States.DataLimitExceeded"},
		{name: "a large result by its name", source: docErrors, definition: task(catching("States.DataLimitExceeded")), answer: inTurn(says(`"` + strings.Repeat("x", MaxPayload) + `"`)),
			status: Succeeded, output: `"States.DataLimitExceeded"`},
		{name: "an evaluation error is caught", source: docErrors, definition: task(catching("States.QueryEvaluationError") + `"Assign":{"a":"{% $nothing %}"},`), answer: inTurn(says("1")),
			status: Succeeded, output: `"States.QueryEvaluationError"`, events: "TaskSucceeded EvaluationFailed TaskStateExited PassStateEntered PassStateExited ExecutionSucceeded"},
		{name: "an evaluation error in a Catch is not", source: docErrors, definition: machineOf(`"T":{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke","Arguments":{"FunctionName":"f"},"Catch":[{"ErrorEquals":["States.ALL"],"Output":"{% $nothing %}","Next":"T"}],"End":true}`), answer: inTurn(thrown("X")),
			status: Failed, wrong: "States.QueryEvaluationError"},
		{name: "error output has Error and Cause", source: docErrors, definition: machineOf(`"T":{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke","Arguments":{"FunctionName":"f"},"Catch":[{"ErrorEquals":["X"],"Next":"C"}],"End":true},"C":{"Type":"Succeed"}`), answer: inTurn(thrown("X")),
			status: Succeeded, output: `{"Error":"X","Cause":"{\"errorType\":\"X\",\"errorMessage\":\"m\"}"}`},
		{name: "a function's error without a type", source: docLambda, definition: task(""), answer: inTurn(Reply{Payload: []byte(`{"errorMessage":"m"}`), FunctionError: "Unhandled"}),
			status: Failed, wrong: "Lambda.Unknown"},
		{name: "an error of the call by its name", source: docLambda, definition: task(`"Retry":[{"ErrorEquals":["Lambda.TooManyRequestsException"]}],`),
			answer: inTurn(Reply{Err: &CallError{"Lambda.TooManyRequestsException", "Rate Exceeded."}}, says("1")), status: Succeeded, output: "1", took: time.Second},
		{name: "any other error of the call", source: docLambda, definition: task(""), answer: inTurn(Reply{Err: errors.New("broken pipe")}),
			status: Failed, wrong: "Lambda.ServiceException"},
		{name: "execution timeout", source: docMachine, definition: `{"QueryLanguage":"JSONata","TimeoutSeconds":30,"StartAt":"W","States":{"W":{"Type":"Wait","Seconds":60,"End":true}}}`,
			status: TimedOut, wrong: "States.Timeout", took: 30 * time.Second, events: "WaitStateEntered ExecutionTimedOut"},
		{name: "no choice matched", source: docChoice, definition: machineOf(`"C":{"Type":"Choice","Choices":[{"Condition":"{% false %}","Next":"D"}]},"D":{"Type":"Succeed"}`),
			status: Failed, wrong: "States.NoChoiceMatched", events: "ChoiceStateEntered ExecutionFailed"},
		{name: "a condition that is no boolean", source: docChoice, definition: machineOf(`"C":{"Type":"Choice","Choices":[{"Condition":"{% 'yes' %}","Next":"D"}],"Default":"D"},"D":{"Type":"Succeed"}`),
			status: Failed, wrong: "States.QueryEvaluationError"},
		{name: "a rule assigns and gives output", source: docChoice, definition: machineOf(`"C":{"Type":"Choice","Output":"no","Assign":{"v":0},"Choices":[{"Condition":"{% true %}","Assign":{"v":7},"Output":{"a":1},"Next":"D"}]},"D":{"Type":"Succeed","Output":"{% [$v, $states.input.a] %}"}`),
			status: Succeeded, output: "[7,1]"},
		{name: "a Choice state's own Assign holds for every rule", source: docChoice, definition: machineOf(`"C":{"Type":"Choice","Assign":{"v":0,"w":5},"Choices":[{"Condition":"{% true %}","Assign":{"v":7},"Next":"D"}]},"D":{"Type":"Succeed","Output":"{% [$v, $w] %}"}`),
			status: Succeeded, output: "[7,5]"},
		{name: "a Choice state's Output is the Default's", source: docChoice, definition: machineOf(`"C":{"Type":"Choice","Output":"own","Choices":[{"Condition":"{% false %}","Output":"rule","Next":"D"}],"Default":"D"},"D":{"Type":"Succeed"}`),
			status: Succeeded, output: `"own"`},
		{name: "wait until a time", source: docWait, definition: machineOf(`"W":{"Type":"Wait","Timestamp":"{% $states.input.at %}","End":true}`), input: `{"at":"2026-01-02T04:04:05+00:00"}`,
			status: Succeeded, output: `{"at":"2026-01-02T04:04:05+00:00"}`, took: time.Hour},
		{name: "wait until a fraction of a millisecond", source: docWait, definition: machineOf(`"W":{"Type":"Wait","Timestamp":"2026-01-02T03:04:06.000000001Z","Output":1,"End":true}`),
			status: Succeeded, output: "1", took: time.Second},
		{name: "a wait that is no number", source: docWait, definition: machineOf(`"W":{"Type":"Wait","Seconds":"{% 'x' %}","End":true}`),
			status: Failed, wrong: "States.QueryEvaluationError", events: "WaitStateEntered EvaluationFailed ExecutionFailed"},
		{name: "fail with expressions", source: docErrors, definition: machineOf(`"F":{"Type":"Fail","Error":"{% $states.input.e %}","Cause":"c"}`), input: `{"e":"Mine"}`,
			status: Failed, wrong: "Mine", events: "FailStateEntered ExecutionFailed"},
		{name: "assigned variables show in the next state", source: docVariables, definition: machineOf(`"A":{"Type":"Pass","Assign":{"v":1},"Next":"B"},"B":{"Type":"Pass","Assign":{"v":2},"Output":"{% $v %}","Next":"C"},"C":{"Type":"Pass","Output":"{% [$states.input, $v] %}","End":true}`),
			status: Succeeded, output: "[1,2]"},
		{name: "branches read outer variables and keep their own", source: docVariables,
			definition: machineOf(`"A":{"Type":"Pass","Assign":{"v":1},"Next":"P"},"P":{"Type":"Parallel","Assign":{"w":"{% $states.result[1] %}"},"Branches":[` +
				`{"StartAt":"X","States":{"X":{"Type":"Pass","Assign":{"own":10},"Next":"Y"},"Y":{"Type":"Pass","Output":"{% $v + $own %}","End":true}}},` +
				`{"StartAt":"Z","States":{"Z":{"Type":"Pass","Output":"{% $exists($own) %}","End":true}}}],"Next":"E"},"E":{"Type":"Pass","Output":"{% [$states.input, $w, $exists($own)] %}","End":true}`),
			status: Succeeded, output: "[11,false,false,false]"},
		{name: "one state assigns 256 KiB at most", source: docQuotas, definition: machineOf(`"A":{"Type":"Pass","Assign":{"a":"{% $states.input %}","b":"{% $states.input %}"},"End":true}`), input: `"` + strings.Repeat("x", MaxPayload*2/3) + `"`,
			status: Failed, wrong: "States.DataLimitExceeded"},
		{name: "branches get the arguments", source: docParallel, definition: machineOf(`"P":{"Type":"Parallel","Arguments":{"a":"{% $states.input.b %}"},"Branches":[{"StartAt":"X","States":{"X":{"Type":"Succeed"}}}],"End":true}`), input: `{"b":3}`,
			status: Succeeded, output: `[{"a":3}]`, events: "ParallelStateStarted SucceedStateEntered SucceedStateExited ParallelStateSucceeded ParallelStateExited ExecutionSucceeded"},
		{name: "a failing branch ends the others", source: docParallel, definition: machineOf(`"P":{"Type":"Parallel","Branches":[` + waitBranch + `,` + failBranch + `],"End":true}`),
			status: Failed, wrong: "Mine", events: "FailStateEntered WaitStateAborted ParallelStateFailed ExecutionFailed"},
		{name: "a branch's error is caught", source: docParallel, definition: machineOf(`"P":{"Type":"Parallel","Branches":[` + waitBranch + `,` + failBranch + `],` + catching("Mine") + `"End":true},"Caught":{"Type":"Pass","End":true}`),
			status: Succeeded, output: `"Mine"`, events: "WaitStateAborted ParallelStateExited PassStateEntered PassStateExited ExecutionSucceeded"},
		{name: "a Parallel is retried as a whole", source: docParallel, definition: machineOf(`"P":{"Type":"Parallel","Branches":[` + failBranch + `],"Retry":[{"ErrorEquals":["Mine"],"MaxAttempts":1}],"End":true}`),
			status: Failed, wrong: "Mine", took: time.Second, events: "ParallelStateStarted FailStateEntered ParallelStateStarted FailStateEntered ParallelStateFailed ExecutionFailed"},
		{name: "iterations at once", source: docMap, definition: machineOf(`"M":{"Type":"Map","MaxConcurrency":2,"ItemProcessor":` + waitBranch + `,"End":true}`), input: "[1,2,3,4,5]",
			status: Succeeded, output: "[1,2,3,4,5]", took: 300 * time.Second},
		{name: "inline Maps run 40 at once", source: docQuotas, definition: machineOf(`"M":{"Type":"Map","ItemProcessor":` + waitBranch + `,"Items":"{% [1..41] %}","Output":"{% $count($states.result) %}","End":true}`),
			status: Succeeded, output: "41", took: 200 * time.Second},
		{name: "an item fails", source: docMap, definition: machineOf(`"M":{"Type":"Map","Items":[1,2],"ItemProcessor":{"StartAt":"C","States":{"C":{"Type":"Choice","Choices":[{"Condition":"{% $states.input = 2 %}","Next":"F"}],"Default":"W"},"F":{"Type":"Fail","Error":"Mine"},"W":{"Type":"Wait","Seconds":9,"End":true}}},"End":true}`),
			status: Failed, wrong: "Mine", events: "MapIterationFailed WaitStateAborted MapIterationAborted MapStateFailed ExecutionFailed"},
		{name: "failures within the count", source: docMap, definition: machineOf(`"M":{"Type":"Map","Items":[1,2,3],"ToleratedFailureCount":1,"ItemProcessor":{"StartAt":"C","States":{"C":{"Type":"Choice","Choices":[{"Condition":"{% $states.input = 2 %}","Next":"F"}],"Default":"S"},"F":{"Type":"Fail","Error":"Mine"},"S":{"Type":"Succeed"}}},"End":true}`),
			status: Succeeded, output: `[1,{"Error":"Mine"},3]`},
		{name: "failures beyond the percentage", source: docMap, definition: machineOf(`"M":{"Type":"Map","Items":[1,2,3,4],"MaxConcurrency":1,"ToleratedFailurePercentage":49,"ItemProcessor":` + failBranch + `,` + catching("States.ExceedToleratedFailureThreshold") + `"End":true},"Caught":{"Type":"Succeed"}`),
			status: Succeeded, output: `"States.ExceedToleratedFailureThreshold"`, events: "FailStateEntered MapIterationFailed MapIterationStarted FailStateEntered MapIterationFailed MapStateExited SucceedStateEntered SucceedStateExited ExecutionSucceeded"},
		{name: "the item is in the context", source: docMap, definition: machineOf(`"M":{"Type":"Map","Items":["a","b"],"ItemProcessor":{"StartAt":"P","States":{"P":{"Type":"Pass","Output":"{% $states.context.Map.Item.Value & $states.context.Map.Item.Index %}","End":true}}},"End":true}`),
			status: Succeeded, output: `["a0","b1"]`},
		{name: "a history has 25,000 events", source: docQuotas, definition: machineOf(`"A":{"Type":"Pass","Next":"B"},"B":{"Type":"Pass","Next":"A"}`),
			status: Failed, wrong: "States.Runtime", events: "PassStateExited ExecutionFailed"},
		{name: "a function by its ARN", source: docTask, definition: machineOf(`"T":{"Type":"Task","Resource":"arn:aws:lambda:us-east-1:000000000000:function:f","TimeoutSeconds":4,"End":true}`), answer: always(hangs),
			status: Failed, wrong: "States.Timeout", took: 4 * time.Second, events: "LambdaFunctionScheduled LambdaFunctionStarted LambdaFunctionTimedOut ExecutionFailed"},
		{name: "a function by its ARN fails", source: docHistory, definition: machineOf(`"T":{"Type":"Task","Resource":"arn:aws:lambda:us-east-1:000000000000:function:f","End":true}`), answer: inTurn(thrown("X")),
			status: Failed, wrong: "X", events: "LambdaFunctionStarted LambdaFunctionFailed ExecutionFailed"},
		{name: "an empty reply is null", source: docTask, definition: task(""), answer: inTurn(Reply{}), status: Succeeded, output: "null"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			if tc.input == "" {
				tc.input = "{}"
			}
			if tc.answer == nil {
				tc.answer = inTurn(says("null"))
			}
			p := play(t, e, parse(t, e, tc.definition), tc.input, tc.answer())
			if p.end.Status != tc.status || p.end.Error != tc.wrong || string(p.end.Output) != tc.output && tc.wrong == "" {
				t.Errorf("%s: %s %s %q %.200s: want %s %s %s", tc.source, p.end.Status, p.end.Error, p.end.Cause, p.end.Output, tc.status, tc.wrong, tc.output)
			}
			if tc.took != 0 && p.took() != tc.took {
				t.Errorf("%s: took %v: want %v", tc.source, p.took(), tc.took)
			}
			if tc.calls != 0 && len(p.calls) != tc.calls {
				t.Errorf("%s: %d calls: want %d", tc.source, len(p.calls), tc.calls)
			}
			var types []string
			for _, event := range p.events {
				types = append(types, event.Type)
			}
			if want := strings.Fields(tc.events); len(types) < len(want) || !slices.Equal(types[len(types)-len(want):], want) {
				t.Errorf("%s: events %v: want them to end with %v", tc.source, types[max(0, len(types)-12):], want)
			}
			checkHistory(t, p.events)
		})
	}
}

// TestLateAnswer: a token whose task timed out is refused, while the execution goes
// on and after its end (docCallback).
func TestLateAnswer(t *testing.T) {
	e := engine(t)
	late, ended := make(chan error, 1), make(chan error, 1)
	p := play(t, e, parse(t, e, machineOf(`"T":{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke.waitForTaskToken","Arguments":{"FunctionName":"f","Payload":"{% $states.context.Task.Token %}"},"TimeoutSeconds":5,
		"Catch":[{"ErrorEquals":["States.Timeout"],"Next":"W"}],"End":true},"W":{"Type":"Wait","Seconds":1000,"Output":"waited","End":true}`)), "{}",
		answered(func(w *world, given string) error {
			go func() {
				time.Sleep(50 * time.Second)
				late <- w.x.Succeed(context.Background(), given, json.RawMessage("1"))
				<-w.over
				ended <- w.x.Succeed(context.Background(), given, json.RawMessage("1"))
			}()
			return nil
		})())
	if err := <-late; !errors.Is(err, ErrTaskClosed) {
		t.Errorf("late answer: %v: want %v", err, ErrTaskClosed)
	}
	if err := <-ended; !errors.Is(err, ErrEnded) {
		t.Errorf("answer after the end: %v: want %v", err, ErrEnded)
	}
	if string(p.end.Output) != `"waited"` {
		t.Errorf("%+v", p.end)
	}
}

// checkHistory is what holds in every history: events are numbered from one
// without a gap, follow an earlier event, and none comes after the end.
func checkHistory(t *testing.T, events []Event) {
	t.Helper()
	for i, e := range events {
		if e.ID != int64(i+1) || e.Previous >= e.ID || e.Previous < 0 {
			t.Fatalf("event %d has id %d and follows %d", i+1, e.ID, e.Previous)
		}
		if ended := strings.HasPrefix(e.Type, "Execution") && e.Type != "ExecutionStarted"; ended != (i == len(events)-1) {
			t.Fatalf("event %d of %d is %s", i+1, len(events), e.Type)
		}
	}
	if len(events) > maxEvents {
		t.Fatalf("%d events: want at most %d", len(events), maxEvents)
	}
}

func TestStop(t *testing.T) {
	e := engine(t)
	p := play(t, e, parse(t, e, callback("")), "{}", answered(func(w *world, _ string) error {
		if err := w.x.Stop(w.t.Context(), "Mine", "enough"); err != nil {
			return err
		}
		if err := w.x.Stop(w.t.Context(), "", ""); !errors.Is(err, ErrEnded) {
			return fmt.Errorf("second stop: %v", err)
		}
		return nil
	})())
	if p.end.Status != Aborted || p.end.Error != "Mine" || p.end.Cause != "enough" {
		t.Errorf("%+v: want ABORTED with the error and cause that were given", p.end)
	}
	if last := p.events[len(p.events)-1]; last.Type != "ExecutionAborted" || string(last.Details) != `{"error":"Mine","cause":"enough"}` {
		t.Errorf("last event %s %s", last.Type, last.Details)
	}
	checkHistory(t, p.events)
}
