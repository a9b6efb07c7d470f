package chaos

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"time"

	"github.com/iris-oculus/iris/containers/tissue/server"
)

// model is a model server with SageMaker's contract that does what the storm wants: it
// answers, dies, hangs, or answers something else than a label map.
type model struct{ storm *storm }

// fit is what the model server does with one request.
type fit string

const (
	answers   fit = "answers"
	dies      fit = "dies"
	hangs     fit = "hangs"
	rubbish   fit = "rubbish"       // 200 and bytes that are no label map
	fails     fit = "500"           // with a JSON body that speaks of the scan
	overrun   fit = "503"           // the same
	lies      fit = "lies"          // a Content-Length greater than its body
	nothing   fit = "nothing"       // 200 and no body
	nameless  fit = "no length"     // 200 without a Content-Length
	busy      fit = "429"           // a client's error that is the moment's fault
	verbose   fit = "long headers"  // more headers than SageMaker takes
	truncated fit = "half a labels" // whole by its length, and half a label map
)

var fits = []fit{dies, hangs, rubbish, fails, fails, overrun, overrun, lies, nothing, nameless, busy, verbose, truncated}

// replies are the label maps by the digest of their request: the model is the tissue model,
// whose answer is the same each time, and the work is done once for all runs.
var replies sync.Map

func (m *model) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Path == "/ping" {
		return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody}, nil
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	does, takes := m.storm.model(r.Header.Get("X-Amzn-SageMaker-Inference-Id"))
	select {
	case <-time.After(takes):
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
	switch does {
	case dies:
		return nil, errors.New("EOF")
	case hangs:
		<-r.Context().Done()
		return nil, r.Context().Err()
	}
	w := httptest.NewRecorder()
	reply := func(status int, text string) *http.Response {
		w.Header().Set("Content-Length", fmt.Sprint(len(text)))
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, text)
		return result(w)
	}
	const refusal = `{"status":400,"code":"bad_volume","message":"not this one"}`
	switch does {
	case rubbish:
		return reply(http.StatusOK, "\x1f\x8b rubbish"), nil
	case nothing:
		return reply(http.StatusOK, ""), nil
	case fails:
		return reply(http.StatusInternalServerError, `{"status":500,"code":"bad_volume","message":"not this one"}`), nil
	case overrun:
		return reply(http.StatusServiceUnavailable, refusal[:1]+`"code":"bad_volume","message":"not this one"}`), nil
	case busy:
		return reply(http.StatusTooManyRequests, `{"status":429,"code":"busy","message":"later"}`), nil
	}
	labels, err := segmented(r.Context(), body)
	if err != nil {
		return nil, err
	}
	if does == truncated {
		labels = labels[:len(labels)/2]
	}
	response := &http.Response{
		StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/gzip"}},
		Body: io.NopCloser(bytes.NewReader(labels)), ContentLength: int64(len(labels)),
	}
	switch does {
	case lies:
		response.ContentLength *= 2
		response.Body = io.NopCloser(io.MultiReader(bytes.NewReader(labels), failing{}))
	case nameless:
		response.ContentLength = -1
	case verbose:
		response.Header.Set("X-Long", string(bytes.Repeat([]byte("x"), 5000)))
	}
	return response, nil
}

func result(w *httptest.ResponseRecorder) *http.Response {
	r := w.Result()
	r.ContentLength = int64(w.Body.Len())
	return r
}

// segmented asks the tissue model's own server, whatever the task is called.
func segmented(ctx context.Context, volume []byte) ([]byte, error) {
	digest := sha256.Sum256(volume)
	if known, ok := replies.Load(digest); ok {
		return known.([]byte), nil
	}
	w := httptest.NewRecorder()
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/invocations", bytes.NewReader(volume))
	r.Header.Set("X-Amzn-SageMaker-Custom-Attributes", "task=tissue;fast=false")
	server.Handler(slog.New(slog.DiscardHandler)).ServeHTTP(w, r)
	if w.Code != http.StatusOK {
		return nil, fmt.Errorf("the tissue model answered %d: %s", w.Code, w.Body)
	}
	replies.Store(digest, w.Body.Bytes())
	return w.Body.Bytes(), nil
}
