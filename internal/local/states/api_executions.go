package states

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/iris-oculus/iris/internal/local/asl"
	"github.com/iris-oculus/iris/internal/local/trace"
)

type startInput struct {
	MachineARN string `json:"stateMachineArn"`
	Name       string `json:"name"`
	Input      string `json:"input"`
	Trace      string `json:"traceHeader"`
}

func startExecution(s *Service, ctx context.Context, in startInput) (any, error) {
	at := trace.Parse(in.Trace)
	if at.Trace == "" {
		at = trace.From(ctx)
	}
	arn, started, err := s.StartUnder(at, in.MachineARN, in.Name, in.Input)
	if err != nil {
		return nil, err
	}
	return struct {
		ARN   string  `json:"executionArn"`
		Start float64 `json:"startDate"`
	}{arn, seconds(started)}, nil
}

type stopInput struct {
	ARN   string `json:"executionArn"`
	Error string `json:"error"`
	Cause string `json:"cause"`
}

func stopExecution(s *Service, ctx context.Context, in stopInput) (any, error) {
	stopped, err := s.Stop(ctx, in.ARN, in.Error, in.Cause)
	if err != nil {
		return nil, err
	}
	return struct {
		Stop float64 `json:"stopDate"`
	}{seconds(stopped)}, nil
}

type executionInput struct {
	ARN string `json:"executionArn"`
}

type executionSummary struct {
	ARN        string   `json:"executionArn"`
	MachineARN string   `json:"stateMachineArn"`
	Name       string   `json:"name"`
	Status     string   `json:"status"`
	Start      float64  `json:"startDate"`
	Stop       *float64 `json:"stopDate,omitempty"`
	Redrives   int      `json:"redriveCount"`
}

func describeExecution(s *Service, _ context.Context, in executionInput) (any, error) {
	d, err := s.Describe(in.ARN)
	if err != nil {
		return nil, err
	}
	reply := struct {
		executionSummary
		Input         string    `json:"input"`
		InputDetails  included  `json:"inputDetails"`
		Output        *string   `json:"output,omitempty"`
		OutputDetails *included `json:"outputDetails,omitempty"`
		Error         *string   `json:"error,omitempty"`
		Cause         *string   `json:"cause,omitempty"`
		Redrive       string    `json:"redriveStatus"`
		RedriveReason string    `json:"redriveStatusReason"`
	}{
		executionSummary: executionSummary{ARN: d.ARN, MachineARN: d.MachineARN, Name: d.Name, Status: d.Status, Start: seconds(d.Start)},
		Input:            string(d.Input), InputDetails: included{true},
		Redrive: "NOT_REDRIVABLE", RedriveReason: "Redrive is not part of the one-machine stack",
	}
	if end := d.End; end != nil {
		stop := seconds(end.Time)
		reply.Stop, reply.Error, reply.Cause = &stop, optional(end.Error), optional(end.Cause)
		if end.Output != nil {
			reply.Output, reply.OutputDetails = optional(string(end.Output)), &included{true}
		}
	}
	return reply, nil
}

func describeStateMachineForExecution(s *Service, _ context.Context, in executionInput) (any, error) {
	d, err := s.Describe(in.ARN)
	if err != nil {
		return nil, err
	}
	name := d.MachineARN[strings.LastIndexByte(d.MachineARN, ':')+1:]
	return struct {
		ARN        string  `json:"stateMachineArn"`
		Name       string  `json:"name"`
		Definition string  `json:"definition"`
		RoleARN    string  `json:"roleArn"`
		Updated    float64 `json:"updateDate"`
		Revision   string  `json:"revisionId"`
	}{d.MachineARN, name, d.Definition, d.RoleARN, seconds(d.Start), d.Revision}, nil
}

type listInput struct {
	page
	MachineARN string `json:"stateMachineArn"`
	Status     string `json:"statusFilter"`
}

func listExecutions(s *Service, _ context.Context, in listInput) (any, error) {
	m, err := s.machineByARN(in.MachineARN)
	if err != nil {
		return nil, err
	}
	if in.Status != "" && !slices.Contains([]string{Running, asl.Succeeded, asl.Failed, asl.TimedOut, asl.Aborted}, in.Status) {
		return nil, refuse("ValidationException", "the statusFilter %.40q is none of RUNNING, SUCCEEDED, FAILED, TIMED_OUT, ABORTED", in.Status)
	}
	summaries, next, err := pageOf(in.page, s.executionList(m.Name, in.Status), true)
	if err != nil {
		return nil, err
	}
	return struct {
		Executions []executionSummary `json:"executions"`
		Next       string             `json:"nextToken,omitempty"`
	}{append([]executionSummary{}, summaries...), next}, nil
}

// executionList are a machine's executions, the newest first.
func (s *Service) executionList(machine, status string) []executionSummary {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []executionSummary
	for _, x := range s.executions {
		if x.Machine != machine || status != "" && x.Status != status {
			continue
		}
		e := executionSummary{ARN: x.arn, MachineARN: s.machineARN(machine), Name: x.Name, Status: x.Status, Start: seconds(x.Start)}
		if x.Status != Running {
			stop := seconds(x.Stop)
			e.Stop = &stop
		}
		list = append(list, e)
	}
	slices.SortFunc(list, func(a, b executionSummary) int {
		if a.Start != b.Start {
			if a.Start > b.Start {
				return -1
			}
			return 1
		}
		return strings.Compare(a.Name, b.Name)
	})
	return list
}

type historyInput struct {
	page
	ARN     string `json:"executionArn"`
	Reverse bool   `json:"reverseOrder"`
	Data    *bool  `json:"includeExecutionData"`
}

func getExecutionHistory(s *Service, _ context.Context, in historyInput) (any, error) {
	x, _, err := s.find(in.ARN)
	if err != nil {
		return nil, err
	}
	_, records, err := s.history(x.key)
	if err != nil {
		return nil, err
	}
	var events []asl.Event
	for _, r := range records {
		events = append(events, r.Events...)
	}
	if in.Reverse {
		slices.Reverse(events)
	}
	events, next, err := pageOf(in.page, events, in.Reverse)
	if err != nil {
		return nil, err
	}
	shown := []map[string]any{}
	for _, e := range events {
		m := map[string]any{"id": e.ID, "previousEventId": e.Previous, "timestamp": seconds(e.Time), "type": e.Type}
		if e.Details != nil {
			details, err := withData(e.Details, in.Data == nil || *in.Data)
			if err != nil {
				return nil, err
			}
			m[e.DetailsName()] = details
		}
		shown = append(shown, m)
	}
	return struct {
		Events []map[string]any `json:"events"`
		Next   string           `json:"nextToken,omitempty"`
	}{shown, next}, nil
}

// withData leaves inputs and outputs out of an event's details, if asked to.
func withData(details json.RawMessage, include bool) (json.RawMessage, error) {
	if include {
		return details, nil
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(details, &members); err != nil {
		return nil, err
	}
	for _, name := range []string{"input", "output", "parameters", "assignedVariables"} {
		delete(members, name)
	}
	return json.Marshal(members)
}

type tokenInput struct {
	Token  string `json:"taskToken"`
	Output string `json:"output"`
	Error  string `json:"error"`
	Cause  string `json:"cause"`
}

func sendTaskSuccess(s *Service, ctx context.Context, in tokenInput) (any, error) {
	return struct{}{}, s.SendTaskSuccess(ctx, in.Token, in.Output)
}

func sendTaskFailure(s *Service, ctx context.Context, in tokenInput) (any, error) {
	return struct{}{}, s.SendTaskFailure(ctx, in.Token, in.Error, in.Cause)
}

func sendTaskHeartbeat(s *Service, ctx context.Context, in tokenInput) (any, error) {
	return struct{}{}, s.SendTaskHeartbeat(ctx, in.Token)
}
