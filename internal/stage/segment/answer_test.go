package segment

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/iris-oculus/iris/internal/job"
)

func TestRefusal(t *testing.T) {
	body := `{"code":"not_hu","message":"the \"volume\" is not in HU"}`
	want := &job.RejectedError{Code: "not_hu", Message: `the "volume" is not in HU`}
	quoted, _ := json.Marshal(body)
	cases := []struct {
		name, reason string
		want         *job.RejectedError
	}{
		{"the reply itself", body, want},
		{"with more fields", `{"request":"x","code":"not_hu","message":"the \"volume\" is not in HU","n":1}`, want},
		{"in SageMaker's sentence", `Received client error (400) from primary with message "` + body + `". See https://x in account 0 for more information.`, want},
		{"escaped in it", `ClientError: Received client error (400) from model with message ` + fmt.Sprintf("%q", body) + `. See {x}`, want},
		{"as a JSON text", string(quoted), want},
		{"after other braces", `{x} {"a":1} "{" ` + body, want},
		{"from a broken server", `Received server error (500) from primary with message "` + body + `"`, nil},
		{"from a stopping server", `{"code":"stopping","message":"the server stops"}`, nil},
		{"no code", `{"message":"x"}`, nil},
		{"no message", `{"code":"x"}`, nil},
		{"a code that is a sentence", `{"code":"Not HU!","message":"x"}`, nil},
		{"a code without end", `{"code":"` + strings.Repeat("x", 65) + `","message":"x"}`, nil},
		{"a code of another type", `{"code":5,"message":"x"}`, nil},
		{"cut", body[:len(body)-1], nil},
		{"nothing", "", nil},
		{"lost", lost, nil},
		{"beyond the bound", strings.Repeat(" ", maxReason) + body, nil},
	}
	for _, c := range cases {
		if diff := cmp.Diff(c.want, refusal(c.reason)); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
	}
}

func TestHostileReasonsAreReadQuickly(t *testing.T) {
	began := time.Now()
	for _, piece := range []string{"{", `"{`, `{"`, `\"{`, `{"code":`, `"{\"code\":`} {
		if got := refusal(strings.Repeat(piece, 256<<10/len(piece))); got != nil {
			t.Errorf("%q: %v", piece, got)
		}
	}
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("took %v", took)
	}
}

// What is no refusal never becomes one with a code or a message of another kind.
func FuzzRefusal(f *testing.F) {
	f.Add(`{"code":"a","message":"b"}`)
	f.Add(`x "{\"code\":\"a\",\"message\":\"b\"}" y`)
	f.Add(`{{{"code":"a"`)
	f.Fuzz(func(t *testing.T, reason string) {
		got := refusal(reason)
		if got == nil {
			return
		}
		if !isCode(got.Code) || got.Message == "" || !utf8.ValidString(got.Message) {
			t.Errorf("%q: %+v", reason, got)
		}
		again, err := json.Marshal(map[string]string{"code": got.Code, "message": got.Message})
		if err != nil || !cmp.Equal(refusal(string(again)), got) {
			t.Errorf("%+v is not read back from %s", got, again)
		}
	})
}

func TestMessageIsSageMakers(t *testing.T) {
	text := `{"awsRegion":"us-east-1","eventTime":"2026-01-25T22:46:00.608Z","receivedTime":"2026-01-25T22:46:00.455Z","invocationStatus":"Failed",
		"failureReason":"r","requestParameters":{"endpointName":"e","inputLocation":"s3://b/k"},"inferenceId":"i","eventVersion":"1.0","eventSource":"aws:sagemaker","eventName":"InferenceResult"}`
	var m Message
	if err := json.Unmarshal([]byte(text), &m); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(Message{InvocationStatus: "Failed", InferenceID: "i", EventTime: "2026-01-25T22:46:00.608Z", FailureReason: "r"}, m); diff != "" {
		t.Error(diff)
	}
	at := time.Date(2026, 1, 25, 22, 46, 0, 608_900_000, time.UTC)
	for _, c := range []struct {
		request job.Request
		time    string
		want    bool
	}{
		{job.Request{Sent: 1, At: at}, m.EventTime, true},
		{job.Request{Sent: 2, At: at.Add(time.Millisecond)}, m.EventTime, false},
		{job.Request{Sent: 1, At: at.Add(time.Hour)}, "", true},
		{job.Request{}, m.EventTime, false},
	} {
		if got := (Message{EventTime: c.time}).about(c.request); got != c.want {
			t.Errorf("%+v at %q: %v", c.request, c.time, got)
		}
	}
}
