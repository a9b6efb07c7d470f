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

// The reason is SageMaker's, the object the model server's. Who says the status
// decides whose fault it is; where nobody does, it is the server's.
func TestFailures(t *testing.T) {
	body := `{"code":"not_hu","message":"the \"volume\" is not in HU"}`
	says := func(status int) string {
		return fmt.Sprintf(`{"status":%d,"code":"not_hu","message":"the \"volume\" is not in HU"}`, status)
	}
	sentence := func(kind string, status int, body string) string {
		return fmt.Sprintf(`Received %s error (%d) from primary with message "%s". See https://x in account 0 for more information.`, kind, status, body)
	}
	quoted, _ := json.Marshal(says(400))
	known := func(status int) failure { return failure{status, "not_hu", `the "volume" is not in HU`} }
	cases := []struct {
		name, object, reason string
		want                 failure
		scan                 bool
	}{
		{"our server's reply", says(400), "", known(400), true},
		{"our server's reply, and the sentence", says(400), sentence("client", 400, says(400)), known(400), true},
		{"with more fields", `{"request":"x","status":400,"code":"not_hu","message":"the \"volume\" is not in HU","n":1}`, "", known(400), true},
		{"the sentence alone", "", sentence("client", 400, body), known(400), true},
		{"the sentence is the object", sentence("client", 400, body), "", known(400), true},
		{"escaped in it", "", `ClientError: Received client error (400) from model with message ` + fmt.Sprintf("%q", body) + `. See {x}`, known(400), true},
		{"as a JSON text", string(quoted), "", known(400), true},
		{"after other braces", `{x} {"a":1} "{" ` + says(422), "", known(422), true},
		{"no code, but the status", `<html>no</html>`, sentence("client", 413, "no"), failure{Status: 413}, true},
		{"nobody says the status", body, "", known(0), false},
		{"nobody says it, and the message is another's", body, "ModelError: lost", known(0), false},
		{"busy", says(429), sentence("client", 429, says(429)), known(429), false},
		{"busy, by the object alone", says(429), "", known(429), false},
		{"a slow request", says(408), "", known(408), false},
		{"starting", says(503), sentence("server", 503, says(503)), known(503), false},
		{"starting, by the object alone", says(503), "", known(503), false},
		{"broken, with a reply that has no status", body, sentence("server", 500, body), known(500), false},
		{"broken, and its body says otherwise", says(400), sentence("server", 500, says(400)), known(500), false},
		{"broken, and its body quotes the sentence", `{"status":500,"code":"x","message":"Received client error (400)"}`, "", failure{500, "x", "Received client error (400)"}, false},
		{"broken, with a page of HTML", `<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 3.2 Final//EN">`, `Received server error (500) from primary with message "<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 3.2 Final//EN">`, failure{Status: 500}, false},
		{"timed out", "", `Received server error (0) from primary with message "Your invocation timed out while waiting for a response from container primary."`, failure{}, false},
		{"an internal text that quotes the sentence", `the log says: "Received client error (400)"`, "", failure{}, false},
		{"lost", lost, lost, failure{}, false},
		{"no message", `{"status":400,"code":"x"}`, "", failure{}, false},
		{"a code that is a sentence", `{"status":400,"code":"Not HU!","message":"x"}`, "", failure{}, false},
		{"a code without end", `{"status":400,"code":"` + strings.Repeat("x", 65) + `","message":"x"}`, "", failure{}, false},
		{"a code of another type", `{"status":400,"code":5,"message":"x"}`, "", failure{}, false},
		{"a status of another type", `{"status":"400","code":"x","message":"x"}`, "", failure{}, false},
		{"cut", body[:len(body)-1], "", failure{}, false},
		{"nothing", "", "", failure{}, false},
		{"beyond the bound", strings.Repeat(" ", maxReason) + says(400), "", failure{}, false},
	}
	for _, c := range cases {
		got := readFailure(c.object, c.reason)
		if diff := cmp.Diff(c.want, got); diff != "" || got.scanAtFault() != c.scan {
			t.Errorf("%s: the scan's fault: %v: %s", c.name, got.scanAtFault(), diff)
		}
	}
}

// Hostile texts are looked at in a bounded number of places, each of them short:
// what is found costs no more than those.
func TestHostileReasonsAreBounded(t *testing.T) {
	for _, piece := range []string{"{", `"{`, `{"`, `\"{`, `{"code":`, `"{\"code\":`, "Received client error (", "("} {
		text := strings.Repeat(piece, 256<<10/len(piece))
		if got := readFailure(text, text); got != (failure{}) {
			t.Errorf("%q: %v", piece, got)
		}
	}
	long := readFailure(`{"status":400,"code":"x","message":"`+strings.Repeat("é", 6000)+`"}`, "")
	if len(long.Message) > maxMessage+len("…") || !utf8.ValidString(long.Message) || long.Code != "x" {
		t.Errorf("a message of %d bytes, valid: %v", len(long.Message), utf8.ValidString(long.Message))
	}
}

// A status of 500 or more is never the scan's fault, whatever stands beside it;
// and what is read is always a code and a text of one kind.
func FuzzFailure(f *testing.F) {
	f.Add(`{"status":400,"code":"a","message":"b"}`, "", 500)
	f.Add(`x "{\"code\":\"a\",\"message\":\"b\"}" y`, "Received client error (400)", 503)
	f.Add(`{{{"code":"a"`, `{"status":404,"code":"b","message":"c"}`, 0)
	f.Fuzz(func(t *testing.T, object, body string, status int) {
		if status < 500 || status > 599 {
			status = 500
		}
		reason := fmt.Sprintf("Received server error (%d) from primary with message %q", status, body)
		got := readFailure(object, reason)
		if got.scanAtFault() || got.Status != status {
			t.Errorf("%q, %q: %+v is the scan's fault", object, reason, got)
		}
		if got.Code != "" && (!isCode(got.Code) || got.Message == "" || !utf8.ValidString(got.Message)) {
			t.Errorf("%q, %q: %+v", object, reason, got)
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
