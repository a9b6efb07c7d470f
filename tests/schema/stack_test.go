// Package schema holds the HTTP API of a stack on this machine against its document, as
// strangers see it: schemathesis makes requests of it, and a browser reads it from pages
// of other origins.
package schema

import (
	"bufio"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
)

// stack is a running `iris up`.
type stack struct {
	HTTP string `json:"http"`
	AWS  string `json:"aws"`

	root, state string
}

// up starts a stack, which ends with the test.
func up(t *testing.T, args ...string) *stack {
	t.Helper()
	if os.Getenv("IRIS_E2E") == "" {
		t.Skip("SKIPPED: tests against a stack run with IRIS_E2E=1 (make schema)")
	}
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	s := &stack{root: root, state: t.TempDir()}
	c := exec.Command(s.iris(), append([]string{
		"up", "--json", "--state", s.state, "--http", "127.0.0.1:0", "--aws", "127.0.0.1:0", "--linger", "5s",
	}, args...)...)
	c.Dir, c.Stderr = root, os.Stderr
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = c.Process.Signal(syscall.SIGTERM)
		if err := c.Wait(); err != nil {
			t.Errorf("iris up ended with %v", err)
		}
	})
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err != nil || json.Unmarshal(line, s) != nil {
		t.Fatalf("iris up says %q: %v", line, err)
	}
	return s
}

func (s *stack) iris() string { return filepath.Join(s.root, "bin", "iris") }

// ready is the id of a job that has ended well.
func (s *stack) ready(t *testing.T) string {
	t.Helper()
	scan := filepath.Join(t.TempDir(), "sample.nii.gz")
	if out, err := exec.Command(s.iris(), "sample", scan, "--size", "48").CombinedOutput(); err != nil {
		t.Fatalf("iris sample: %v: %s", err, out)
	}
	c := exec.Command(s.iris(), "run", scan, "--state", s.state, "-o", filepath.Join(t.TempDir(), "m.glb"), "--json")
	c.Stderr = os.Stderr
	out, err := c.Output()
	var v struct{ ID string }
	if err != nil || json.Unmarshal(out, &v) != nil || v.ID == "" {
		t.Fatalf("iris run: %v: %s", err, out)
	}
	return v.ID
}
