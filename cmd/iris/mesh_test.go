package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/iris-oculus/iris/internal/job"
	"github.com/iris-oculus/iris/internal/meshfile"
	"github.com/iris-oculus/iris/internal/meshfile/meshtest"
	"github.com/iris-oculus/iris/internal/volume"
	"github.com/iris-oculus/iris/internal/volume/nifti"
)

// labelFile is a label map with a box of "liver" beside one of "spleen".
func labelFile(t *testing.T) string {
	t.Helper()
	m := &volume.LabelMap{Dims: [3]int{16, 8, 8}, Affine: volume.Affine{{2, 0, 0, 0}, {0, 2, 0, 0}, {0, 0, 2, 0}}, U8: make([]uint8, 16*8*8)}
	for n := range 125 {
		i, j, k := n%5, n/5%5, n/25
		m.U8[(1+i)+16*((1+j)+8*(1+k))] = 1
		m.U8[(6+i)+16*((1+j)+8*(1+k))] = 2
	}
	m.Table = volume.Table{Iris: volume.TableVersion, Labels: []volume.Label{{ID: 1, Name: "liver"}, {ID: 2, Name: "spleen"}}}
	return written(t, m)
}

// written writes a label map into a file.
func written(t *testing.T, m *volume.LabelMap) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "labels.nii.gz")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(nifti.WriteLabels(f, m), f.Close()); err != nil {
		t.Fatal(err)
	}
	return path
}

func runMesh(t *testing.T, args ...string) error {
	t.Helper()
	c := meshCommand()
	c.SilenceErrors, c.SilenceUsage = true, true
	c.SetArgs(args)
	return c.ExecuteContext(t.Context())
}

func TestMeshWritesEveryFormat(t *testing.T) {
	labels, out := labelFile(t), t.TempDir()
	for _, format := range meshfile.Formats() {
		path := filepath.Join(out, "model."+format)
		if err := runMesh(t, labels, path); err != nil {
			t.Errorf("%s: %v", format, err)
		}
		if info, err := os.Stat(path); err != nil || info.Size() == 0 {
			t.Errorf("%s: %v", format, err)
		}
	}
}

func TestMeshFlags(t *testing.T) {
	labels := labelFile(t)
	for _, c := range []struct {
		name  string
		flags []string
		want  string
	}{
		{"all", nil, "liver spleen"},
		{"one", []string{"--structures", "spleen"}, "spleen"},
		{"merged", []string{"--merge", "both=liver,spleen", "--smooth", "0", "--decimate", "none"}, "both"},
	} {
		out := filepath.Join(t.TempDir(), "model.GLB")
		if err := runMesh(t, append(c.flags, labels, out)...); err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if got := namesOf(t, out); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

func TestMeshSameBytesForAnyThreads(t *testing.T) {
	labels := labelFile(t)
	var first []byte
	for _, threads := range []string{"1", "2", "8"} {
		out := filepath.Join(t.TempDir(), "model.glb")
		if err := runMesh(t, "--threads", threads, labels, out); err != nil {
			t.Fatal(err)
		}
		data, err := os.ReadFile(out)
		if err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first = data
		}
		if !bytes.Equal(first, data) {
			t.Errorf("%s threads give other bytes", threads)
		}
	}
}

func TestMeshRefusals(t *testing.T) {
	labels := labelFile(t)
	text := filepath.Join(t.TempDir(), "text.nii.gz")
	if err := os.WriteFile(text, []byte("not a label map"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name       string
		in, ending string
		flags      []string
		usage      bool
		want       string
	}{
		{"format", labels, ".exe", nil, true, "unsupported_format"},
		{"no ending", labels, "", nil, true, "unsupported_format"},
		{"smoothing", labels, ".glb", []string{"--smooth", "1.5"}, true, "bad_option"},
		{"smoothing NaN", labels, ".glb", []string{"--smooth", "NaN"}, true, "bad_option"},
		{"decimation to nothing", labels, ".glb", []string{"--decimate", "0.0"}, true, "bad_option"},
		{"no decimation", labels, ".glb", []string{"--decimate", "much"}, true, "bad_option"},
		{"merge", labels, ".glb", []string{"--merge", "liver"}, true, "bad_option"},
		{"threads", labels, ".glb", []string{"--threads", "-1"}, true, "bad_option"},
		{"unknown structure", labels, ".glb", []string{"--structures", "gills"}, false, "bad_option"},
		{"not a label map", text, ".glb", nil, false, ""},
		{"missing", text + ".missing", ".glb", nil, false, "not_found: open the input"},
		{"a folder", filepath.Dir(text), ".glb", nil, false, "not_a_file: read the input"},
		{"no folder for OUT", labels, "/none/model.glb", nil, false, "not_found: write the output"},
	} {
		folder := t.TempDir()
		err := runMesh(t, append(c.flags, c.in, filepath.Join(folder, "model"+c.ending))...)
		var exit *exitError
		switch {
		case err == nil:
			t.Errorf("%s: no error", c.name)
		case errors.As(err, &exit) != c.usage || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n"):
			t.Errorf("%s: %v", c.name, err)
		case !c.usage && job.Named(err) == nil && !errors.As(err, new(*codedError)):
			t.Errorf("%s: %v has no name", c.name, err)
		case strings.Contains(err.Error(), folder) || strings.Contains(err.Error(), filepath.Dir(text)):
			t.Errorf("%s: %v names a path", c.name, err)
		}
		if left, _ := os.ReadDir(folder); len(left) > 0 {
			t.Errorf("%s: %d files are left", c.name, len(left))
		}
	}
}

// modelOf reads a GLB.
func modelOf(t *testing.T, path string) meshfile.Scene {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	s, err := meshtest.ReadGLB(data)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// namesOf are the names of the structures in a GLB.
func namesOf(t *testing.T, path string) string {
	t.Helper()
	s := modelOf(t, path)
	var names []string
	for i := range s.Surfaces {
		names = append(names, s.Surfaces[i].Label.Name)
	}
	return strings.Join(names, " ")
}

// A label map of 3D Slicer becomes a model with the names, the colours and the places
// of its segments; a table that is named counts before them, one beside it does not.
func TestMeshOfSlicer(t *testing.T) {
	text := "NRRD0004\n# a comment\ntype: unsigned char\ndimension: 4\nspace: left-posterior-superior\nsizes: 2 16 8 8\n" +
		"space directions: none (2,0,0) (0,2,0) (0,0,2)\nkinds: list domain domain domain\nencoding: raw\nspace origin: (-100,0,0)\n" +
		"Segment0_Name:=liver\nSegment0_LabelValue:=1\nSegment0_Layer:=0\nSegment0_Color:=1 0.5 0\n" +
		"Segment1_Name:=spleen\nSegment1_LabelValue:=1\nSegment1_Layer:=1\nSegment1_Color:=0 0 1\n\n"
	voxels := make([]byte, 2*16*8*8)
	for n := range 125 {
		i, j, k := n%5, n/5%5, n/25
		voxels[2*((1+i)+16*((1+j)+8*(1+k)))] = 1
		voxels[2*((6+i)+16*((1+j)+8*(1+k)))+1] = 1
	}
	folder := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	labels, out := write("scan.seg.nrrd", text+string(voxels)), filepath.Join(folder, "model.glb")
	write("scan.json", `{"1":"a","2":"b"}`)
	table := write("table.txt", "1 femur 1 2 3 0\n2 tibia 4 5 6 0\n")
	for _, c := range []struct {
		want string
		args []string
	}{{"liver spleen", nil}, {"spleen", []string{"--structures", "spleen"}}, {"femur tibia", []string{"--labels-table", table}}} {
		if err := runMesh(t, append(c.args, labels, out)...); err != nil {
			t.Fatal(err)
		}
		if got := namesOf(t, out); got != c.want {
			t.Errorf("%v: %s, want %s", c.args, got, c.want)
		}
	}
	if err := runMesh(t, labels, out, "--smooth", "0"); err != nil {
		t.Fatal(err)
	}
	s := modelOf(t, out)
	// Voxels 1 to 5 of 2 mm from 100 mm to the right, towards the left.
	low, high := s.Surfaces[0].Mesh.Vertices[0], s.Surfaces[0].Mesh.Vertices[0]
	for _, v := range s.Surfaces[0].Mesh.Vertices {
		for a := range v {
			low[a], high[a] = min(low[a], v[a]), max(high[a], v[a])
		}
	}
	for a, want := range [3][2]float64{{89, 99}, {-11, -1}, {1, 11}} {
		if math.Abs(float64(low[a])-want[0]) > 1e-3 || math.Abs(float64(high[a])-want[1]) > 1e-3 {
			t.Errorf("axis %d: %v to %v, want %v", a, low[a], high[a], want)
		}
	}
	m, err := readLabels(labels, "")
	if err != nil {
		t.Fatal(err)
	}
	if l := m.Table.Labels; len(l) != 2 || l[0].Color != "#ff8000" || l[1].Color != "#0000ff" {
		t.Errorf("%+v", l)
	}
	// A label above 65,535 is numbered anew, and the header's name for it counts, too.
	wide := strings.NewReplacer("unsigned char", "int\nendian: little", "dimension: 4", "dimension: 3", "2 16 8 8", "16 8 8", "none ", "", "list ", "",
		"Segment0_LabelValue:=1", "Segment0_LabelValue:=614454277").Replace(text)
	numbers := make([]byte, 4*16*8*8)
	binary.LittleEndian.PutUint32(numbers[4*300:], 614454277)
	write("wide.json", `{"614454277":"a"}`)
	if m, err = readLabels(write("wide.seg.nrrd", wide+string(numbers)), ""); err != nil || m.Table.Labels[0].Name != "liver" {
		t.Errorf("a wide label: %v %+v", err, m.Table)
	}
	if err := runMesh(t, write("bad.seg.nrrd", text), out); job.Named(err) == nil || !strings.Contains(err.Error(), "truncated") {
		t.Errorf("no voxels: %v", err)
	}
}

// The table named by --labels-table counts before the header's, which counts before
// one beside the label map.
func TestMeshTables(t *testing.T) {
	labels := labelFile(t)
	plain := filepath.Join(filepath.Dir(labels), "plain.nii.gz")
	m, err := readLabels(labels, "")
	if err != nil {
		t.Fatal(err)
	}
	m.Table = volume.Table{}
	f, err := os.Create(plain)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(nifti.WriteLabels(f, m), f.Close()); err != nil {
		t.Fatal(err)
	}
	write := func(name, text string) string {
		path := filepath.Join(filepath.Dir(labels), name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	given := write("given.txt", "1 femur 1 2 3 0\n2 tibia 4 5 6 0\n")
	out := filepath.Join(t.TempDir(), "model.glb")
	for _, c := range []struct {
		name, want string
		before     func()
		args       []string
	}{
		{"none", "label_1 label_2", func() {}, []string{plain}},
		{"given", "femur tibia", func() {}, []string{plain, "--labels-table", given}},
		{"beside", "a b", func() { write("plain.json", `{"1":"a","2":"b"}`) }, []string{plain}},
		{"beside, chosen", "b", func() {}, []string{plain, "--structures", "b"}},
		{"names with spaces", "right lobe", func() { write("plain.json", `{"1":"left lobe","2":"right lobe"}`) }, []string{plain, "--structures", "right lobe"}},
		{"solids with spaces", "both lobes", func() {}, []string{plain, "--merge", "both lobes=left lobe,right lobe"}},
		{"in the header", "liver spleen", func() { write("labels.json", `{"1":"a","2":"b"}`) }, []string{labels}},
		{"given over the header", "femur tibia", func() {}, []string{labels, "--labels-table", given}},
		{"beside and no table", "label_1 label_2", func() { write("plain.json", `{"Manual":true}`) }, []string{plain}},
	} {
		c.before()
		if err := runMesh(t, append(c.args, out)...); err != nil {
			t.Errorf("%s: %v", c.name, err)
		} else if got := namesOf(t, out); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
	for name, table := range map[string]string{"not_found": given + ".none", "bad_labels_table": write("bad.txt", "prose, not a table")} {
		if err := runMesh(t, plain, out, "--labels-table", table); err == nil || !strings.HasPrefix(err.Error(), name+": ") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
