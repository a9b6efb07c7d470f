package edge

import (
	"encoding/json"
	"fmt"

	"github.com/iris-oculus/iris/internal/job"
)

// GPUInput reads the input of the gpu function. It is an action, or a notification of
// AWS Budgets by SNS, which means a budget stop whatever its text.
func GPUInput(body json.RawMessage) (job.GPUInput, error) {
	var in struct {
		job.GPUInput
		Records []struct {
			EventSource string `json:"EventSource"`
		} `json:"Records"`
	}
	if err := json.Unmarshal(body, &in); err != nil {
		return job.GPUInput{}, fmt.Errorf("read gpu input: %w", err)
	}
	if len(in.Records) > 0 && in.Records[0].EventSource == "aws:sns" {
		return job.GPUInput{Action: job.ActionBudget}, nil
	}
	return in.GPUInput, nil
}
