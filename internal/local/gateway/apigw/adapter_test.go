package apigw

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"

	"github.com/iris-oculus/iris/internal/local/template"
)

// function is what the API invokes in a test.
type function func(ctx context.Context, name string, payload []byte) ([]byte, string, error)

func says(reply string) function {
	return func(context.Context, string, []byte) ([]byte, string, error) { return []byte(reply), "", nil }
}

func adapter(t *testing.T, f function, token string) *Adapter {
	t.Helper()
	a, err := New(Config{
		API: template.API{
			Name: "iris-httpapi",
			CORS: &template.APICORS{AllowOrigins: []string{"http://localhost:5173"}, AllowMethods: []string{"GET", "POST"}, AllowHeaders: []string{"authorization"}, ExposeHeaders: []string{"etag"}, MaxAge: 60},
			Routes: []template.Route{{Key: "$default", FunctionARN: "api", Timeout: 50 * time.Millisecond, Authorization: template.AuthorizationIAM}, {Key: "GET /healthz", FunctionARN: "health", Timeout: time.Second, Authorization: template.AuthorizationNone},
				{Key: "ANY /open/{proxy+}", FunctionARN: "open", Timeout: time.Second, Authorization: template.AuthorizationNone}},
		},
		Token: token, Invoke: f, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func serve(a *Adapter, r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	a.ServeHTTP(w, r)
	return w
}

func request(method, target, body string, header ...string) *http.Request {
	r := httptest.NewRequest(method, "http://127.0.0.1:8000"+target, strings.NewReader(body))
	for i := 0; i < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	return r
}

func TestTheEvent(t *testing.T) {
	var got events.APIGatewayV2HTTPRequest
	var name string
	a := adapter(t, func(_ context.Context, f string, payload []byte) ([]byte, string, error) {
		name = f
		return []byte(`{"statusCode":204}`), "", json.Unmarshal(payload, &got)
	}, "")
	w := serve(a, request("POST", "/v1/jobs/a%20b?key=x%2Fy&key=z&empty", `{"task":"auto"}`,
		"Content-Type", "application/json", "Accept", "a", "Accept", "b", "Cookie", "one=1; two=2", "User-Agent", "test"))
	if w.Code != 204 || name != "api" {
		t.Fatalf("%d from %s", w.Code, name)
	}
	c := got.RequestContext
	if c.RequestID == "" || c.TimeEpoch == 0 || c.HTTP.SourceIP == "" || c.DomainName != "127.0.0.1:8000" {
		t.Errorf("context %+v", c)
	}
	got.RequestContext = events.APIGatewayV2HTTPRequestContext{HTTP: events.APIGatewayV2HTTPRequestContextHTTPDescription{Method: c.HTTP.Method, Path: c.HTTP.Path, UserAgent: c.HTTP.UserAgent}}
	want := events.APIGatewayV2HTTPRequest{
		Version: "2.0", RouteKey: "$default", RawPath: "/v1/jobs/a b", RawQueryString: "key=x%2Fy&key=z&empty",
		Cookies: []string{"one=1", "two=2"}, Body: `{"task":"auto"}`,
		Headers:               map[string]string{"host": "127.0.0.1:8000", "content-type": "application/json", "accept": "a,b", "user-agent": "test"},
		QueryStringParameters: map[string]string{"key": "x/y,z", "empty": ""},
		RequestContext:        events.APIGatewayV2HTTPRequestContext{HTTP: events.APIGatewayV2HTTPRequestContextHTTPDescription{Method: "POST", Path: "/v1/jobs/a b", UserAgent: "test"}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}

	got = events.APIGatewayV2HTTPRequest{}
	serve(a, request("POST", "/", "\x00\xff", "Content-Type", "application/octet-stream"))
	if got.Body != "AP8=" || !got.IsBase64Encoded {
		t.Errorf("binary body %q, %v", got.Body, got.IsBase64Encoded)
	}
}

func TestReplies(t *testing.T) {
	cases := []struct {
		name, reply, body, kind string
		status                  int
		function                function
	}{
		{name: "structured", reply: `{"statusCode":307,"headers":{"location":"http://x"},"cookies":["a=1","b=2"],"body":"hi"}`, status: 307, body: "hi", kind: "text/plain;charset=UTF-8"},
		{name: "binary", reply: `{"statusCode":200,"headers":{"content-type":"model/gltf-binary"},"body":"AP8=","isBase64Encoded":true}`, status: 200, body: "\x00\xff", kind: "model/gltf-binary"},
		{name: "inferred", reply: `{"a":1}`, status: 200, body: `{"a":1}`, kind: "application/json"},
		{name: "inferred text", reply: `"hello"`, status: 200, body: "hello", kind: "application/json"},
		{name: "not JSON", reply: `<html>`, status: 500},
		{name: "no such status", reply: `{"statusCode":42}`, status: 500},
		{name: "broken base64", reply: `{"statusCode":200,"body":"?","isBase64Encoded":true}`, status: 500},
		{name: "function error", status: 500, function: func(context.Context, string, []byte) ([]byte, string, error) { return []byte(`{}`), "Unhandled", nil }},
		{name: "throttled", status: 503, function: func(context.Context, string, []byte) ([]byte, string, error) { return nil, "", errors.New("throttled") }},
		{name: "too slow", status: 503, function: func(ctx context.Context, _ string, _ []byte) ([]byte, string, error) {
			<-ctx.Done()
			return nil, "", ctx.Err()
		}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			f := c.function
			if f == nil {
				f = says(c.reply)
			}
			w := serve(adapter(t, f, ""), request("GET", "/", ""))
			if w.Code != c.status || c.kind != "" && (w.Body.String() != c.body || w.Header().Get("Content-Type") != c.kind) {
				t.Errorf("%d %s %q", w.Code, w.Header(), w.Body)
			}
			if c.status >= 500 && !strings.Contains(w.Body.String(), `"message":`) {
				t.Errorf("%q", w.Body)
			}
		})
	}
}

func TestLimitsAndRoutes(t *testing.T) {
	a := adapter(t, func(_ context.Context, name string, _ []byte) ([]byte, string, error) {
		return []byte(`"` + name + `"`), "", nil
	}, "")
	for _, c := range []struct {
		r      *http.Request
		status int
		body   string
	}{
		{request("GET", "/healthz", ""), 200, "health"},
		{request("POST", "/healthz", ""), 200, "api"},
		{request("GET", "/open/a", ""), 200, "open"},
		{request("DELETE", "/open/a/b/c", ""), 200, "open"},
		{request("GET", "/open/", ""), 200, "api"}, // a greedy variable is at least one segment
		{request("GET", "/open", ""), 200, "api"},
		{request("GET", "/opened/a", ""), 200, "api"},
		{request("POST", "/", strings.Repeat("x", MaxBody)), 200, "api"},
		{request("POST", "/", strings.Repeat("x", MaxBody+1)), 413, ""},
	} {
		if w := serve(a, c.r); w.Code != c.status || c.body != "" && w.Body.String() != c.body {
			t.Errorf("%s %s: %d %.80s", c.r.Method, c.r.URL.Path, w.Code, w.Body)
		}
	}
	if _, err := New(Config{API: template.API{Routes: []template.Route{{Key: "GET /v1/{id}"}}}}); err == nil {
		t.Error("a path variable was taken")
	}
}

func TestOrigins(t *testing.T) {
	a := adapter(t, says(`{"statusCode":200,"headers":{"access-control-allow-origin":"*","etag":"1"}}`), "")
	cases := []struct {
		name, method, origin, host string
		status                     int
		allowed                    string
	}{
		{"the viewer reads", "GET", "http://localhost:5173", "", 200, "http://localhost:5173"},
		{"the viewer writes", "POST", "http://localhost:5173", "", 200, "http://localhost:5173"},
		{"our own page writes", "POST", "http://127.0.0.1:8000", "", 200, "*"},
		{"another page of this machine writes", "POST", "http://127.0.0.1:9000", "", 403, ""},
		{"a stranger writes", "POST", "http://evil.example", "", 403, ""},
		{"a stranger deletes", "DELETE", "null", "", 403, ""},
		{"no page at all", "POST", "", "", 200, "*"},
		{"a rebound name", "GET", "", "evil.example:8000", 421, ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			r := request(c.method, "/", "")
			if c.origin != "" {
				r.Header.Set("Origin", c.origin)
			}
			if c.host != "" {
				r.Host = c.host
			}
			w := serve(a, r)
			if w.Code != c.status || w.Header().Get("Access-Control-Allow-Origin") != c.allowed {
				t.Errorf("%d %v", w.Code, w.Header())
			}
		})
	}
	for origin, want := range map[string]string{"http://localhost:5173": "GET,POST", "http://evil.example": ""} {
		w := serve(a, request("OPTIONS", "/v1/jobs", "", "Origin", origin, "Access-Control-Request-Method", "POST"))
		if w.Code != 204 || w.Header().Get("Access-Control-Allow-Methods") != want {
			t.Errorf("%s: %d %v", origin, w.Code, w.Header())
		}
	}
}

func TestToken(t *testing.T) {
	a := adapter(t, says(`"in"`), "secret")
	for _, c := range []struct {
		r      *http.Request
		status int
	}{
		{request("GET", "/", ""), 401},
		{request("GET", "/", "", "Authorization", "Bearer wrong"), 401},
		{request("GET", "/", "", "Authorization", "Bearer secret"), 200},
		{request("GET", "/", "", "Cookie", "iris_token=secret"), 200},
		{request("GET", "/?token=secret", ""), 303},
		{request("GET", "/?token=", ""), 401},
		{request("GET", "/healthz", ""), 200},
		{request("POST", "/healthz", ""), 401},
		{request("GET", "/open/a", "", "Authorization", "Bearer iris_share_x"), 200},
		{request("GET", "/open/a?token=secret", ""), 200}, // an open route has nothing to do with the token
		{request("GET", "/open/", ""), 401},
		{request("OPTIONS", "/v1/jobs", "", "Origin", "http://localhost:5173", "Access-Control-Request-Method", "GET"), 204},
	} {
		if w := serve(a, c.r); w.Code != c.status {
			t.Errorf("%s %v: %d, want %d", c.r.URL, c.r.Header, w.Code, c.status)
		}
	}
}

// A client that stops in the middle of its body is told so, and its connection ends.
func TestASlowBodyIsNotWaitedForForever(t *testing.T) {
	a := adapter(t, says(`{"statusCode":204}`), "")
	a.cfg.BodyWithin = 20 * time.Millisecond
	server := httptest.NewServer(a)
	defer server.Close()
	body, write := io.Pipe()
	defer func() { _ = write.Close() }()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL+"/v1/jobs", body)
	if err != nil {
		t.Fatal(err)
	}
	req.ContentLength = 100
	go func() { _, _ = write.Write([]byte(`{"file":`)) }()
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusRequestTimeout || !resp.Close {
		t.Errorf("%s, connection closed: %v", resp.Status, resp.Close)
	}
}

// What a reply varies by is added to what the API's CORS does.
func TestRepliesVaryByMoreThanTheOrigin(t *testing.T) {
	a := adapter(t, says(`{"statusCode":200,"headers":{"vary":"Accept-Encoding"},"body":"x"}`), "")
	w := serve(a, request("GET", "/v1/jobs", "", "Origin", "http://localhost:5173"))
	if got := w.Header().Values("Vary"); !slices.Equal(got, []string{"Origin", "Accept-Encoding"}) {
		t.Errorf("Vary %q", got)
	}
}

// A function is told that IAM let a request in only where the route asks for IAM, so that
// what an open route lets in is nobody's.
func TestAnOpenRouteSaysNothingOfItsCaller(t *testing.T) {
	for _, token := range []string{"", "secret"} {
		var got events.APIGatewayV2HTTPRequest
		a := adapter(t, func(_ context.Context, _ string, payload []byte) ([]byte, string, error) {
			got = events.APIGatewayV2HTTPRequest{}
			return []byte(`{"statusCode":204}`), "", json.Unmarshal(payload, &got)
		}, token)
		for path, signed := range map[string]bool{"/": true, "/open/a": false, "/healthz": false, "/v1/jobs": true} {
			if w := serve(a, request("GET", path, "", "Authorization", "Bearer secret")); w.Code != 204 {
				t.Fatalf("%s: %d", path, w.Code)
			}
			if c := got.RequestContext.Authorizer; (c != nil && c.IAM != nil && c.IAM.UserARN != "") != signed {
				t.Errorf("%s: %+v", path, c)
			}
		}
	}
}

// Of two greedy routes the one that says most of the path is taken, whatever its method.
func TestGreedyRoutes(t *testing.T) {
	a, err := New(Config{API: template.API{Routes: []template.Route{{Key: "OPTIONS /{proxy+}"}, {Key: "ANY /open/{proxy+}"}, {Key: "GET /open/more/{proxy+}"}, {Key: "GET /open/more/x"}, {Key: "$default"}}}})
	if err != nil {
		t.Fatal(err)
	}
	for call, want := range map[string]string{
		"OPTIONS /open/a": "ANY /open/{proxy+}", "OPTIONS /other": "OPTIONS /{proxy+}", "OPTIONS /": "OPTIONS /{proxy+}", "GET /other": "$default",
		"GET /open/more/a": "GET /open/more/{proxy+}", "POST /open/more/a": "ANY /open/{proxy+}", "GET /open/more": "ANY /open/{proxy+}", "GET /open/more/x": "GET /open/more/x",
	} {
		method, path, _ := strings.Cut(call, " ")
		if route, ok := a.match(request(method, path, "")); !ok || route.Key != want {
			t.Errorf("%s: %q, want %q", call, route.Key, want)
		}
	}
}
