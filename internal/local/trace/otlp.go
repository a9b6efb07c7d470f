package trace

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Kind is a span's kind, by OTLP's number.
type Kind int

// The kinds that are used.
const (
	Internal Kind = 1
	Server   Kind = 2
	Client   Kind = 3
)

// Finished is a span that has ended.
type Finished struct {
	At         Header // its trace, and the span above it
	ID         string
	Name       string
	Kind       Kind
	Begun      time.Time
	Ended      time.Time
	Error      string      // the name of an error, or empty
	Attributes [][2]string // names and values
}

// The bounds of what waits to be sent, OpenTelemetry's defaults.
const (
	maxWaiting = 2048
	maxBatch   = 512
	sendEvery  = 5 * time.Second
)

// Options are read from the environment by FromEnv.
type Options struct {
	URL     string // where spans are posted; empty: nowhere
	Headers http.Header
	Timeout time.Duration
	Service string // service.name
	Version string
	Logger  *slog.Logger
}

// FromEnv reads OpenTelemetry's variables of the environment. Errors name a variable whose
// value cannot be used; its value, which may be a secret, they leave out.
func FromEnv(variable func(string) string) (o Options, err error) {
	if strings.EqualFold(variable("OTEL_SDK_DISABLED"), "true") {
		return o, nil
	}
	o = Options{Timeout: 10 * time.Second, Service: "iris", Headers: http.Header{}}
	if name := variable("OTEL_SERVICE_NAME"); name != "" {
		o.Service = name
	}
	if o.URL = variable("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"); o.URL == "" {
		if base := variable("OTEL_EXPORTER_OTLP_ENDPOINT"); base != "" {
			o.URL = strings.TrimRight(base, "/") + "/v1/traces"
		}
	}
	if variable("OTEL_TRACES_EXPORTER") == "none" {
		o.URL = ""
	}
	if o.URL == "" {
		return o, nil
	}
	at, err := url.Parse(o.URL)
	if err != nil || at.Host == "" || at.Scheme != "http" && at.Scheme != "https" {
		return o, errors.New("bad_otlp: OTEL_EXPORTER_OTLP_ENDPOINT: want http://… or https://…")
	}
	for _, name := range []string{"OTEL_EXPORTER_OTLP_PROTOCOL", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"} {
		if p := variable(name); p != "" && p != "http/json" {
			return o, fmt.Errorf("bad_otlp: %s: only http/json is spoken, which every collector takes at its port for HTTP", name)
		}
	}
	for _, name := range []string{"OTEL_EXPORTER_OTLP_HEADERS", "OTEL_EXPORTER_OTLP_TRACES_HEADERS"} {
		for pair := range strings.SplitSeq(variable(name), ",") {
			if strings.TrimSpace(pair) == "" {
				continue
			}
			key, value, found := strings.Cut(pair, "=")
			text, err := url.PathUnescape(strings.TrimSpace(value))
			if !found || err != nil {
				return o, fmt.Errorf("bad_otlp: %s: want name=value,name=value", name)
			}
			o.Headers.Set(strings.TrimSpace(key), text)
		}
	}
	if text := variable("OTEL_EXPORTER_OTLP_TIMEOUT"); text != "" {
		ms, err := strconv.Atoi(text)
		if err != nil || ms < 1 || ms > 600_000 {
			return o, errors.New("bad_otlp: OTEL_EXPORTER_OTLP_TIMEOUT: want milliseconds, at most 600000")
		}
		o.Timeout = time.Duration(ms) * time.Millisecond
	}
	return o, nil
}

// Exporter sends spans to a collector, a batch at a time, and never holds up who tells it
// of one: what does not fit is dropped and counted. A nil *Exporter drops all.
type Exporter struct {
	o       Options
	client  *http.Client
	spans   chan Finished
	dropped atomic.Int64
	stop    chan struct{}
	ended   sync.WaitGroup
}

// NewExporter begins to send; nil where no collector is named.
func NewExporter(o Options) *Exporter {
	if o.URL == "" {
		return nil
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	e := &Exporter{o: o, client: &http.Client{Timeout: o.Timeout}, spans: make(chan Finished, maxWaiting), stop: make(chan struct{})}
	e.ended.Go(e.run)
	return e
}

// Tell takes a span that has ended.
func (e *Exporter) Tell(f Finished) {
	if e == nil || f.At.Trace == "" {
		return
	}
	select {
	case e.spans <- f:
	default:
		e.dropped.Add(1)
	}
}

// Dropped counts the spans that no collector got.
func (e *Exporter) Dropped() int64 {
	if e == nil {
		return 0
	}
	return e.dropped.Load()
}

// Close sends what waits, once, and ends.
func (e *Exporter) Close() error {
	if e == nil {
		return nil
	}
	close(e.stop)
	e.ended.Wait()
	return nil
}

func (e *Exporter) run() {
	tick := time.NewTicker(sendEvery)
	defer tick.Stop()
	var batch []Finished
	for {
		ending := false
		select {
		case f := <-e.spans:
			if batch = append(batch, f); len(batch) < maxBatch {
				continue
			}
		case <-tick.C:
		case <-e.stop:
			ending = true
		}
		for ending && len(e.spans) > 0 {
			batch = append(batch, <-e.spans)
		}
		for len(batch) > 0 {
			n := min(len(batch), maxBatch)
			e.send(batch[:n])
			batch = batch[n:]
		}
		batch = nil
		if ending {
			return
		}
	}
}

// tries of one batch, of which the exporter's specification wants several where the
// collector is busy.
const tries = 3

func (e *Exporter) send(batch []Finished) {
	body, err := json.Marshal(e.request(batch))
	var again time.Duration
	for n := 0; err == nil && n < tries; n++ {
		if again, err = e.post(body); err == nil && again == 0 {
			return
		}
		if err == nil {
			select {
			case <-time.After(again):
			case <-e.stop:
				n = tries
			}
		}
	}
	if e.dropped.Add(int64(len(batch))) == int64(len(batch)) { // told once; the metric counts on
		e.o.Logger.Warn("the collector of OTEL_EXPORTER_OTLP_ENDPOINT does not take spans", "count", len(batch))
	}
}

// post sends one request; again says after which time it may be sent once more.
func (e *Exporter) post(body []byte) (again time.Duration, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), e.o.Timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, e.o.URL, bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	req.Header = e.o.Headers.Clone()
	req.Header.Set("Content-Type", "application/json")
	res, err := e.client.Do(req)
	if err != nil {
		return 0, err
	}
	defer res.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, 1<<20))
	switch res.StatusCode {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		seconds, err := strconv.Atoi(res.Header.Get("Retry-After"))
		if err != nil {
			seconds = 1
		}
		return time.Duration(min(max(seconds, 1), 30)) * time.Second, nil
	}
	if res.StatusCode/100 != 2 {
		return 0, errors.New(res.Status)
	}
	return 0, nil
}

// The parts of a request, by the names of OTLP's JSON encoding: ids in hexadecimal, times
// as decimal strings. https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding
type (
	attribute struct {
		Key   string `json:"key"`
		Value struct {
			String string `json:"stringValue"`
		} `json:"value"`
	}
	status struct {
		Code    int    `json:"code,omitempty"` // 2 for an error
		Message string `json:"message,omitempty"`
	}
	span struct {
		TraceID    string      `json:"traceId"`
		SpanID     string      `json:"spanId"`
		ParentID   string      `json:"parentSpanId,omitempty"`
		Name       string      `json:"name"`
		Kind       Kind        `json:"kind"`
		Start      string      `json:"startTimeUnixNano"`
		End        string      `json:"endTimeUnixNano"`
		Attributes []attribute `json:"attributes,omitempty"`
		Status     status      `json:"status"`
	}
	scope struct {
		Name    string `json:"name"`
		Version string `json:"version,omitempty"`
	}
	scopeSpans struct {
		Scope scope  `json:"scope"`
		Spans []span `json:"spans"`
	}
	resource struct {
		Attributes []attribute `json:"attributes"`
	}
	resourceSpans struct {
		Resource resource     `json:"resource"`
		Scopes   []scopeSpans `json:"scopeSpans"`
	}
	request struct {
		Resources []resourceSpans `json:"resourceSpans"`
	}
)

func attributes(pairs [][2]string) (all []attribute) {
	for _, p := range pairs {
		a := attribute{Key: p[0]}
		a.Value.String = p[1]
		all = append(all, a)
	}
	return all
}

func (e *Exporter) request(batch []Finished) request {
	spans := make([]span, 0, len(batch))
	for _, f := range batch {
		s := span{
			TraceID: f.At.Trace, SpanID: f.ID, ParentID: f.At.Parent, Name: f.Name, Kind: f.Kind, Attributes: attributes(f.Attributes),
			Start: strconv.FormatInt(f.Begun.UnixNano(), 10), End: strconv.FormatInt(f.Ended.UnixNano(), 10),
		}
		if f.Error != "" {
			s.Status = status{2, f.Error}
		}
		spans = append(spans, s)
	}
	who := attributes([][2]string{{"service.name", e.o.Service}, {"service.version", e.o.Version}})
	return request{[]resourceSpans{{resource{who}, []scopeSpans{{scope{"iris", e.o.Version}, spans}}}}}
}
