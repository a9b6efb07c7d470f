package meshfile_test

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"runtime"
	"strings"
	"testing"

	"github.com/iris-oculus/iris/internal/meshfile"
	"github.com/iris-oculus/iris/internal/meshfile/meshtest"
	"github.com/iris-oculus/iris/internal/surface"
	"github.com/iris-oculus/iris/internal/volume"
)

func write(t *testing.T, format string, s meshfile.Scene) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := meshfile.Write(&b, format, s); err != nil {
		t.Fatalf("%s: %v", format, err)
	}
	return b.Bytes()
}

func TestEveryFormatGivesTheSameBytesTwice(t *testing.T) {
	for _, format := range meshfile.Formats() {
		first := write(t, format, meshtest.Scene())
		if len(first) < 1000 || !bytes.Equal(first, write(t, format, meshtest.Scene())) {
			t.Errorf("%s: %d bytes, or two runs differ", format, len(first))
		}
	}
}

func TestSurfacesWithoutTrianglesAreLeftOut(t *testing.T) {
	with := meshtest.Scene()
	with.Surfaces = append(with.Surfaces, surface.Surface{Label: volume.Label{ID: 77, Name: "empty"}})
	for _, format := range meshfile.Formats() {
		if !bytes.Equal(write(t, format, with), write(t, format, meshtest.Scene())) {
			t.Errorf("%s: an empty surface changes the file", format)
		}
	}
	if len(with.Surfaces) != 4 {
		t.Error("the caller's scene changed")
	}
}

func TestRefusals(t *testing.T) {
	for name, c := range map[string]struct {
		format string
		scene  meshfile.Scene
		code   string
	}{
		"nothing":        {"glb", meshfile.Scene{}, "empty_segmentation"},
		"unknown format": {"../x", meshtest.Scene(), "unsupported_format"},
		"too far":        {"stl", moved([3]float32{1e6, 0, 0}), "too_far"},
		"not a number":   {"glb", moved([3]float32{float32(math.NaN()), 0, 0}), "too_far"},
	} {
		var refusal *volume.Error
		if err := meshfile.Write(io.Discard, c.format, c.scene); !errors.As(err, &refusal) || refusal.Code != c.code {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// moved is the scene moved by some millimetres.
func moved(by [3]float32) meshfile.Scene {
	s := meshtest.Scene()
	for i := range s.Surfaces {
		for v := range s.Surfaces[i].Mesh.Vertices {
			for k := range 3 {
				s.Surfaces[i].Mesh.Vertices[v][k] += by[k]
			}
		}
	}
	return s
}

// Every format says from where its positions are counted.
func TestEveryFormatStatesTheOrigin(t *testing.T) {
	s := meshtest.Scene()
	s.Origin = [3]float64{300015, -20, 2}
	for _, format := range meshfile.Formats() {
		data, want := write(t, format, s), "ORIGIN_RAS_MM=300015,-20,2"
		switch format {
		case "glb":
			want = `0,300015,-20,2,1]`
			got, err := meshtest.ReadGLB(data)
			if err != nil || got.Origin != s.Origin {
				t.Errorf("glb: origin %v, %v", got.Origin, err)
			}
		case "ply":
			if _, err := meshtest.ReadPLY(data); err != nil {
				t.Error(err)
			}
		case "3mf", "zip":
			pack, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
			if err != nil {
				t.Fatal(err)
			}
			entry, err := pack.File[len(pack.File)-1].Open()
			if err != nil {
				t.Fatal(err)
			}
			data, _ = io.ReadAll(entry)
		case "mz3":
			unpack, err := gzip.NewReader(bytes.NewReader(data))
			if err != nil {
				t.Fatal(err)
			}
			data, _ = io.ReadAll(unpack)
			if skip := binary.LittleEndian.Uint32(data[12:]); string(data[16:16+skip]) != " "+want {
				t.Errorf("mz3 skips %d bytes", skip)
			}
		}
		if !bytes.Contains(data, []byte(want)) {
			t.Errorf("%s does not say %s", format, want)
		}
		if bytes.Contains(write(t, format, meshtest.Scene()), []byte("ORIGIN")) {
			t.Errorf("%s states an origin of zero", format)
		}
	}
}

// Names from a label table of any content give files that open, with their letters
// where the format has them.
func TestNamesOfAnyContent(t *testing.T) {
	s := meshtest.Scene()
	names := []string{"肝脏", "../x\n\"q\" & <b>\x00{}#\\", strings.Repeat("脾", 4000)}
	for i, name := range names {
		s.Surfaces[i].Label.Name = name
	}
	data := write(t, "zip", s)
	pack, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil || len(pack.File) != 3 {
		t.Fatal(err)
	}
	// Bit 11 of the flags says that the name is UTF-8.
	if f := pack.File[0]; f.Name != "肝脏.stl" || f.NonUTF8 || f.Flags&(1<<11) == 0 {
		t.Errorf("%q, flags %x", f.Name, f.Flags)
	}
	surfaces, err := meshtest.ReadOBJ(write(t, "obj", s))
	if err != nil || len(surfaces) != 3 || surfaces[0].Label.Name != "肝脏" {
		t.Errorf("obj: %d objects, %v", len(surfaces), err)
	}
	back, err := meshtest.ReadGLB(write(t, "glb", s))
	if err != nil || len(back.Surfaces) != 3 || back.Surfaces[0].Label.Name != "肝脏" {
		t.Errorf("glb: %v", err)
	}
}

// Every format gives the same bytes for any number of processors, also of meshes
// that are cut into many pieces.
func TestSameBytesForAnyNumberOfWorkers(t *testing.T) {
	s := meshtest.Scene()
	for i, n := range []int{6, 5} {
		s.Surfaces = append(s.Surfaces, surface.Surface{Label: volume.Label{ID: 50 + i}, Mesh: meshtest.Sphere([3]float32{0, float32(300 * i), 0}, 100, n)})
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	for _, format := range meshfile.Formats() {
		var alone []byte
		for _, workers := range []int{1, 2, 5} {
			runtime.GOMAXPROCS(workers)
			data := write(t, format, s)
			if alone == nil {
				alone = data
			}
			if !bytes.Equal(data, alone) {
				t.Errorf("%s: %d workers give other bytes", format, workers)
			}
		}
	}
}

// room is a disk with room for so many bytes.
type room int

func (r *room) Write(p []byte) (int, error) {
	if *r -= room(len(p)); *r < 0 {
		return 0, errors.New("disk full")
	}
	return len(p), nil
}

func TestAFullDiskIsAnErrorInEveryFormat(t *testing.T) {
	for _, format := range meshfile.Formats() {
		whole := len(write(t, format, meshtest.Scene()))
		for _, n := range []int{0, whole / 2, whole - 1} {
			left := room(n)
			if err := meshfile.Write(&left, format, meshtest.Scene()); err == nil {
				t.Errorf("%s: %d of %d bytes fit and nobody says so", format, n, whole)
			}
		}
	}
}

func TestZipHoldsOneClosedSolidPerStructure(t *testing.T) {
	s := meshtest.Scene()
	s.Surfaces[0].Label.Name = "../../etc/passwd"
	data := write(t, "zip", s)
	pack, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	names := []string{"_.._etc_passwd.stl", "spleen.stl", "kidney_left.stl"}
	for i, file := range pack.File {
		entry, err := file.Open()
		if err != nil {
			t.Fatal(err)
		}
		solid, err := io.ReadAll(entry)
		if err != nil {
			t.Fatal(err)
		}
		m, err := meshtest.ReadSTL(solid)
		if err != nil {
			t.Fatal(err)
		}
		if err := meshtest.Closed(m); err != nil || file.Name != names[i] || len(m.Triangles) != len(s.Surfaces[i].Mesh.Triangles) {
			t.Errorf("%s: %d triangles, %v", file.Name, len(m.Triangles), err)
		}
	}
	if len(pack.File) != len(names) {
		t.Errorf("%d entries, want %d", len(pack.File), len(names))
	}
}
