package meshfile_test

import (
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/iris-oculus/iris/internal/meshfile"
	"github.com/iris-oculus/iris/internal/surface/build"
	"github.com/iris-oculus/iris/internal/surface/surfacetest"
	"github.com/iris-oculus/iris/internal/volume"
)

// dots has a loose voxel at every other place, and pairs that touch at an edge or a
// corner: what a reader that merges equal positions would join.
func dots() *volume.LabelMap {
	m := &volume.LabelMap{Dims: [3]int{21, 22, 23}, Affine: volume.Affine{{0.7, 0, 0, -200}, {0, 0.7, 0, 10}, {0, 0, 1.3, 900}}}
	m.U8 = make([]uint8, m.Len())
	for i := range m.U8 {
		if x, y, z := i%21, i/21%22, i/462; x%3 == 1 && x < 19 && y%4 == 1 && y < 20 && z%3 == 1 {
			m.U8[i], m.U8[i+1+21] = 1, 1
			if z%2 == 0 && z < 20 {
				m.U8[i+1+21+462] = 2
			}
		}
	}
	return m
}

// printed are models as they are sent to printers: by name, with the number of closed
// shells.
func printed(t *testing.T) map[string]meshfile.Scene {
	t.Helper()
	scenes := map[string]meshfile.Scene{}
	for name, m := range map[string]*volume.LabelMap{
		"torso": surfacetest.Torso([3]int{60, 50, 60}, [3]float64{7, 8, 10}),
		"noise": surfacetest.Noise(3, [3]int{14, 15, 16}, 3),
		"dots":  dots(),
	} {
		for _, smoothing := range []float64{0, 0.5} {
			for _, merged := range []bool{false, true} {
				o := build.Options{Smoothing: smoothing}
				if merged {
					o.Merge = []build.Group{{Name: "solid", Of: build.Found(m)}}
				}
				made, origin, err := build.Near(t.Context(), m, o)
				if err != nil {
					t.Fatal(err)
				}
				scenes[fmt.Sprintf("%s-%g-%v", name, smoothing, merged)] = meshfile.Scene{Surfaces: made, Spacing: m.Affine.Spacing(), Origin: origin}
			}
		}
	}
	return scenes
}

func written(t *testing.T, name, format string, s meshfile.Scene) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name+"."+format)
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := meshfile.Write(f, format, s); err != nil {
		t.Fatal(err)
	}
	return path
}

// off is how far a model's volume may be from that of its meshes: writers part what
// touches by moving it, which a thousand loose voxels feel.
func off(name string) float64 {
	if strings.HasPrefix(name, "torso") {
		return 0.001
	}
	return 0.03
}

// found is the number after a text in what a program prints.
func found(t *testing.T, out, label string) float64 {
	t.Helper()
	m := regexp.MustCompile(regexp.QuoteMeta(label) + `\s*[:=]\s*(-?[0-9.]+)`).FindStringSubmatch(out)
	if m == nil {
		t.Fatalf("no %q in %s", label, out)
	}
	x, err := strconv.ParseFloat(m[1], 64)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func run(t *testing.T, program string, args ...string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), program, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v: %s", program, err, out)
	}
	return string(out)
}

// ADMesh, whose code slicers repair STL with, finds nothing to repair: no edge
// without its partner, no facet without an area, none turned round.
func TestADMeshRepairsNothing(t *testing.T) {
	if _, err := exec.LookPath("admesh"); err != nil {
		t.Skip("needs admesh: apt-get install admesh")
	}
	for name, s := range printed(t) {
		out := run(t, "admesh", written(t, name, "stl", s))
		for _, label := range []string{"Total disconnected facets", "Degenerate facets", "Edges fixed", "Facets removed", "Facets added", "Facets reversed", "Backwards edges", "Normals fixed"} {
			if n := found(t, out, label); n != 0 {
				t.Errorf("%s: %s: %g", name, label, n)
			}
		}
		shells, ml, triangles := 0, 0.0, 0
		for i := range s.Surfaces {
			shells += surfacetest.Check(&s.Surfaces[i].Mesh).Shells
			ml += s.Surfaces[i].Measure.MeshML
			triangles += len(s.Surfaces[i].Mesh.Triangles)
		}
		if n := found(t, out, "Number of parts"); int(n) != shells {
			t.Errorf("%s: %g parts, want %d", name, n, shells)
		}
		if n := found(t, out, "Volume"); math.Abs(n/1000/ml-1) > off(name) {
			t.Errorf("%s: %g mm³, want %g ml", name, n, ml)
		}
		if n := found(t, out, "Number of facets"); int(n) != triangles {
			t.Errorf("%s: %g facets, want %d", name, n, triangles)
		}
	}
}

// lib3mf, the consortium's own reader, takes every 3MF in its strict mode without a
// warning, and calls every mesh manifold and oriented.
func TestLib3MFHasNoWarnings(t *testing.T) {
	const script = `
import sys, lib3mf
for path in sys.argv[1:]:
    model = lib3mf.get_wrapper().CreateModel()
    reader = model.QueryReader("3mf")
    reader.SetStrictModeActive(True)
    reader.ReadFromFile(path)
    meshes, bad = model.GetMeshObjects(), 0
    while meshes.MoveNext():
        mesh = meshes.GetCurrentMeshObject()
        bad += not (mesh.IsManifoldAndOriented() and mesh.IsValid())
    print("warnings: %d bad: %d meshes: %d unit: %d" % (reader.GetWarningCount(), bad, meshes.Count(), int(model.GetUnit())))
`
	python := os.Getenv("IRIS_PYTHON")
	if python == "" {
		python = "python3"
	}
	if err := exec.CommandContext(t.Context(), python, "-c", "import lib3mf").Run(); err != nil {
		t.Skip("needs lib3mf: pip install lib3mf, its Python in IRIS_PYTHON")
	}
	for name, s := range printed(t) {
		out := run(t, python, "-c", script, written(t, name, "3mf", s))
		if found(t, out, "warnings") != 0 || found(t, out, "bad") != 0 || int(found(t, out, "meshes")) != len(s.Surfaces) || found(t, out, "unit") != 1 { // millimetres
			t.Errorf("%s: %s", name, out)
		}
	}
}

// PrusaSlicer calls STL and 3MF manifold and sees their volume.
func TestPrusaSlicerSaysManifold(t *testing.T) {
	if _, err := exec.LookPath("prusa-slicer"); err != nil {
		t.Skip("needs prusa-slicer: apt-get install prusa-slicer")
	}
	for name, s := range printed(t) {
		ml := 0.0
		for i := range s.Surfaces {
			ml += s.Surfaces[i].Measure.MeshML
		}
		for _, format := range []string{"stl", "3mf"} {
			out := run(t, "prusa-slicer", "--info", written(t, name, format, s))
			if !strings.Contains(out, "manifold = yes") || strings.Contains(out, "manifold = no") {
				t.Errorf("%s.%s: %s", name, format, out)
			}
			if format == "stl" {
				if n := found(t, out[strings.Index(out, "number_of_parts"):], "volume"); math.Abs(n/1000/ml-1) > off(name) {
					t.Errorf("%s: %g mm³, want %g ml", name, n, ml)
				}
			}
		}
	}
}
