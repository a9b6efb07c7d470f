package meshtest

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// Contract gives a script of tests/contract an input and returns what it prints. The
// test is skipped where the npm package that the script needs is missing; `npm ci` in
// tests/contract brings it.
func Contract(t testing.TB, script, needs string, in []byte) []byte {
	t.Helper()
	folder, err := os.Getwd() // a test runs in its package's folder
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(folder, "go.mod")); err == nil {
			break
		}
		up := filepath.Dir(folder)
		if up == folder {
			t.Fatal("the test does not run within the repository")
		}
		folder = up
	}
	folder = filepath.Join(folder, "tests", "contract")
	if _, err := os.Stat(filepath.Join(folder, "node_modules", needs, "package.json")); err != nil {
		t.Skipf("NOT JUDGED: %s is not installed; run `npm ci` in tests/contract", needs)
	}
	command := exec.CommandContext(t.Context(), "node", filepath.Join(folder, script))
	command.Stdin = bytes.NewReader(in)
	var says bytes.Buffer
	command.Stderr = &says
	out, err := command.Output()
	if err != nil {
		t.Fatalf("%s: %v: %s", script, err, says.String())
	}
	if says.Len() > 0 {
		t.Logf("%s: %s", script, says.String())
	}
	return out
}

// Unpacked undoes gzip, as a client does that reads a file's Content-Encoding.
func Unpacked(t testing.TB, data []byte) []byte {
	t.Helper()
	z, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	out, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// DecompressGLB is a GLB without EXT_meshopt_compression, as gltf-transform and npm's
// meshoptimizer decode it. Positions stay quantised.
func DecompressGLB(t testing.TB, data []byte) []byte {
	t.Helper()
	return Contract(t, "gltf-decode.mjs", "@gltf-transform/core", data)
}

// Issue is what the Khronos validator says of a file.
type Issue struct {
	Code, Message, Pointer string
	Severity               int // 0 an error, 1 a warning, 2 an information, 3 a hint
}

// ValidateGLB lists what the Khronos validator says of a GLB.
func ValidateGLB(t testing.TB, data []byte) []Issue {
	t.Helper()
	var report struct {
		Issues struct{ Messages []Issue }
	}
	if err := json.Unmarshal(Contract(t, "gltf-validate.mjs", "gltf-validator", data), &report); err != nil {
		t.Fatal(err)
	}
	return report.Issues.Messages
}
