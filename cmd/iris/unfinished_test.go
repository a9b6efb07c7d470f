package main

import (
	"bytes"
	"context"
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// storage is the API and its storage, which keeps the parts that arrived whole.
type storage struct {
	*httptest.Server
	mu       sync.Mutex
	part     int64
	size     int64
	jobs     int
	received int64            // bytes of parts, also of those that broke off
	parts    map[int][]byte   // of the job that was made last
	broken   func(n int) bool // asked in the middle of a part whether it breaks off
	complete bool
	status   string // of GET
}

func newStorage(t *testing.T, size, part int64) *storage {
	t.Helper()
	s := &storage{part: part, size: size, parts: map[int][]byte{}, status: "awaiting_upload"}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	return s
}

func (s *storage) plan(numbers []int, list bool) map[string]any {
	total := int((s.size + s.part - 1) / s.part)
	plan := map[string]any{"part_bytes": s.part, "parts": total}
	var there []map[string]any
	for n := 1; n <= total; n++ {
		if text, ok := s.parts[n]; ok && list {
			sum := md5.Sum(text)
			there = append(there, map[string]any{"number": n, "etag": `"` + hex.EncodeToString(sum[:]) + `"`, "bytes": len(text)})
		} else if list && len(numbers) < 16 {
			numbers = append(numbers, n)
		}
	}
	var signed []map[string]any
	for _, n := range numbers {
		signed = append(signed, map[string]any{"number": n, "url": fmt.Sprintf("%s/put/%d", s.URL, n)})
	}
	plan["uploaded"], plan["signed"] = there, signed
	return plan
}

func (s *storage) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if number := 0; r.Method == http.MethodPut {
		_, _ = fmt.Sscanf(r.URL.Path, "/put/%d", &number)
		s.put(w, r, number)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	body, _ := io.ReadAll(r.Body)
	id := fmt.Sprint("JOB", s.jobs)
	switch r.Method + " " + r.URL.Path {
	case "POST /v1/jobs":
		s.jobs++
		clear(s.parts)
		_ = json.NewEncoder(w).Encode(map[string]any{"job": map[string]any{"id": fmt.Sprint("JOB", s.jobs)}, "upload": s.plan(nil, true)})
	case "POST /v1/jobs/" + id + "/parts":
		var in struct{ Numbers []int }
		_ = json.Unmarshal(body, &in)
		if s.complete {
			w.WriteHeader(http.StatusConflict)
			_, _ = io.WriteString(w, `{"code":"conflict","detail":"the job is ready"}`)
			return
		}
		_ = json.NewEncoder(w).Encode(s.plan(in.Numbers, in.Numbers == nil))
	case "POST /v1/jobs/" + id + "/complete":
		s.complete = true
		_ = json.NewEncoder(w).Encode(map[string]any{"id": id, "status": "received"})
	case "GET /v1/jobs/" + id:
		_ = json.NewEncoder(w).Encode(map[string]any{"id": id, "status": s.status})
	default:
		w.WriteHeader(http.StatusNotFound)
		_, _ = io.WriteString(w, `{"code":"not_found","detail":"there is no such job"}`)
	}
}

func (s *storage) put(w http.ResponseWriter, r *http.Request, number int) {
	var text bytes.Buffer
	half := r.ContentLength / 2
	n, _ := io.CopyN(&text, r.Body, half)
	s.mu.Lock()
	s.received += n
	broken := s.broken
	s.mu.Unlock()
	if broken != nil && broken(number) {
		panic(http.ErrAbortHandler)
	}
	n, err := io.Copy(&text, r.Body)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.received += n; err != nil || int64(text.Len()) != r.ContentLength {
		return
	}
	s.parts[number] = text.Bytes()
	sum := md5.Sum(text.Bytes())
	w.Header().Set("ETag", `"`+hex.EncodeToString(sum[:])+`"`)
}

func (s *storage) content() string {
	var all bytes.Buffer
	for n := 1; n <= len(s.parts); n++ {
		all.Write(s.parts[n])
	}
	return all.String()
}

// TestMain is the command itself in the processes that a test starts.
func TestMain(m *testing.M) {
	if os.Getenv("IRIS_TEST_COMMAND") != "" {
		main()
		os.Exit(0)
	}
	if scan := os.Getenv("IRIS_TEST_SUBMIT"); scan != "" {
		if err := execute(context.Background(), rootCommand(), []string{"submit", scan}); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	if list := os.Getenv("IRIS_TEST_ARGS"); list != "" { // any command, in a process of its own
		err := execute(context.Background(), rootCommand(), strings.Split(list, "\n"))
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
		if err == nil {
			os.Exit(0)
		}
		os.Exit(exitCode(err))
	}
	os.Exit(m.Run())
}

// submitting is `iris submit` in a process of its own.
func submitting(t *testing.T, s *storage, scan, cache string) *exec.Cmd {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := exec.CommandContext(t.Context(), program)
	c.Env = append(os.Environ(), "IRIS_TEST_SUBMIT="+scan, "IRIS_API="+s.URL, "IRIS_TOKEN=", "XDG_CACHE_HOME="+cache, "HOME="+cache)
	return c
}

// An upload that is killed at 60 % and started again sends at most one part twice, of the
// same job, and what arrives is the file.
func TestAKilledUploadIsResumed(t *testing.T) {
	const partBytes = 64 << 10
	content := bytes.Repeat([]byte("0123456789abcdef"), 40*partBytes/16)
	for i := range 40 {
		copy(content[i*partBytes:], fmt.Sprint("part ", i)) // no two parts are alike
	}
	content = append(content, "the end"...)
	scan, cache := filepath.Join(t.TempDir(), "scan.nii"), t.TempDir()
	if err := os.WriteFile(scan, content, 0o600); err != nil {
		t.Fatal(err)
	}
	s := newStorage(t, int64(len(content)), partBytes)
	first := submitting(t, s, scan, cache)
	s.broken = func(n int) bool { return n == 25 && first.Process.Kill() == nil }
	out, err := first.CombinedOutput()
	s.mu.Lock()
	arrived := len(s.parts)
	s.broken = nil
	s.mu.Unlock()
	if err == nil || arrived != 24 {
		t.Fatalf("the first upload was not killed: %v, %d parts: %s", err, arrived, out)
	}
	if out, err := submitting(t, s, scan, cache).CombinedOutput(); err != nil || strings.TrimSpace(string(out)) != "JOB1" {
		t.Fatalf("resumed: %v: %s", err, out)
	}
	if s.jobs != 1 || !s.complete || s.content() != string(content) {
		t.Errorf("%d jobs, complete %v, %d bytes in parts", s.jobs, s.complete, len(s.content()))
	}
	if again := s.received - int64(len(content)); again < 0 || again > partBytes {
		t.Errorf("%d bytes were sent again: want at most a part, %d", again, partBytes)
	}
	// What is complete is not resumed: the next command is another job.
	if left, err := filepath.Glob(filepath.Join(cache, "iris", "uploads", "*")); err != nil || len(left) != 0 {
		t.Errorf("kept %v, %v", left, err)
	}
}

// What is resumed is the same file, to the same service with the same options, and parts
// that are not its own are sent again.
func TestWhatIsNotTheSameUploadIsNotResumed(t *testing.T) {
	content := []byte(strings.Repeat("a", 10) + strings.Repeat("b", 10) + strings.Repeat("c", 10))
	scan := filepath.Join(t.TempDir(), "scan.nii")
	write := func(text []byte) {
		if err := os.WriteFile(scan, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	begin := func() (*storage, *client) {
		write(content)
		s := newStorage(t, 30, 10)
		c := &client{base: s.URL, http: s.Client(), uploads: t.TempDir()}
		s.jobs = 1
		c.unfinished(scan, map[string]any{"file": "scan.nii", "bytes": 30, "options": map[string]any{}}).keep("JOB1")
		s.parts[1], s.parts[2] = content[:10], content[10:20]
		return s, c
	}
	none := func(int64, int64) {}
	submit := func(c *client, options map[string]any) string {
		t.Helper()
		v, _, err := c.submit(t.Context(), scan, options, none)
		if err != nil {
			t.Error(err)
		}
		return v.ID
	}

	s, c := begin()
	if id := submit(c, map[string]any{}); id != "JOB1" || s.jobs != 1 || s.received != 10 {
		t.Errorf("the same: %s, %d bytes", id, s.received)
	}
	s, c = begin()
	changed := []byte(strings.Repeat("a", 10) + strings.Repeat("x", 10) + strings.Repeat("c", 10))
	write(changed)
	if id := submit(c, map[string]any{}); id != "JOB1" || s.received != 20 || s.content() != string(changed) {
		t.Errorf("a part that changed: %s, %d bytes, %s", id, s.received, s.content())
	}
	s, c = begin()
	if id := submit(c, map[string]any{"fast": "true"}); id != "JOB2" || s.jobs != 2 || s.received != 30 {
		t.Errorf("other options: %s, %d bytes", id, s.received)
	}
	s, c = begin()
	s.jobs = 0 // and JOB1 is not known
	if id := submit(c, map[string]any{}); id != "JOB1" || s.jobs != 1 || s.received != 30 {
		t.Errorf("a job that is gone: %s, %d jobs, %d bytes", id, s.jobs, s.received)
	}
	for status, want := range map[string]string{"ready": "JOB1", "meshing": "JOB1", "awaiting_upload": "JOB1", "rejected": "JOB2", "cancelled": "JOB2"} {
		s, c = begin()
		s.complete, s.status = true, status
		if id := submit(c, map[string]any{}); id != want {
			t.Errorf("a complete upload whose job is %s: %s, want %s", status, id, want)
		}
	}
	// A file of long ago is deleted, one of a running process is left alone.
	s, c = begin()
	old := filepath.Join(c.uploads, "old.json")
	if err := os.WriteFile(old, []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(old, time.Time{}, time.Now().Add(-2*forgetAfter)); err != nil {
		t.Fatal(err)
	}
	u := c.unfinished(scan, map[string]any{"file": "scan.nii", "bytes": 30, "options": map[string]any{}})
	if err := os.WriteFile(u.path, fmt.Appendf(nil, `{"job":"JOB1","process":%d}`, os.Getppid()), 0o600); err != nil {
		t.Fatal(err)
	}
	if id := submit(c, map[string]any{}); id != "JOB2" || s.jobs != 2 {
		t.Errorf("beside another process: %s", id)
	}
	if _, err := os.Stat(old); err == nil {
		t.Error("a file of long ago is still there")
	}
	if note, ok := u.read(); !ok || note.Process != os.Getppid() {
		t.Errorf("the other process's file: %+v", note)
	}
}
