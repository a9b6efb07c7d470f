package contract

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/iris-oculus/iris/internal/job"
	"github.com/iris-oculus/iris/tests/contract/fixtures"
)

// An event's detail has these fields and no others, and its type says how the job ended.
func TestEventsOfTheContract(t *testing.T) {
	types := map[job.Status]string{job.Ready: job.EventReady, job.Rejected: job.EventRejected, job.Failed: job.EventFailed}
	for _, c := range fixtures.Read[fixtures.Example](t, "events.json") {
		var detail job.EventDetail
		strict := json.NewDecoder(bytes.NewReader(c.Body))
		strict.DisallowUnknownFields()
		err := strict.Decode(&detail)
		if accepted := err == nil && c.Type != "" && types[detail.Status] == c.Type; accepted != c.Accepted {
			t.Errorf("%s: %+v, %v", c.Name, detail, err)
		}
		if !c.Accepted {
			continue
		}
		var want, got any
		text, err := json.Marshal(detail)
		if err != nil || json.Unmarshal(c.Body, &want) != nil || json.Unmarshal(text, &got) != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: written again (-want +got): %s", c.Name, diff)
		}
	}
}
