package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/iris-oculus/iris/internal/volume/dicom/dicomtest"
	"github.com/iris-oculus/iris/internal/volume/nifti"
)

// runPrepare is the command line in-process: what it says on standard error, its exit code.
func runPrepare(t *testing.T, args ...string) (said string, exit int) {
	t.Helper()
	root := rootCommand()
	var text bytes.Buffer
	root.SetErr(&text)
	root.SetArgs(append([]string{"prepare"}, args...))
	if err := root.ExecuteContext(t.Context()); err != nil {
		return text.String() + err.Error(), exitCode(err)
	}
	return text.String(), 0
}

func writeFolder(t *testing.T, files dicomtest.Drop) string {
	t.Helper()
	dir := t.TempDir()
	for n, data := range files {
		if err := os.WriteFile(filepath.Join(dir, "ZZPHI"+string(rune('a'+n))), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestPrepareCommand(t *testing.T) {
	series := dicomtest.Series(4, 4, 4, nil)
	out := filepath.Join(t.TempDir(), "ZZPHI.nii.gz")
	said, exit := runPrepare(t, writeFolder(t, append(series, []byte("a stranger"))), out)
	if exit != 0 || !strings.HasPrefix(said, "warning: strangers: ") || strings.Contains(said, "ZZPHI") {
		t.Fatalf("%d: %s", exit, said)
	}
	f, err := os.Open(out)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if v, err := nifti.ReadVolume(f); err != nil || v.Dims != [3]int{4, 4, 4} {
		t.Errorf("%v", err)
	}
}

// A failure says one line, has its code, leaves what was there and nothing else.
func TestPrepareCommandFails(t *testing.T) {
	good := writeFolder(t, dicomtest.Series(4, 4, 4, nil))
	few := writeFolder(t, dicomtest.Series(2, 4, 4, nil))
	cases := []struct {
		name, says string
		exit       int
		args       []string
	}{
		{"rejected", "too_few_slices: ", exitRejected, []string{few}},
		{"no such input", "not_found: open the input: no such file", 1, []string{filepath.Join(good, "ZZPHI-none")}},
		{"unknown modality", "bad_option: ", exitUsage, []string{good, "--modality", "US"}},
		{"unknown series", "bad_option: ", exitUsage, []string{good, "--series", "7"}},
		{"unknown flag", "has no flag --magic", exitUsage, []string{good, "--magic"}},
		{"labels of a folder", "unrecognized: ", exitRejected, []string{good, "--task", "labels"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			out := filepath.Join(dir, "out.nii.gz")
			if err := os.WriteFile(out, []byte("before"), 0o600); err != nil {
				t.Fatal(err)
			}
			said, exit := runPrepare(t, append([]string{c.args[0], out}, c.args[1:]...)...)
			if exit != c.exit || !strings.Contains(said, c.says) || strings.Contains(said, "\n") || strings.Contains(said, "ZZPHI") {
				t.Errorf("%d: %q, want %d: %q", exit, said, c.exit, c.says)
			}
			left, err := os.ReadDir(dir)
			if text, _ := os.ReadFile(out); err != nil || len(left) != 1 || string(text) != "before" {
				t.Errorf("left %v, %q", left, text)
			}
		})
	}
	if _, exit := runPrepare(t, good); exit != exitUsage {
		t.Errorf("without OUT: %d", exit)
	}
}
