package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// told is a span as a collector gets it, in OTLP's JSON.
type told struct {
	TraceID, SpanID, ParentSpanID, Name string
	Start                               string `json:"startTimeUnixNano"`
	End                                 string `json:"endTimeUnixNano"`
}

// collect is a collector; what it returns gives the spans that came so far.
func collect(t *testing.T) (url string, spans func() []told, text func() string) {
	t.Helper()
	var mu sync.Mutex
	var all []told
	var raw strings.Builder
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		var in struct {
			ResourceSpans []struct{ ScopeSpans []struct{ Spans []told } }
		}
		if err == nil {
			err = json.Unmarshal(body, &in)
		}
		if err != nil || r.URL.Path != "/v1/traces" {
			t.Errorf("%s: %v", r.URL.Path, err)
		}
		mu.Lock()
		defer mu.Unlock()
		raw.Write(body)
		for _, resource := range in.ResourceSpans {
			for _, scope := range resource.ScopeSpans {
				all = append(all, scope.Spans...)
			}
		}
	}))
	t.Cleanup(server.Close)
	return server.URL, func() []told { mu.Lock(); defer mu.Unlock(); return slices.Clone(all) }, func() string { mu.Lock(); defer mu.Unlock(); return raw.String() }
}

// The way of a scan is one trace across its functions, its states and the model, in which
// every span has the one above it; and Prometheus sees what happened. Neither knows whose
// scan it was.
func TestAJobIsOneTrace(t *testing.T) {
	collector, spans, text := collect(t)
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector)
	s := up(t, t.TempDir(), "--install", newInstall(t).dir)
	const who = "DOE-JANE-19700101"
	id := s.send(t, sample(t, 32), who+"/scan.nii.gz")
	s.ends(t, id, "ready", "")

	whole := func() (found *told) {
		for _, one := range spans() {
			if one.Name == "iris-scan" {
				found = &one
			}
		}
		return found
	}
	until(t, "the execution's span has come", 2*time.Minute, func() bool { return whole() != nil })
	names := []string{"iris-intake", "iris-prepare", "iris-gpu", "iris-segment", "iris-segmented", "iris-mesh", "iris-settle", "iris-model", "Prepare", "Segment", "Mesh", "ParkGPU", "try"}
	missing := func() (list []string) {
		have := map[string]bool{}
		for _, one := range spans() {
			have[one.Name] = have[one.Name] || one.TraceID == whole().TraceID
		}
		for _, name := range names {
			if !have[name] {
				list = append(list, name)
			}
		}
		return list
	}
	until(t, "all spans of the job have come", 2*time.Minute, func() bool { return len(missing()) == 0 })
	byID := map[string]told{}
	for _, one := range spans() {
		byID[one.SpanID] = one
	}
	roots := 0
	for _, one := range byID {
		if one.TraceID != whole().TraceID {
			continue
		}
		above, known := byID[one.ParentSpanID]
		switch {
		case one.ParentSpanID == "":
			roots++
		case !known || above.TraceID != one.TraceID:
			t.Errorf("%s has no span above it", one.Name)
		}
		if len(one.Start) != len(one.End) || one.Start > one.End {
			t.Errorf("%s goes from %s to %s", one.Name, one.Start, one.End)
		}
	}
	if roots != 1 {
		t.Errorf("%d spans of the job are above all others", roots)
	}

	_, body := fetch(t, s.HTTP+"/metrics", nil)
	for _, want := range []string{
		`iris_jobs_ended_total{status="ready"} 1`, `iris_job_stage_duration_seconds_count{stage="meshing"} 1`, `iris_job_duration_seconds_count 1`,
		`iris_executions_ended_total{status="SUCCEEDED"} 1`, `iris_function_invocations_total{function="iris-mesh"} 1`, `iris_model_requests_total{error=""} 1`,
		`iris_dead_letters{queue="functions"} 0`, `iris_spans_dropped_total 0`,
	} {
		if !strings.Contains(string(body), want+"\n") {
			t.Errorf("the metrics have no %s", want)
		}
	}
	if strings.Contains(text()+string(body), who) || strings.Contains(string(body), id) {
		t.Error("traces or metrics know whose scan it was")
	}
	if t.Failed() {
		fmt.Println(string(body))
	}
}
