package usdz_test

import (
	"archive/zip"
	"bytes"
	"io"
	"regexp"
	"strings"
	"testing"

	"github.com/iris-oculus/iris/internal/meshfile/meshtest"
	"github.com/iris-oculus/iris/internal/meshfile/scene"
	"github.com/iris-oculus/iris/internal/meshfile/usdz"
)

func write(t *testing.T, s scene.Scene) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := usdz.Write(&b, s); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func layer(t *testing.T, data []byte) (text string, offset int64, header zip.FileHeader) {
	t.Helper()
	pack, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil || len(pack.File) != 1 {
		t.Fatalf("%v, %d entries", err, len(pack.File))
	}
	offset, err = pack.File[0].DataOffset()
	if err != nil {
		t.Fatal(err)
	}
	r, err := pack.File[0].Open()
	if err != nil {
		t.Fatal(err)
	}
	all, err := io.ReadAll(r) // checks the CRC, too
	if err != nil {
		t.Fatal(err)
	}
	return string(all), offset, pack.File[0].FileHeader
}

func TestPackage(t *testing.T) {
	data := write(t, meshtest.Scene())
	text, offset, header := layer(t, data)
	if offset%64 != 0 || header.Method != zip.Store || !strings.HasSuffix(header.Name, ".usda") {
		t.Errorf("%s: method %d, data at %d", header.Name, header.Method, offset)
	}
	// USD reads local headers one after the other: sizes must stand there, not behind the data.
	if data[6]&8 != 0 || !bytes.Equal(data[18:22], data[22:26]) || bytes.Equal(data[18:22], []byte{0, 0, 0, 0}) {
		t.Errorf("local header % x", data[:30])
	}
	if !strings.HasPrefix(text, "#usda 1.0\n") || strings.Count(text, "{") != strings.Count(text, "}") {
		t.Error("no balanced layer")
	}
}

func TestLayerHoldsEveryStructure(t *testing.T) {
	s := meshtest.Scene()
	s.Surfaces[0].Label.Name = "materials"
	s.Surfaces[1].Label.Name = "7 \"up\""
	s.Surfaces[2].Label.Name = "7 'up'"
	text, _, _ := layer(t, write(t, s))
	identifiers := regexp.MustCompile(`def (Mesh|Material|Scope) "([A-Za-z_][A-Za-z0-9_]*)"`).FindAllStringSubmatch(text, -1)
	seen := map[string]bool{}
	for _, found := range identifiers {
		if key := found[1] + found[2]; seen[key] {
			t.Errorf("%s %s twice", found[1], found[2])
		} else {
			seen[key] = true
		}
	}
	if len(identifiers) != 7 {
		t.Errorf("%d prims, want 3 meshes, 3 materials and their scope", len(identifiers))
	}
	points := regexp.MustCompile(`points = \[(.*)\]`).FindAllStringSubmatch(text, -1)
	for i, found := range points {
		if got, want := strings.Count(found[1], "("), len(s.Surfaces[i].Mesh.Vertices); got != want {
			t.Errorf("mesh %d has %d points, want %d", i, got, want)
		}
	}
	// The spleen box's first corner, R -60 A 10 S 280 mm.
	if !strings.HasPrefix(points[1][1], "(0.06,0.28,0.01)") {
		t.Errorf("first point %.40s", points[1][1])
	}
}

func TestSameBytesTwice(t *testing.T) {
	if !bytes.Equal(write(t, meshtest.Scene()), write(t, meshtest.Scene())) {
		t.Error("two runs differ")
	}
}
