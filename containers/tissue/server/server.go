// Package server is the model server of the tissue model. It answers GET /ping and
// POST /invocations, as SageMaker demands.
//
// In: a prepared volume (.nii.gz) as body, options in the header
// X-Amzn-SageMaker-Custom-Attributes (task=tissue;fast=false). Out: the label map
// (.nii.gz) with Content-Length, seconds per step in the same header. Wrong input
// is 400 with {"status","code","message"}, never 500. One request is worked on at a time,
// one more waits, others get 429.
package server

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/iris-oculus/iris/internal/job"
	"github.com/iris-oculus/iris/internal/tissue"
	"github.com/iris-oculus/iris/internal/volume"
	"github.com/iris-oculus/iris/internal/volume/nifti"
)

// attributesHeader is the only header that SageMaker passes on from the request to the
// model server and from its answer to the caller.
const attributesHeader = "X-Amzn-SageMaker-Custom-Attributes"

// task is the only task of this model.
const task = "tissue"

// queue is the number of requests that may be worked on or wait.
const queue = 2

type server struct {
	log   *slog.Logger
	limit int64         // bytes of a body
	admit chan struct{} // holds an element for each request that is worked on or waits
	turn  chan struct{} // holds an element while a request is worked on
}

// Handler answers /ping and /invocations. Log gets no more than counts, codes
// and milliseconds.
func Handler(log *slog.Logger) http.Handler { return handler(log, volume.MaxPreparedBytes) }

func handler(log *slog.Logger, limit int64) http.Handler {
	s := &server{log: log, limit: limit, admit: make(chan struct{}, queue), turn: make(chan struct{}, 1)}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /ping", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) })
	mux.HandleFunc("POST /invocations", s.invoke)
	return mux
}

func (s *server) invoke(w http.ResponseWriter, r *http.Request) {
	select {
	case s.admit <- struct{}{}:
		defer func() { <-s.admit }()
	default:
		s.answer(w, http.StatusTooManyRequests, "busy", "a request is being worked on and another waits")
		return
	}
	select {
	case s.turn <- struct{}{}:
		defer func() { <-s.turn }()
	case <-r.Context().Done():
		s.refuse(w, r.Context().Err())
		return
	}
	if err := checkAttributes(r.Header.Get(attributesHeader)); err != nil {
		s.refuse(w, err)
		return
	}
	if r.ContentLength > s.limit {
		s.refuse(w, &http.MaxBytesError{Limit: s.limit})
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, s.limit)
	reply, times, err := work(r)
	if err != nil {
		s.refuse(w, err)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "application/gzip")
	h.Set("Content-Length", fmt.Sprint(reply.Len()))
	h.Set(attributesHeader, times.String())
	n, err := reply.WriteTo(w)
	if err != nil {
		s.log.Warn("reply not taken", job.LogError, err.Error())
		return
	}
	s.log.Info("segmented", job.LogBytes, n, job.LogMillis, times.total().Milliseconds())
}

// work segments the request's volume and returns the label map as .nii.gz. It is held
// in memory because the answer begins with its length.
func work(r *http.Request) (*bytes.Buffer, steps, error) {
	var times steps
	begun := time.Now()
	v, err := nifti.ReadVolume(r.Body)
	if err != nil {
		return nil, times, err
	}
	times.add("read", &begun)
	m, err := tissue.Segment(r.Context(), v)
	if err != nil {
		return nil, times, err
	}
	times.add("segment", &begun)
	var out bytes.Buffer
	if err := nifti.WriteLabels(&out, m); err != nil {
		return nil, times, err
	}
	times.add("write", &begun)
	return &out, times, nil
}

// steps are the seconds of each step.
type steps []step

type step struct {
	name string
	took time.Duration
}

func (t *steps) add(name string, begun *time.Time) {
	now := time.Now()
	*t = append(*t, step{name, now.Sub(*begun)})
	*begun = now
}

func (t steps) total() time.Duration {
	var sum time.Duration
	for _, s := range t {
		sum += s.took
	}
	return sum
}

func (t steps) String() string {
	parts := make([]string, len(t))
	for n, s := range t {
		parts[n] = fmt.Sprintf("%s=%.3f", s.name, s.took.Seconds())
	}
	return strings.Join(parts, ";")
}

// checkAttributes reads name=value pairs. It ignores options of other models, and the
// option fast, because this model has no faster variant.
func checkAttributes(header string) error {
	for _, pair := range strings.Split(header, ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(pair), "=")
		switch {
		case name == "task" && value != task:
			return volume.Reject("bad_option", "option task: this model does tissue only")
		case name == "fast" && value != "true" && value != "false":
			return volume.Reject("bad_option", "option fast: want true or false")
		}
	}
	return nil
}

// refuse answers with an error. The status is 400 when the scan is at fault, 503 when
// the server stops, and 400 for anything else, which means that the body could not be
// read to its end.
func (s *server) refuse(w http.ResponseWriter, err error) {
	var fault *volume.Error
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &fault):
		s.answer(w, http.StatusBadRequest, fault.Code, fault.Message)
	case errors.As(err, &large):
		s.answer(w, http.StatusBadRequest, "too_large", fmt.Sprintf("the body has more than %d bytes", large.Limit))
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		s.answer(w, http.StatusServiceUnavailable, "stopping", "the server stops or the client has gone")
	default:
		s.answer(w, http.StatusBadRequest, "truncated", "the body could not be read to its end")
	}
}

func (s *server) answer(w http.ResponseWriter, status int, code, message string) {
	// The status stands in the body too: of a failed asynchronous request
	// SageMaker keeps the body alone.
	body, err := json.Marshal(map[string]any{"status": status, "code": code, "message": message})
	if err != nil {
		panic(err) // a number and strings always marshal
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", fmt.Sprint(len(body)))
	w.WriteHeader(status)
	if _, err := w.Write(body); err != nil {
		s.log.Warn("reply not taken", job.LogError, err.Error())
	}
	s.log.Info("refused", job.LogCode, code, job.LogStatus, status)
}
