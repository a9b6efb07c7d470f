package main

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

const someJob = "01J00000000000000000000000"

// service is an API and a storage that accept one scan and have its model ready.
type service struct {
	*httptest.Server
	token   string
	sent    bytes.Buffer // the scan
	file    string       // its name
	asked   []string     // paths and queries
	exports int          // how often an export was asked for
	options map[string]any
	files   map[string]string // artifacts beside the model
	mu      sync.Mutex
}

func newService(t *testing.T, token string) *service {
	s := &service{token: token}
	mux := http.NewServeMux()
	answer := func(w http.ResponseWriter, status int, body any) {
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(body)
	}
	ready := map[string]any{"id": someJob, "status": "ready", "artifacts": map[string]any{"model.glb": map[string]any{
		"sha256": "f0e4c2f76c58916ec258f246851bea091d14d4247a2fc3e18694461b1816e13b"}}} // of "asdf"
	mux.HandleFunc("POST /v1/jobs", func(w http.ResponseWriter, r *http.Request) {
		var body struct {
			File    string
			Options map[string]any
		}
		_ = json.NewDecoder(r.Body).Decode(&body)
		s.file, s.options = body.File, body.Options
		answer(w, http.StatusAccepted, map[string]any{"job": ready, "upload": map[string]any{
			"part_bytes": 1 << 30, "parts": 1, "signed": []any{map[string]any{"number": 1, "url": s.URL + "/part"}}}})
	})
	mux.HandleFunc("PUT /part", func(_ http.ResponseWriter, r *http.Request) { _, _ = s.sent.ReadFrom(r.Body) })
	mux.HandleFunc("POST /v1/jobs/{id}/complete", func(w http.ResponseWriter, _ *http.Request) { answer(w, http.StatusAccepted, ready) })
	mux.HandleFunc("GET /v1/jobs/{id}", func(w http.ResponseWriter, _ *http.Request) { answer(w, http.StatusOK, ready) })
	mux.HandleFunc("GET /v1/jobs/{id}/artifacts/{name}", func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Has("format") {
			if s.exports++; s.exports == 1 {
				answer(w, http.StatusAccepted, map[string]any{"status": "exporting"})
				return
			}
		}
		if _, other := s.files[r.PathValue("name")]; other {
			answer(w, http.StatusOK, map[string]any{"url": s.URL + "/files/" + r.PathValue("name")})
			return
		}
		answer(w, http.StatusOK, map[string]any{"url": s.URL + "/model?" + r.URL.RawQuery})
	})
	mux.HandleFunc("GET /files/{name}", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, s.files[r.PathValue("name")]) })
	mux.HandleFunc("GET /model", func(w http.ResponseWriter, r *http.Request) {
		if format := r.URL.Query().Get("format"); format != "" {
			fmt.Fprint(w, "a file of "+format)
			return
		}
		fmt.Fprint(w, "asdf")
	})
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock() // one request at a time
		defer s.mu.Unlock()
		s.asked = append(s.asked, r.URL.RequestURI())
		if s.token != "" && strings.HasPrefix(r.URL.Path, "/v1") && r.Header.Get("Authorization") != "Bearer "+s.token {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		mux.ServeHTTP(w, r)
	}))
	t.Cleanup(s.Close)
	return s
}

// iris runs the program and returns what it printed.
func iris(t *testing.T, args ...string) (string, error) {
	t.Helper()
	root := rootCommand()
	var out bytes.Buffer
	root.SetOut(&out)
	root.SetErr(io.Discard)
	err := execute(t.Context(), root, args)
	return out.String(), err
}

func scan(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "Doe^John.nii.gz")
	if err := os.WriteFile(path, []byte("a scan"), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestRunWritesTheFormatThatTheNameAsksFor(t *testing.T) {
	s := newService(t, "")
	t.Setenv("IRIS_API", s.URL)
	dir := t.TempDir()
	for name, want := range map[string]string{"x.glb": "asdf", "x.stl": "a file of stl", "X.3MF": "a file of 3mf"} {
		s.exports = 0
		out := filepath.Join(dir, name)
		if _, err := iris(t, "run", scan(t), "-o", out, "--state", defaultState); err == nil {
			t.Fatal("a state folder that was named, but has no stack, was passed over")
		}
		if _, err := iris(t, "run", scan(t), "-o", out); err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(out); err != nil || string(got) != want {
			t.Errorf("%s holds %q, %v", name, got, err)
		}
	}
	if strings.Contains(strings.Join(s.asked, " "), "Doe") || s.file != "scan.nii.gz" {
		t.Errorf("the file's name was sent: %v, %s", s.asked, s.file)
	}
}

// What can be known before the job is said before anything is sent.
func TestNothingIsSentForAnOutputThatCannotBe(t *testing.T) {
	s := newService(t, "")
	t.Setenv("IRIS_API", s.URL)
	dir := t.TempDir()
	for out, code := range map[string]string{
		filepath.Join(dir, "none", "x.glb"): "no_output", filepath.Join(dir, "x.blend"): "unsupported_format",
		filepath.Join(dir, "x"): "unsupported_format", dir: "no_output",
	} {
		_, err := iris(t, "run", scan(t), "-o", out)
		if err == nil || !strings.HasPrefix(err.Error(), code+": ") || exitCode(err) != exitUsage {
			t.Errorf("%s: %v", out, err)
		}
	}
	if _, err := iris(t, "run", filepath.Join(dir, "nope.nii"), "-o", filepath.Join(dir, "x.glb")); err == nil || !strings.Contains(err.Error(), "nope.nii") {
		t.Errorf("a scan that is not there: %v", err)
	}
	if len(s.asked) > 0 {
		t.Errorf("asked %v", s.asked)
	}
	if left, err := filepath.Glob(filepath.Join(dir, ".*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// A folder goes up as one archive: the same bytes each time, without the names
// of its files and without litter.
func TestRunTakesAFolder(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"Doe^John 1": "one", "b/2.dcm": "two", ".DS_Store": "litter"} {
		path := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(text), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	var first []byte
	for range 2 {
		s := newService(t, "")
		t.Setenv("IRIS_API", s.URL)
		t.Setenv("TMPDIR", t.TempDir())
		if _, err := iris(t, "run", dir, "-o", filepath.Join(t.TempDir(), "x.glb")); err != nil {
			t.Fatal(err)
		}
		if left, _ := os.ReadDir(os.Getenv("TMPDIR")); len(left) > 0 {
			t.Errorf("left behind: %v", left)
		}
		if s.file != "scan.zip" {
			t.Errorf("sent as %s", s.file)
		}
		if first == nil {
			first = s.sent.Bytes()
		} else if !bytes.Equal(first, s.sent.Bytes()) {
			t.Error("the same folder gave other bytes")
		}
	}
	z, err := zip.NewReader(bytes.NewReader(first), int64(len(first)))
	if err != nil {
		t.Fatal(err)
	}
	var texts []string
	for _, f := range z.File {
		if strings.Contains(f.Name, "Doe") {
			t.Errorf("an entry is named %s", f.Name)
		}
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, string(text))
	}
	if strings.Join(texts, " ") != "one two" {
		t.Errorf("the archive holds %q", texts)
	}
}

// The token of a stack on this machine lies in its state folder, for its owner
// only; `iris env` exports it, and a refusal says where it is.
func TestTheTokenOfTheStack(t *testing.T) {
	s := newService(t, "secret")
	t.Setenv("IRIS_API", "")
	t.Setenv("IRIS_TOKEN", "")
	state := t.TempDir()
	if err := writeReady(state, ready{Ready: true, HTTP: s.URL, AWS: "http://aws", Credentials: "c", Token: "secret"}); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(filepath.Join(state, readyFile)); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file with the token has mode %v, %v", info.Mode(), err)
	}
	exports, err := iris(t, "env", "--state", state)
	if err != nil || !strings.Contains(exports, "export IRIS_TOKEN='secret'\n") {
		t.Errorf("%s, %v", exports, err)
	}
	if _, err := iris(t, "status", someJob, "--state", state); err != nil {
		t.Errorf("by its state folder: %v", err)
	}
	t.Setenv("IRIS_API", "http://127.0.0.1:1")
	if _, err := iris(t, "status", someJob, "--state", state); err != nil {
		t.Errorf("IRIS_API beats --state: %v", err)
	}
	t.Setenv("IRIS_API", s.URL)
	if _, err := iris(t, "status", someJob); err == nil || !strings.Contains(err.Error(), "IRIS_TOKEN") {
		t.Errorf("without a token: %v", err)
	}
	t.Setenv("IRIS_TOKEN", "secret")
	if _, err := iris(t, "status", someJob); err != nil {
		t.Errorf("with its token: %v", err)
	}
}

func TestUsage(t *testing.T) {
	for _, args := range [][]string{{"typo"}, {"typo", "--help"}, {"gpu", "typo"}, {"status"}, {"status", "x"}, {"get", someJob, someJob}} {
		if _, err := iris(t, args...); exitCode(err) != exitUsage {
			t.Errorf("iris %s: %v", strings.Join(args, " "), err)
		}
	}
	for _, args := range [][]string{{"--help"}, {"help", "run"}, {"run", "--help"}, {"completion", "bash"}} {
		if _, err := iris(t, args...); err != nil {
			t.Errorf("iris %s: %v", strings.Join(args, " "), err)
		}
	}
}

// Wrong usage is answered with what was meant or wanted, in one line.
func TestUsageSaysWhatIsWanted(t *testing.T) {
	s := newService(t, "")
	t.Setenv("IRIS_API", s.URL)
	empty := t.TempDir()
	if err := os.WriteFile(filepath.Join(empty, "README.txt"), []byte("litter"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		want string
		args []string
	}{
		{"usage: SCAN is missing. Want: iris run SCAN", []string{"run"}},
		{"usage: SCAN is missing. Want: iris submit SCAN", []string{"submit"}},
		{`not_found: my: no such file or directory (a name with spaces wants quotes`, []string{"run", "my", "scan"}},
		{`usage: "c" is one argument too many (a name with spaces wants quotes)`, []string{"prepare", "a", "b", "c"}},
		{"usage: OUT.nii.gz is missing. Want: iris prepare IN OUT.nii.gz", []string{"prepare", "a"}},
		{"usage: LABELS is missing", []string{"mesh"}},
		{"usage: OUT.nii.gz is missing", []string{"sample"}},
		{"`iris run --help` lists what it takes", []string{"run", "x", "--smothing", "1"}},
		{`bad_option: -O "smoothing": want name=value`, []string{"run", scan(t), "-O", "smoothing"}},
		{"no_output: " + empty + " is a folder", []string{"run", scan(t), "-o", empty}},
		{"bad_model: --model \"x\": want tissue", []string{"up", "--model", "x"}},
		{"bad_size: --size 8: want 32 or more", []string{"sample", filepath.Join(empty, "a.nii.gz"), "--size", "8"}},
	} {
		if _, err := iris(t, c.args...); exitCode(err) != exitUsage || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("iris %s: %v, want %s", strings.Join(c.args, " "), err, c.want)
		}
	}
	if _, err := iris(t, "run", empty, "-o", filepath.Join(empty, "m.glb")); exitCode(err) != exitRejected || !strings.HasPrefix(err.Error(), "empty_folder: ") {
		t.Errorf("a folder without a slice: %v", err)
	}
	if len(s.asked) != 0 {
		t.Errorf("asked the service: %v", s.asked)
	}
	// A script whose variable is empty must not get the newest job of all.
	if _, err := iris(t, "list", "--key", ""); err == nil || len(s.asked) != 1 || s.asked[0] != "/v1/jobs?key=" {
		t.Errorf("an empty key: %v, asked %v", err, s.asked)
	}
}

// Option smoothing has the same name everywhere; --smooth is what it was called.
func TestMeshTakesBothNamesOfSmoothing(t *testing.T) {
	for _, name := range []string{"--smooth", "--smoothing"} {
		if _, err := iris(t, "mesh", "none.nii.gz", "x.stl", name, "7"); err == nil || !strings.Contains(err.Error(), "option smoothing: want a number from 0 to 1") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// The line of `iris up` can be copied as it is, also for a state folder of another
// name, and it says that a token is asked for, never which.
func TestTheReadyLineCanBeCopied(t *testing.T) {
	line := func(state, token string) string {
		c, out := upCommand(), &bytes.Buffer{}
		c.SetOut(out)
		if err := say(c, ready{HTTP: "http://a", AWS: "http://b", Token: token}, state, false); err != nil {
			t.Fatal(err)
		}
		return out.String()
	}
	if got := line(defaultState, ""); !strings.Contains(got, `eval "$(iris env)"`) || strings.Contains(got, "token") {
		t.Error(got)
	}
	if got := line("my state", "secret"); !strings.Contains(got, `eval "$(iris env --state 'my state')"`) || !strings.Contains(got, "IRIS_TOKEN") || strings.Contains(got, "secret") {
		t.Error(got)
	}
}
