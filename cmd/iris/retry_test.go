package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/iris-oculus/iris/internal/job"
)

// failing is the API and its storage, with failures before each answer.
type failing struct {
	*httptest.Server
	mu      sync.Mutex
	fail    map[string][]int // by "METHOD path": statuses before the answer; 1 cuts the connection
	calls   []string
	keys    map[string]bool // of POST /v1/jobs
	life    int             // PUTs that a signature holds
	epoch   int
	parts   map[string]string
	waits   []time.Duration
	polls   int
	retryIn string
}

func newFailing(t *testing.T) (*failing, *client) {
	t.Helper()
	s := &failing{fail: map[string][]int{}, keys: map[string]bool{}, parts: map[string]string{}, life: 1 << 30}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	c := &client{base: s.URL, http: s.Client(), pause: func(_ context.Context, d time.Duration) error { s.waits = append(s.waits, d); return nil }}
	c.random = func(most time.Duration) time.Duration { return most } // the longest of the waits that may be
	return s, c
}

const parts = 40

func (s *failing) sign(numbers []int) map[string]any {
	var signed []map[string]any
	for _, n := range numbers {
		signed = append(signed, map[string]any{"number": n, "url": fmt.Sprintf("%s/put/%d?epoch=%d", s.URL, n, s.epoch)})
	}
	return map[string]any{"part_bytes": 10, "parts": parts, "signed": signed}
}

func (s *failing) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	body, _ := io.ReadAll(r.Body)
	call := r.Method + " " + r.URL.Path
	s.calls = append(s.calls, call)
	if call == "POST /v1/jobs" {
		s.keys[r.Header.Get("Idempotency-Key")] = true
	}
	if left := s.fail[call]; len(left) > 0 {
		s.fail[call] = left[1:]
		if left[0] == 1 {
			panic(http.ErrAbortHandler)
		}
		if s.retryIn != "" {
			w.Header().Set("Retry-After", s.retryIn)
		}
		w.WriteHeader(left[0])
		return
	}
	reply := func(v any) { _ = json.NewEncoder(w).Encode(v) }
	switch {
	case call == "POST /v1/jobs":
		reply(map[string]any{"job": map[string]any{"id": "J"}, "upload": s.sign([]int{1, 2, 3})})
	case call == "POST /v1/jobs/J/parts":
		var in struct{ Numbers []int }
		_ = json.Unmarshal(body, &in)
		s.epoch++
		reply(s.sign(in.Numbers))
	case strings.HasPrefix(call, "PUT /put/"):
		if s.life--; r.URL.Query().Get("epoch") != fmt.Sprint(s.epoch) || s.life < 0 {
			s.life = 7
			w.WriteHeader(http.StatusForbidden) // as S3: Request has expired
			return
		}
		s.parts[r.URL.Path[5:]] = string(body)
		w.Header().Set("ETag", `"e"`)
	case call == "POST /v1/jobs/J/complete":
		reply(map[string]any{"id": "J", "status": "received"})
	case call == "GET /v1/jobs/J":
		s.polls++
		reply(map[string]any{"id": "J", "status": []job.Status{job.Preparing, job.Meshing, job.Ready}[min(s.polls-1, 2)]})
	case call == "GET /v1/jobs/J/artifacts/model.glb":
		reply(map[string]any{"url": s.URL + "/model"})
	case call == "GET /model":
		_, _ = io.WriteString(w, "glb")
	default:
		w.WriteHeader(http.StatusNotFound)
	}
}

func scanInParts(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "scan.nii")
	if err := os.WriteFile(path, []byte(strings.Repeat("0123456789", parts-1)+"x"), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// An erasure whose answer was lost is asked for again, and then there is no such
// job any more: that is what was wanted. Without a first try it is an error.
func TestAnErasureThatIsRepeated(t *testing.T) {
	s, c := newFailing(t)
	c.reached.Store(true)
	s.fail["DELETE /v1/jobs/J"] = []int{504, 1}
	if _, err := c.do(t.Context(), http.MethodDelete, "/v1/jobs/J", nil, nil); err != nil {
		t.Errorf("after two answers that were lost: %v", err)
	}
	if _, err := c.do(t.Context(), http.MethodDelete, "/v1/jobs/J", nil, nil); err == nil {
		t.Error("a job that is not there was erased")
	}
}

// Every call of a run fails for a while, and its parts' signatures run out: the
// run ends well, with one job and every part whole.
func TestARunOutlivesWhatPasses(t *testing.T) {
	s, c := newFailing(t)
	for _, call := range []string{"POST /v1/jobs", "POST /v1/jobs/J/parts", "PUT /put/5", "POST /v1/jobs/J/complete", "GET /v1/jobs/J",
		"GET /v1/jobs/J/artifacts/model.glb", "GET /model"} {
		s.fail[call] = []int{503, 429, 500, 502}
		if call != "POST /v1/jobs" { // which must be reached first
			s.fail[call] = append(s.fail[call], 1)
		}
	}
	s.life = 6
	v, _, err := c.submit(t.Context(), scanInParts(t), nil, func(int64, int64) {})
	if err != nil || v.ID != "J" {
		t.Fatal(v, err)
	}
	if v, _, err = c.follow(t.Context(), "J", func(jobView) {}); err != nil || v.Status != job.Ready {
		t.Fatal(v, err)
	}
	out := filepath.Join(t.TempDir(), "m.glb")
	v.Artifacts = artifactMap{job.ModelGLB: {SHA256: "9c2397f9a5c51ce6e31fbb8c5e2d5da4a53f1b0d2c7d5f0b5a4d1b4e6a7f8c9d"}}
	if err := c.fetch(t.Context(), v, job.ModelGLB, out); err == nil || !strings.Contains(err.Error(), "differs") {
		t.Errorf("another digest: %v", err)
	}
	if len(s.parts) != parts || s.parts["40"] != "x" || s.parts["5"] != "0123456789" || len(s.keys) != 1 || s.keys[""] {
		t.Errorf("%d parts, %d idempotency keys", len(s.parts), len(s.keys))
	}
}

func TestWhatDoesNotPassEndsAtOnce(t *testing.T) {
	for call, statuses := range map[string][]int{"GET /v1/jobs/J": {404}, "POST /v1/jobs": {400}, "PUT /put/1": {400}, "POST /v1/jobs/J/complete": {409}} {
		s, c := newFailing(t)
		s.fail[call] = statuses
		_, _, err := c.submit(t.Context(), scanInParts(t), nil, func(int64, int64) {})
		if err == nil {
			_, _, err = c.job(t.Context(), "J")
		}
		if err == nil || len(s.waits) > 0 {
			t.Errorf("%s: %v after %v", call, err, s.waits)
		}
	}
	// A signature that is refused though it is fresh is not renewed for ever.
	s, c := newFailing(t)
	s.fail["PUT /put/2"] = slices.Repeat([]int{403}, 100)
	if _, _, err := c.submit(t.Context(), scanInParts(t), nil, func(int64, int64) {}); !errors.Is(err, errSignature) {
		t.Errorf("%v", err)
	}
	// A request that may not be made twice is not.
	s.fail["POST /v1/jobs/J/retry"] = []int{503, 503}
	if _, err := c.do(t.Context(), http.MethodPost, "/v1/jobs/J/retry", nil, nil); err == nil || len(s.fail["POST /v1/jobs/J/retry"]) != 1 {
		t.Errorf("%v, %v", err, s.fail)
	}
	s.Close()
	if _, _, err := c.job(t.Context(), "J"); err == nil || len(s.waits) == 0 {
		t.Errorf("a service that went: %v after %v", err, s.waits)
	}
	gone := &client{base: s.URL, http: http.DefaultClient, pause: c.pause}
	s.waits = nil
	if _, _, err := gone.job(t.Context(), "J"); err == nil || len(s.waits) > 0 {
		t.Errorf("a service that never was: %v after %v", err, s.waits)
	}
}

func TestWaitsAreBoundedAndHonourTheService(t *testing.T) {
	s, c := newFailing(t)
	s.fail["GET /v1/jobs/J"] = slices.Repeat([]int{503}, 100)
	if _, _, err := c.job(t.Context(), "J"); err == nil || !strings.Contains(err.Error(), "503") || len(s.waits) != maxTries-1 {
		t.Errorf("%v after %v", err, s.waits)
	}
	total := time.Duration(0)
	for n, d := range s.waits {
		if total += d; d < firstWait || d > longWait || n > 0 && d < s.waits[n-1] {
			t.Errorf("waits %v", s.waits)
		}
	}
	if total < time.Minute || total > 3*time.Minute {
		t.Errorf("gave up after %v", total)
	}
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Duration{"": 0, "7": 7 * time.Second, "-3": 0, "86400": longestAsk, "x": 0,
		"99999999999999999999": longestAsk, "-99999999999999999999": 0, "0": 0, "2abc": 0,
		"Thu, 01 Jan 2026 00:00:20 GMT": 20 * time.Second, "Wed, 31 Dec 2025 00:00:00 GMT": 0} {
		if got := retryAfter(http.Header{"Retry-After": {text}}, now); got != want {
			t.Errorf("Retry-After %q: %v, want %v", text, got, want)
		}
	}
	c.random = func(time.Duration) time.Duration { return 0 }
	s.fail["GET /v1/jobs/J"], s.retryIn, s.waits = []int{429}, "7", nil
	if _, _, err := c.job(t.Context(), "J"); err != nil || !slices.Equal(s.waits, []time.Duration{7 * time.Second}) {
		t.Errorf("%v, waited %v", err, s.waits)
	}
}
