package e2e

import (
	"encoding/json"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// nobody is the user that the image runs as.
const nobody = 65532

// instruction is what a Dockerfile's last instruction of a name says.
func instruction(t *testing.T, text, name string) string {
	t.Helper()
	all := regexp.MustCompile(`(?m)^`+name+` (.*)$`).FindAllStringSubmatch(strings.ReplaceAll(text, "\\\n", ""), -1)
	if len(all) == 0 {
		t.Fatalf("the Dockerfile has no %s", name)
	}
	return all[len(all)-1][1]
}

// The image's steps, without Docker: the folder that its build assembles, its entry point
// and its health check, as its user, who may write to the state and a temporary folder only.
func TestImage(t *testing.T) {
	s := launchable(t)
	text, err := os.ReadFile(filepath.Join(s, "containers", "iris", "Dockerfile"))
	if err != nil {
		t.Fatal(err)
	}
	if os.Getuid() != 0 {
		t.Skip("SKIPPED: needs the right to be another user")
	}
	recipe := string(text)
	if user := instruction(t, recipe, "USER"); user != "65532:65532" {
		t.Errorf("it runs as %s", user)
	}
	var entry, check []string
	if err := json.Unmarshal([]byte(instruction(t, recipe, "ENTRYPOINT")), &entry); err != nil {
		t.Fatal(err)
	}
	_, asked, _ := strings.Cut(instruction(t, recipe, "HEALTHCHECK"), "CMD ")
	if err := json.Unmarshal([]byte(asked), &check); err != nil {
		t.Fatal(err)
	}
	// A folder that this user reaches, whatever holds the others of the tests.
	place, err := os.MkdirTemp("/var/tmp", "iris-image-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(place) })
	installed, state, scratch := filepath.Join(place, "opt"), filepath.Join(place, "state"), filepath.Join(place, "tmp")
	if out, err := exec.Command(filepath.Join(s, "containers", "iris", "assemble.sh"), installed).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if err := os.Chmod(place, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{state, scratch} {
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.Chown(dir, nobody, nobody); err != nil {
			t.Fatal(err)
		}
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	free := l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	as := func(words ...string) *exec.Cmd {
		for i, word := range words {
			words[i] = strings.NewReplacer("/opt/iris", installed, "/state", state, "127.0.0.1:8000", free).Replace(word)
		}
		path := words[0]
		if path == "iris" {
			path = filepath.Join(installed, "bin", "iris")
		}
		c := exec.Command(path, words[1:]...)
		c.Dir = "/"
		c.Env = []string{"PATH=" + os.Getenv("PATH"), "TMPDIR=" + scratch, "HOME=/nonexistent", "XDG_CACHE_HOME=" + scratch}
		c.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
		return c
	}
	c := as(append(entry, "--http", "127.0.0.1:8000", "--aws", "127.0.0.1:0")...)
	c.Stderr = os.Stderr
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = c.Process.Signal(syscall.SIGTERM)
		_ = c.Wait()
	})
	deadline := time.Now().Add(patience)
	for {
		out, err := as(check...).CombinedOutput()
		if err == nil {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("it is not healthy: %v: %s", err, out)
		}
		time.Sleep(200 * time.Millisecond)
	}
	// A scan on its way through every function, as the same user.
	if err := os.WriteFile(filepath.Join(scratch, "x"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	sampled := as("iris", "sample", filepath.Join(scratch, "scan.nii.gz"), "--size", "32")
	if out, err := sampled.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	run := as("iris", "run", filepath.Join(scratch, "scan.nii.gz"), "-o", filepath.Join(scratch, "model.glb"), "--state", "/state")
	if out, err := run.CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
	if info, err := os.Stat(filepath.Join(scratch, "model.glb")); err != nil || info.Size() == 0 {
		t.Errorf("no model: %v", err)
	}
}

// launchable is the repository's root, where end-to-end tests run.
func launchable(t *testing.T) string {
	t.Helper()
	if os.Getenv("IRIS_E2E") == "" {
		t.Skip("SKIPPED: end-to-end tests run with IRIS_E2E=1 (make e2e)")
	}
	return root(t)
}

// The unit, by systemd's own judge where there is one; the program it starts stands elsewhere here.
func TestUnit(t *testing.T) {
	s := launchable(t)
	judge, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Skip("SKIPPED: needs systemd-analyze")
	}
	text, err := os.ReadFile(filepath.Join(s, "containers", "iris", "iris.service"))
	if err != nil {
		t.Fatal(err)
	}
	unit := filepath.Join(t.TempDir(), "iris.service")
	here := strings.ReplaceAll(string(text), "/opt/iris/bin/iris", filepath.Join(s, "bin", "iris"))
	here = regexp.MustCompile(`(?m)^(User|Group)=iris$`).ReplaceAllString(here, "$1=root")
	if err := os.WriteFile(unit, []byte(here), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(judge, "verify", unit).CombinedOutput(); err != nil || strings.Contains(string(out), "iris.service:") {
		t.Errorf("%v: %s", err, out)
	}
	for _, asked := range []string{"NoNewPrivileges=yes", "ProtectSystem=strict", "CapabilityBoundingSet=\n", "User=iris"} {
		if !strings.Contains(string(text), asked) {
			t.Errorf("the unit has no %s", asked)
		}
	}
}
