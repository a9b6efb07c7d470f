// Package asl parses and runs workflows in the Amazon States Language, JSONata
// only.
//
// In: a definition (Parse), an execution's input, replies of Lambda functions and
// answers to task tokens. Out: records to commit (history events as Step
// Functions names them, and what has changed in the execution's threads) and an
// End. A folded sequence of committed records is an execution that goes on where
// it stopped (Resume). Times are absolute, payloads are bounded at 256 KiB of JSON
// text, histories at 25,000 events. Parse answers a *DefinitionError that lists
// every problem by the place of its state; whatever is not supported (JSONPath,
// Distributed Map, activities, other integrations) is such a problem.
package asl

import (
	"bytes"
	"encoding/json"
	"time"
)

// Machine is a parsed definition, or a branch of one. It is never changed after
// Parse; what an execution counts lives in its threads.
type Machine struct {
	StartAt string
	States  map[string]*State
	// Timeout bounds an execution; 0 is no bound. Branches have none.
	Timeout time.Duration
}

// State types.
const (
	Task     = "Task"
	Pass     = "Pass"
	Choice   = "Choice"
	Wait     = "Wait"
	Succeed  = "Succeed"
	Fail     = "Fail"
	Parallel = "Parallel"
	Map      = "Map"
)

// State is one state; which fields are set depends on Type. A nil template is an
// absent field.
type State struct {
	Name, Type string
	Next       string // empty: this state ends its machine
	Output     *Template
	Assign     []Assignment

	Resource  resource // Task
	Arguments *Template
	Timeout   *Template // seconds
	Heartbeat *Template // seconds
	Retry     []Retrier
	Catch     []Catcher

	Choices []Rule // Choice; Next is its Default

	Seconds, Timestamp *Template // Wait: one of them

	Error, Cause *Template // Fail

	Branches []*Machine // Parallel; Map has one, its item processor

	Items, ItemSelector, MaxConcurrency *Template // Map
	ToleratedCount, ToleratedPercentage *Template
}

// Assignment gives a workflow variable a value.
type Assignment struct {
	Name  string
	Value *Template
}

// Rule is one way out of a Choice.
type Rule struct {
	Condition *Template
	Next      string
	Output    *Template
	Assign    []Assignment
}

// Retrier says how often and after which delay a failed state is run again.
type Retrier struct {
	Errors      []string
	Interval    time.Duration
	Backoff     float64
	MaxAttempts int
	MaxDelay    time.Duration // 0: no bound
	Jitter      bool          // FULL: a delay anywhere between 0 and the computed one
}

// Catcher says where a failed state goes on.
type Catcher struct {
	Errors []string
	Next   string
	Output *Template
	Assign []Assignment
}

// resource is what a Task calls.
type resource struct {
	function string // a Lambda function's ARN, or empty for arn:aws:states:::lambda:invoke
	callback bool   // .waitForTaskToken
}

// action names what is called as the history does.
func (r resource) action() string {
	if r.callback {
		return "invoke.waitForTaskToken"
	}
	return "invoke"
}

// machineOf is the machine that a thread of the given branch of s runs.
func (s *State) machineOf(index int) *Machine {
	if s.Type == Map {
		return s.Branches[0]
	}
	return s.Branches[index]
}

// Compact checks that text is JSON and removes its white space.
func Compact(text []byte) (json.RawMessage, error) {
	var out bytes.Buffer
	if err := json.Compact(&out, text); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// compact is Compact for text that is known to be JSON.
func compact(text json.RawMessage) json.RawMessage {
	out, err := Compact(text)
	if err != nil {
		return text
	}
	return out
}
