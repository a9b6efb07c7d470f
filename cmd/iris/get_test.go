package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// What is asked for goes to the service, and lands under the name that says what it is.
func TestGetStructures(t *testing.T) {
	for _, c := range []struct {
		args        []string
		file, query string
	}{
		{nil, "model.glb", ""},
		{[]string{"--format", "stl"}, "model.stl", "format=stl"},
		{[]string{"--structure", "liver", "--format", "3MF"}, "liver.3mf", "format=3mf&structure=liver"},
		{[]string{"--structure", "spleen,liver"}, "liver+spleen.glb", "format=glb&structure=spleen%2Cliver"},
		{[]string{"--structure", "spleen", "--structure", "liver", "-o", "two.obj"}, "two.obj", "format=obj&structure=spleen&structure=liver"},
		{[]string{"--format", "stl", "-o", "print.bin"}, "print.bin", "format=stl"},
		{[]string{"--format", "glb", "-o", "MODEL.GLB"}, "MODEL.GLB", ""},
	} {
		s := newService(t, "")
		t.Setenv("IRIS_API", s.URL)
		t.Chdir(t.TempDir())
		s.exports = 1 // made already
		if _, err := iris(t, append([]string{"get", someJob}, c.args...)...); err != nil {
			t.Errorf("%v: %v", c.args, err)
			continue
		}
		asked := "/v1/jobs/" + someJob + "/artifacts/model.glb"
		if c.query != "" {
			asked += "?" + c.query
		}
		if !slices.Contains(s.asked, asked) {
			t.Errorf("%v: asked for %v, want %s", c.args, s.asked, asked)
		}
		if _, err := os.Stat(c.file); err != nil {
			t.Errorf("%v: %v", c.args, err)
		}
		if files, _ := os.ReadDir("."); len(files) != 1 {
			t.Errorf("%v: %v", c.args, files)
		}
	}
}

// While the service makes the file the program asks again, and then has it.
func TestGetWaitsForTheExport(t *testing.T) {
	s := newService(t, "")
	t.Setenv("IRIS_API", s.URL)
	out := filepath.Join(t.TempDir(), "liver.stl")
	if _, err := iris(t, "get", someJob, "--structure", "liver", "-o", out); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(out); err != nil || string(got) != "a file of stl" || s.exports != 2 {
		t.Errorf("%q, %v, asked for %d times", got, err, s.exports)
	}
}

// What does not go together is refused before the service is asked.
func TestGetRefusals(t *testing.T) {
	s := newService(t, "")
	t.Setenv("IRIS_API", s.URL)
	dir := t.TempDir()
	for _, c := range []struct {
		want string
		args []string
	}{
		{"bad_option: --artifact", []string{"--artifact", "labels.nii.gz", "--format", "stl"}},
		{"bad_option: --artifact", []string{"--artifact", "labels.nii.gz", "--structure", "liver"}},
		{"bad_option: --structure is empty", []string{"--structure", ""}},
		{"unsupported_format: --format \"exe\"", []string{"--format", "exe"}},
		{"bad_option: --format stl and the ending of -o, .obj", []string{"--format", "stl", "-o", filepath.Join(dir, "x.obj")}},
		{"bad_option: -o - has no ending", []string{"-o", "-"}},
		{"unsupported_format", []string{"-o", filepath.Join(dir, "x.exe")}},
		{"no_output", []string{"--format", "stl", "-o", filepath.Join(dir, "none", "x.bin")}},
		{"no_output", []string{"--format", "stl", "-o", dir}},
	} {
		_, err := iris(t, append([]string{"get", someJob}, c.args...)...)
		if err == nil || !strings.HasPrefix(err.Error(), c.want) || exitCode(err) != exitUsage {
			t.Errorf("%v: %v, want %s", c.args, err, c.want)
		}
	}
	if len(s.asked) > 0 {
		t.Errorf("asked %v", s.asked)
	}
}
