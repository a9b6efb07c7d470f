package main

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/iris-oculus/iris/internal/job"
)

// troubled answers every third request of any kind with 429, 500, 503, a cut connection, or
// a cut connection after the service did what was asked.
func troubled(w *world) (failed func() int) {
	times := 0
	w.before = func(n int, r *http.Request, out http.ResponseWriter) bool {
		if n%3 != 0 || r.Header.Get("X-Within") != "" {
			return false
		}
		w.mu.Lock()
		times++
		kind := times % 5
		w.mu.Unlock()
		switch kind {
		case 1:
			out.Header().Set("Retry-After", "1")
			out.WriteHeader(http.StatusTooManyRequests)
		case 2:
			out.WriteHeader(http.StatusInternalServerError)
		case 3:
			out.WriteHeader(http.StatusServiceUnavailable)
		case 4:
			panic(http.ErrAbortHandler)
		default:
			r.Header.Set("X-Within", "1")
			w.Config.Handler.ServeHTTP(&deaf{header: http.Header{}}, r)
			panic(http.ErrAbortHandler)
		}
		return true
	}
	return func() int { w.mu.Lock(); defer w.mu.Unlock(); return times }
}

// Behind a proxy that fails at every third request a run of several scans ends well, with
// one job and one execution each.
func TestRunBehindATroubledProxy(t *testing.T) {
	w := newTestWorld(t)
	failed := troubled(w)
	t.Setenv("IRIS_API", w.URL)
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	t.Setenv("HOME", t.TempDir())
	dir, out := t.TempDir(), t.TempDir()
	var names, args []string
	for i := range 4 {
		names = append(names, fmt.Sprintf("s%d.nii.gz", i))
	}
	args = append([]string{"run", "-o", out + "/", "--parallel", "4"}, scansIn(t, dir, names...)...)
	if text, err := iris(t, args...); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	for _, name := range names {
		got, err := os.ReadFile(filepath.Join(out, strings.TrimSuffix(name, ".nii.gz")+".glb"))
		if err != nil || string(got) != "model of "+name {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	if all, twice := w.executions(); len(all) != 4 || twice {
		t.Errorf("executions %v", all)
	}
	page, err := w.jobs.ByOwner(t.Context(), job.BucketOwner, 100, "")
	if err != nil || len(page.Jobs) != 4 {
		t.Errorf("%d jobs, %v", len(page.Jobs), err)
	}
	if failed() < 7 { // of at least 24 requests
		t.Errorf("only %d requests failed", failed())
	}
}

// A job elsewhere is asked after as seldom as its service wants, one here at once.
func TestHowOftenAJobIsAskedAfter(t *testing.T) {
	here, away := &client{base: "http://127.0.0.1:8000"}, &client{base: "https://api.example.org"}
	for _, unchanged := range []time.Duration{0, 30 * time.Second, time.Hour} {
		want := max(2*time.Second, min(unchanged/10, 15*time.Second))
		if d := here.pollAfter(unchanged); d != pollEvery {
			t.Error(d)
		}
		if d := away.pollAfter(unchanged); d < want || d > want*5/4 {
			t.Errorf("after %v: %v", unchanged, d)
		}
	}
}
