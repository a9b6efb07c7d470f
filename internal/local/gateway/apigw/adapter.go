// Package apigw is API Gateway's HTTP API on one machine. In: HTTP requests.
// Out: the answers of the functions behind the template's routes, called with
// events in payload format 2.0, with API Gateway's limits (10 MB, 30 s), its
// CORS and its errors. A route that asks for IAM is open on loopback, or asks for a
// token: the gateway stands for IAM. One that asks for a JWT gets its claims.
package apigw

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/iris-oculus/iris/internal/local/gateway"
	"github.com/iris-oculus/iris/internal/local/template"
)

// MaxBody is API Gateway's limit of a request.
const MaxBody = 10 << 20

// Config is what an Adapter needs.
type Config struct {
	API    template.API
	Hosts  gateway.Hosts // names, beside loopback's, under which the API is reached
	Token  string        // asked where a route asks for IAM; empty: nothing is
	Tokens Tokens        // checks what routes with a JWT authorizer ask for
	Invoke func(ctx context.Context, function string, payload []byte) (reply []byte, functionError string, err error)
	Logger *slog.Logger
	// Throttled says that each caller is held to the rates of the template's stage.
	Throttled bool
	Now       func() time.Time // the machine's clock when nil
	// BodyWithin is how long a request's body may take, as long as API Gateway's
	// integration when 0. Otherwise clients that send a byte a minute would hold
	// connections for ever.
	BodyWithin time.Duration
}

// Tokens checks a bearer token and gives its claims. The error is a *jwt.Refused, or that of
// an issuer that does not answer.
type Tokens interface {
	Claims(ctx context.Context, token string) (map[string]string, error)
}

const bodyWithin = 30 * time.Second

// Adapter is the HTTP API. Make one with New.
type Adapter struct {
	cfg    Config
	routes map[string]template.Route // by key
	greedy []string                  // what stands before the path variable of greedy routes, longest first

	throttle *throttle // nil: nobody is held to a rate

	streams                chan struct{} // one for each stream of events
	every, beat, writeWait time.Duration // of streams: see streamEvery
}

// New refuses routes that it cannot match.
func New(cfg Config) (*Adapter, error) {
	a := &Adapter{cfg: cfg, routes: map[string]template.Route{}, streams: make(chan struct{}, maxStreams), every: streamEvery, beat: streamBeat, writeWait: streamWrite}
	if cfg.Throttled {
		now := cfg.Now
		if now == nil {
			now = time.Now
		}
		a.throttle = newThrottle(now)
	}
	for _, r := range cfg.API.Routes {
		rest, greedy := strings.CutSuffix(r.Key, anyPath)
		if strings.Contains(rest, "{") {
			return nil, fmt.Errorf("route %q: path variables are not supported on one machine", r.Key)
		}
		if _, path, _ := strings.Cut(rest, " "); greedy {
			a.greedy = append(a.greedy, path)
		}
		if r.Authorization == template.AuthorizationJWT && cfg.Tokens == nil {
			return nil, fmt.Errorf("route %q: it asks for a JWT, and nobody checks those", r.Key)
		}
		a.routes[r.Key] = r
	}
	slices.SortFunc(a.greedy, func(x, y string) int { return cmp.Or(len(y)-len(x), strings.Compare(x, y)) })
	return a, nil
}

func (a *Adapter) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !a.cfg.Hosts.Allow(r.Host) {
		fail(w, http.StatusMisdirectedRequest, "Misdirected Request")
		return
	}
	if a.preflight(w, r) {
		return
	}
	if !a.mayChange(r) {
		fail(w, http.StatusForbidden, "Forbidden")
		return
	}
	route, ok := a.match(r)
	if !ok {
		fail(w, http.StatusNotFound, "Not Found")
		return
	}
	if a.throttle != nil {
		if wait, ok := a.throttle.allow(r.RemoteAddr, route); !ok {
			tooMany(w, wait)
			return
		}
	}
	who, ok := a.admit(w, r, route)
	if !ok {
		return
	}
	body, err := a.body(w, r)
	var tooLarge *http.MaxBytesError
	switch {
	case err == nil:
		a.answer(w, r, route, who, body)
	case errors.As(err, &tooLarge):
		fail(w, http.StatusRequestEntityTooLarge, "Request Entity Too Large")
	case errors.Is(err, os.ErrDeadlineExceeded):
		w.Header().Set("Connection", "close")
		fail(w, http.StatusRequestTimeout, "Request Timeout")
	} // otherwise the client is gone
}

// body reads a request's body, for a bounded time where the connection can be told to.
func (a *Adapter) body(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	connection := http.NewResponseController(w)
	if err := connection.SetReadDeadline(time.Now().Add(cmp.Or(a.cfg.BodyWithin, bodyWithin))); err == nil {
		defer func() { _ = connection.SetReadDeadline(time.Time{}) }()
	}
	return io.ReadAll(http.MaxBytesReader(w, r.Body, MaxBody))
}

// anyPath is the one path variable that is matched: the greedy one, at the end.
const anyPath = "/{proxy+}"

// match finds a route as API Gateway does: the path's, with the method or ANY, then
// the greedy one that says most of the path, then the default. A greedy variable stands
// for at least one segment.
func (a *Adapter) match(r *http.Request) (template.Route, bool) {
	keys := []string{r.Method + " " + r.URL.Path, "ANY " + r.URL.Path}
	for _, above := range a.greedy {
		if rest, ok := strings.CutPrefix(r.URL.Path, above+"/"); ok && (rest != "" || above == "") {
			keys = append(keys, r.Method+" "+above+anyPath, "ANY "+above+anyPath)
		}
	}
	for _, key := range append(keys, "$default") {
		if route, ok := a.routes[key]; ok {
			return route, true
		}
	}
	return template.Route{}, false
}

// answer invokes the function; it goes on when the client leaves, as on AWS.
func (a *Adapter) answer(w http.ResponseWriter, r *http.Request, route template.Route, who *caller, body []byte) {
	payload, err := json.Marshal(event(r, route.Key, who, a.cfg.API.Name, body, time.Now()))
	if err != nil {
		fail(w, http.StatusInternalServerError, "Internal Server Error")
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), route.Timeout)
	defer cancel()
	reply, functionError, err := a.cfg.Invoke(ctx, route.FunctionARN, payload)
	switch {
	case ctx.Err() != nil:
		fail(w, http.StatusServiceUnavailable, "Service Unavailable")
	case err != nil:
		a.cfg.Logger.Error("the api function could not be invoked", "error", err)
		fail(w, http.StatusServiceUnavailable, "Service Unavailable")
	case functionError != "":
		a.cfg.Logger.Error("the api function ended with an error", "kind", functionError)
		fail(w, http.StatusInternalServerError, "Internal Server Error")
	default:
		if !a.isPreflight(r) { // that has its headers
			a.allow(w.Header(), r)
		}
		if err := write(w, r, reply); err != nil {
			a.cfg.Logger.Error("the api function's reply is not one", "error", err)
			fail(w, http.StatusInternalServerError, "Internal Server Error")
			return
		}
		if events, ok := streamed(r, reply); ok {
			a.stream(w, r, events, func(next *http.Request) ([]byte, bool) { return a.again(next, route, who) })
		}
	}
}

// again invokes the function for a further question of a stream, as long as the token
// holds by which the stream was begun.
func (a *Adapter) again(r *http.Request, route template.Route, who *caller) ([]byte, bool) {
	now := a.cfg.Now
	if now == nil {
		now = time.Now
	}
	if expired(who, now()) {
		return nil, false
	}
	payload, err := json.Marshal(event(r, route.Key, who, a.cfg.API.Name, nil, now()))
	if err != nil {
		return nil, false
	}
	ctx, cancel := context.WithTimeout(r.Context(), route.Timeout)
	defer cancel()
	reply, functionError, err := a.cfg.Invoke(ctx, route.FunctionARN, payload)
	return reply, err == nil && functionError == ""
}

// fail answers in API Gateway's own words.
func fail(w http.ResponseWriter, status int, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"message": message})
}
