// Package e2e drives bin/iris from outside, with clients that are not ours: the
// AWS SDK for Python and the AWS CLI. In: what `make build` made. The tests run
// when IRIS_E2E is set (`make e2e`), so that unit runs stay quick.
package e2e

import (
	"bufio"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// stack is a running `iris up`.
type stack struct {
	HTTP        string `json:"http"`
	AWS         string `json:"aws"`
	Credentials string `json:"credentials"`

	root    string // of the repository
	state   string // its folder
	calls   string // file of what the functions asked AWS for
	process *exec.Cmd
	out     io.Reader
}

// root is the folder with go.mod.
func root(t *testing.T) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for ; dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
	}
	t.Fatal("no go.mod above this test")
	return ""
}

// up starts the stack on a state folder and waits for its one line.
func up(t *testing.T, state string, args ...string) *stack {
	t.Helper()
	s := launch(t, state, args...)
	line, err := bufio.NewReader(s.out).ReadString('\n')
	if err != nil {
		t.Fatalf("iris up ended without a word: %v", err)
	}
	if err := json.Unmarshal([]byte(line), s); err != nil {
		t.Fatalf("iris up says %q: %v", line, err)
	}
	return s
}

// launch starts the stack and does not wait for it.
func launch(t *testing.T, state string, args ...string) *stack {
	t.Helper()
	if os.Getenv("IRIS_E2E") == "" {
		t.Skip("SKIPPED: end-to-end tests run with IRIS_E2E=1 (make e2e)")
	}
	s := &stack{root: root(t), state: state, calls: filepath.Join(t.TempDir(), "calls")}
	s.process = exec.Command(filepath.Join(s.root, "bin", "iris"), append([]string{
		"up", "--json", "--state", state, "--http", "127.0.0.1:0", "--aws", "127.0.0.1:0", "--linger", "1s", "--calls", s.calls,
	}, args...)...)
	s.process.Dir = s.root
	s.process.Stderr = os.Stderr
	var err error
	if s.out, err = s.process.StdoutPipe(); err != nil {
		t.Fatal(err)
	}
	if err := s.process.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.mayDo(t) })
	t.Cleanup(func() { s.end(t) })
	return s
}

// end asks the stack to end.
func (s *stack) end(t *testing.T) {
	t.Helper()
	if s.process.ProcessState != nil {
		return
	}
	ended := make(chan error, 1)
	go func() { ended <- s.process.Wait() }()
	_ = s.process.Process.Signal(syscall.SIGTERM)
	select {
	case err := <-ended:
		if err != nil {
			t.Errorf("iris up ended with %v", err)
		}
	case <-time.After(patience):
		_ = s.process.Process.Kill()
		t.Error("iris up did not end after SIGTERM")
	}
}

// python runs a client script against the stack.
func (s *stack) python(t *testing.T, script string) {
	t.Helper()
	python := os.Getenv("IRIS_PYTHON")
	if python == "" {
		t.Fatal("IRIS_PYTHON does not name a Python with tests/e2e/requirements.txt: run `make e2e`")
	}
	c := exec.Command(python, filepath.Join(s.root, "tests", "e2e", "clients", script))
	c.Dir = t.TempDir()
	c.Env = []string{
		"PATH=" + filepath.Dir(python) + ":" + os.Getenv("PATH"), "HOME=" + c.Dir, "PYTHONDONTWRITEBYTECODE=1",
		"AWS_ENDPOINT_URL=" + s.AWS, "AWS_SHARED_CREDENTIALS_FILE=" + s.Credentials,
		"AWS_REGION=us-east-1", "AWS_DEFAULT_REGION=us-east-1", "AWS_EC2_METADATA_DISABLED=true", "AWS_MAX_ATTEMPTS=1", "AWS_PAGER=",
		"IRIS_HTTP=" + s.HTTP,
	}
	if out, err := c.CombinedOutput(); err != nil {
		t.Errorf("%s: %v\n%s", script, err, strings.TrimSpace(string(out)))
	}
}
