package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/iris-oculus/iris/internal/job"
)

// scansIn makes scans under a folder, each with its own name as content.
func scansIn(t *testing.T, dir string, names ...string) []string {
	t.Helper()
	paths := make([]string, len(names))
	for i, name := range names {
		paths[i] = filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(paths[i]), 0o700), os.WriteFile(paths[i], []byte(name), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	return paths
}

func TestOutputNames(t *testing.T) {
	dir := t.TempDir()
	for _, c := range []struct{ scans, want []string }{
		{[]string{"a.nii.gz", "b.nii", "c.zip"}, []string{"a", "b", "c"}},
		{[]string{"x/a.nii.gz", "y/a.nii.gz"}, []string{"x/a", "y/a"}},
		{[]string{"x/p/a.nii.gz", "x/b.nii"}, []string{"p/a", "b"}},
		{[]string{"scan.nii", "scan.nii.gz", "other.nii"}, []string{"scan.nii", "scan.nii.gz", "other"}},
		{[]string{"SCAN.nii", "scan.zip"}, []string{"SCAN.nii", "scan.zip"}}, // one name on macOS
		{[]string{"series1", "series1.zip"}, []string{"series1", "series1.zip"}},
		{[]string{".nii", "a.b.dcm"}, []string{".nii", "a.b"}},
		{[]string{"a.nii"}, []string{"a"}},
	} {
		whole := make([]string, len(c.scans))
		for i, scan := range c.scans {
			whole[i] = filepath.Join(dir, filepath.FromSlash(scan))
		}
		got, err := outputNames(whole)
		for i := range got {
			got[i] = filepath.ToSlash(got[i])
		}
		if err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%v: %v, %v, want %v", c.scans, got, err, c.want)
		}
	}
}

// Each of several scans has its model under its own name, a line that says where, and one
// that fails does not keep the others from theirs.
func TestRunTakesSeveralScans(t *testing.T) {
	s := newService(t, "")
	t.Setenv("IRIS_API", s.URL)
	dir, out := t.TempDir(), filepath.Join(t.TempDir(), "models")
	scansIn(t, dir, "a.nii.gz", "b/b.nii", "c.nii.gz")
	if err := errors.Join(os.RemoveAll(filepath.Join(dir, "b")), os.Mkdir(filepath.Join(dir, "b"), 0o700)); err != nil {
		t.Fatal(err) // a folder without a slice
	}
	text, err := iris(t, "run", filepath.Join(dir, "*"), "-o", out, "--format", "stl", "--parallel", "1")
	if err == nil || err.Error() != "not_all: 1 of 3 scans have no result" || exitCode(err) != exitRejected {
		t.Errorf("%v, exit code %d", err, exitCode(err))
	}
	lines := strings.Split(strings.TrimSpace(text), "\n")
	slices.Sort(lines)
	want := []string{
		"--------------------------  " + filepath.Join(dir, "b") + "  empty_folder: ",
		someJob + "  " + filepath.Join(dir, "a.nii.gz") + "  " + filepath.Join(out, "a.stl"),
		someJob + "  " + filepath.Join(dir, "c.nii.gz") + "  " + filepath.Join(out, "c.stl"),
	}
	for i := range want {
		if len(lines) != 3 || !strings.HasPrefix(lines[i], want[i]) {
			t.Fatalf("%s\nwant %v", text, want)
		}
	}
	for _, name := range []string{"a.stl", "c.stl"} {
		if got, err := os.ReadFile(filepath.Join(out, name)); err != nil || string(got) != "a file of stl" {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	// As JSON, one object a line: the service's own, with the scan before it.
	text, _ = iris(t, "run", filepath.Join(dir, "a.nii.gz"), filepath.Join(dir, "b"), "-o", out, "--json")
	for line := range strings.Lines(text) {
		var o struct {
			Scan    string
			Output  *string
			Problem *struct{ Code, Message string }
			ID      string
			Status  job.Status
		}
		if err := json.Unmarshal([]byte(line), &o); err != nil {
			t.Fatal(err, line)
		}
		switch filepath.Base(o.Scan) {
		case "a.nii.gz":
			if o.Problem != nil || *o.Output != filepath.Join(out, "a.glb") || o.ID != someJob || o.Status != job.Ready {
				t.Error(line)
			}
		default:
			if o.Problem == nil || o.Problem.Code != "empty_folder" || o.Output != nil || o.ID != "" {
				t.Error(line)
			}
		}
	}
	if n := strings.Count(text, "\n"); n != 2 {
		t.Errorf("%d lines: %s", n, text)
	}
}

func TestSubmitAndWatchTakeSeveral(t *testing.T) {
	s := newService(t, "")
	t.Setenv("IRIS_API", s.URL)
	scans := scansIn(t, t.TempDir(), "a.nii.gz", "b.nii.gz")
	text, err := iris(t, "submit", scans[0], scans[1], "--parallel", "1")
	if want := someJob + "  " + scans[0] + "\n" + someJob + "  " + scans[1] + "\n"; err != nil || text != want {
		t.Errorf("%s, %v", text, err)
	}
	if text, err = iris(t, "submit", scans[0]); err != nil || text != someJob+"\n" {
		t.Errorf("%s, %v", text, err)
	}
	if text, err = iris(t, "watch", someJob, someJob, "--json"); err != nil || strings.Count(text, "\n") != 2 {
		t.Errorf("%s, %v", text, err)
	}
	if _, err = iris(t, "watch", someJob, "x"); exitCode(err) != exitUsage {
		t.Error(err)
	}
}

// What cannot be is refused before anything of any scan is sent.
func TestSeveralRefusals(t *testing.T) {
	s := newService(t, "")
	t.Setenv("IRIS_API", s.URL)
	dir := t.TempDir()
	scans := scansIn(t, dir, "a.nii.gz", "b.nii.gz")
	for _, c := range []struct {
		want string
		args []string
	}{
		{"not_found: " + filepath.Join(dir, "none.nii"), []string{"run", scans[0], filepath.Join(dir, "none.nii")}},
		{"not_found: spleen: no such file or directory (a name with spaces wants quotes, and several structures want commas", []string{"run", scans[0], "--roi_subset", "liver", "spleen"}},
		{"not_found: ", []string{"run", filepath.Join(dir, "*.dcm")}},
		{"no_output: ", []string{"run", scans[0], scans[1], "-o", scans[0]}},
		{"no_output: -o model.stl would be one file", []string{"run", scans[0], scans[1], "-o", "model.stl"}},
		{"unsupported_format: --format \"exe\"", []string{"run", scans[0], scans[1], "-o", dir, "--format", "exe"}},
		{"bad_option: --format is of several scans", []string{"run", scans[0], "--format", "stl"}},
		{"bad_option: --parallel 0", []string{"run", scans[0], "--parallel", "0"}},
		{"bad_option: option task is given twice", []string{"run", scans[0], "--task", "total", "-O", "task=tissue"}},
		{"bad_option: --roi_subset is empty", []string{"submit", scans[0], "--roi_subset", ""}},
		{"bad_option: --fastest is TotalSegmentator's: there is no model of 6 mm here", []string{"run", scans[0], "--fastest"}},
		{"bad_option: -i is TotalSegmentator's", []string{"run", "-i", scans[0]}},
		{"bad_option: with --ml", []string{"run", scans[0], "--ml", "-o", filepath.Join(dir, "x.glb")}},
		{"unsupported_format: -o ends in .nii.gz", []string{"run", scans[0], "-o", filepath.Join(dir, "x.nii.gz")}},
	} {
		if _, err := iris(t, c.args...); exitCode(err) != exitUsage || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("iris %s: %v, want %s", strings.Join(c.args, " "), err, c.want)
		}
	}
	if len(s.asked) > 0 {
		t.Errorf("asked %v", s.asked)
	}
}

// TotalSegmentator's words become options of the job, and its files.
func TestTotalSegmentatorsWords(t *testing.T) {
	s := newService(t, "")
	t.Setenv("IRIS_API", s.URL)
	s.files = map[string]string{"measurements.json": `{"structures":[{"name":"liver","volume_ml":1234.5678,"hu":{"mean":57.25}},{"name":"a\"b","volume_ml":0.5}]}`, "labels.nii.gz": "labels"}
	out := filepath.Join(t.TempDir(), "seg.nii.gz")
	if _, err := iris(t, "run", scan(t), "--task", "total", "--fast", "--roi_subset", "liver,spleen", "--roi_subset", "aorta", "--ml", "--statistics", "-o", out, "-O", "fast=true"); err != nil {
		t.Fatal(err)
	}
	if want := map[string]any{"task": "total", "fast": "true", "structures": "liver,spleen,aorta"}; fmt.Sprint(s.options) != fmt.Sprint(want) {
		t.Errorf("options %v, want %v", s.options, want)
	}
	if got, err := os.ReadFile(out); err != nil || string(got) != "labels" {
		t.Errorf("%q, %v", got, err)
	}
	got, err := os.ReadFile(filepath.Join(filepath.Dir(out), "statistics.json"))
	var read map[string]struct{ Volume, Intensity *float64 }
	if err != nil || json.Unmarshal(got, &read) != nil || *read["liver"].Volume != 1234567.8 || *read["liver"].Intensity != 57.25 || *read["a\"b"].Volume != 500 || read["a\"b"].Intensity != nil {
		t.Errorf("%s, %v", got, err)
	}
}

// The table takes its lines back, so that the lines of scans that have ended stay above it,
// and names of files cannot command the terminal.
func TestBoard(t *testing.T) {
	var out bytes.Buffer
	at := time.Unix(0, 0)
	b := &board{w: &out, total: 20, now: func() time.Time { return at }}
	first := b.begin("a\x1b[2J.nii")
	for i := range 15 {
		b.begin(fmt.Sprint(i))
	}
	at = at.Add(7 * time.Second)
	out.Reset()
	b.set(first, "uploading 50 %")
	text := out.String()
	if !strings.HasPrefix(text, "\r\x1b[14A\x1b[J") || !strings.Contains(text, "  uploading 50 %                        7 s  \"a\\x1b[2J.nii\"\n") || !strings.Contains(text, "  and 4 more\n0 of 20 done") {
		t.Errorf("%q", text)
	}
	out.Reset()
	b.end(first, false, func() { fmt.Fprintln(&out, "the line") })
	if text = out.String(); !strings.HasPrefix(text, "\r\x1b[14A\x1b[Jthe line\n") || !strings.Contains(text, "1 of 20 done, 1 of them without a result") {
		t.Errorf("%q", text)
	}
}

// A connection that is cut before the first answer is tried again; a service that cannot
// be dialled is not there.
func TestTheFirstConnectionMayBeCut(t *testing.T) {
	s, c := newFailing(t)
	s.fail["GET /v1/jobs/J"] = []int{1, 1}
	if _, _, err := c.job(t.Context(), "J"); err != nil || len(s.waits) == 0 {
		t.Errorf("%v after %v", err, s.waits)
	}
	for _, err := range []error{io.EOF, fmt.Errorf("read: %w", io.ErrUnexpectedEOF)} {
		if !cut(err) {
			t.Errorf("%v", err)
		}
	}
	if cut(http.ErrSchemeMismatch) {
		t.Error("another protocol is no cut connection")
	}
}

// Half of a wait is random, and what the service asks for is its least.
func TestWaitsAreJittered(t *testing.T) {
	c := &client{}
	seen := map[time.Duration]bool{}
	for range 50 {
		d := c.jittered(8 * time.Second)
		if d < 4*time.Second || d > 8*time.Second {
			t.Fatal(d)
		}
		seen[d] = true
	}
	if len(seen) < 2 {
		t.Error("fifty waits are alike")
	}
}
