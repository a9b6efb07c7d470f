package cloud_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/iris-oculus/iris/internal/cloud/blobs"
	"github.com/iris-oculus/iris/internal/job"
)

// meter is S3 on this machine, and how many bytes it answered; refuse may answer in its place.
type meter struct {
	bytes  atomic.Int64
	refuse func(w http.ResponseWriter, r *http.Request) bool
}

type meteredWriter struct {
	http.ResponseWriter
	m *meter
}

func (w meteredWriter) Write(p []byte) (int, error) {
	w.m.bytes.Add(int64(len(p)))
	return w.ResponseWriter.Write(p)
}

func metered(t *testing.T) (*blobs.Bucket, *meter) {
	t.Helper()
	s := storage(t)
	m := &meter{}
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if m.refuse != nil && m.refuse(w, r) {
			return
		}
		s.ServeHTTP(meteredWriter{w, m}, r)
	}))
	t.Cleanup(web.Close)
	cfg := config(web.URL)
	cfg.RetryMaxAttempts = 1
	return blobs.New(cfg, "iris-work"), m
}

func put(t *testing.T, b *blobs.Bucket, key, text string) job.Object {
	t.Helper()
	if _, err := b.Put(t.Context(), key, "x/y", strings.NewReader(text)); err != nil {
		t.Fatal(err)
	}
	o, err := b.Head(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// A delete says which object it means: one that was uploaded since then stays, on
// S3 that compares and on a store that does not know how.
func TestDeletesAreConditional(t *testing.T) {
	b, m := metered(t)
	for _, knows := range []bool{true, false} {
		if !knows {
			m.refuse = func(w http.ResponseWriter, r *http.Request) bool {
				if r.Method != http.MethodDelete || r.Header.Get("If-Match") == "" {
					return false
				}
				w.WriteHeader(http.StatusNotImplemented)
				_, _ = io.WriteString(w, "<Error><Code>NotImplemented</Code><Message>m</Message></Error>")
				return true
			}
		}
		old := put(t, b, "a b/ñ", "old")
		put(t, b, "a b/ñ", "newer")
		if err := b.DeleteIf(t.Context(), "a b/ñ", old.ETag); !errors.Is(err, job.ErrReplaced) {
			t.Errorf("another object, conditions known: %v: %v", knows, err)
		}
		now, err := b.Head(t.Context(), "a b/ñ")
		if err != nil {
			t.Fatalf("the newer object is gone, conditions known: %v: %v", knows, err)
		}
		if body, err := b.GetIf(t.Context(), "a b/ñ", old.ETag); !errors.Is(err, job.ErrReplaced) {
			t.Errorf("read another object: %v, %v", body, err)
		}
		for range 2 { // gone is gone
			if err := b.DeleteIf(t.Context(), "a b/ñ", now.ETag); err != nil {
				t.Errorf("its own object, conditions known: %v: %v", knows, err)
			}
		}
		if _, err := b.Head(t.Context(), "a b/ñ"); !errors.Is(err, job.ErrNotFound) {
			t.Errorf("it is still there: %v", err)
		}
	}
}

// Who looks at a magic number moves some kilobytes, not a block of 8 MiB.
func TestASmallLookIsASmallRead(t *testing.T) {
	b, m := metered(t)
	put(t, b, "slice", strings.Repeat("x", 20<<20))
	m.bytes.Store(0)
	r, _, err := b.ReaderAt(t.Context(), "slice")
	if err != nil {
		t.Fatal(err)
	}
	var magic [4]byte
	if n, err := r.ReadAt(magic[:], 128); n != 4 || err != nil {
		t.Fatal(n, err)
	}
	if got := m.bytes.Load(); got > 64<<10 {
		t.Errorf("%d bytes were moved for 4", got)
	}
}

// An object that is replaced or deleted while it is read, or whose store is busy
// or breaks off, ends the reading by name.
func TestReadingEndsByName(t *testing.T) {
	var busy *job.BusyError
	for name, c := range map[string]struct {
		meanwhile func(*blobs.Bucket, *meter)
		want      func(error) bool
	}{
		"replaced": {func(b *blobs.Bucket, _ *meter) { put(t, b, "scan", strings.Repeat("y", 20<<20)) }, func(err error) bool { return errors.Is(err, job.ErrReplaced) }},
		"deleted":  {func(b *blobs.Bucket, _ *meter) { _ = b.Delete(t.Context(), "scan") }, func(err error) bool { return errors.Is(err, job.ErrNotFound) }},
		"busy": {func(_ *blobs.Bucket, m *meter) {
			m.refuse = func(w http.ResponseWriter, _ *http.Request) bool {
				w.WriteHeader(http.StatusServiceUnavailable)
				return true
			}
		}, func(err error) bool { return errors.As(err, &busy) }},
		"broken off": {func(_ *blobs.Bucket, m *meter) {
			m.refuse = func(w http.ResponseWriter, _ *http.Request) bool {
				w.Header().Set("Content-Length", "8388608")
				w.WriteHeader(http.StatusPartialContent)
				_, _ = io.WriteString(w, "short")
				return true
			}
		}, func(err error) bool { return errors.As(err, &busy) }},
	} {
		t.Run(name, func(t *testing.T) { // one S3 a process: each ends before the next begins
			b, m := metered(t)
			put(t, b, "scan", strings.Repeat("x", 20<<20))
			r, _, err := b.ReaderAt(t.Context(), "scan")
			if err != nil {
				t.Fatal(err)
			}
			if _, err := r.ReadAt(make([]byte, 8), 0); err != nil {
				t.Fatal(err)
			}
			c.meanwhile(b, m)
			if _, err := r.ReadAt(make([]byte, 8), 12<<20); !c.want(err) || strings.Contains(err.Error(), "scan") {
				t.Errorf("%v", err)
			}
		})
	}
}

// A tombstone takes no change, an erasure writes over nothing but a tombstone, and
// a record that no item can hold is refused before DynamoDB refuses it.
func TestTombstones(t *testing.T) {
	s, ctx := table(t), t.Context()
	r := record(1, "a", "k")
	if _, _, err := s.Create(ctx, r); err != nil {
		t.Fatal(err)
	}
	if err := s.Erase(ctx, r, time.Now().Add(time.Hour)); !errors.Is(err, job.ErrStale) {
		t.Errorf("a record without a tombstone was erased: %v", err)
	}
	if _, err := s.Amend(ctx, r.ID, func(r *job.Record) error {
		for range 1500 {
			r.Structures = append(r.Structures, job.Structure{Name: strings.Repeat("x", 200)})
		}
		return nil
	}); err == nil || !strings.Contains(err.Error(), "want at most") {
		t.Errorf("a record beyond its bound: %v", err)
	}
	if _, err := s.Amend(ctx, r.ID, func(r *job.Record) error { r.Erased = true; return nil }); err != nil {
		t.Fatal(err)
	}
	for _, bare := range []bool{false, true} {
		if bare {
			if err := s.Erase(ctx, r, time.Now().Add(time.Hour)); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := s.Amend(ctx, r.ID, func(r *job.Record) error { r.Token = "late"; return nil }); !errors.Is(err, job.ErrStale) {
			t.Errorf("a late write to a tombstone, bare: %v: %v", bare, err)
		}
	}
	if got, err := s.Get(ctx, r.ID); err != nil || !got.Erased || got.Owner != "" || got.Token != "" {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestClaimsAreUndone(t *testing.T) {
	s, ctx := table(t), t.Context()
	if held, err := s.Claimed(ctx, "a", "k"); held != "" || err != nil {
		t.Errorf("%q, %v", held, err)
	}
	for _, value := range []string{"one", "two"} {
		if held, mine, err := s.Claim(ctx, "a", "k", value, time.Now()); held != value || !mine || err != nil {
			t.Errorf("%q, %v, %v", held, mine, err)
		}
		if held, err := s.Claimed(ctx, "a", "k"); held != value || err != nil {
			t.Errorf("%q, %v", held, err)
		}
		if err := s.Unclaim(ctx, "a", "k"); err != nil {
			t.Fatal(err)
		}
	}
}
