package job

// These are all keys of the log. Nothing else is logged, in particular no name and no
// tag of a file.
const (
	LogJob     = "job"
	LogAttempt = "attempt"
	LogStage   = "stage"
	LogStatus  = "status"
	LogCode    = "code"
	LogError   = "error"
	LogCount   = "count"
	LogBytes   = "bytes"
	LogMillis  = "ms"
	LogRoute   = "route"
	LogAction  = "action"
)

// EventSource is the source of events that settle and the stages put on EventBridge.
const EventSource = "iris.oculus"

// Detail types of those events; the detail is EventDetail.
const (
	EventReady    = "Job Ready"
	EventRejected = "Job Rejected"
	EventFailed   = "Job Failed"
)

// EventDetail is the detail of every event: no name, no key, no URL.
type EventDetail struct {
	Job     string `json:"job"`
	Attempt int    `json:"attempt"`
	Status  Status `json:"status"`
	Code    string `json:"code,omitempty"`
}
