// Package server is the model server of the tissue model. It answers GET /ping and
// POST /invocations, as SageMaker demands.
//
// In: a prepared volume (.nii.gz) as body, options in the header
// X-Amzn-SageMaker-Custom-Attributes (task=tissue;fast=false). Out: the label map
// (.nii.gz) with Content-Length, seconds per step in the same header. Wrong input
// is 400 with {"status","code","message"}, never 500, and so is a volume that could take
// more memory than there is, which is known from its header. Requests are worked on side
// by side as far as there is memory for the sum of what they may take; a second one
// waits where there is not, others get 429.
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

	"golang.org/x/sync/semaphore"

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
	log    *slog.Logger
	limit  int64         // bytes of a body
	admit  chan struct{} // holds an element for each request that is worked on or waits
	memory int64         // bytes that requests may take
	free   *semaphore.Weighted
}

// Handler answers /ping and /invocations. Log gets no more than counts, codes
// and milliseconds.
func Handler(log *slog.Logger) http.Handler {
	return newServer(log, volume.MaxPreparedBytes, memory()).handler()
}

func newServer(log *slog.Logger, limit, memory int64) *server {
	return &server{log: log, limit: limit, admit: make(chan struct{}, queue), memory: memory, free: semaphore.NewWeighted(memory)}
}

func (s *server) handler() http.Handler {
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
		s.answer(w, http.StatusTooManyRequests, "busy", "two requests are being worked on, or one is and another waits")
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
	in, err := nifti.NewReader(r.Body)
	if err != nil {
		s.refuse(w, err)
		return
	}
	need := tissue.Memory(in.Dims[0] * in.Dims[1] * in.Dims[2])
	if need > s.memory {
		s.refuse(w, volume.Reject("too_large",
			"a scan of %d × %d × %d voxels may take %d MB of memory here, and there are %d MB: send a part of it, or let the operator give the model more memory",
			in.Dims[0], in.Dims[1], in.Dims[2], (need+1<<20-1)>>20, s.memory>>20))
		return
	}
	if err := s.free.Acquire(r.Context(), need); err != nil {
		s.refuse(w, err)
		return
	}
	defer s.free.Release(need)
	reply, times, err := work(r.Context(), in)
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

// work reads and segments a volume and returns the label map as .nii.gz. It is held
// in memory because the answer begins with its length.
func work(ctx context.Context, in *nifti.Reader) (*bytes.Buffer, steps, error) {
	var times steps
	begun := time.Now()
	v, err := in.Volume()
	if err != nil {
		return nil, times, err
	}
	times.add("read", &begun)
	m, err := tissue.Segment(ctx, v)
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
