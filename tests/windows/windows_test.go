// Package windows runs the Windows program itself, by Wine (make windows): everything that
// works there without a service, file names of Windows, and a service reached from there.
package windows

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// machine is a Windows of its own, with drive C: in a folder.
type machine struct {
	t             *testing.T
	wine, program string
	prefix, drive string
	env           []string
}

func start(t *testing.T) *machine {
	t.Helper()
	wine := os.Getenv("IRIS_WINE")
	if wine == "" {
		t.Skip("IRIS_WINE: not set; make windows runs this")
	}
	program, err := filepath.Abs(filepath.Join("..", "..", "build", "windows", "iris.exe"))
	if err != nil {
		t.Fatal(err)
	}
	m := &machine{t: t, wine: wine, program: program, prefix: t.TempDir()}
	m.drive = filepath.Join(m.prefix, "drive_c", "scans")
	m.env = append(os.Environ(), "WINEPREFIX="+m.prefix, "WINEDEBUG=-all", "WINEDLLOVERRIDES=mscoree,mshtml=", "DISPLAY=",
		"PATH="+filepath.Dir(wine)+":"+os.Getenv("PATH"), "IRIS_API=", "IRIS_TOKEN=")
	boot := exec.CommandContext(t.Context(), wine, "wineboot", "--init")
	boot.Env = m.env
	if out, err := boot.CombinedOutput(); err != nil {
		t.Fatalf("wineboot: %v\n%s", err, out)
	}
	t.Cleanup(func() {
		end := exec.Command(wine, "wineboot", "--end-session", "--kill")
		end.Env = m.env
		_ = end.Run() // it takes itself away too
	})
	dll := filepath.Join(m.prefix, "drive_c", "windows", "system32", "bcryptprimitives.dll")
	if _, err := os.Stat(dll); errors.Is(err, os.ErrNotExist) {
		if err := os.WriteFile(dll, forwarder("bcryptprimitives.dll", "ProcessPrng", "advapi32.SystemFunction036"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.MkdirAll(m.drive, 0o755); err != nil {
		t.Fatal(err)
	}
	return m
}

// iris runs the program in C:\scans.
func (m *machine) iris(args ...string) (stdout, stderr string, code int) {
	m.t.Helper()
	c := exec.CommandContext(m.t.Context(), m.wine, append([]string{m.program}, args...)...)
	c.Env, c.Dir = m.env, m.drive
	var out, errs bytes.Buffer
	c.Stdout, c.Stderr = &out, &errs
	err := c.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		m.t.Fatal(err)
	}
	return strings.ReplaceAll(out.String(), "\r\n", "\n"), errs.String(), c.ProcessState.ExitCode()
}

// works wants the command to end well.
func (m *machine) works(args ...string) string {
	m.t.Helper()
	out, errs, code := m.iris(args...)
	if code != 0 || strings.Contains(out+errs, "\x1b") {
		m.t.Errorf("iris %q ended with %d: %s%q", args, code, out, errs)
	}
	return out
}

// refused wants an error of a code.
func (m *machine) refused(code int, says string, args ...string) {
	m.t.Helper()
	if _, errs, got := m.iris(args...); got != code || !strings.HasPrefix(errs, says) {
		m.t.Errorf("iris %q ended with %d: %q, want %d: %q", args, got, errs, code, says)
	}
}

func (m *machine) has(name string, magic string) {
	m.t.Helper()
	got, err := os.ReadFile(filepath.Join(m.drive, name))
	if err != nil || !bytes.HasPrefix(got, []byte(magic)) {
		m.t.Errorf("%s: %v, %.20q", name, err, got)
	}
}

func TestTheWindowsProgram(t *testing.T) {
	m := start(t)
	if out := m.works("version"); strings.TrimSpace(out) == "" {
		t.Error("no version")
	}
	m.refused(2, "no_stack_on_windows: ", "up")

	// A scan, a volume and a model, in folders named as Windows names them.
	m.works("sample", `C:\scans\torso.nii.gz`, "--size", "48")
	m.has("torso.nii.gz", "\x1f\x8b")
	m.works("prepare", `c:\SCANS\torso.nii.gz`, `.\volume.nii.gz`)
	m.has("volume.nii.gz", "\x1f\x8b")
	labels(t, filepath.Join(m.drive, "labels.nii"))
	if err := os.WriteFile(filepath.Join(m.drive, "labels.csv"), []byte("\xef\xbb\xbfindex,name\r\n1,liver\r\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	m.works("mesh", `C:\scans\labels.nii`, `C:/scans/model.obj`)
	m.has("model.obj", "#")
	if text, _ := os.ReadFile(filepath.Join(m.drive, "model.obj")); !bytes.Contains(text, []byte("liver")) || bytes.Contains(text, []byte("liver\r\r")) {
		t.Errorf("the name from a table of Windows is not in the model: %.200q", text)
	}
	// Over a file that is there, and into names of 300 characters.
	m.works("mesh", "labels.nii", "model.obj")
	deep := strings.Repeat(strings.Repeat("d", 60)+`\`, 5)
	if err := os.MkdirAll(filepath.Join(m.drive, strings.ReplaceAll(deep, `\`, "/")), 0o755); err != nil {
		t.Fatal(err)
	}
	m.works("mesh", "labels.nii", `C:\scans\`+deep+"model.stl")
	m.has(strings.ReplaceAll(deep, `\`, "/")+"model.stl", "")

	for name, says := range map[string]string{"nul.stl": "NUL is a device", `C:\scans\Con.glb`: "CON is a device", "model.stl.": "", "model:x.stl": "Windows takes none of"} {
		_, errs, code := m.iris("mesh", "labels.nii", name)
		if code != 2 || !strings.Contains(errs, says) {
			t.Errorf("%s ended with %d: %q", name, code, errs)
		}
	}
	m.refused(1, "not_found: ", "mesh", `C:\nowhere\labels.nii`, "x.stl")
	left, err := filepath.Glob(filepath.Join(m.drive, ".iris-*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}

	out, _, _ := m.iris("doctor", "--json")
	var d struct {
		Findings []struct{ Check, Verdict string }
	}
	if err := json.Unmarshal([]byte(out), &d); err != nil || len(d.Findings) < 3 {
		t.Errorf("doctor: %v, %q", err, out)
	}
	if out := m.works("completion", "powershell"); !strings.Contains(out, "Register-ArgumentCompleter") {
		t.Errorf("%.200q", out)
	}
}

// A service elsewhere, here the one that this test is, does the job of a Windows client.
func TestTheWindowsProgramAsAClient(t *testing.T) {
	m := start(t)
	const id = "01J00000000000000000000000"
	var sent bytes.Buffer
	var s *httptest.Server
	answer := func(w http.ResponseWriter, status int, body any) {
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(body)
	}
	ready := map[string]any{"id": id, "status": "ready", "attempt": 1}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/jobs", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, 202, map[string]any{"job": ready, "upload": map[string]any{"part_bytes": 1 << 30, "parts": 1, "signed": []any{map[string]any{"number": 1, "url": s.URL + "/part"}}}})
	})
	mux.HandleFunc("PUT /part", func(_ http.ResponseWriter, r *http.Request) { _, _ = sent.ReadFrom(r.Body) })
	mux.HandleFunc("POST /v1/jobs/{id}/complete", func(w http.ResponseWriter, _ *http.Request) { answer(w, 202, ready) })
	mux.HandleFunc("GET /v1/jobs/{id}", func(w http.ResponseWriter, _ *http.Request) { answer(w, 200, ready) })
	mux.HandleFunc("GET /v1/jobs", func(w http.ResponseWriter, _ *http.Request) { answer(w, 200, map[string]any{"jobs": []any{ready}}) })
	mux.HandleFunc("GET /v1/jobs/{id}/artifacts/{name}", func(w http.ResponseWriter, _ *http.Request) { answer(w, 200, map[string]any{"url": s.URL + "/model"}) })
	mux.HandleFunc("GET /model", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "solid model") })
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "{}") })
	s = httptest.NewServer(mux)
	defer s.Close()
	m.env = append(m.env, "IRIS_API="+s.URL)
	if err := os.WriteFile(filepath.Join(m.drive, "scan of a.nii.gz"), []byte("a scan"), 0o600); err != nil {
		t.Fatal(err)
	}
	if out := m.works("list"); !strings.Contains(out, id) {
		t.Errorf("list: %q", out)
	}
	m.works("run", `C:\scans\scan of a.nii.gz`, "-o", `C:\scans\m.stl`)
	m.has("m.stl", "solid model")
	if sent.String() != "a scan" {
		t.Errorf("sent %q", sent.String())
	}
	m.works("doctor")
}

// labels writes a label map: a cube of label 1 in 16³ voxels of 1 mm (NIfTI-1).
func labels(t *testing.T, path string) {
	t.Helper()
	header := make([]byte, 352)
	put16 := func(at int, v uint16) { header[at], header[at+1] = byte(v), byte(v>>8) }
	put32 := func(at int, v uint32) { put16(at, uint16(v)); put16(at+2, uint16(v>>16)) }
	one := uint32(0x3f800000) // 1.0
	put32(0, 348)
	for i, n := range []uint16{3, 16, 16, 16, 1, 1, 1, 1} {
		put16(40+2*i, n)
	}
	put16(68, 1002) // intent: labels
	put16(70, 2)    // uint8
	put16(72, 8)
	for i := range 4 {
		put32(76+4*i, one)
	}
	put32(108, 0x43b00000) // voxels begin at 352
	put32(112, one)
	header[123] = 2 // mm
	put16(254, 1)   // sform: scanner
	put32(280, one)
	put32(300, one)
	put32(320, one)
	copy(header[344:], "n+1\x00")
	voxels := make([]byte, 16*16*16)
	for z := 4; z < 12; z++ {
		for y := 4; y < 12; y++ {
			for x := 4; x < 12; x++ {
				voxels[x+16*(y+16*z)] = 1
			}
		}
	}
	if err := os.WriteFile(path, append(header, voxels...), 0o644); err != nil {
		t.Fatal(err)
	}
}
