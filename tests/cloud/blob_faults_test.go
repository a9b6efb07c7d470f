package cloud_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync/atomic"
	"testing"

	"github.com/iris-oculus/iris/internal/cloud/blobs"
	"github.com/iris-oculus/iris/internal/job"
)

// faulty is S3 behind a front that can fail: busy answers 503 so many times, cut
// ends so many bodies of GET in their middle.
type faulty struct {
	*blobs.Bucket
	busy, cut atomic.Int32
}

func faultyBucket(t *testing.T) *faulty {
	t.Helper()
	s := storage(t)
	f := &faulty{}
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if f.busy.Add(-1) >= 0 {
			w.Header().Set("Content-Type", "application/xml")
			w.WriteHeader(http.StatusServiceUnavailable)
			_, _ = io.WriteString(w, `<?xml version="1.0"?><Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>`)
			return
		}
		if r.Method == http.MethodGet && f.cut.Add(-1) >= 0 {
			half := &halved{ResponseWriter: w}
			s.ServeHTTP(half, r)
			panic(http.ErrAbortHandler) // the connection breaks
		}
		s.ServeHTTP(w, r)
	}))
	t.Cleanup(web.Close)
	f.Bucket = blobs.New(config(web.URL), "iris-work")
	return f
}

// halved passes on half of the body that its length promises.
type halved struct {
	http.ResponseWriter
	left int
}

func (h *halved) WriteHeader(status int) {
	length, _ := strconv.Atoi(h.Header().Get("Content-Length"))
	h.left = length / 2
	h.ResponseWriter.WriteHeader(status)
}

func (h *halved) Write(p []byte) (int, error) {
	n := min(len(p), h.left)
	h.left -= n
	_, err := h.ResponseWriter.Write(p[:n])
	return len(p), err
}

func (f *faulty) fill(t *testing.T, key string, size int, value byte) []byte {
	t.Helper()
	text := bytes.Repeat([]byte{value}, size)
	if _, err := f.Put(t.Context(), key, "x/y", bytes.NewReader(text)); err != nil {
		t.Fatal(err)
	}
	return text
}

// A reader never gives bytes of two objects: once the object is replaced (412) or
// deleted (404), it fails.
func TestAnObjectReplacedOrDeletedUnderItsReader(t *testing.T) {
	f := faultyBucket(t)
	for name, change := range map[string]func(){
		"replaced": func() { f.fill(t, "replaced", 20<<20, 'b') },
		"deleted": func() {
			if _, err := f.DeletePrefix(t.Context(), "deleted"); err != nil {
				t.Fatal(err)
			}
		},
	} {
		f.fill(t, name, 20<<20, 'a')
		r, _, err := f.ReaderAt(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		p := make([]byte, 10)
		if _, err := r.ReadAt(p, 0); err != nil || p[0] != 'a' {
			t.Fatalf("%s: %q, %v", name, p, err)
		}
		change()
		if n, err := r.ReadAt(p, 16<<20); err == nil {
			t.Errorf("%s: %d bytes %q and no error", name, n, p[:n])
		}
	}
}

// 503 is asked again; when it lasts, it is an error, and never "no such object".
func TestABusyStore(t *testing.T) {
	f := faultyBucket(t)
	want := f.fill(t, "k", 1000, 'a')
	f.busy.Store(1)
	body, err := f.Get(t.Context(), "k")
	if err != nil {
		t.Fatalf("busy once: %v", err)
	}
	if got, err := io.ReadAll(body); err != nil || !bytes.Equal(got, want) {
		t.Errorf("busy once: %d bytes, %v", len(got), err)
	}
	_ = body.Close()
	f.busy.Store(1 << 20)
	if _, err := f.Get(t.Context(), "k"); err == nil || errors.Is(err, job.ErrNotFound) {
		t.Errorf("get while busy: %v", err)
	}
	if _, err := f.Head(t.Context(), "k"); err == nil || errors.Is(err, job.ErrNotFound) {
		t.Errorf("head while busy: %v", err)
	}
	if _, err := f.Put(t.Context(), "k", "x/y", bytes.NewReader(want)); err == nil {
		t.Error("put while busy: no error")
	}
}

// A body that ends early is an error, never a shorter object.
func TestAShortBody(t *testing.T) {
	f := faultyBucket(t)
	f.fill(t, "k", 1<<20, 'a')
	f.cut.Store(1 << 20)
	if body, err := f.Get(t.Context(), "k"); err == nil {
		got, err := io.ReadAll(body)
		if err == nil {
			t.Errorf("get: %d bytes of 1 MiB and no error", len(got))
		}
		_ = body.Close()
	}
	r, _, err := f.ReaderAt(t.Context(), "k")
	if err != nil {
		t.Fatal(err)
	}
	if n, err := r.ReadAt(make([]byte, 1<<20), 0); err == nil || err == io.EOF {
		t.Errorf("range: %d bytes, %v", n, err)
	}
	f.cut.Store(0)
	if n, err := r.ReadAt(make([]byte, 1<<20), 0); err != nil {
		t.Errorf("once it is whole again: %d bytes, %v", n, err)
	}
}
