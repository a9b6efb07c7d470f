package settle

import (
	"encoding/json"
	"strings"

	"github.com/iris-oculus/iris/internal/job"
)

// Verdict is how an error ends a job, and what its owner is told.
type Verdict struct {
	Status job.Status
	Notice job.Notice
}

// verdict reads the raw error of a state. Only what a named error says reaches
// the owner: any other text may hold what nobody outside should read.
func verdict(e job.TaskError) Verdict {
	switch e.Error {
	case "RejectedError", "UnsupportedError":
		code, message, found := strings.Cut(causeMessage(e.Cause), ": ")
		if !found {
			code, message = "rejected", "the scan cannot be used"
		}
		return Verdict{job.Rejected, job.Notice{Code: code, Message: message}}
	case "BudgetError":
		return failed("budget_stop", "the operator's budget for this month is spent: GPU work is refused until it is released")
	case "BusyError":
		return failed("busy", "the system was busy for too long: try again")
	case "EndpointFailedError":
		return failed("model_failed", "the model server failed at this scan")
	case "States.Timeout", "States.HeartbeatTimeout", "Sandbox.Timedout":
		return failed("timed_out", "a stage ran out of time")
	case "Runtime.ExitError", "Function.ResponseSizeTooLarge":
		return failed("out_of_memory", "a stage ran out of memory or stopped unexpectedly")
	}
	return failed("internal", "something failed that is not the scan's fault; the operator finds it by the job's id")
}

func failed(code, message string) Verdict {
	return Verdict{job.Failed, job.Notice{Code: code, Message: message}}
}

// causeMessage is errorMessage of the error JSON that Lambda makes. A cause that
// was cut in the middle still begins with it.
func causeMessage(cause string) string {
	var body struct {
		Message string `json:"errorMessage"`
	}
	if err := json.Unmarshal([]byte(cause), &body); err == nil {
		return body.Message
	}
	return ""
}
