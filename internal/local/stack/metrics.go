package stack

import (
	"crypto/subtle"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/iris-oculus/iris/internal/local/gateway"
	"github.com/iris-oculus/iris/internal/local/metrics"
	"github.com/iris-oculus/iris/internal/local/trace"
)

// metricsPath is where Prometheus asks. It is no route of the API: on AWS the same
// metrics are CloudWatch's.
const metricsPath = "/metrics"

// serveMetrics answers the operator: who has the stack's token where it asks for one, else
// who is on this machine and was not sent here by a proxy.
func (s *Stack) serveMetrics(hosts gateway.Hosts, w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	switch {
	case !hosts.Allow(r.Host):
		http.Error(w, "the metrics are not reached under that host name", http.StatusMisdirectedRequest)
		return
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "want GET", http.StatusMethodNotAllowed)
		return
	case s.Token != "":
		if given, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); !ok || subtle.ConstantTimeCompare([]byte(given), []byte(s.Token)) != 1 {
			w.Header().Set("WWW-Authenticate", "Bearer")
			http.Error(w, "the metrics ask for the token of the stack", http.StatusUnauthorized)
			return
		}
	case !fromHere(r):
		http.Error(w, "the metrics are for this machine only", http.StatusForbidden)
		return
	}
	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	if r.Method == http.MethodGet {
		_ = s.watcher.set.Write(w)
	}
}

// fromHere says whether a request was made on this machine: a proxy on it says for whom
// it asks, and no page of a browser may read the answer.
func fromHere(r *http.Request) bool {
	for _, name := range []string{"Forwarded", "X-Forwarded-For", "X-Real-Ip", "Via", "Origin"} {
		if r.Header.Get(name) != "" {
			return false
		}
	}
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	ip := net.ParseIP(host)
	return err == nil && ip != nil && ip.IsLoopback()
}

// measured counts the requests of the API and begins their traces.
func (s *Stack) measured(api http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began, route, method := time.Now(), route(r.URL.Path), known(r.Method)
		at := trace.ParseW3C(r.Header.Get("Traceparent"))
		if at.Trace == "" {
			at = trace.New(began)
		}
		span := trace.Span()
		answer := &answered{ResponseWriter: w}
		defer func() {
			code := strconv.Itoa(max(answer.status, http.StatusOK))
			ended := time.Now()
			s.watcher.set.Add(metricRequests, 1, method, route, code)
			s.watcher.set.Observe(metricRequestTime, ended.Sub(began).Seconds(), method, route)
			failed := ""
			if answer.status >= http.StatusInternalServerError {
				failed = code
			}
			s.watcher.spans.Tell(trace.Finished{
				At: at, ID: span, Name: method + " " + route, Kind: trace.Server, Begun: began, Ended: ended, Error: failed,
				Attributes: [][2]string{{"http.request.method", method}, {"http.route", route}, {"http.response.status_code", code}},
			})
		}()
		api.ServeHTTP(answer, r.WithContext(trace.With(r.Context(), at.Under(span))))
	})
}

// answered remembers the status of an answer.
type answered struct {
	http.ResponseWriter
	status int
}

func (a *answered) WriteHeader(status int) {
	if a.status == 0 && status >= http.StatusOK {
		a.status = status
	}
	a.ResponseWriter.WriteHeader(status)
}

// Unwrap lets a ResponseController reach the connection.
func (a *answered) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// words are those of the API's addresses; any other part of one is somebody's.
var words = map[string]bool{
	"v1": true, "jobs": true, "parts": true, "complete": true, "cancel": true, "retry": true, "remesh": true, "artifacts": true, "events": true,
	"receipt": true, "share": true, "shared": true, "status": true, "healthz": true, "readyz": true, "openapi.json": true,
}

// mostParts bounds the parts of an address that are told apart.
const mostParts = 5

// route is an address with the parts that are somebody's left out, as openapi.json
// writes it: nothing of a job, a file or a query is in a metric.
func route(path string) string {
	parts := strings.Split(strings.Trim(path, "/"), "/")
	if len(parts) > mostParts || !words[parts[0]] {
		return metrics.Other
	}
	for n, p := range parts {
		switch {
		case n == 4:
			parts[n] = "{name}"
		case !words[p] || n == 2:
			parts[n] = "{id}"
		}
	}
	return "/" + strings.Join(parts, "/")
}

// known is a method of HTTP.
func known(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return method
	}
	return metrics.Other
}
