package usdz_test

import (
	"archive/zip"
	"bytes"
	"errors"
	"io"
	"math"
	"regexp"
	"strconv"
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

// Augmented reality lays the origin of a file on the floor: there stands the
// model, its middle above the origin, and points keep the scanner's coordinates.
func TestTheModelStandsOnTheFloor(t *testing.T) {
	s := meshtest.Scene()
	text, _, _ := layer(t, write(t, s))
	found := regexp.MustCompile(`def Xform "patient"[^{]*{\s*double3 xformOp:translate = \((.*), (.*), (.*)\)\s*uniform token\[\] xformOpOrder = \["xformOp:translate"\]`).FindStringSubmatch(text)
	if found == nil {
		t.Fatalf("no translation: %.400s", text)
	}
	var low, high [3]float64
	for i, extent := range regexp.MustCompile(`extent = \[\((.*), (.*), (.*)\), \((.*), (.*), (.*)\)\]`).FindAllStringSubmatch(text, -1) {
		for k := range 3 {
			least, err1 := strconv.ParseFloat(extent[1+k], 64)
			greatest, err2 := strconv.ParseFloat(extent[4+k], 64)
			if err := errors.Join(err1, err2); err != nil {
				t.Fatal(err)
			}
			if i == 0 {
				low[k], high[k] = least, greatest
			}
			low[k], high[k] = min(low[k], least), max(high[k], greatest)
		}
	}
	for k, want := range [3]float64{(low[0] + high[0]) / 2, low[1], (low[2] + high[2]) / 2} {
		if move, err := strconv.ParseFloat(found[1+k], 64); err != nil || math.Abs(move+want) > 1e-6 {
			t.Errorf("axis %d: moved by %v, want %v", k, move, -want)
		}
	}
}

func TestDisplayNamesKeepTheirLetters(t *testing.T) {
	s := meshtest.Scene()
	s.Surfaces[0].Label.Name = "肝脏"
	s.Surfaces[1].Label.Name = `a "b" \ c`
	text, _, _ := layer(t, write(t, s))
	for _, want := range []string{
		"def Mesh \"structure_label_1\" (\n        prepend apiSchemas = [\"MaterialBindingAPI\"]\n        displayName = \"肝脏\"\n",
		`displayName = "a \"b\" \\ c"`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("lacks %s", want)
		}
	}
}

func TestSameBytesTwice(t *testing.T) {
	if !bytes.Equal(write(t, meshtest.Scene()), write(t, meshtest.Scene())) {
		t.Error("two runs differ")
	}
}
