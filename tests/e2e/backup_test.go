package e2e

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// told runs the command on a state folder.
func (s *stack) told(args ...string) (string, error) {
	c := exec.Command(filepath.Join(s.root, "bin", "iris"), args...)
	c.Dir = s.root
	out, err := c.CombinedOutput()
	return string(out), err
}

// A backup of a stack at work: what was ready is there to the byte after a restore, and
// what was under way ends ready.
func TestBackup(t *testing.T) {
	state, copies := filepath.Join(t.TempDir(), "state"), t.TempDir()
	s := up(t, state)
	scan := sample(t, 48)
	if err := drop(t.Context(), s.sdk(t), scan, "before.nii.gz"); err != nil {
		t.Fatal(err)
	}
	before := s.finish(t, "before.nii.gz", patience)
	if err := drop(t.Context(), s.sdk(t), scan, "meanwhile.nii.gz"); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(copies, "backup.zip")
	if out, err := s.told("backup", file, "--state", state); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the backup: %v, %v", info.Mode(), err)
	}
	// The stack went on.
	if got := s.finish(t, "meanwhile.nii.gz", patience); got.Status != "ready" {
		t.Errorf("the job under way ended %s", got.Status)
	}
	if out, err := s.told("restore", file, "--state", state, "--replace"); err == nil || !strings.Contains(out, "is in use by") {
		t.Errorf("restored under a running stack: %v: %s", err, out)
	}
	if out, err := s.told("backup", filepath.Join(state, "x.zip"), "--state", state); err == nil {
		t.Errorf("a backup within the state: %s", out)
	}
	s.kill(t)
	again := filepath.Join(t.TempDir(), "again")
	if out, err := s.told("restore", file, "--state", again); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	r := up(t, again)
	got := r.finish(t, "before.nii.gz", patience)
	if got.ID != before.ID || got.Status != "ready" {
		t.Errorf("the job of before is %s, %s", got.ID, got.Status)
	}
	for name, a := range before.Artifacts {
		if got.Artifacts[name].SHA256 != a.SHA256 {
			t.Errorf("%s differs", name)
		}
	}
	r.holds(t, got.ID)
	if got := r.finish(t, "meanwhile.nii.gz", patience); got.Status != "ready" || got.Attempt != 1 {
		t.Errorf("the job that was under way ended %s, attempt %d: %+v", got.Status, got.Attempt, got.Error)
	}
	r.kill(t)
	// At rest, and over what is there.
	second := filepath.Join(copies, "second.zip")
	if out, err := s.told("backup", second, "--state", again); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if out, err := s.told("restore", second, "--state", state); err == nil || !strings.HasPrefix(out, "state_exists: ") {
		t.Errorf("restored over a state: %v: %s", err, out)
	}
	if out, err := s.told("restore", second, "--state", state, "--replace"); err != nil || !strings.Contains(out, ".before-") {
		t.Errorf("%v: %s", err, out)
	}
}

// holds compares what the service gives of a job with the digests of its record.
func (s *stack) holds(t *testing.T, id string) {
	t.Helper()
	out := filepath.Join(t.TempDir(), "model.glb")
	if said, err := s.told("get", id, "--state", s.state, "-o", out); err != nil {
		t.Errorf("%v: %s", err, said) // iris compares the digest
	}
}

// Killed at any moment, a backup leaves no file, the stack goes on, and a restore leaves
// the state that was there or the new one.
func TestKilledBackups(t *testing.T) {
	state, copies := filepath.Join(t.TempDir(), "state"), t.TempDir()
	s := up(t, state)
	if err := drop(t.Context(), s.sdk(t), sample(t, 48), "one.nii.gz"); err != nil {
		t.Fatal(err)
	}
	job := s.finish(t, "one.nii.gz", patience)
	killed := func(after time.Duration, args ...string) {
		c := exec.Command(filepath.Join(s.root, "bin", "iris"), args...)
		c.Dir = s.root
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		timer := time.AfterFunc(after, func() { _ = c.Process.Signal(syscall.SIGKILL) })
		_ = c.Wait()
		timer.Stop()
	}
	file := filepath.Join(copies, "backup.zip")
	for after := time.Millisecond; after < 200*time.Millisecond; after *= 2 {
		killed(after, "backup", file, "--state", state)
		if _, err := os.Stat(file); err == nil {
			// It came to its end before: then it is whole.
			if out, err := s.told("restore", file, "--state", filepath.Join(t.TempDir(), "x")); err != nil {
				t.Errorf("after %v: %v: %s", after, err, out)
			}
			_ = os.Remove(file)
		} else if !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
	}
	s.holds(t, job.ID) // nobody stands still
	if out, err := s.told("backup", file, "--state", state); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	s.kill(t)
	for after := time.Millisecond; after < 200*time.Millisecond; after *= 2 {
		killed(after, "restore", file, "--state", state, "--replace")
		if _, err := os.Stat(filepath.Join(state, "store.db")); err != nil {
			t.Fatalf("after %v there is no state: %v", after, err)
		}
	}
	r := up(t, state)
	if got := r.finish(t, "one.nii.gz", patience); got.ID != job.ID || got.Status != "ready" {
		t.Errorf("the job is %s, %s", got.ID, got.Status)
	}
	r.holds(t, job.ID)
	if left, _ := filepath.Glob(filepath.Join(state, "backup-*")); len(left) > 0 {
		t.Error("left", left)
	}
}
