package e2e

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/iris-oculus/iris/internal/local/store"
	"github.com/iris-oculus/iris/internal/local/upgrade"
	"github.com/iris-oculus/iris/tests/upgrades"
)

// The state folder of every earlier version, killed in the middle of jobs, is opened by
// this one: what had ended is told as it was, what had not goes on to its end, nothing
// is done twice, and the GPU sleeps in the end.
func TestJobsOfEveryVersionGoOn(t *testing.T) {
	if os.Getenv("IRIS_E2E") == "" {
		t.Skip("SKIPPED: end-to-end tests run with IRIS_E2E=1 (make e2e)")
	}
	for _, f := range upgrades.All(t) {
		t.Run(f.Commit, func(t *testing.T) {
			s := up(t, f.Unpack(t))
			for id, kept := range f.Jobs {
				switch kept.Ends {
				case "":
					until(t, "the erased job is gone", patience, func() bool {
						r, err := http.Get(s.HTTP + "/v1/jobs/" + id)
						if err == nil {
							_ = r.Body.Close()
						}
						return err == nil && r.StatusCode == http.StatusNotFound
					})
				case kept.Was:
					if j := s.job(t, id); j.Status != kept.Ends || j.Attempt != 1 {
						t.Errorf("the job that was %s is %s, attempt %d", kept.Was, j.Status, j.Attempt)
					}
				default:
					until(t, fmt.Sprintf("the job that was %s has ended", kept.Was), patience, func() bool { return s.job(t, id).ended() })
					j := s.job(t, id)
					if j.Status != kept.Ends || j.Attempt != 1 || len(j.Artifacts) == 0 {
						t.Errorf("the job that was %s ended %s, attempt %d, with %d artifacts: %+v", kept.Was, j.Status, j.Attempt, len(j.Artifacts), j.Error)
					}
				}
			}
			if list, err := s.jobs("scan-1.nii.gz"); err != nil || len(list) != 1 {
				t.Errorf("the first upload has %d jobs (%v)", len(list), err)
			}
			s.rests(t)
		})
	}
}

// A state folder of a version yet to come is refused by name, and nothing in it changes.
func TestANewerStateIsRefused(t *testing.T) {
	if os.Getenv("IRIS_E2E") == "" {
		t.Skip("SKIPPED: end-to-end tests run with IRIS_E2E=1 (make e2e)")
	}
	state := t.TempDir()
	s := up(t, state)
	s.end(t)
	path := filepath.Join(state, upgrade.File)
	kept, err := store.Open(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	b := &store.Batch{}
	b.Put("meta", "version", store.Version+1)
	if err := kept.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := kept.Close(); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command(filepath.Join(s.root, "bin", "iris"), "up", "--state", state, "--http", "127.0.0.1:0", "--aws", "127.0.0.1:0")
	c.Dir, c.WaitDelay = s.root, time.Second
	out, err := c.CombinedOutput()
	if err == nil || !strings.Contains(string(out), "state_newer: store.db has version") {
		t.Errorf("%v: %s", err, out)
	}
	if after, err := os.ReadFile(path); err != nil || string(after) != string(before) {
		t.Errorf("the store was changed (%v)", err)
	}
}
