package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/iris-oculus/iris/internal/local/gateway/sigv4"
)

// A function is called as Lambda's API describes it (Invoke, 2015-03-31), with a signature
// that another verifier takes; what passes is tried again, and what does not is said.
func TestInvoke(t *testing.T) {
	var answers []func(w http.ResponseWriter)
	calls := 0
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		v := sigv4.Verifier{Key: sigv4.Key{ID: "AKIDEXAMPLE", Secret: "secret"}, Region: "us-east-1", Now: time.Now}
		if err := v.Verify(r, body); err != nil || sigv4.Service(r) != "lambda" {
			t.Errorf("signed for %q: %v", sigv4.Service(r), err)
		}
		if r.Method != http.MethodPost || r.URL.Path != "/2015-03-31/functions/iris-gpu/invocations" || string(body) != `{"action":"status"}` {
			t.Errorf("%s %s %s", r.Method, r.URL.Path, body)
		}
		answers[min(calls, len(answers)-1)](w)
		calls++
	}))
	defer s.Close()
	t.Setenv("AWS_ENDPOINT_URL", s.URL)
	t.Setenv("AWS_REGION", "us-east-1")
	t.Setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
	t.Setenv("AWS_SESSION_TOKEN", "")
	t.Setenv("AWS_CONFIG_FILE", t.TempDir()+"/none")
	say := func(status int, text string, header ...string) func(http.ResponseWriter) {
		return func(w http.ResponseWriter) {
			for i := 0; i < len(header); i += 2 {
				w.Header().Set(header[i], header[i+1])
			}
			w.WriteHeader(status)
			_, _ = io.WriteString(w, text)
		}
	}
	for _, c := range []struct {
		name    string
		answers []func(http.ResponseWriter)
		want    string
		code    int
	}{
		{"an answer", []func(http.ResponseWriter){say(200, `{"desired":1}`)}, "", 0},
		{"busy first", []func(http.ResponseWriter){say(429, `{}`), say(200, `{"desired":1}`)}, "", 0},
		{"the function fails", []func(http.ResponseWriter){say(200, `{"errorType":"BudgetError","errorMessage":"spent"}`, "X-Amz-Function-Error", "Unhandled")}, "BudgetError: spent", 1},
		{"no such function", []func(http.ResponseWriter){say(404, `{"Message":"Function not found"}`, "X-Amzn-Errortype", "ResourceNotFoundException:http://x")}, "unreachable: the gpu function does not answer: ResourceNotFoundException: Function not found", exitUnreachable},
	} {
		answers, calls = c.answers, 0
		out, err := iris(t, "gpu", "status", "--json")
		switch {
		case c.want == "" && (err != nil || strings.TrimSpace(out) != `{"desired":1}` || calls != len(c.answers)):
			t.Errorf("%s: %s, %v after %d calls", c.name, out, err, calls)
		case c.want != "" && (err == nil || err.Error() != c.want || exitCode(err) != c.code):
			t.Errorf("%s: %v (%d)", c.name, err, exitCode(err))
		}
	}
}
