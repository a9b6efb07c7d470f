package settle

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/iris-oculus/iris/internal/job"
)

// event is what EventBridge delivers: a closed execution, the endpoint's state,
// or the janitor's schedule.
type event struct {
	Source     string `json:"source"`
	DetailType string `json:"detail-type"`
	Detail     struct {
		Name           string `json:"name"`
		Status         string `json:"status"`
		EndpointStatus string `json:"EndpointStatus"`
	} `json:"detail"`
}

// Invoke handles an invocation of the function, which is the workflow's input or an event.
func (s Stage) Invoke(ctx context.Context, body json.RawMessage) (job.SettleOutput, error) {
	var e event
	if err := json.Unmarshal(body, &e); err != nil {
		return job.SettleOutput{}, fmt.Errorf("read settle input: %w", err)
	}
	switch e.Source {
	case "aws.states":
		return job.SettleOutput{}, s.Closed(ctx, e.Detail.Name, e.Detail.Status)
	case "aws.sagemaker":
		return job.SettleOutput{}, s.endpointChanged(ctx)
	case "aws.events", "aws.scheduler":
		return job.SettleOutput{}, s.Sweep(ctx)
	case "":
		var in job.SettleInput
		if err := json.Unmarshal(body, &in); err != nil {
			return job.SettleOutput{}, fmt.Errorf("read settle input: %w", err)
		}
		return s.Handle(ctx, in)
	}
	return job.SettleOutput{}, fmt.Errorf("settle: an event of source %.40q has no rule", e.Source)
}
