package states

import (
	"encoding/json"

	"github.com/iris-oculus/iris/internal/local/asl"
	"github.com/iris-oculus/iris/internal/local/store"
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

// announce adds the event that an execution began or, with end, that it ended to a
// batch.
func (s *Service) announce(b *store.Batch, x *execution, h Header, end *asl.End) error {
	if s.cfg.Emit == nil {
		return nil
	}
	detail := statusChange{
		ExecutionARN: x.arn, MachineARN: s.machineARN(x.Machine), Name: x.Name, Status: Running,
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
	return s.cfg.Emit(b, "aws.states", "Step Functions Execution Status Change", []string{x.arn}, detail)
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
