package asl

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"
)

// enter begins t's state.
func (x *Execution) enter(t *Thread) {
	t.EnteredPrevious, t.EnteredAt, t.Attempts = t.Previous, x.now(), nil
	t.Entered = x.event(t, t.state.Type+"StateEntered", enteredDetails{Name: t.State, Input: string(t.Input)})
	x.perform(t)
}

// perform runs the work of t's state. It is called again for each retry.
func (x *Execution) perform(t *Thread) {
	x.touch(t)
	switch s := t.state; s.Type {
	case Pass, Succeed:
		x.conclude(t, way{output: s.Output, assign: s.Assign, next: s.Next}, nil)
	case Task:
		x.schedule(t)
	case Choice:
		x.choose(t)
	case Wait:
		x.wait(t)
	case Fail:
		x.giveUp(t)
	case Parallel, Map:
		x.fanOut(t)
	}
}

// way is how a state is left.
type way struct {
	output *Template
	assign []Assignment
	next   string
	failed *Failure // left through a Catch
}

// conclude leaves t's state: Output and Assign see the variables as they were.
// result is nil for states that have none: their output is their input.
func (x *Execution) conclude(t *Thread, w way, result json.RawMessage) {
	output := t.Input
	extra := extras{result: result}
	if result != nil {
		output = result
	}
	if w.failed != nil {
		extra.errorOutput = w.failed.output()
		output = extra.errorOutput
	}
	assigned := map[string]json.RawMessage{}
	err := x.evaluating(t, extra, func(s *Session) (err error) {
		if w.output != nil {
			output, err = w.output.evaluate(s, w.field("Output"))
		}
		for _, a := range w.assign {
			if err == nil {
				assigned[a.Name], err = a.Value.evaluate(s, w.field("Assign")+"/"+a.Name)
			}
		}
		return err
	})
	switch {
	case err != nil:
		x.evaluationFailed(t, err, w.failed != nil)
	case len(output) > MaxPayload:
		x.dataLimit(t, "returned a result", w.failed != nil)
	case size(assigned) > MaxPayload || size(t.Variables)+size(assigned) > maxVariables:
		x.dataLimit(t, "assigned variables", w.failed != nil)
	default:
		x.exit(t, output, assigned, w.next)
	}
}

// size is what variables hold, in bytes of JSON text.
func size(variables map[string]json.RawMessage) (n int) {
	for _, value := range variables {
		n += len(value)
	}
	return n
}

// field places Output and Assign of a Catch beneath it.
func (w way) field(name string) string {
	if w.failed != nil {
		return "Catch/" + name
	}
	return name
}

// exit records that t leaves its state and goes on or ends.
func (x *Execution) exit(t *Thread, output json.RawMessage, assigned map[string]json.RawMessage, next string) {
	details := exitedDetails{Name: t.State, Output: string(output)}
	if len(assigned) > 0 {
		details.Assigned, details.AssignedDetails = map[string]string{}, &truncation{}
		variables := maps.Clone(assigned)
		for name, value := range t.Variables {
			if _, anew := assigned[name]; !anew {
				variables[name] = value
			}
		}
		for name, value := range assigned {
			details.Assigned[name] = string(value)
		}
		t.Variables = variables
	}
	x.event(t, t.state.Type+"StateExited", details)
	t.Task = nil
	if next == "" {
		x.arrive(t, output)
		return
	}
	t.Phase, t.Input, t.State = phaseReady, output, next
	t.state = x.machineOf(t).States[next]
	x.ready = append(x.ready, t.ID)
}

// arrive ends t's machine with an output.
func (x *Execution) arrive(t *Thread, output json.RawMessage) {
	t.Phase = phaseDone
	if t.Parent == 0 {
		x.finish(End{Status: Succeeded, Output: output}, t.Previous)
		return
	}
	t.Result, t.Input, t.Variables = output, nil, nil
	x.branchDone(x.threads[t.Parent], t)
}

// extras are what $states has besides input and context.
type extras struct{ result, errorOutput json.RawMessage }

// evaluating calls evaluate with a session that holds the variables and the context
// object of t's state. The session is closed when evaluate returns, because handling
// its error may need another one.
func (x *Execution) evaluating(t *Thread, extra extras, evaluate func(*Session) error) error {
	states := append([]byte(`{"input":`), t.Input...)
	states = append(append(states, `,"context":`...), x.context(t)...)
	if extra.result != nil {
		states = append(append(states, `,"result":`...), extra.result...)
	}
	if extra.errorOutput != nil {
		states = append(append(states, `,"errorOutput":`...), extra.errorOutput...)
	}
	session := x.env.Engine.Session(append(states, '}'), x.variables(t))
	defer session.Close()
	return evaluate(session)
}

// timeFormat is how the context object writes times.
const timeFormat = "2006-01-02T15:04:05.000Z"

// context builds the value of $states.context.
func (x *Execution) context(t *Thread) json.RawMessage {
	type execution struct {
		ID           string          `json:"Id"`
		Input        json.RawMessage `json:"Input"`
		StartTime    string          `json:"StartTime"`
		Name         string          `json:"Name"`
		RoleARN      string          `json:"RoleArn"`
		RedriveCount int             `json:"RedriveCount"`
	}
	type stateMachine struct {
		ID   string `json:"Id"`
		Name string `json:"Name"`
	}
	type state struct {
		Name        string `json:"Name"`
		EnteredTime string `json:"EnteredTime"`
		RetryCount  *int   `json:"RetryCount,omitempty"`
	}
	type task struct {
		Token string `json:"Token"`
	}
	type item struct {
		Index int             `json:"Index"`
		Value json.RawMessage `json:"Value"`
	}
	type iteration struct {
		Item item `json:"Item"`
	}
	c := struct {
		Execution    execution    `json:"Execution"`
		StateMachine stateMachine `json:"StateMachine"`
		State        state        `json:"State"`
		Task         *task        `json:"Task,omitempty"`
		Map          *iteration   `json:"Map,omitempty"`
	}{
		Execution:    execution{x.start.ARN, x.start.Input, x.start.Time.UTC().Format(timeFormat), x.start.Name, x.start.RoleARN, 0},
		StateMachine: stateMachine{x.start.MachineARN, x.start.MachineName},
		State:        state{t.State, t.EnteredAt.UTC().Format(timeFormat), nil},
	}
	switch t.state.Type {
	case Task, Parallel, Map:
		retries := t.retries()
		c.State.RetryCount = &retries
	}
	if t.Task != nil && t.Task.Token != "" {
		c.Task = &task{t.Task.Token}
	}
	for at := t; at != nil; at = x.threads[at.Parent] {
		if at.Item != nil {
			c.Map = &iteration{item{at.Index, at.Item}}
			break
		}
	}
	return encode(c)
}

func (x *Execution) choose(t *Thread) {
	taken := way{output: t.state.Output, assign: t.state.Assign, next: t.state.Next}
	err := x.evaluating(t, extras{}, func(s *Session) error {
		for i, rule := range t.state.Choices {
			field := fmt.Sprintf("Choices[%d]/Condition", i)
			value, err := rule.Condition.typed(s, field, "boolean")
			if err != nil {
				return err
			}
			if string(value) == "true" {
				// The state's own Assign holds for every rule; a rule's goes over it.
				taken = way{output: rule.Output, assign: slices.Concat(taken.assign, rule.Assign), next: rule.Next}
				return nil
			}
		}
		return nil
	})
	switch {
	case err != nil:
		x.evaluationFailed(t, err, false)
	case taken.next == "":
		x.fail(t, Failure{Error: errNoChoice, Cause: x.during(t) + "No choice rule matched and there is no Default."})
	default:
		x.conclude(t, taken, nil)
	}
}

func (x *Execution) wait(t *Thread) {
	until := x.now()
	err := x.evaluating(t, extras{}, func(s *Session) error {
		if t.state.Seconds != nil {
			seconds, err := t.state.Seconds.whole(s, "Seconds", 0)
			until = until.Add(time.Duration(seconds) * time.Second)
			return err
		}
		value, err := t.state.Timestamp.typed(s, "Timestamp", "string")
		if err != nil {
			return err
		}
		if until, err = parseTimestamp(value); err != nil {
			return &EvaluationError{Location: "Timestamp", Message: err.Error(), late: true}
		}
		return nil
	})
	switch {
	case err != nil:
		x.evaluationFailed(t, err, false)
	case until.After(x.now()):
		t.Phase, t.Until = phaseWait, until
	default:
		x.conclude(t, way{output: t.state.Output, assign: t.state.Assign, next: t.state.Next}, nil)
	}
}

// giveUp performs a Fail state.
func (x *Execution) giveUp(t *Thread) {
	var f Failure
	err := x.evaluating(t, extras{}, func(s *Session) (err error) {
		if f.Error, err = t.state.Error.text(s, "Error"); err == nil {
			f.Cause, err = t.state.Cause.text(s, "Cause")
		}
		return err
	})
	if err != nil {
		x.evaluationFailed(t, err, false)
		return
	}
	x.fail(t, f)
}
