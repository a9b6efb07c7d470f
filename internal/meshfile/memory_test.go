package meshfile_test

import (
	"io"
	"runtime"
	"testing"

	"github.com/iris-oculus/iris/internal/meshfile"
	"github.com/iris-oculus/iris/internal/surface"
	"github.com/iris-oculus/iris/internal/surface/build"
	"github.com/iris-oculus/iris/internal/surface/surfacetest"
	"github.com/iris-oculus/iris/internal/volume"
)

// board is a map in which every voxel is asked for its label.
func board(dims [3]int, label func(x, y, z int) int) *volume.LabelMap {
	m := &volume.LabelMap{Dims: dims, Affine: volume.Affine{{1, 0, 0, 0}, {0, 1, 0, 0}, {0, 0, 1, 0}}, U16: make([]uint16, dims[0]*dims[1]*dims[2])}
	for i := range m.U16 {
		m.U16[i] = uint16(label(i%dims[0], i/dims[0]%dims[1], i/dims[0]/dims[1]))
	}
	return m
}

// allocated is what a function allocates, kept or not.
func allocated(do func()) int64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	do()
	runtime.ReadMemStats(&after)
	return int64(after.TotalAlloc - before.TotalAlloc)
}

// All that the engine and a writer allocate, kept or not, is within the bound: then so
// is what they hold at any one time, whenever the collector comes. What the bound holds
// for the program itself and for each processor is not counted for it here.
func TestMemoryIsABound(t *testing.T) {
	for n, c := range []struct {
		name string
		m    *volume.LabelMap
	}{
		{"noise of one label", surfacetest.Noise(1, [3]int{32, 32, 32}, 1)},
		{"noise of 200 labels", surfacetest.Noise(2, [3]int{32, 32, 32}, 200)},
		{"noise of 10,000 labels", surfacetest.Noise(3, [3]int{24, 24, 24}, 10_000)},
		{"noise in one slice", surfacetest.Noise(4, [3]int{160, 160, 1}, 3)},
		{"a checkerboard", board([3]int{32, 32, 32}, func(x, y, z int) int { return (x + y + z) % 2 })},
		{"a checkerboard of two labels", board([3]int{32, 32, 32}, func(x, y, z int) int { return 1 + (x+y+z)%2 })},
		{"thin plates", board([3]int{44, 44, 44}, func(_, _, z int) int { return z % 2 * (1 + z/2) })},
		{"rods", board([3]int{36, 36, 36}, func(x, y, _ int) int { return x % 2 * (y % 2) * (1 + x + 50*y) })},
		{"a ball", board([3]int{60, 60, 60}, func(x, y, z int) int {
			x, y, z = x-30, y-30, z-30
			return 729 / (729 + max(0, x*x+y*y+z*z-729))
		})},
	} {
		o := build.Options{Smoothing: 0.5}
		need, err := build.MemoryOf(c.m, o)
		if err != nil {
			t.Fatal(err)
		}
		var surfaces []surface.Surface
		used := allocated(func() { surfaces, err = build.Surfaces(t.Context(), c.m, o) })
		if err != nil {
			t.Fatal(err)
		}
		vertices, triangles := int64(0), int64(0)
		for i := range surfaces {
			vertices, triangles = vertices+int64(len(surfaces[i].Mesh.Vertices)), triangles+int64(len(surfaces[i].Mesh.Triangles))
		}
		if vertices > need.Model.Vertices || triangles > need.Model.Triangles || triangles < need.Model.Triangles {
			t.Errorf("%s: %d vertices and %d triangles, counted %+v", c.name, vertices, triangles, need.Model)
		}
		bound := need.Net + need.Meshes + need.Survey
		t.Logf("%s: %d MiB allocated, the bound is %d, %d vertices, %+v", c.name, used>>20, bound>>20, vertices, need.Model)
		if used > bound {
			t.Errorf("%s: %d MiB allocated, the bound is %d", c.name, used>>20, bound>>20)
		}
		scene := meshfile.Scene{Surfaces: surfaces, Spacing: [3]float64{1, 1, 1}}
		view := meshfile.ViewMemory(need.Model)
		if used := allocated(func() {
			if err := meshfile.WriteView(io.Discard, scene, meshfile.ViewStep); err != nil {
				t.Fatal(err)
			}
		}); used > view {
			t.Errorf("%s: a view: %d KiB allocated, the bound is %d", c.name, used>>10, view>>10)
		} else {
			t.Logf("   view: %d KiB allocated, the bound is %d", used>>10, view>>10)
		}
		for i, format := range meshfile.Formats() {
			if (testing.Short() || n%3 > 0) && i > 1 {
				continue
			}
			if len(surfaces) > 1 && format == "zip" {
				continue // an entry's buffers are given up before the next one
			}
			bound := meshfile.Memory(format, need.Model)
			used := allocated(func() {
				if err := meshfile.Write(io.Discard, format, scene); err != nil {
					t.Fatal(err)
				}
			})
			if used > bound {
				t.Errorf("%s: %s: %d KiB allocated, the bound is %d", c.name, format, used>>10, bound>>10)
			}
			t.Logf("   %s: %d KiB allocated, the bound is %d", format, used>>10, bound>>10)
		}
	}
}

// The bound is not so wide that an ordinary scan is refused: a torso in voxels of
// 1.6 mm, which at half of them needs less than eight times as much.
func TestMemoryOfATorso(t *testing.T) {
	need, err := build.MemoryOf(surfacetest.Torso([3]int{256, 256, 300}, [3]float64{1.6, 1.6, 2}), build.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, format := range append(meshfile.Formats(), "view") {
		after := meshfile.ViewMemory(need.Model)
		if format != "view" {
			after = meshfile.Memory(format, need.Model)
		}
		got := need.Bytes(after)
		t.Logf("%s: %d MiB", format, got>>20)
		if got > 520<<20 {
			t.Errorf("%s: %d MiB", format, got>>20)
		}
	}
}

// The advice of a refusal helps: fewer structures need less, and a model alone is not
// measured by what an STL would take.
func TestMemoryFollowsTheStructuresAndTheFormat(t *testing.T) {
	m := surfacetest.Noise(5, [3]int{32, 32, 32}, 200)
	all, err := build.MemoryOf(m, build.Options{})
	if err != nil {
		t.Fatal(err)
	}
	few, err := build.MemoryOf(m, build.Options{Structures: []string{"label_3", "label_7"}})
	if err != nil {
		t.Fatal(err)
	}
	if few.Bytes(0) >= all.Bytes(0) || few.Model.Vertices*20 > all.Model.Vertices {
		t.Errorf("two structures: %+v, all: %+v", few, all)
	}
	if glb, stl := meshfile.Memory("glb", all.Model), meshfile.Memory("stl", all.Model); glb >= stl {
		t.Errorf("glb %d bytes, stl %d", glb, stl)
	}
	if _, err := build.MemoryOf(m, build.Options{Structures: []string{"nobody"}}); err == nil {
		t.Error("a structure that is not there")
	}
}
