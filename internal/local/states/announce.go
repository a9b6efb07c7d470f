package states

import (
	"encoding/json"
	"time"

	"github.com/iris-oculus/iris/internal/local/asl"
)

// maxEventPayload is how much of an input or output an event holds.
const maxEventPayload = 248 << 10

// statusChange is the detail of a "Step Functions Execution Status Change" event.
type statusChange struct {
	ExecutionARN string    `json:"executionArn"`
	MachineARN   string    `json:"stateMachineArn"`
	Name         string    `json:"name"`
	Status       string    `json:"status"`
	Start        int64     `json:"startDate"` // milliseconds
	Stop         *int64    `json:"stopDate"`
	Input        *string   `json:"input"`
	Output       *string   `json:"output"`
	Version      *string   `json:"stateMachineVersionArn"`
	Alias        *string   `json:"stateMachineAliasArn"`
	Redrives     int       `json:"redriveCount"`
	RedriveDate  *int64    `json:"redriveDate"`
	Redrive      string    `json:"redriveStatus"`
	InputSeen    *included `json:"inputDetails"`
	OutputSeen   *included `json:"outputDetails"`
	Error        *string   `json:"error"`
	Cause        *string   `json:"cause"`
}

type included struct {
	Included bool `json:"included"`
}

// announce publishes that an execution began or, with end, that it ended.
func (s *Service) announce(x *execution, h header, end *asl.End) bool {
	if s.cfg.Emit == nil {
		return true
	}
	detail := statusChange{
		ExecutionARN: x.arn, MachineARN: s.machineARN(x.machine), Name: x.name, Status: Running,
		Start: h.Start.UnixMilli(), Redrive: "NOT_REDRIVABLE",
	}
	detail.Input, detail.InputSeen = excerpt(h.Input)
	if end != nil {
		stop := end.Time.UnixMilli()
		detail.Status, detail.Stop = end.Status, &stop
		if end.Output != nil {
			detail.Output, detail.OutputSeen = excerpt(end.Output)
		}
		detail.Error, detail.Cause = optional(end.Error), optional(end.Cause)
	}
	err := s.cfg.Emit(s.ctx, "aws.states", "Step Functions Execution Status Change", []string{x.arn}, detail)
	if err != nil {
		s.cfg.Logger.Warn("announce execution", "execution", x.name, "error", err)
	}
	return err == nil
}

// announceEnd publishes an end until that succeeds, then notes it: an end without
// the note is published again after a restart.
func (s *Service) announceEnd(x *execution, h header, end *asl.End, j *journal) {
	for !s.announce(x, h, end) {
		again, stop := s.cfg.Clock.After(time.Second)
		select {
		case <-again:
		case <-s.ctx.Done():
			stop()
			return
		}
	}
	if err := j.append(line{Announced: true}, false); err != nil {
		s.cfg.Logger.Warn("note the announcement", "execution", x.name, "error", err)
	}
}

func excerpt(payload json.RawMessage) (*string, *included) {
	if len(payload) > maxEventPayload {
		return nil, &included{false}
	}
	text := string(payload)
	return &text, &included{true}
}

func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
