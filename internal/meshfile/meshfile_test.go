package meshfile_test

import (
	"archive/zip"
	"bytes"
	"errors"
	"io"
	"testing"

	"github.com/iris-oculus/iris/internal/meshfile"
	"github.com/iris-oculus/iris/internal/meshfile/meshtest"
	"github.com/iris-oculus/iris/internal/meshfile/stl"
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
	} {
		var refusal *volume.Error
		if err := meshfile.Write(io.Discard, c.format, c.scene); !errors.As(err, &refusal) || refusal.Code != c.code {
			t.Errorf("%s: %v", name, err)
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
		m, err := stl.Read(solid)
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
