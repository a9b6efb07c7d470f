package lambdas_test

import (
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/iris-oculus/iris/internal/local/lambdas"
)

func call(t *testing.T, server *httptest.Server, method, path, body string, headers ...string) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, server.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(b)
}

func TestAPI(t *testing.T) {
	none := 0
	f, closed := function(t, "f"), function(t, "closed")
	f.Env = map[string]string{"SHOWN": "1", "AWS_SECRET_ACCESS_KEY": "hidden"}
	closed.ReservedConcurrency = &none
	h := newHost(t, lambdas.Config{Functions: []lambdas.Function{f, closed}})
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	const functions = "/2015-03-31/functions/"
	arn := url.PathEscape("arn:aws:lambda:us-east-1:000000000000:function:f")

	for _, c := range []struct {
		name, method, path, body, kind string
		status                         int
		errorType, contains            string
	}{
		{"invoke", "POST", "f/invocations", `{"name":"x"}`, "", 200, "", `"name":"x"`},
		{"invoke by ARN", "POST", arn + "/invocations", `{}`, "RequestResponse", 200, "", `"calls"`},
		{"dry run", "POST", "f/invocations", ``, "DryRun", 204, "", ""},
		{"event", "POST", "f/invocations", `{}`, "Event", 202, "", ""},
		{"event that is no JSON", "POST", "f/invocations", `{`, "Event", 400, "InvalidRequestContentException", ""},
		{"unknown type", "POST", "f/invocations", `{}`, "Later", 400, "InvalidParameterValueException", ""},
		{"unknown function", "POST", "g/invocations", `{}`, "", 404, "ResourceNotFoundException", "Function not found: arn:aws:lambda:us-east-1:000000000000:function:g"},
		{"throttle", "POST", "closed/invocations", `{}`, "", 429, "TooManyRequestsException", "Rate Exceeded."},
		{"too large", "POST", "f/invocations", `"` + strings.Repeat("x", 6<<20) + `"`, "", 413, "RequestTooLargeException", ""},
		{"list", "GET", "", ``, "", 200, "", `"FunctionName":"closed"`},
		{"get", "GET", "closed", ``, "", 200, "", `"ReservedConcurrentExecutions":0`},
		{"configuration", "GET", "f/configuration", ``, "", 200, "", `"Variables":{"SHOWN":"1"}`},
		{"unknown operation", "GET", "f/policy", ``, "", 404, "UnknownOperationException", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			res, body := call(t, server, c.method, functions+c.path, c.body, "X-Amz-Invocation-Type", c.kind)
			if res.StatusCode != c.status || res.Header.Get("X-Amzn-Errortype") != c.errorType || !strings.Contains(body, c.contains) {
				t.Errorf("%d %s %.300s", res.StatusCode, res.Header.Get("X-Amzn-Errortype"), body)
			}
		})
	}
}

func TestFunctionErrorAndLogTail(t *testing.T) {
	logs := t.TempDir()
	h := newHost(t, lambdas.Config{LogDir: logs, Functions: []lambdas.Function{function(t, "f")}})
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	res, body := call(t, server, "POST", "/2015-03-31/functions/f/invocations", `{"do":"panic"}`, "X-Amz-Log-Type", "Tail")
	if res.StatusCode != 200 || res.Header.Get("X-Amz-Function-Error") != "Unhandled" || res.Header.Get("X-Amz-Executed-Version") != "$LATEST" {
		t.Errorf("%d %v", res.StatusCode, res.Header)
	}
	var r reply
	if err := json.Unmarshal([]byte(body), &r); err != nil || len(r.StackTrace) == 0 {
		t.Errorf("a panic has a stack trace: %s, %v", body, err)
	}
	tail, err := base64.StdEncoding.DecodeString(res.Header.Get("X-Amz-Log-Result"))
	if err != nil {
		t.Fatal(err)
	}
	id := res.Header.Get("X-Amzn-Requestid")
	for _, want := range []string{"START RequestId: " + id + " Version: $LATEST", "doing panic", "END RequestId: " + id, "REPORT RequestId: " + id + "\tDuration: ", "Init Duration: "} {
		if !strings.Contains(string(tail), want) {
			t.Errorf("tail lacks %q: %s", want, tail)
		}
	}
	whole, err := os.ReadFile(filepath.Join(logs, "f.log"))
	if err != nil || !strings.Contains(string(whole), "\t"+id+"\tdoing panic\n") {
		t.Errorf("the log has no line of the request: %s, %v", whole, err)
	}
}

func TestLogsAreBounded(t *testing.T) {
	logs := t.TempDir()
	if err := os.WriteFile(filepath.Join(logs, "f.log"), make([]byte, 8<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	h := newHost(t, lambdas.Config{LogDir: logs, Functions: []lambdas.Function{function(t, "f")}})
	invoke(t, h, "f", `{}`)
	old, err1 := os.Stat(filepath.Join(logs, "f.log.1"))
	now, err2 := os.Stat(filepath.Join(logs, "f.log"))
	if err1 != nil || err2 != nil || old.Size() < 8<<20 || now.Size() > 1<<20 {
		t.Errorf("old %v, %v; new %v, %v", old, err1, now, err2)
	}
}
