package segment

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/iris-oculus/iris/internal/job"
	"github.com/iris-oculus/iris/tests/contract/fixtures"
)

// Whose fault a failure is, as the contract says.
func TestFailuresOfTheContract(t *testing.T) {
	type example struct {
		Name, Object, Reason string
		Status               int
		Code                 string
		ScanAtFault          bool `json:"scan_at_fault"`
	}
	for _, c := range fixtures.Read[example](t, "failures.json") {
		f := readFailure(c.Object, c.Reason)
		if f.Status != c.Status || f.Code != c.Code || f.scanAtFault() != c.ScanAtFault {
			t.Errorf("%s: %+v, the scan's fault: %v", c.Name, f, f.scanAtFault())
		}
	}
}

// What SageMaker's messages mean for a request that was sent on 1 January 2026.
func TestMessagesOfTheContract(t *testing.T) {
	type example struct {
		Name, Means string
		Body        json.RawMessage
	}
	request := job.Request{Outstanding: true, Sent: 1, At: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
	for _, c := range fixtures.Read[example](t, "messages.json") {
		var m Message
		if err := json.Unmarshal(c.Body, &m); err != nil {
			t.Fatalf("%s: %v", c.Name, err)
		}
		_, _, ours := job.ParseExecutionName(m.InferenceID)
		means := "nothing"
		switch {
		case !ours || !m.about(request):
		case m.InvocationStatus == "Completed":
			means = "completed"
		case m.InvocationStatus == "Failed":
			means = "failed"
		}
		if means != c.Means {
			t.Errorf("%s: means %s, want %s", c.Name, means, c.Means)
		}
	}
}
