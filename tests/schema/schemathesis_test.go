package schema

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Requests that the document allows and requests that it forbids are answered as it says:
// never 5xx, never with a status, a media type or a body that it does not have, and what
// it forbids is refused.
//
// One check of schemathesis is left out: that what the document allows is accepted. It
// cannot say which cursors were given out, which names a model has, or that two parts
// have two numbers.
func TestSchemathesis(t *testing.T) {
	s := up(t)
	program := os.Getenv("IRIS_SCHEMATHESIS")
	if program == "" {
		t.Fatal("IRIS_SCHEMATHESIS does not name schemathesis: run `make schema`")
	}
	ready := s.ready(t)
	config := filepath.Join(t.TempDir(), "schemathesis.toml")
	var text strings.Builder
	fmt.Fprintf(&text, "[parameters]\n\"path.id\" = %q\n", ready)
	// What ends a job has one of its own, so that it does not end those of the others.
	for _, operation := range []string{"signParts", "completeUpload", "cancelJob", "eraseJob"} {
		fmt.Fprintf(&text, "\n[[operations]]\ninclude-operation-id = %q\nparameters = { \"path.id\" = %q }\n", operation, s.awaiting(t))
	}
	if err := os.WriteFile(config, []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	c := exec.Command(program, "--config-file", config, "--no-color", "run", s.HTTP+"/openapi.json",
		"--phases", "examples,coverage,fuzzing", "--max-examples", "15", "--seed", "1", "--max-redirects", "0", "--continue-on-failure",
		"--suppress-health-check", "all", "--checks", "all", "--exclude-checks", "positive_data_acceptance")
	c.Dir = t.TempDir()
	out, err := c.CombinedOutput()
	if err != nil {
		t.Errorf("schemathesis: %v\n%s", err, out)
	}
	for _, line := range strings.Split(string(out), "\n") {
		if strings.Contains(line, "generated, ") || strings.Contains(line, "Tested:") {
			t.Log(strings.TrimSpace(line))
		}
	}
	if !strings.Contains(string(out), " generated, ") {
		t.Errorf("schemathesis made no requests:\n%s", out)
	}
	// The service is as well as before.
	if resp, err := http.Get(s.HTTP + "/readyz"); err != nil || resp.StatusCode != http.StatusOK {
		t.Errorf("/readyz afterwards: %v, %v", resp, err)
	} else {
		_ = resp.Body.Close()
	}
}

// awaiting is the id of a job that awaits its file.
func (s *stack) awaiting(t *testing.T) string {
	t.Helper()
	resp, err := http.Post(s.HTTP+"/v1/jobs", "application/json", strings.NewReader(`{"file":"a.nii.gz","bytes":40000000}`))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	var made struct{ Job struct{ ID string } }
	if err != nil || json.Unmarshal(body, &made) != nil || made.Job.ID == "" {
		t.Fatalf("%s: %s, %v", resp.Status, body, err)
	}
	return made.Job.ID
}
