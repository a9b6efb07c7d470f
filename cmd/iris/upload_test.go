package main

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// An upload in the service's own parts that is killed at 60 % in the middle of one, and run
// again, sends at most that part again. With IRIS_TEST_GIB=1 it has 1 GiB.
func TestALargeUploadIsKilledAndResumed(t *testing.T) {
	const part = 16 << 20
	size := int64(5*part + 1)
	if os.Getenv("IRIS_TEST_GIB") != "" {
		size = 1 << 30
	}
	w := newTestWorld(t)
	scan := filepath.Join(t.TempDir(), "scan.nii")
	if err := os.WriteFile(scan, []byte("a large scan"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(scan, size); err != nil { // the rest is a hole
		t.Fatal(err)
	}
	cache := t.TempDir()
	submit := func() (kill func() error, run func() (string, error)) {
		c := apart(t, w, "submit", scan)
		c.Env = append(c.Env, "XDG_CACHE_HOME="+cache)
		return func() error { return c.Process.Kill() }, func() (string, error) { out, err := c.CombinedOutput(); return string(out), err }
	}
	kill, run := submit()
	puts, at := 0, int(size*6/10/part)+1
	w.before = func(_ int, r *http.Request, _ http.ResponseWriter) bool {
		if r.Method != http.MethodPut {
			return false
		}
		w.mu.Lock()
		puts++
		die := puts == at
		w.mu.Unlock()
		if die {
			buffer := make([]byte, part/2)
			n, _ := r.Body.Read(buffer)
			w.mu.Lock()
			w.uploads.received += int64(n)
			w.mu.Unlock()
			_ = kill()
			panic(http.ErrAbortHandler)
		}
		return false
	}
	if out, err := run(); err == nil {
		t.Fatalf("the upload was not killed: %s", out)
	}
	before := w.uploads.received
	_, run = submit()
	id, err := run()
	if err != nil || len(w.started) != 1 || w.started[0] != strings.TrimSpace(id)+"-1" {
		t.Fatalf("%s, %v: %v", id, err, w.started)
	}
	again := w.uploads.received - size
	t.Logf("%d bytes: %d arrived before the kill, %d were sent again", size, before, again)
	if again < 0 || again > part || before < size/2 {
		t.Errorf("%d bytes were sent again: want at most a part", again)
	}
}
