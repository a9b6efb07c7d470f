package stack

import (
	"encoding/json"
	"strings"

	"github.com/iris-oculus/iris/internal/local/asl"
	"github.com/iris-oculus/iris/internal/local/states"
	"github.com/iris-oculus/iris/internal/local/trace"
)

// stateSpans are the spans of an execution's history: one for each state from its entry to
// its exit, and below it one for each try of a task, which is what functions have above
// them. What had not ended ends with the execution.
func stateSpans(d states.Done, history []asl.Event) (all []trace.Finished) {
	events := map[int64]asl.Event{}
	state, try, above := map[int64]int64{}, map[int64]int64{}, map[int64]int64{} // by the event that begins it
	spans := map[int64]*trace.Finished{}
	var order []int64
	begin := func(e asl.Event, name string, parent int64) {
		spans[e.ID] = &trace.Finished{At: d.Trace.Under(trace.SpanOf(d.ARN, parent)), ID: trace.SpanOf(d.ARN, e.ID), Name: name, Kind: trace.Internal, Begun: e.Time, Ended: d.Ended}
		order = append(order, e.ID)
	}
	for _, e := range history {
		events[e.ID] = e
		state[e.ID], try[e.ID] = state[e.Previous], try[e.Previous]
		switch {
		case strings.HasSuffix(e.Type, "StateEntered"):
			before := events[e.Previous]
			parent := above[state[e.Previous]]
			if !strings.HasSuffix(before.Type, "StateExited") && state[e.Previous] != 0 { // a branch
				parent = state[e.Previous]
			}
			state[e.ID], try[e.ID], above[e.ID] = e.ID, 0, parent
			begin(e, named(e.Details), parent)
		case strings.HasSuffix(e.Type, "StateExited"):
			if s := spans[state[e.ID]]; s != nil {
				s.Ended = e.Time
			}
			try[e.ID] = 0
		case e.Type == "TaskScheduled" || e.Type == "LambdaFunctionScheduled":
			try[e.ID] = e.ID
			begin(e, "try", state[e.ID])
		case strings.HasSuffix(e.Type, "Failed") || strings.HasSuffix(e.Type, "TimedOut"), strings.HasSuffix(e.Type, "Succeeded"):
			if s := spans[try[e.ID]]; s != nil && try[e.ID] != 0 {
				s.Ended, s.Error = e.Time, failed(e)
			}
		}
	}
	for _, id := range order {
		all = append(all, *spans[id])
	}
	return all
}

func named(details json.RawMessage) string {
	var d struct {
		Name string `json:"name"`
	}
	_ = json.Unmarshal(details, &d)
	return d.Name
}

// failed is the name of the error that an event tells of, or empty.
func failed(e asl.Event) string {
	var d struct {
		Error string `json:"error"`
	}
	switch {
	case strings.HasSuffix(e.Type, "Succeeded"):
		return ""
	case json.Unmarshal(e.Details, &d) != nil || d.Error == "":
		return e.Type
	}
	return d.Error
}
