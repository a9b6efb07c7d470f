package settle

import (
	"encoding/json"
	"strings"

	"github.com/iris-oculus/iris/internal/job"
)

// Verdict is the status with which an error ends a job, and the notice for its owner.
type Verdict struct {
	Status job.Status
	Notice job.Notice
}

// verdict reads the raw error of a state. Only the message of a named error reaches
// the owner, because the text of any other error may hold what is not meant for him.
func verdict(e job.TaskError) Verdict {
	switch e.Error {
	case "RejectedError", "UnsupportedError":
		code, message, found := strings.Cut(causeMessage(e.Cause), ": ")
		if !found || !isCode(code) {
			code, message = "rejected", "the scan cannot be used"
		}
		return Verdict{job.Rejected, job.Notice{Code: code, Message: shorten(message)}}
	case "BudgetError":
		return failed("budget_stop", "the operator's budget for this month is spent: GPU work is refused until it is released")
	case "BusyError":
		return failed("busy", "the system was busy for too long: try again")
	case "EndpointFailedError":
		return failed("model_failed", "the model server failed at this scan")
	case "States.Timeout", "States.HeartbeatTimeout", "Sandbox.Timedout":
		return failed("timed_out", "a stage ran out of time: the scan may be too large for this deployment, whose operator can raise StageMemory")
	case "Runtime.ExitError", "Function.ResponseSizeTooLarge":
		return failed("out_of_memory", "a stage ran out of memory or stopped unexpectedly: the operator can raise StageMemory")
	case "Lambda.Unknown":
		// Lambda returned no error type: the function was killed, for its memory
		// or its time.
		return failed("too_large", "a stage ran out of memory or time: the scan is too large for this deployment, whose operator can raise StageMemory")
	}
	return failed("internal", "something failed that is not the scan's fault; the operator finds it by the job's id")
}

func failed(code, message string) Verdict {
	return Verdict{job.Failed, job.Notice{Code: code, Message: message}}
}

// maxNotice bounds the message of a notice, in bytes.
const maxNotice = 8 << 10

func shorten(message string) string {
	if len(message) <= maxNotice {
		return message
	}
	return strings.ToValidUTF8(message[:maxNotice], "") + "…"
}

func isCode(s string) bool {
	return s != "" && len(s) <= 64 && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789_") == ""
}

// causeMessage is errorMessage of the error JSON that Lambda makes. The workflow
// cuts a cause at 4,096 characters, so a long one is no JSON any more: then the
// message is read as far as it goes.
func causeMessage(cause string) string {
	var body struct {
		Message string `json:"errorMessage"`
	}
	if err := json.Unmarshal([]byte(cause), &body); err == nil {
		return body.Message
	}
	rest, found := strings.CutPrefix(strings.TrimLeft(cause, " \t\r\n{"), `"errorMessage":`)
	text, quoted := strings.CutPrefix(strings.TrimLeft(rest, " "), `"`)
	if !found || !quoted {
		return ""
	}
	var message string
	if json.NewDecoder(strings.NewReader(`"`+text)).Decode(&message) == nil {
		return message // the message ended before the cut
	}
	// The cut may have left half an escape, six characters at most.
	for cut := 0; cut <= 6 && cut <= len(text); cut++ {
		if json.Unmarshal([]byte(`"`+text[:len(text)-cut]+`"`), &message) == nil {
			return message + "…"
		}
	}
	return ""
}
