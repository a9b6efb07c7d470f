package stack

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/iris-oculus/iris/internal/local/asl"
	"github.com/iris-oculus/iris/internal/local/gateway"
	"github.com/iris-oculus/iris/internal/local/metrics"
	"github.com/iris-oculus/iris/internal/local/states"
	"github.com/iris-oculus/iris/internal/local/trace"
)

// Each address of openapi.json is one route of the metrics, whoever's job it is; no part
// of an address that is somebody's comes through.
func TestRoutes(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "api", "openapi.json"))
	if err != nil {
		t.Fatal(err)
	}
	var api struct{ Paths map[string]any }
	if err := json.Unmarshal(text, &api); err != nil || len(api.Paths) < 10 {
		t.Fatal(err, len(api.Paths))
	}
	for path := range api.Paths {
		filled := strings.NewReplacer("{id}", "01J0000000000000000000000A", "{name}", "DOE^JANE.glb").Replace(path)
		if got := route(filled); got != path {
			t.Errorf("%s is counted as %s", path, got)
		}
	}
	for path, want := range map[string]string{
		"/v1/jobs/DOE^JANE": "/v1/jobs/{id}", "/v1/DOE^JANE": "/v1/{id}", "/dicom-web/studies/1.2.3": metrics.Other,
		"/v1/a/b/c/d/e": metrics.Other, "/": metrics.Other, "/v1/jobs/events": "/v1/jobs/{id}", "/v1/jobs/x/artifacts/jobs": "/v1/jobs/{id}/artifacts/{name}",
	} {
		if got := route(path); got != want {
			t.Errorf("%s is counted as %s", path, got)
		}
	}
}

// The metrics are the operator's.
func TestWhoMaySeeTheMetrics(t *testing.T) {
	for name, c := range map[string]struct {
		token, method, host, remote, header, value string
		want                                       int
	}{
		"this machine":                    {"", "GET", "127.0.0.1:8000", "127.0.0.1:5", "", "", 200},
		"this machine, IPv6":              {"", "GET", "[::1]:8000", "[::1]:5", "", "", 200},
		"another machine":                 {"", "GET", "127.0.0.1:8000", "10.0.0.9:5", "", "", 403},
		"sent here by a proxy":            {"", "GET", "127.0.0.1:8000", "127.0.0.1:5", "X-Forwarded-For", "8.8.8.8", 403},
		"a page":                          {"", "GET", "127.0.0.1:8000", "127.0.0.1:5", "Origin", "https://example.org", 403},
		"a name that resolves to us":      {"", "GET", "evil.example:8000", "127.0.0.1:5", "", "", 421},
		"another method":                  {"", "POST", "127.0.0.1:8000", "127.0.0.1:5", "", "", 405},
		"with the token":                  {"s3cret", "GET", "10.0.0.1:8000", "10.0.0.9:5", "Authorization", "Bearer s3cret", 200},
		"with another token":              {"s3cret", "GET", "10.0.0.1:8000", "10.0.0.9:5", "Authorization", "Bearer s3cre", 401},
		"this machine, without the token": {"s3cret", "GET", "127.0.0.1:8000", "127.0.0.1:5", "", "", 401},
	} {
		t.Run(name, func(t *testing.T) {
			s := &Stack{Token: c.token, watcher: watcher{set: metrics.New(families()...)}}
			r := httptest.NewRequest(c.method, "http://"+c.host+metricsPath, nil)
			r.RemoteAddr = c.remote
			if c.header != "" {
				r.Header.Set(c.header, c.value)
			}
			w := httptest.NewRecorder()
			s.serveMetrics(gateway.Hosts{}, w, r)
			if w.Code != c.want || (w.Code == 200) != strings.Contains(w.Body.String(), "# TYPE iris_jobs_ended_total counter") {
				t.Errorf("%d %s", w.Code, w.Body)
			}
		})
	}
}

// Names are as Prometheus wants them: a prefix, base units, and _total for what only grows.
func TestNames(t *testing.T) {
	form := regexp.MustCompile(`^iris_[a-z_]+$`)
	for _, f := range families() {
		ends := map[metrics.Kind]string{metrics.Counter: "_total", metrics.Histogram: "_seconds"}[f.Kind]
		if !form.MatchString(f.Name) || !strings.HasSuffix(f.Name, ends) || !strings.HasSuffix(f.Help, ".") {
			t.Errorf("%+v", f)
		}
	}
}

// Requests are counted by what they were, and begin a trace or go on with the client's.
func TestRequestsAreCounted(t *testing.T) {
	s := &Stack{watcher: watcher{set: metrics.New(families()...)}}
	var at trace.Header
	h := s.measured(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		at = trace.From(r.Context())
		w.WriteHeader(http.StatusConflict)
		if err := http.NewResponseController(w).Flush(); err != nil {
			t.Error(err)
		}
	}))
	r := httptest.NewRequest("BREW", "/v1/jobs/x/cancel", nil)
	r.Header.Set("Traceparent", "00-5759e988bd862e3fe1be46a994272793-53995c3f42cd8ad8-01")
	h.ServeHTTP(httptest.NewRecorder(), r)
	if at.Trace != "5759e988bd862e3fe1be46a994272793" || at.Parent == "53995c3f42cd8ad8" || at.Parent == "" {
		t.Errorf("%+v", at)
	}
	first := at
	h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/v1/jobs/y/cancel", nil))
	if at.Trace == first.Trace || at.Trace == "" {
		t.Errorf("%+v", at)
	}
	var b strings.Builder
	_ = s.watcher.set.Write(&b)
	for _, want := range []string{
		`iris_http_requests_total{method="other",route="/v1/jobs/{id}/cancel",code="409"} 1`,
		`iris_http_requests_total{method="GET",route="/v1/jobs/{id}/cancel",code="409"} 1`,
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %s in %s", want, b.String())
		}
	}
}

// The spans of a history: states one after the other lie below the execution, those of a
// branch below its Parallel, and each try of a task below its state.
func TestSpansOfAnExecution(t *testing.T) {
	at := time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)
	second := func(n int) time.Time { return at.Add(time.Duration(n) * time.Second) }
	d := states.Done{ARN: "arn", Trace: trace.Header{Trace: "5759e988bd862e3fe1be46a994272793"}, Begun: at, Ended: second(99)}
	e := func(id, previous int64, kind, details string) asl.Event {
		return asl.Event{ID: id, Previous: previous, Time: second(int(id)), Type: kind, Details: json.RawMessage(details)}
	}
	history := []asl.Event{
		e(1, 0, "ExecutionStarted", `{"input":"DOE^JANE"}`),
		e(2, 0, "TaskStateEntered", `{"name":"Prepare"}`), e(3, 2, "TaskScheduled", `{}`), e(4, 3, "TaskStarted", `{}`), e(5, 4, "TaskFailed", `{"error":"BusyError","cause":"DOE^JANE"}`),
		e(6, 5, "TaskScheduled", `{}`), e(7, 6, "TaskStarted", `{}`), e(8, 7, "TaskSucceeded", `{}`), e(9, 8, "TaskStateExited", `{"name":"Prepare"}`),
		e(10, 9, "ParallelStateEntered", `{"name":"Finish"}`), e(11, 10, "ParallelStateStarted", `{}`),
		e(12, 11, "WaitStateEntered", `{"name":"Linger"}`), e(13, 11, "TaskStateEntered", `{"name":"Mesh"}`), e(14, 13, "TaskScheduled", `{}`),
		e(15, 12, "WaitStateExited", `{"name":"Linger"}`), e(16, 15, "ChoiceStateEntered", `{"name":"Again"}`),
	}
	type seen struct {
		Name, Above, Error string
		From, To           time.Time
	}
	names := map[string]string{trace.SpanOf("arn", 0): "whole"}
	var got []seen
	for _, f := range stateSpans(d, history) {
		names[f.ID] = f.Name
		got = append(got, seen{f.Name, names[f.At.Parent], f.Error, f.Begun, f.Ended})
		if f.At.Trace != d.Trace.Trace {
			t.Errorf("%+v is in another trace", f)
		}
	}
	want := []seen{
		{"Prepare", "whole", "", second(2), second(9)}, {"try", "Prepare", "BusyError", second(3), second(5)}, {"try", "Prepare", "", second(6), second(8)},
		{"Finish", "whole", "", second(10), second(99)}, {"Linger", "Finish", "", second(12), second(15)},
		{"Mesh", "Finish", "", second(13), second(99)}, {"try", "Mesh", "", second(14), second(99)}, {"Again", "Finish", "", second(16), second(99)},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got): %s", diff)
	}
}
