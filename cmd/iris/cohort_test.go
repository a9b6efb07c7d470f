package main

import (
	"encoding/csv"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/iris-oculus/iris/internal/cohort"
)

// apart runs the program in a process of its own.
func apart(t *testing.T, w *world, args ...string) *exec.Cmd {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	home := t.TempDir()
	c := exec.CommandContext(t.Context(), program)
	c.Env = append(os.Environ(), "IRIS_TEST_ARGS="+strings.Join(args, "\n"), "IRIS_API="+w.URL, "IRIS_TOKEN=", "XDG_CACHE_HOME="+home, "XDG_CONFIG_HOME="+home, "HOME="+home)
	return c
}

// scansOf makes scans of some content, and gives a manifest of them.
func scansOf(t *testing.T, dir string, texts ...string) (manifest string) {
	t.Helper()
	list := "id,scan\n"
	for i, text := range texts {
		name := fmt.Sprintf("scan%02d.nii.gz", i)
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		list += fmt.Sprintf("p%02d,%s\n", i, name)
	}
	manifest = filepath.Join(dir, "manifest.csv")
	if err := os.WriteFile(manifest, []byte(list), 0o600); err != nil {
		t.Fatal(err)
	}
	return manifest
}

// tableRows is the table without its head, by columns' names.
func tableRows(t *testing.T, path string) (rows []map[string]string) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines, err := csv.NewReader(f).ReadAll()
	if err != nil || !slices.Equal(lines[0], cohort.Columns) {
		t.Fatal(lines, err)
	}
	for _, line := range lines[1:] {
		row := map[string]string{}
		for i, cell := range line {
			row[cohort.Columns[i]] = cell
		}
		rows = append(rows, row)
	}
	return rows
}

// A cohort of 20 scans, three of them bad, is killed in the middle, at any request, and
// resumed: one table with a row for each scan and structure, and no job twice.
func TestACohortIsKilledAndResumed(t *testing.T) {
	texts := make([]string, 20)
	for i := range texts {
		texts[i] = fmt.Sprint("scan ", i)
		if i%7 == 3 {
			texts[i] = fmt.Sprint("bad ", i)
		}
	}
	w := newTestWorld(t)
	dir := t.TempDir()
	manifest, out := scansOf(t, dir, texts...), filepath.Join(dir, "out.csv")
	args := []string{"cohort", manifest, "-o", out, "--parallel", "3"}
	// Twenty scans take some 80 requests. The last kills come before any request is
	// answered, after it is answered, and in one that makes a job.
	for round, at := range []int{1, 11, 7, 14, 10} {
		first := apart(t, w, args...)
		w.mu.Lock()
		begun := len(w.requests)
		w.before = func(n int, r *http.Request, out http.ResponseWriter) bool {
			if n != begun+at {
				return n > begun+at // of a process that is dead
			}
			if round%2 == 1 { // the service does what was asked, and nobody hears it
				w.mu.Lock()
				w.before = nil
				w.mu.Unlock()
				w.Config.Handler.ServeHTTP(&deaf{header: http.Header{}}, r)
			}
			_ = first.Process.Kill()
			return true
		}
		w.mu.Unlock()
		text, err := first.CombinedOutput()
		var exit *exec.ExitError
		if !errors.As(err, &exit) || exit.ExitCode() != -1 {
			t.Fatalf("round %d was not killed: %v: %s", round, err, text)
		}
		if _, err := os.Stat(out); err == nil {
			t.Fatalf("round %d: a table was written before all was done", round)
		}
		w.mu.Lock()
		w.before = nil
		w.mu.Unlock()
	}
	text, err := apart(t, w, args...).CombinedOutput()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != exitRejected || !strings.Contains(string(text), "20 scans: 17 ready, 3 rejected. 17.0000 US dollars. The table is "+out) ||
		!strings.Contains(string(text), "not_all: 3 of 20 scans have no result") {
		t.Errorf("%v: %s", err, text)
	}
	all, twice := w.executions()
	if len(all) != 20 || twice {
		t.Errorf("%d executions: %v", len(all), all)
	}
	rows := tableRows(t, out)
	if len(rows) != 17*2+3 {
		t.Errorf("%d rows", len(rows))
	}
	for _, row := range rows {
		var i int
		_, _ = fmt.Sscanf(row["id"], "p%d", &i)
		want := map[string]string{"structure": "liver", "volume_ml": fmt.Sprintf("%d.000", len(texts[i])), "triangles": "100", "watertight": "true", "warnings": "metal", "status": "ready"}
		switch {
		case strings.HasPrefix(texts[i], "bad"):
			want = map[string]string{"structure": "", "volume_ml": "", "error_code": "truncated", "status": "rejected", "attempt": "1"}
		case row["structure"] == "spleen":
			want = map[string]string{"label": "2", "volume_ml": "0.500", "triangles": "", "partial": "true", "status": "ready"}
		}
		for name, value := range want {
			if row[name] != value {
				t.Errorf("%s: %s is %q, want %q", row["id"], name, row[name], value)
			}
		}
	}
	// Once more: nothing is asked for but what is known, and the table is the same.
	before, _ := os.ReadFile(out)
	n := len(w.requests)
	if text, err = apart(t, w, args...).CombinedOutput(); !errors.As(err, &exit) || len(w.requests) != n {
		t.Errorf("%v: %s: %v", err, text, w.requests[n:])
	}
	if after, _ := os.ReadFile(out); string(after) != string(before) {
		t.Error("the same cohort gave another table")
	}
	// Without the ledger the jobs are found again by their keys.
	if err := os.Remove(out + ".ledger"); err != nil {
		t.Fatal(err)
	}
	if text, err = apart(t, w, args...).CombinedOutput(); !errors.As(err, &exit) || exit.ExitCode() != exitRejected {
		t.Errorf("%v: %s", err, text)
	}
	if all, _ := w.executions(); len(all) != 20 {
		t.Errorf("%d executions without the ledger", len(all))
	}
}

// deaf is an answer that nobody reads.
type deaf struct{ header http.Header }

func (d *deaf) Header() http.Header         { return d.header }
func (d *deaf) Write(p []byte) (int, error) { return len(p), nil }
func (d *deaf) WriteHeader(int)             {}

// No scan is sent that would lead beyond the cap, and a larger cap goes on.
func TestTheSpendCap(t *testing.T) {
	w := newTestWorld(t) // a scan costs one dollar
	t.Setenv("IRIS_API", w.URL)
	dir := t.TempDir()
	manifest, out := scansOf(t, dir, "b", "c", "d", "e", "f"), filepath.Join(dir, "out.csv")
	text, err := iris(t, "cohort", manifest, "-o", out, "--max-cost", "3.5", "--parallel", "4")
	if err == nil || err.Error() != "spend_cap: 2 scans were not sent, because they would lead beyond --max-cost 3.5" || !strings.Contains(text, "5 scans: 3 ready, 2 not sent. 3.0000 US dollars") {
		t.Fatalf("%s, %v", text, err)
	}
	if all, _ := w.executions(); len(all) != 3 {
		t.Errorf("%d executions", len(all))
	}
	capped := 0
	for _, row := range tableRows(t, out) {
		if row["status"] == "not_sent" {
			if capped++; row["error_code"] != "spend_cap" || row["job"] != "" {
				t.Errorf("%v", row)
			}
		}
	}
	if capped != 2 {
		t.Errorf("%d rows of scans that were not sent", capped)
	}
	if text, err = iris(t, "cohort", manifest, "-o", out, "--max-cost", "4"); err == nil || !strings.Contains(text, "4 ready, 1 not sent. 4.0000") {
		t.Errorf("%s, %v", text, err)
	}
	if text, err = iris(t, "cohort", manifest, "-o", out); err != nil || !strings.Contains(text, "5 scans: 5 ready. 5.0000") {
		t.Errorf("%s, %v", text, err)
	}
}

// Failed scans are tried again when that is asked for, as attempts of their jobs; erased
// ones have another job; a scan that has changed is another scan, a touched one is not.
func TestWhatACohortDoesAgain(t *testing.T) {
	w := newTestWorld(t)
	t.Setenv("IRIS_API", w.URL)
	dir := t.TempDir()
	manifest, out := scansOf(t, dir, "fail", "b", "b"), filepath.Join(dir, "out.csv")
	run := func(args ...string) (string, error) {
		return iris(t, append([]string{"cohort", manifest, "-o", out}, args...)...)
	}
	if text, err := run(); exitCode(err) != exitFailed || !strings.Contains(text, "2 ready, 1 failed. 2.0000 US") {
		t.Fatalf("%s, %v", text, err)
	}
	if all, _ := w.executions(); len(all) != 2 { // two rows of the same content are one job
		t.Errorf("%v", all)
	}
	if text, err := run(); exitCode(err) != exitFailed || !strings.Contains(text, "2 ready, 1 failed. 2.0000") {
		t.Errorf("not again: %s, %v", text, err)
	}
	if text, err := run("--retry"); err != nil || !strings.Contains(text, "3 scans: 3 ready. 3.0000") {
		t.Errorf("again: %s, %v", text, err)
	}
	all, _ := w.executions()
	if len(all) != 3 || !slices.ContainsFunc(all, func(e string) bool { return strings.HasSuffix(e, "-2") }) {
		t.Errorf("%v", all)
	}
	scan := filepath.Join(dir, "scan01.nii.gz")
	if err := os.WriteFile(scan, []byte("b"), 0o600); err != nil { // as touch
		t.Fatal(err)
	}
	if text, err := run(); err != nil || strings.Count(text, "\n") != 1 {
		t.Errorf("touched: %s, %v", text, err)
	}
	if err := os.WriteFile(scan, []byte("other"), 0o600); err != nil {
		t.Fatal(err)
	}
	if text, err := run(); err != nil || strings.Count(text, "\n") != 2 {
		t.Errorf("changed: %s, %v", text, err)
	}
	if all, _ := w.executions(); len(all) != 4 || tableRows(t, out)[2]["volume_ml"] != "5.000" {
		t.Errorf("%v", all)
	}
	// A scan that is gone keeps what it had, and one that never was says so.
	if err := os.Remove(scan); err != nil {
		t.Fatal(err)
	}
	if text, err := run(); err != nil || strings.Count(text, "\n") != 1 {
		t.Errorf("gone: %s, %v", text, err)
	}
	// A job that was erased after its upload was cut off is made anew.
	id := tableRows(t, out)[0]["job"]
	if err := errors.Join(w.Erase(t.Context(), id, "owner"), os.Remove(out+".ledger")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(manifest, []byte("scan\nscan00.nii.gz\nnone.nii\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	text, err := run()
	rows := tableRows(t, out)
	if err == nil || rows[0]["job"] == id || rows[0]["job"] == "" || rows[1]["status"] != "not_sent" || rows[1]["error_code"] != "not_found" {
		t.Errorf("erased: %s, %v, %v", text, err, rows)
	}
}

func TestCohortRefusals(t *testing.T) {
	w := newTestWorld(t)
	t.Setenv("IRIS_API", w.URL)
	dir := t.TempDir()
	manifest := scansOf(t, dir, "a")
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	out := filepath.Join(dir, "out.csv")
	foreign := write("foreign.csv", "patient,age\n")
	held, err := cohort.OpenLedger(filepath.Join(dir, "held"), w.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer held.Close()
	other, err := cohort.OpenLedger(filepath.Join(dir, "other"), "http://elsewhere")
	if err != nil || other.Close() != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "empty"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		want string
		args []string
	}{
		{"not_found: ", []string{filepath.Join(dir, "none.csv")}},
		{"empty_folder: ", []string{filepath.Join(dir, "empty")}},
		{"no_output: -o is the manifest itself", []string{manifest, "-o", manifest}},
		{"no_output: " + foreign + " is there and is no table", []string{manifest, "-o", foreign}},
		{"no_output: the folder ", []string{manifest, "-o", filepath.Join(dir, "none", "out.csv")}},
		{"bad_manifest: column \"smothing\" is not known", []string{write("m.csv", "scan,smothing\na,1\n")}},
		{"bad_ledger: the ledger is of the jobs of http://elsewhere", []string{manifest, "--ledger", filepath.Join(dir, "other")}},
		{"bad_ledger: ", []string{manifest, "--ledger", write("text", "my notes\n")}},
		{"ledger_in_use: ", []string{manifest, "--ledger", filepath.Join(dir, "held")}},
		{"bad_option: --max-cost 0", []string{manifest, "--max-cost", "0"}},
		{"bad_option: --max-cost NaN", []string{manifest, "--max-cost", "NaN"}},
		{"bad_option: --parallel 65", []string{manifest, "--parallel", "65"}},
		{"bad_option: s3://x", []string{"s3://x"}},
	} {
		args := append([]string{"cohort"}, c.args...)
		if !slices.Contains(args, "-o") {
			args = append(args, "-o", out)
		}
		_, err := iris(t, args...)
		if err == nil || !strings.HasPrefix(err.Error(), c.want) || exitCode(err) != exitUsage {
			t.Errorf("%v: %v (%d), want %s", c.args, err, exitCode(err), c.want)
		}
	}
	if len(w.requests) > 0 {
		t.Errorf("asked %v", w.requests)
	}
	if text, err := os.ReadFile(foreign); err != nil || string(text) != "patient,age\n" {
		t.Errorf("%q, %v", text, err)
	}
}
