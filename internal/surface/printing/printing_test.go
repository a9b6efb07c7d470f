package printing_test

import (
	"context"
	"errors"
	"math"
	"reflect"
	"runtime"
	"testing"

	"github.com/iris-oculus/iris/internal/meshfile/meshtest"
	"github.com/iris-oculus/iris/internal/surface"
	"github.com/iris-oculus/iris/internal/surface/build"
	"github.com/iris-oculus/iris/internal/surface/printing"
	"github.com/iris-oculus/iris/internal/surface/surfacetest"
	"github.com/iris-oculus/iris/internal/volume"
)

func surfaceOf(name string, meshes ...surface.Mesh) surface.Surface {
	return surface.Surface{Label: volume.Label{Name: name}, Mesh: surfacetest.Join(meshes...)}
}

func examined(t *testing.T, minWall float64, surfaces ...surface.Surface) *printing.Report {
	t.Helper()
	r, err := printing.Examine(t.Context(), surfaces, [3]float64{}, printing.Options{MinWall: minWall})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func near(a, b, within float64) bool { return math.Abs(a-b) <= within }

func TestSizesAndWeights(t *testing.T) {
	r, err := printing.Examine(t.Context(), []surface.Surface{
		surfaceOf("a", meshtest.Box([3]float32{0, 0, 0}, [3]float32{10, 20, 30})),
		surfaceOf("none"),
		surfaceOf("b", meshtest.Box([3]float32{50, 0, 0}, [3]float32{60, 10, 10})),
	}, [3]float64{1000, 0, -500}, printing.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if r.MinWallMM != printing.MinWallDefault || len(r.Structures) != 2 || r.SizeMM != [3]float64{60, 20, 30} || !near(r.VolumeML, 7, 1e-9) {
		t.Errorf("%+v", r)
	}
	a := r.Structures[0]
	if !near(a.VolumeML, 6, 1e-9) || a.SizeMM != [3]float64{10, 20, 30} || a.Listed[0].At != [3]float64{1005, 10, -485} {
		t.Errorf("%+v", a)
	}
	want := map[string][2]float64{"PLA": {7.44, 7.44}, "PETG": {7.62, 7.62}, "ABS": {6.24, 6.24}, "ASA": {6.42, 6.42}, "TPU": {7.26, 7.26}, "PA12": {6.06, 6.06}, "resin": {6.6, 7.2}}
	for _, w := range a.Weights {
		if !near(w.MinG, want[w.Material][0], 1e-9) || !near(w.MaxG, want[w.Material][1], 1e-9) {
			t.Errorf("%+v, want %v g", w, want[w.Material])
		}
		delete(want, w.Material)
	}
	if len(want) > 0 {
		t.Errorf("no weight in %v", want)
	}
	if !r.Good() {
		t.Errorf("two boxes are not good: %+v", r)
	}
}

// Pieces are listed from the largest, cavities are counted apart, and the volume is
// without them.
func TestPiecesAndCavities(t *testing.T) {
	box := func(x, size float32) surface.Mesh {
		return meshtest.Box([3]float32{x, 0, 0}, [3]float32{x + size, size, size})
	}
	hole := surfacetest.Reversed(meshtest.Box([3]float32{22, 2, 2}, [3]float32{24, 4, 4}))
	flaw := surfacetest.Reversed(meshtest.Box([3]float32{26, 6, 6}, [3]float32{27, 7, 7}))
	s := examined(t, 0.5, surfaceOf("x", box(0, 5), flaw, box(20, 10), hole, box(40, 7))).Structures[0]
	if s.Pieces != 3 || s.Cavities != 2 || !near(s.CavityML, 0.009, 1e-9) || !near(s.VolumeML, 0.125+1+0.343-0.009, 1e-9) {
		t.Errorf("%+v", s)
	}
	for i, want := range []float64{1, 0.343, 0.125} {
		if !near(s.Listed[i].VolumeML, want, 1e-9) {
			t.Errorf("piece %d: %+v", i, s.Listed[i])
		}
	}
	if c := s.LargestCavity; c == nil || !near(c.VolumeML, 0.008, 1e-9) || c.At != [3]float64{23, 3, 3} || c.SizeMM != [3]float64{2, 2, 2} {
		t.Errorf("%+v", c)
	}
	many := surface.Mesh{}
	for i := range 30 {
		many = surfacetest.Join(many, box(float32(20*i), float32(1+i)/4))
	}
	if s := examined(t, 0.05, surfaceOf("x", many)).Structures[0]; s.Pieces != 30 || len(s.Listed) != 10 || s.Listed[0].At[0] < 20*29 {
		t.Errorf("%d pieces, %d listed", s.Pieces, len(s.Listed))
	}
}

func TestTouching(t *testing.T) {
	m := surfacetest.Torso([3]int{60, 50, 60}, [3]float64{7, 8, 10})
	made, err := build.Surfaces(t.Context(), m, build.Options{Smoothing: 0.5})
	if err != nil {
		t.Fatal(err)
	}
	// By the label map: pairs with a face in common.
	names := map[int]string{}
	for _, s := range made {
		names[s.Label.ID] = s.Label.Name
	}
	want := map[[2]string]bool{}
	for i := range m.U8 {
		for axis, step := range [3]int{1, m.Dims[0], m.Dims[0] * m.Dims[1]} {
			if i/step%m.Dims[axis] == m.Dims[axis]-1 {
				continue
			}
			a, b := int(m.U8[i]), int(m.U8[i+step])
			if a != b && a > 0 && b > 0 {
				want[[2]string{names[min(a, b)], names[max(a, b)]}] = true
			}
		}
	}
	got := map[[2]string]bool{}
	for _, pair := range examined(t, 0.1, made...).Touching {
		got[pair] = true
	}
	if len(want) == 0 || !reflect.DeepEqual(got, want) {
		t.Errorf("%d pairs, want %d", len(got), len(want))
	}
}

// The counts are those of the judge of meshes, whatever is wrong with a mesh.
func TestTopologyIsTheJudges(t *testing.T) {
	sphere := meshtest.Sphere([3]float32{}, 10, 2)
	for name, damage := range map[string]func(*surface.Mesh){
		"nothing": func(*surface.Mesh) {},
		"a hole":  func(m *surface.Mesh) { m.Triangles = m.Triangles[3:] },
		"a flip": func(m *surface.Mesh) {
			m.Triangles[7] = [3]uint32{m.Triangles[7][1], m.Triangles[7][0], m.Triangles[7][2]}
		},
		"a fin":     func(m *surface.Mesh) { m.Triangles = append(m.Triangles, m.Triangles[0]) },
		"a pinched": func(m *surface.Mesh) { m.Triangles = append(m.Triangles, surfacetest.Reversed(*m).Triangles...) },
	} {
		m := surface.Mesh{Vertices: sphere.Vertices, Triangles: append([][3]uint32(nil), sphere.Triangles...)}
		damage(&m)
		got, want := examined(t, 0.1, surfaceOf("x", m)).Structures[0].Topology, surfacetest.Check(&m)
		if got.Open != want.Boundary || got.NonManifold != want.NonManifold || got.Misoriented != want.Misoriented || got.Degenerate != want.Degenerate {
			t.Errorf("%s: %+v, want %+v", name, got, want)
		}
		if got.Manifold() != (name == "nothing") {
			t.Errorf("%s: manifold %v", name, got.Manifold())
		}
	}
}

func TestSameForAnyThreads(t *testing.T) {
	made, err := build.Surfaces(t.Context(), surfacetest.Torso([3]int{90, 80, 100}, [3]float64{4.5, 5, 6}), build.Options{Smoothing: 0.5})
	if err != nil {
		t.Fatal(err)
	}
	var first *printing.Report
	for _, threads := range []int{1, 2, 8} {
		r, err := printing.Examine(t.Context(), made, [3]float64{}, printing.Options{MinWall: 6, Threads: threads})
		if err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first = r
		}
		if !reflect.DeepEqual(first, r) {
			t.Errorf("%d threads: another report", threads)
		}
	}
	thin := 0
	for _, s := range first.Structures {
		thin += s.Thin.Places
	}
	if thin == 0 {
		t.Error("no thin walls in a torso of 5 mm")
	}
}

func TestRefusals(t *testing.T) {
	box := []surface.Surface{surfaceOf("x", meshtest.Box([3]float32{}, [3]float32{1, 1, 1}))}
	for _, w := range []float64{-1, 0.01, 21, math.NaN(), math.Inf(1)} {
		var e *volume.Error
		if _, err := printing.Examine(t.Context(), box, [3]float64{}, printing.Options{MinWall: w}); !errors.As(err, &e) || e.Code != "bad_option" {
			t.Errorf("%g: %v", w, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := printing.Examine(ctx, box, [3]float64{}, printing.Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	if r := examined(t, 0); len(r.Structures) != 0 || r.Good() {
		t.Errorf("nothing is good: %+v", r)
	}
}

// What is allocated stays below Memory, also where every voxel is a piece and thin.
func TestMemory(t *testing.T) {
	dots := &volume.LabelMap{Dims: [3]int{40, 40, 40}, Affine: volume.Affine{{1, 0, 0, 0}, {0, 1, 0, 0}, {0, 0, 1, 0}}}
	dots.U8 = make([]uint8, dots.Len())
	for i := range dots.U8 {
		if i%40%2+i/40%40%2+i/1600%2 == 3 {
			dots.U8[i] = 1
		}
	}
	for name, m := range map[string]*volume.LabelMap{"dots": dots, "torso": surfacetest.Torso([3]int{90, 80, 100}, [3]float64{4.5, 5, 6})} {
		made, err := build.Surfaces(t.Context(), m, build.Options{})
		if err != nil {
			t.Fatal(err)
		}
		size := surface.Size{Meshes: int64(len(made))}
		for i := range made {
			size.Vertices += int64(len(made[i].Mesh.Vertices))
			size.Triangles += int64(len(made[i].Mesh.Triangles))
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		examined(t, 1.5, made...)
		runtime.ReadMemStats(&after)
		if got, bound := after.TotalAlloc-before.TotalAlloc, printing.Memory(size); int64(got) > bound {
			t.Errorf("%s: %d bytes of %d", name, got, bound)
		} else {
			t.Logf("%s: %d bytes of %d", name, got, bound)
		}
	}
}
