package edge

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"

	"github.com/iris-oculus/iris/internal/job"
	"github.com/iris-oculus/iris/internal/volume"
)

// aws-lambda-go reports the type of the outermost error, so Name's is that type.
func TestNameIsBare(t *testing.T) {
	cases := []struct {
		err  error
		want string
	}{
		{&job.BusyError{Message: "x"}, "*job.BusyError"},
		{fmt.Errorf("a: %w", fmt.Errorf("b: %w", job.Reject("c", "d"))), "*job.RejectedError"},
		{errors.Join(errors.New("x"), &job.BudgetError{}), "*job.BudgetError"},
		{fmt.Errorf("a: %w", volume.Unsupported("c", "d")), "*job.UnsupportedError"},
		{fmt.Errorf("a: %w", &job.EndpointFailedError{}), "*job.EndpointFailedError"},
		{errors.New("x"), "*edge.InternalError"},
		{fmt.Errorf("a: %w", context.DeadlineExceeded), "*edge.InternalError"},
		{nil, "<nil>"},
	}
	for _, c := range cases {
		if got := fmt.Sprintf("%T", Name(c.err)); got != c.want {
			t.Errorf("%v: %s, want %s", c.err, got, c.want)
		}
	}
}

// The test runs itself again as a function whose environment is wrong.
func TestEveryProblemIsNamedAtOnce(t *testing.T) {
	if os.Getenv("EDGE_CHILD") != "" {
		var e Env
		e.String("GIVEN")
		e.String("MISSING_TEXT")
		e.Int("MISSING_NUMBER")
		e.Int("BAD_NUMBER")
		e.Float("BAD_FLOAT")
		e.List("MISSING_LIST")
		e.Require()
		fmt.Println("it went on")
		return
	}
	c := exec.Command(os.Args[0], "-test.run", "^TestEveryProblemIsNamedAtOnce$")
	c.Env = []string{"EDGE_CHILD=1", "GIVEN=x", "BAD_NUMBER=1.5", "BAD_FLOAT=x"}
	out, err := c.CombinedOutput()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 1 || strings.Contains(string(out), "it went on") {
		t.Errorf("it ended with %v: %s", err, out)
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	for _, name := range []string{"MISSING_TEXT is not set", "MISSING_NUMBER is not set", "BAD_NUMBER is not a whole number", "BAD_FLOAT is not a number", "MISSING_LIST is not set"} {
		if len(lines) != 1 || !strings.Contains(lines[0], name) {
			t.Errorf("%q is not in one message: %s", name, out)
		}
	}
	if strings.Contains(string(out), "GIVEN") {
		t.Errorf("what is right is named: %s", out)
	}
}

type callerKey struct{}

func TestHTTP(t *testing.T) {
	var got *http.Request
	var body string
	handle := HTTP(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text, _ := io.ReadAll(r.Body)
		got, body = r, string(text)
		w.Header().Add("Set-Cookie", "a=1")
		w.Header().Add("Set-Cookie", "b=2")
		w.Header().Add("Vary", "x")
		w.Header().Add("Vary", "y")
		w.WriteHeader(http.StatusTeapot)
		_, _ = w.Write(text)
	}), func(ctx context.Context, c Caller) context.Context {
		return context.WithValue(ctx, callerKey{}, c.Claims["sub"])
	})
	binary := "\xff\x00\xfe"
	in := events.APIGatewayV2HTTPRequest{
		RawPath: "/v1/jobs/a%2Fb%20c/x", RawQueryString: "key=a%20b&key=c", Headers: map[string]string{"if-none-match": `"e"`}, Cookies: []string{"c=3", "d=4"},
		Body: base64.StdEncoding.EncodeToString([]byte(binary)), IsBase64Encoded: true,
	}
	in.RequestContext.HTTP.Method, in.RequestContext.HTTP.Path, in.RequestContext.DomainName = "POST", "/v1/jobs/a/b c/x", "api.example"
	in.RequestContext.Authorizer = &events.APIGatewayV2HTTPRequestContextAuthorizerDescription{
		JWT: &events.APIGatewayV2HTTPRequestContextAuthorizerJWTDescription{Claims: map[string]string{"sub": "me"}}}
	out, err := handle(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	want := events.APIGatewayV2HTTPResponse{StatusCode: 418, Headers: map[string]string{"vary": "x,y"}, Cookies: []string{"a=1", "b=2"},
		Body: base64.StdEncoding.EncodeToString([]byte(binary)), IsBase64Encoded: true}
	if diff := cmp.Diff(want, out); diff != "" {
		t.Error(diff)
	}
	if body != binary || got.Method != "POST" || got.URL.EscapedPath() != "/v1/jobs/a%2Fb%20c/x" || got.URL.Query()["key"][0] != "a b" ||
		got.Header.Get("If-None-Match") != `"e"` || got.Host != "api.example" || got.Context().Value(callerKey{}) != "me" {
		t.Errorf("%s %s %v from %s, body %q", got.Method, got.URL, got.Header, got.Host, body)
	}
	if c, err := got.Cookie("d"); err != nil || c.Value != "4" {
		t.Errorf("cookies %v", got.Cookies())
	}
	in.Body = "%%%"
	if out, err := handle(t.Context(), in); err != nil || out.StatusCode != http.StatusBadRequest {
		t.Errorf("a body that is no base64: %d, %v", out.StatusCode, err)
	}
	for _, path := range []string{"//evil.example/v1", "/%zz", "/"} {
		in := events.APIGatewayV2HTTPRequest{RawPath: path}
		in.RequestContext.HTTP.Method, in.RequestContext.HTTP.Path = "GET", path
		if _, err := handle(t.Context(), in); err != nil || got.URL.Host != "" || got.Host != "" {
			t.Errorf("%s: %v asked of %q", path, err, got.URL.Host)
		}
	}
}
