package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/iris-oculus/iris/internal/job"
)

// problem is an error as RFC 9457 has it, with a stable code. It is an error too.
type problem struct {
	Status     int
	Code       string
	Detail     string
	RetryAfter int    // seconds, or 0 for no Retry-After
	Challenge  string // of WWW-Authenticate, or empty for none
}

func (p problem) Error() string { return p.Code + ": " + p.Detail }

func (p problem) write(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/problem+json")
	if p.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(p.RetryAfter))
	}
	if p.Challenge != "" {
		w.Header().Set("WWW-Authenticate", p.Challenge)
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

// read decodes a JSON body strictly: one object, only known fields in their exact
// spelling, and no null, which would read like a field that was left out. An empty body
// leaves the zero value. A body of another media type is refused, because a page of any
// origin may send text/plain without asking first (the CORS protocol's safelist).
func read(w http.ResponseWriter, r *http.Request, into any) error {
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		return fmt.Errorf("read body: %w", err)
	}
	if len(bytes.TrimSpace(raw)) == 0 {
		return nil
	}
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" || r.Header.Get("Content-Encoding") != "" {
		return problem{Status: http.StatusUnsupportedMediaType, Code: "unsupported_media_type", Detail: "want a body of Content-Type application/json, with no Content-Encoding"}
	}
	var fields map[string]json.RawMessage
	if !utf8.Valid(raw) || json.Unmarshal(raw, &fields) != nil || fields == nil {
		return badBody("the body is not one JSON object in UTF-8")
	}
	known := fieldNames(into)
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		switch {
		case !slices.Contains(known, name) && len(known) == 0:
			return badBody("%s is not known: this address takes no fields", quoted(name))
		case !slices.Contains(known, name):
			return badBody("%s is not known: want %s", quoted(name), strings.Join(known, ", "))
		case string(fields[name]) == "null":
			return badBody("%s is null: leave it out", name)
		}
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	if err := dec.Decode(into); err != nil {
		var kind *json.UnmarshalTypeError
		if errors.As(err, &kind) && kind.Field != "" {
			return badBody("%s: a JSON %s is not what /openapi.json describes", kind.Field, kind.Value)
		}
		return badBody("the body is not the JSON that /openapi.json describes")
	}
	return nil
}

func badBody(format string, args ...any) problem {
	return problem{Status: http.StatusBadRequest, Code: "bad_request", Detail: fmt.Sprintf(format, args...)}
}

// fieldNames are the JSON names of the fields of the struct that v points to.
func fieldNames(v any) (names []string) {
	for f := range reflect.TypeOf(v).Elem().Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		names = append(names, name)
	}
	return names
}
