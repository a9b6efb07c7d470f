package main

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/iris-oculus/iris/internal/job"
)

// A job is shared; whoever has the token, and nothing else, reads it with the same
// commands, until it is taken back.
func TestShare(t *testing.T) {
	w := newTestWorld(t)
	t.Setenv("IRIS_API", w.URL)
	t.Chdir(t.TempDir())
	if err := os.WriteFile("scan.nii.gz", []byte("scan"), 0o600); err != nil {
		t.Fatal(err)
	}
	w.before = func(_ int, r *http.Request, out http.ResponseWriter) bool {
		stored := strings.HasPrefix(r.URL.Path, "/result/")
		if stored {
			_, _ = out.Write([]byte("asdf"))
		}
		return stored
	}
	out, err := iris(t, "submit", "scan.nii.gz")
	if err != nil || out == "" || !job.ValidID(strings.Fields(out)[0]) {
		t.Fatalf("iris submit says %q, %v", out, err)
	}
	id := strings.Fields(out)[0]
	if _, err := w.jobs.Amend(t.Context(), id, func(r *job.Record) error {
		for _, name := range []string{job.ModelGLB, job.LabelsNIfTI} {
			r.Artifacts = append(r.Artifacts, job.Artifact{Name: name, Bytes: 4, SHA256: "f0e4c2f76c58916ec258f246851bea091d14d4247a2fc3e18694461b1816e13b", MediaType: job.MediaType(name)}) // of "asdf"
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	token, err := iris(t, "share", id, "--for", "24h", "--artifact", "model.glb", "--artifact", "check.png")
	if token = strings.TrimSpace(token); err != nil || !strings.HasPrefix(token, sharePrefix) {
		t.Fatalf("%q, %v", token, err)
	}
	list, err := iris(t, "share", id, "--list")
	if err != nil || strings.Contains(list, token) || !strings.Contains(list, "check.png model.glb") {
		t.Fatalf("%q, %v", list, err)
	}
	t.Setenv("IRIS_TOKEN", token)
	if out, err := iris(t, "status", id); err != nil || !strings.HasPrefix(out, id) {
		t.Errorf("status: %q, %v", out, err)
	}
	if _, err := iris(t, "get", id, "-o", "theirs.glb"); err != nil {
		t.Errorf("get: %v", err)
	}
	if theirs, err := os.ReadFile("theirs.glb"); err != nil || string(theirs) != "asdf" {
		t.Errorf("%q, %v", theirs, err)
	}
	for _, args := range [][]string{{"rm", id}, {"cancel", id}, {"share", id}, {"share", id, "--list"}, {"get", id, "--artifact", "labels.nii.gz"}} {
		if _, err := iris(t, args...); err == nil {
			t.Errorf("%v: allowed", args)
		}
	}
	t.Setenv("IRIS_TOKEN", "")
	if _, err := iris(t, "share", id, "--revoke="+strings.Fields(list)[0]); err != nil {
		t.Fatal(err)
	}
	t.Setenv("IRIS_TOKEN", token)
	if _, err := iris(t, "status", id); err == nil || !strings.HasPrefix(err.Error(), "no_share: ") || hint(err) == "" {
		t.Errorf("after it was taken back: %v", err)
	}
	t.Setenv("IRIS_TOKEN", "")
	for range 2 {
		if _, err := iris(t, "share", id); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := iris(t, "share", id, "--revoke"); err != nil {
		t.Fatal(err)
	}
	if list, err := iris(t, "share", id, "--list"); err != nil || list != "" {
		t.Errorf("%q, %v", list, err)
	}
	if files, _ := filepath.Glob("*"); len(files) != 2 {
		t.Errorf("%v", files)
	}
}

func TestShareIsRefusedByName(t *testing.T) {
	w := newTestWorld(t)
	t.Setenv("IRIS_API", w.URL)
	for _, args := range [][]string{{"--for", "7"}, {"--for", ""}, {"--for", "d"}, {"--for", "-1d"}, {"--for", "1.5d"}, {"--for", "99999999w"}, {"--for", "7 d"}, {"--list", "--revoke"}, {"--list", "--for", "1d"}, {"--revoke", "--artifact", "model.glb"}} {
		_, err := iris(t, append([]string{"share", someJob}, args...)...)
		if err == nil || exitCode(err) != exitUsage || !strings.HasPrefix(err.Error(), "usage: ") {
			t.Errorf("%v: %v", args, err)
		}
	}
	if len(w.requests) > 0 {
		t.Errorf("asked for %v", w.requests)
	}
	for text, want := range map[string]int64{"90m": 5400, "24h": 86400, "7d": 604800, "2w": 1209600} {
		if got, err := lifeOf(text); err != nil || got != want {
			t.Errorf("%s: %d, %v", text, got, err)
		}
	}
}
