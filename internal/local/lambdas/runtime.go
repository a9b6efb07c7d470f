package lambdas

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// runtimeServer is the Lambda Runtime API (version 2018-06-01). Each process
// has a path of its own, whose first part only it knows.
type runtimeServer struct {
	address string
	server  *http.Server

	mu        sync.Mutex
	instances map[string]*instance
}

// closeLimit bounds the wait for handlers when the server closes.
const closeLimit = time.Second

func listenRuntime(logger *slog.Logger) (*runtimeServer, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen for functions: %w", err)
	}
	s := &runtimeServer{address: listener.Addr().String(), instances: map[string]*instance{}}
	mux := http.NewServeMux()
	const base = "/{token}/2018-06-01/runtime/"
	mux.HandleFunc("GET "+base+"invocation/next", s.of((*instance).serveNext))
	mux.HandleFunc("POST "+base+"invocation/{id}/response", s.of((*instance).serveResponse))
	mux.HandleFunc("POST "+base+"invocation/{id}/error", s.of((*instance).serveError))
	mux.HandleFunc("POST "+base+"init/error", s.of((*instance).serveInitError))
	s.server = &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second, ErrorLog: slog.NewLogLogger(logger.Handler(), slog.LevelDebug)}
	go func() {
		if err := s.server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			logger.Error("serve functions", "error", err.Error())
		}
	}()
	return s, nil
}

// Close ends the server; processes have ended before.
func (s *runtimeServer) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), closeLimit)
	defer cancel()
	if err := s.server.Shutdown(ctx); err != nil {
		return s.server.Close()
	}
	return nil
}

func (s *runtimeServer) register(in *instance) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.instances[in.token] = in
}

func (s *runtimeServer) unregister(in *instance) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.instances, in.token)
}

func (s *runtimeServer) of(handle func(*instance, http.ResponseWriter, *http.Request)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		in := s.instances[r.PathValue("token")]
		s.mu.Unlock()
		if in == nil {
			refuse(w, http.StatusForbidden, "InvalidToken", "no process has this path")
			return
		}
		handle(in, w, r)
	}
}

// refuse answers in the Runtime API's error form.
func refuse(w http.ResponseWriter, status int, kind, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"errorType": kind, "errorMessage": message})
}

func accept(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusAccepted)
	_, _ = w.Write([]byte(`{"status":"OK"}`))
}

// serveNext ends the invocation before and waits for another one.
func (in *instance) serveNext(w http.ResponseWriter, r *http.Request) {
	in.mu.Lock()
	asked := in.waiting // a request whose connection broke is made again
	in.waiting, in.current = true, nil
	in.mu.Unlock()
	if !asked {
		in.asks <- struct{}{} // has room: the one before was read before there was an invocation
	}
	var call *invocation
	select {
	case call = <-in.next:
	case <-r.Context().Done(): // the process has gone
		return
	}
	in.mu.Lock()
	in.waiting, in.current = false, call
	in.mu.Unlock()
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Content-Length", strconv.Itoa(len(call.payload)))
	h.Set("Lambda-Runtime-Aws-Request-Id", call.id)
	h.Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(call.deadline.UnixMilli(), 10))
	h.Set("Lambda-Runtime-Invoked-Function-Arn", in.f.spec.ARN)
	h.Set("Lambda-Runtime-Trace-Id", call.trace.Under(call.span).Text(in.f.host.config.Sampled))
	_, _ = w.Write(call.payload)
}

// answer takes the first outcome for the invocation of the path.
func (in *instance) answer(w http.ResponseWriter, r *http.Request, o outcome) bool {
	in.mu.Lock()
	call := in.current
	in.mu.Unlock()
	if call == nil || call.id != r.PathValue("id") {
		refuse(w, http.StatusBadRequest, "InvalidRequestID", "the process does not serve this request")
		return false
	}
	select {
	case call.answered <- o:
	default:
		refuse(w, http.StatusBadRequest, "InvalidStateTransition", "the request has been answered")
		return false
	}
	return true
}

func (in *instance) serveResponse(w http.ResponseWriter, r *http.Request) {
	body, fits, err := readAtMost(r.Body, maxReply)
	switch {
	case err != nil:
		refuse(w, http.StatusBadRequest, "InvalidRequest", "the reply broke off")
	case !fits:
		if in.answer(w, r, replyTooLarge()) {
			refuse(w, http.StatusRequestEntityTooLarge, "RequestEntityTooLarge", fmt.Sprintf("Exceeded maximum allowed payload size (%d bytes).", maxReply))
		}
	default:
		o := outcome{reply: body}
		if r.Trailer.Get("Lambda-Runtime-Function-Error-Type") != "" {
			// The reply was a stream that failed half-way; the trailer has the error.
			o.functionError = unhandled
			o.reply, _ = base64.StdEncoding.DecodeString(r.Trailer.Get("Lambda-Runtime-Function-Error-Body"))
		}
		if in.answer(w, r, o) {
			accept(w)
		}
	}
}

func (in *instance) serveError(w http.ResponseWriter, r *http.Request) {
	o, ok := readError(w, r)
	if ok && in.answer(w, r, o) {
		accept(w)
	}
}

func (in *instance) serveInitError(w http.ResponseWriter, r *http.Request) {
	o, ok := readError(w, r)
	if !ok {
		return
	}
	select {
	case in.failedInit <- o:
	default: // told twice; the first counts
	}
	accept(w)
}

func readError(w http.ResponseWriter, r *http.Request) (outcome, bool) {
	body, fits, err := readAtMost(r.Body, maxReply)
	if err != nil {
		refuse(w, http.StatusBadRequest, "InvalidRequest", "the error broke off")
		return outcome{}, false
	}
	if !fits {
		return replyTooLarge(), true
	}
	return outcome{reply: body, functionError: unhandled}, true
}
