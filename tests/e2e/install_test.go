package e2e

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// install is an installation like the repository's, but for its model, which
// waits and dies as the test says (testdata/model), and for what edit changes.
type install struct {
	dir   string
	hands string // the folder by which the model is told
}

// edit replaces a text of a file of the installation, which must be there.
type edit struct{ file, old, new string }

func newInstall(t *testing.T, edits ...edit) install {
	t.Helper()
	if os.Getenv("IRIS_E2E") == "" {
		t.Skip("SKIPPED: end-to-end tests run with IRIS_E2E=1 (make e2e)")
	}
	from, i := root(t), install{dir: t.TempDir(), hands: t.TempDir()}
	for _, name := range []string{"template.yaml", "statemachine/scan.asl.json"} {
		text, err := os.ReadFile(filepath.Join(from, name))
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range edits {
			if e.file == name && !bytes.Contains(text, []byte(e.old)) {
				t.Fatalf("%s has no %q", name, e.old)
			}
			if e.file == name {
				text = bytes.ReplaceAll(text, []byte(e.old), []byte(e.new))
			}
		}
		i.write(t, name, text, 0o600)
	}
	built, err := os.ReadDir(filepath.Join(from, "build"))
	if err != nil {
		t.Fatal(err)
	}
	model := filepath.Join(t.TempDir(), "model")
	build := exec.Command("go", "build", "-o", model, "./tests/e2e/testdata/model")
	build.Dir = from
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build the model: %v: %s", err, out)
	}
	i.write(t, "build/tissue", fmt.Appendf(nil, "#!/bin/sh\nexec %s %s\n", model, i.hands), 0o700)
	for _, entry := range built {
		if entry.Name() == "tissue" {
			continue
		}
		if err := os.Symlink(filepath.Join(from, "build", entry.Name()), filepath.Join(i.dir, "build", entry.Name())); err != nil {
			t.Fatal(err)
		}
	}
	return i
}

func (i install) write(t *testing.T, name string, text []byte, mode os.FileMode) {
	t.Helper()
	path := filepath.Join(i.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, text, mode); err != nil {
		t.Fatal(err)
	}
}

// hold makes requests wait in the model; free lets all of them go.
func (i install) hold(t *testing.T) { i.say(t, "hold") }
func (i install) free(t *testing.T) { i.unsay(t, "hold") }

// let lets the first request of one job go.
func (i install) let(t *testing.T, id string) { i.say(t, "go-"+execution(id)) }

// execution is the name of a job's first execution, and of its request.
func execution(id string) string { return id + "-1" }

func (i install) say(t *testing.T, name string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(i.hands, name), nil, 0o600); err != nil {
		t.Fatal(err)
	}
}

func (i install) unsay(t *testing.T, name string) {
	t.Helper()
	if err := os.Remove(filepath.Join(i.hands, name)); err != nil {
		t.Fatal(err)
	}
}

// came and served say whether a job's first request has reached the model, and
// whether the model has answered it.
func (i install) came(id string) bool   { return i.said("at-" + execution(id)) }
func (i install) served(id string) bool { return i.said("served-" + execution(id)) }

func (i install) said(name string) bool {
	_, err := os.Stat(filepath.Join(i.hands, name))
	return err == nil
}

// patience is the least time that a test waits for what must come. It bounds what
// never comes; no test depends on how fast the machine is.
const patience = 5 * time.Minute

// until waits for what the workflow does in its own time.
func until(t *testing.T, what string, within time.Duration, holds func() bool) {
	t.Helper()
	within = max(within, patience)
	for deadline := time.Now().Add(within); !holds(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not within %v: %s", within, what)
		}
	}
}
