package trace_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/iris-oculus/iris/internal/local/trace"
)

const (
	id     = "5759e988bd862e3fe1be46a994272793"
	parent = "53995c3f42cd8ad8"
)

func TestHeaders(t *testing.T) {
	whole := trace.Header{Trace: id, Parent: parent}
	for text, want := range map[string]trace.Header{
		"Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1":      whole,
		"Sampled=0;Parent=53995c3f42cd8ad8; Root=1-5759e988-bd862e3fe1be46a994272793;a=b": whole,
		"Root=1-5759e988-bd862e3fe1be46a994272793":                                        {Trace: id},
		"Root=1-5759e988-bd862e3fe1be46a994272793;Parent=DOE^JANE":                        {Trace: id},
		"Root=2-5759e988-bd862e3fe1be46a994272793":                                        {},
		"Root=1-5759E988-bd862e3fe1be46a994272793":                                        {},
		"Root=1-00000000-000000000000000000000000":                                        {},
		"Root=1-5759e988-bd862e3fe1be46a99427279":                                         {},
		"Parent=53995c3f42cd8ad8":                                                         {},
		"":                                                                                {},
		strings.Repeat(";", 600) + "Root=1-5759e988-bd862e3fe1be46a994272793":             {},
	} {
		if got := trace.Parse(text); got != want {
			t.Errorf("%.80q: %+v", text, got)
		}
	}
	if got := trace.Parse(whole.Text(true)); got != whole {
		t.Errorf("%s: %+v", whole.Text(true), got)
	}
	if got := (trace.Header{}).Text(true); got != "" {
		t.Error(got)
	}
	for text, want := range map[string]trace.Header{
		"00-" + id + "-" + parent + "-01":                      whole,
		"01-" + id + "-" + parent + "-01-more":                 whole,
		"00-" + id + "-" + parent + "-01-more":                 {},
		"ff-" + id + "-" + parent + "-01":                      {},
		"00-" + strings.Repeat("0", 32) + "-" + parent + "-01": {},
		"00-" + id + "-" + strings.Repeat("0", 16) + "-01":     {},
		"00-" + strings.ToUpper(id) + "-" + parent + "-01":     {},
		"00-" + id + "-" + parent:                              {},
	} {
		if got := trace.ParseW3C(text); got != want {
			t.Errorf("%s: %+v", text, got)
		}
	}
	if a, b := trace.New(time.Unix(0x5759e988, 0)), trace.New(time.Unix(0x5759e988, 0)); a == b || !strings.HasPrefix(a.Trace, "5759e988") || len(a.Trace) != 32 || trace.Parse(a.Text(false)) != a {
		t.Errorf("%+v, %+v", a, b)
	}
	if trace.SpanOf("a", 1) == trace.SpanOf("a", 2) || trace.SpanOf("a", 1) == trace.SpanOf("b", 1) {
		t.Error("spans of events are not told apart")
	}
}

func TestEnvironment(t *testing.T) {
	const end = "OTEL_EXPORTER_OTLP_ENDPOINT"
	for name, c := range map[string]struct {
		env      map[string]string
		url, err string
	}{
		"nothing":            {map[string]string{}, "", ""},
		"a base":             {map[string]string{end: "http://c:4318/"}, "http://c:4318/v1/traces", ""},
		"a base with a path": {map[string]string{end: "https://c/otel"}, "https://c/otel/v1/traces", ""},
		"one for traces":     {map[string]string{end: "http://c", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://d/x"}, "http://d/x", ""},
		"disabled":           {map[string]string{end: "http://c", "OTEL_SDK_DISABLED": "TRUE"}, "", ""},
		"no traces":          {map[string]string{end: "http://c", "OTEL_TRACES_EXPORTER": "none"}, "", ""},
		"no address":         {map[string]string{end: "c:4317"}, "", end},
		"grpc":               {map[string]string{end: "http://c", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, "", "OTEL_EXPORTER_OTLP_PROTOCOL"},
		"a secret, broken":   {map[string]string{end: "http://c", "OTEL_EXPORTER_OTLP_HEADERS": "secret"}, "", "OTEL_EXPORTER_OTLP_HEADERS"},
		"a timeout":          {map[string]string{end: "http://c", "OTEL_EXPORTER_OTLP_TIMEOUT": "soon"}, "", "OTEL_EXPORTER_OTLP_TIMEOUT"},
	} {
		t.Run(name, func(t *testing.T) {
			o, err := trace.FromEnv(func(name string) string { return c.env[name] })
			if c.err != "" {
				if err == nil || !strings.Contains(err.Error(), c.err) || strings.Contains(err.Error(), "secret") {
					t.Errorf("%v", err)
				}
				return
			}
			if err != nil || o.URL != c.url {
				t.Errorf("%q, %v", o.URL, err)
			}
		})
	}
}

// collector takes spans; each answer is the next of statuses, then 200.
func collector(t *testing.T, statuses ...int) (trace.Options, chan map[string]any) {
	t.Helper()
	got := make(chan map[string]any, 100)
	n := 0
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if n++; n <= len(statuses) {
			w.WriteHeader(statuses[n-1])
			return
		}
		if r.Header.Get("Content-Type") != "application/json" || r.Header.Get("Api-Key") != "a b" || r.URL.Path != "/v1/traces" {
			t.Errorf("%s %v", r.URL.Path, r.Header)
		}
		body, _ := io.ReadAll(r.Body)
		var m map[string]any
		if err := json.Unmarshal(body, &m); err != nil {
			t.Error(err)
		}
		got <- m
	}))
	t.Cleanup(s.Close)
	o, err := trace.FromEnv(func(name string) string {
		return map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": s.URL, "OTEL_EXPORTER_OTLP_HEADERS": "api-key=a%20b"}[name]
	})
	if err != nil {
		t.Fatal(err)
	}
	return o, got
}

func span(n int) trace.Finished {
	return trace.Finished{
		At: trace.Header{Trace: id, Parent: parent}, ID: fmt.Sprintf("%016x", n+1), Name: "iris-mesh", Kind: trace.Server,
		Begun: time.Unix(1, 5), Ended: time.Unix(2, 0), Error: "BusyError", Attributes: [][2]string{{"faas.name", "iris-mesh"}},
	}
}

// The body is OTLP's JSON: ids in hexadecimal, times as decimal strings, a kind and a
// status as numbers.
func TestOTLP(t *testing.T) {
	o, got := collector(t)
	o.Version = "v1"
	e := trace.NewExporter(o)
	e.Tell(span(0))
	e.Tell(trace.Finished{ID: "1"}) // in no trace
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	var want map[string]any
	text := `{"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"iris"}},{"key":"service.version","value":{"stringValue":"v1"}}]},
		"scopeSpans":[{"scope":{"name":"iris","version":"v1"},"spans":[{"traceId":"` + id + `","spanId":"0000000000000001","parentSpanId":"` + parent + `","name":"iris-mesh","kind":2,
		"startTimeUnixNano":"1000000005","endTimeUnixNano":"2000000000","attributes":[{"key":"faas.name","value":{"stringValue":"iris-mesh"}}],"status":{"code":2,"message":"BusyError"}}]}]}]}`
	if err := json.Unmarshal([]byte(text), &want); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, <-got); diff != "" || e.Dropped() != 0 {
		t.Errorf("dropped %d (-want +got): %s", e.Dropped(), diff)
	}
}

// A collector that is busy is asked again, one that refuses is not, and nobody waits for
// either: what is lost is counted.
func TestACollectorThatFails(t *testing.T) {
	o, got := collector(t, http.StatusBadRequest)
	e := trace.NewExporter(o)
	for n := range 512 {
		e.Tell(span(n))
	}
	for e.Dropped() == 0 {
		time.Sleep(time.Millisecond)
	}
	e.Tell(span(1))
	_ = e.Close()
	if len(got) != 1 || e.Dropped() != 512 {
		t.Errorf("%d requests were taken, %d spans dropped", len(got), e.Dropped())
	}
	o, got = collector(t, http.StatusServiceUnavailable)
	e = trace.NewExporter(o)
	for n := range 512 {
		e.Tell(span(n))
	}
	<-got
	_ = e.Close()
	if e.Dropped() != 0 {
		t.Errorf("%d spans dropped", e.Dropped())
	}
	var none *trace.Exporter
	none.Tell(span(1))
	if none = trace.NewExporter(trace.Options{}); none != nil || none.Close() != nil || none.Dropped() != 0 {
		t.Error("spans go nowhere")
	}
}
