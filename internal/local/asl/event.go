package asl

import (
	"encoding/json"
	"strings"
	"time"
)

// Event is one event of an execution's history.
type Event struct {
	ID       int64           `json:"id"`
	Previous int64           `json:"previous"`
	Time     time.Time       `json:"time"`
	Type     string          `json:"type"`
	Details  json.RawMessage `json:"details,omitempty"` // as GetExecutionHistory shows them
}

// DetailsName is the member under which GetExecutionHistory shows the details.
func (e Event) DetailsName() string {
	switch {
	case strings.HasSuffix(e.Type, "StateEntered"):
		return "stateEnteredEventDetails"
	case strings.HasSuffix(e.Type, "StateExited"):
		return "stateExitedEventDetails"
	}
	return strings.ToLower(e.Type[:1]) + e.Type[1:] + "EventDetails"
}

// The details of each event type. Inputs and outputs are JSON as text.
type (
	truncation struct {
		Truncated bool `json:"truncated"`
	}
	startedDetails struct {
		Input        string     `json:"input"`
		InputDetails truncation `json:"inputDetails"`
		RoleARN      string     `json:"roleArn"`
	}
	enteredDetails struct {
		Name         string     `json:"name"`
		Input        string     `json:"input"`
		InputDetails truncation `json:"inputDetails"`
	}
	exitedDetails struct {
		Name            string            `json:"name"`
		Output          string            `json:"output"`
		OutputDetails   truncation        `json:"outputDetails"`
		Assigned        map[string]string `json:"assignedVariables,omitempty"`
		AssignedDetails *truncation       `json:"assignedVariablesDetails,omitempty"`
	}
	outputDetails struct {
		Output        string     `json:"output"`
		OutputDetails truncation `json:"outputDetails"`
	}
	errorDetails struct {
		Error string `json:"error,omitempty"`
		Cause string `json:"cause,omitempty"`
	}
	evaluationDetails struct {
		Error    string `json:"error"`
		Cause    string `json:"cause"`
		Location string `json:"location,omitempty"`
		State    string `json:"state"`
	}
	taskDetails struct {
		ResourceType  string      `json:"resourceType"`
		Resource      string      `json:"resource"`
		Region        string      `json:"region,omitempty"`
		Parameters    string      `json:"parameters,omitempty"`
		Timeout       int64       `json:"timeoutInSeconds,omitempty"`
		Heartbeat     int64       `json:"heartbeatInSeconds,omitempty"`
		Output        string      `json:"output,omitempty"`
		OutputDetails *truncation `json:"outputDetails,omitempty"`
		Error         string      `json:"error,omitempty"`
		Cause         string      `json:"cause,omitempty"`
	}
	functionDetails struct {
		Resource     string     `json:"resource"`
		Input        string     `json:"input"`
		InputDetails truncation `json:"inputDetails"`
		Timeout      int64      `json:"timeoutInSeconds,omitempty"`
	}
	lengthDetails struct {
		Length int `json:"length"`
	}
	iterationDetails struct {
		Name  string `json:"name"`
		Index int    `json:"index"`
	}
)

// event adds an event to t's line of events.
func (x *Execution) event(t *Thread, kind string, details any) int64 {
	t.Previous = x.eventAfter(t.Previous, kind, details)
	x.touch(t)
	return t.Previous
}

// eventAfter adds an event after another one. The last slot of a history belongs
// to the event that ends the execution.
func (x *Execution) eventAfter(previous int64, kind string, details any) int64 {
	if x.nextEvent >= maxEvents && x.end == nil {
		x.full = true
		return previous
	}
	e := Event{ID: x.nextEvent, Previous: previous, Time: x.now(), Type: kind}
	if details != nil {
		e.Details = encode(details)
	}
	x.nextEvent++
	x.pending.Events = append(x.pending.Events, e)
	return e.ID
}
