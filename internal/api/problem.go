package api

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/iris-oculus/iris/internal/job"
)

// problem is an error as RFC 9457 has it, with a stable code. It is an error too.
type problem struct {
	Status     int
	Code       string
	Detail     string
	RetryAfter int // seconds, or 0 for no Retry-After
}

func (p problem) Error() string { return p.Code + ": " + p.Detail }

func (p problem) write(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/problem+json")
	if p.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(p.RetryAfter))
	}
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(struct {
		Type   string `json:"type"`
		Title  string `json:"title"`
		Status int    `json:"status"`
		Code   string `json:"code"`
		Detail string `json:"detail"`
	}{"about:blank", http.StatusText(p.Status), p.Status, p.Code, p.Detail})
}

// conflict is a request that the job's status does not allow.
func conflict(format string, args ...any) problem {
	return problem{Status: http.StatusConflict, Code: "conflict", Detail: fmt.Sprintf(format, args...)}
}

// statusWords is a status as the words of a sentence.
func statusWords(s job.Status) string { return strings.ReplaceAll(string(s), "_", " ") }

// problemOf turns any error into a problem, without what the caller must not read.
func problemOf(err error) problem {
	var p problem
	var rejected *job.RejectedError
	var unsupported *job.UnsupportedError
	var busy *job.BusyError
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &p):
		return p
	case errors.As(err, &rejected):
		return problem{Status: http.StatusBadRequest, Code: rejected.Code, Detail: rejected.Message}
	case errors.As(err, &unsupported):
		return problem{Status: http.StatusUnprocessableEntity, Code: unsupported.Code, Detail: unsupported.Message}
	case errors.As(err, &busy):
		return problem{Status: http.StatusServiceUnavailable, Code: "busy", Detail: "try again", RetryAfter: 2}
	case errors.As(err, &large):
		return problem{Status: http.StatusRequestEntityTooLarge, Code: "too_large", Detail: "the request's body is too large"}
	case errors.Is(err, job.ErrNotFound):
		return problem{Status: http.StatusNotFound, Code: "not_found", Detail: "there is no such job"}
	case errors.Is(err, job.ErrStale):
		return problem{Status: http.StatusConflict, Code: "conflict", Detail: "the job changed meanwhile: look at it and ask again"}
	}
	return problem{Status: http.StatusInternalServerError, Code: "internal", Detail: "something failed that is not your fault"}
}

// reply writes a JSON body.
func reply(w http.ResponseWriter, status int, body any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, err = w.Write(append(text, '\n'))
	return err
}

// maxBody bounds a request's body; the longest holds 10,000 parts.
const maxBody = 1 << 20

var errMore = errors.New("something more than one value")

// read decodes a JSON body strictly. An empty body leaves the zero value.
func read(w http.ResponseWriter, r *http.Request, into any) error {
	dec := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
	dec.DisallowUnknownFields()
	err := dec.Decode(into)
	if errors.Is(err, io.EOF) {
		return nil
	}
	if err == nil {
		if _, more := dec.Token(); !errors.Is(more, io.EOF) {
			err = fmt.Errorf("after the body: %w", cmp.Or(more, errMore))
		}
	}
	if err != nil {
		var large *http.MaxBytesError
		if errors.As(err, &large) {
			return err
		}
		return problem{Status: http.StatusBadRequest, Code: "bad_request", Detail: "the body is not the JSON that /openapi.json describes"}
	}
	return nil
}
