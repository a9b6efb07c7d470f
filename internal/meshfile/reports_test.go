package meshfile_test

import (
	"bytes"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/iris-oculus/iris/internal/meshfile"
	"github.com/iris-oculus/iris/internal/meshfile/meshtest"
	"github.com/iris-oculus/iris/internal/surface"
	"github.com/iris-oculus/iris/internal/surface/build"
	"github.com/iris-oculus/iris/internal/surface/printing"
	"github.com/iris-oculus/iris/internal/surface/surfacetest"
	"github.com/iris-oculus/iris/internal/volume"
)

// What people reported of other programs that make, merge, repair or judge files for
// printing. Each test names the report, rebuilds its case, and holds the right value.

// painted is a label map of 1 mm voxels, whose middles at (x, y, z) get a label.
func painted(dims [3]int, label func(x, y, z float64) int) *volume.LabelMap {
	m := &volume.LabelMap{Dims: dims, Affine: volume.Affine{{1, 0, 0, 0.5}, {0, 1, 0, 0.5}, {0, 0, 1, 0.5}}}
	m.U8 = make([]uint8, m.Len())
	for i := range m.U8 {
		x, y, z := i%dims[0], i/dims[0]%dims[1], i/dims[0]/dims[1]
		m.U8[i] = uint8(label(float64(x)+0.5, float64(y)+0.5, float64(z)+0.5))
	}
	return m
}

// within says whether a point lies in a box.
func within(x, y, z float64, low, high [3]float64) bool {
	return x > low[0] && x < high[0] && y > low[1] && y < high[1] && z > low[2] && z < high[2]
}

func meshed(t *testing.T, m *volume.LabelMap, o build.Options) meshfile.Scene {
	t.Helper()
	made, origin, err := build.Near(t.Context(), m, o)
	if err != nil {
		t.Fatal(err)
	}
	return meshfile.Scene{Surfaces: made, Spacing: m.Affine.Spacing(), Origin: origin}
}

// merged meshes all labels of a map as one solid, and says what is found of it.
func merged(t *testing.T, m *volume.LabelMap, smoothing float64) (meshfile.Scene, printing.Structure) {
	t.Helper()
	s := meshed(t, m, build.Options{Smoothing: smoothing, Merge: []build.Group{{Name: "solid", Of: build.Found(m)}}})
	r, err := printing.Examine(t.Context(), s.Surfaces, s.Origin, printing.Options{MinWall: 0.1})
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Structures) != 1 || len(r.Touching) > 0 || !r.Structures[0].Topology.Manifold() {
		t.Fatalf("%+v", r)
	}
	return s, r.Structures[0]
}

// stlOf is what a reader of STL has that merges equal positions.
func stlOf(t *testing.T, s meshfile.Scene) (surface.Mesh, surfacetest.Report) {
	t.Helper()
	var b bytes.Buffer
	if err := meshfile.Write(&b, "stl", s); err != nil {
		t.Fatal(err)
	}
	m, err := meshtest.ReadSTL(b.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	return m, surfacetest.Check(&m)
}

func about(a, b, part float64) bool { return math.Abs(a-b) <= part*math.Abs(b) }

// ecto/vcad#6: of two cuboids that share a face the union keeps the face, twice, and
// the edges around it have four faces; its area is 2800 mm² in place of 2600.
func TestUnionKeepsNoInterface(t *testing.T) {
	m := painted([3]int{14, 14, 64}, func(x, y, z float64) int {
		switch {
		case within(x, y, z, [3]float64{2, 2, 2}, [3]float64{12, 12, 27}):
			return 1
		case within(x, y, z, [3]float64{2, 2, 27}, [3]float64{12, 12, 62}):
			return 2
		}
		return 0
	})
	s, found := merged(t, m, 0)
	if !about(found.SurfaceCM2, 26, 1e-6) || !about(found.VolumeML, 6, 1e-6) || found.Pieces != 1 {
		t.Errorf("%+v", found)
	}
	if _, r := stlOf(t, s); !r.Manifold() || r.Shells != 1 || r.Triangles != 2*2600 {
		t.Errorf("%+v", r)
	}
	// Apart they are 2800 mm², and whoever prints them is told of the wall.
	apart := meshed(t, m, build.Options{})
	r, err := printing.Examine(t.Context(), apart.Surfaces, apart.Origin, printing.Options{})
	if err != nil || len(r.Touching) != 1 || !about(r.Structures[0].SurfaceCM2+r.Structures[1].SurfaceCM2, 28, 1e-6) {
		t.Errorf("%v, %+v", err, r)
	}
}

// mikedh/trimesh#198, #2566 and otvam/pypeec#3: touching solids keep the faces between
// them, on which points are sampled. EinsteinsWorkshop/BlocksCAD#16: two cubes that
// touch by half a face give edges that end within others.
func TestTouchingCubes(t *testing.T) {
	for name, c := range map[string]struct {
		shift float64
		area  float64
	}{"face to face": {0, 1000}, "half a face": {5, 1100}} {
		m := painted([3]int{24, 24, 14}, func(x, y, z float64) int {
			switch {
			case within(x, y, z, [3]float64{2, 2, 2}, [3]float64{12, 12, 12}):
				return 1
			case within(x, y, z, [3]float64{12, 2 + c.shift, 2}, [3]float64{22, 12 + c.shift, 12}):
				return 2
			}
			return 0
		})
		s, found := merged(t, m, 0)
		if !about(found.SurfaceCM2*100, c.area, 1e-6) || !about(found.VolumeML, 2, 1e-6) || found.Pieces != 1 {
			t.Errorf("%s: %+v", name, found)
		}
		// No triangle lies in the plane between the cubes where both are.
		for _, v := range s.Surfaces[0].Mesh.Vertices {
			if v[0] == 12 && v[1] > float32(2+c.shift)+0.5 && v[1] < 11.5 && v[2] > 2.5 && v[2] < 11.5 {
				t.Errorf("%s: a vertex within, at %v", name, v)
			}
		}
	}
}

// mikedh/trimesh#928: is the inner geometry deleted in a union? A cube of 30 mm and,
// within it, a shell of 20 mm with a hollow of 10: united they are the cube.
func TestUnionOfNestedSolids(t *testing.T) {
	label := func(x, y, z float64) int {
		c := [3]float64{17, 17, 17}
		cube := func(h float64) bool {
			return within(x, y, z, [3]float64{c[0] - h, c[1] - h, c[2] - h}, [3]float64{c[0] + h, c[1] + h, c[2] + h})
		}
		switch {
		case cube(5):
			return 3
		case cube(10):
			return 2
		case cube(15):
			return 1
		}
		return 0
	}
	_, found := merged(t, painted([3]int{34, 34, 34}, label), 0)
	if !about(found.VolumeML, 27, 1e-6) || !about(found.SurfaceCM2, 54, 1e-6) || found.Pieces != 1 || found.Cavities != 0 {
		t.Errorf("%+v", found)
	}
	// Without what fills the hollow it is told of, with its volume and place.
	_, found = merged(t, painted([3]int{34, 34, 34}, func(x, y, z float64) int { return label(x, y, z) % 3 }), 0)
	if found.Cavities != 1 || !about(found.CavityML, 1, 1e-6) || !about(found.VolumeML, 26, 1e-6) || found.LargestCavity.At != [3]float64{17, 17, 17} {
		t.Errorf("hollow: %+v", found)
	}
}

// PyMesh/PyMesh#248 and #136: cylinders with a common end, which several engines fail
// to unite.
func TestCylindersWithACommonEnd(t *testing.T) {
	_, found := merged(t, painted([3]int{30, 30, 50}, func(x, y, z float64) int {
		switch r := math.Hypot(x-15, y-15); {
		case r < 10 && z > 4 && z < 25:
			return 1
		case r < 10 && z > 25 && z < 46:
			return 2
		}
		return 0
	}), 0.5)
	if found.Pieces != 1 || found.Cavities != 0 || !about(found.VolumeML, math.Pi*100*42/1000, 0.02) || !about(found.SurfaceCM2, math.Pi*(2*100+20*42)/100, 0.04) {
		t.Errorf("%+v", found)
	}
}

// autotwin/automesh#359 and ChHarding/TouchTerrain_for_CAGEO#86: voxels that share only
// an edge or a corner give STL that is not manifold, whether of one label or of two
// that are merged. elalish/manifold#241: so do solids that touch in a point.
// cnr-isti-vclab/meshlab#1533: what is split there is joined again in the saved STL.
func TestVoxelsThatTouchDiagonally(t *testing.T) {
	for name, step := range map[string][3]float64{"an edge": {1, 1, 0}, "a corner": {1, 1, 1}} {
		for _, second := range []int{1, 2} {
			m := painted([3]int{14, 14, 14}, func(x, y, z float64) int {
				switch {
				case within(x, y, z, [3]float64{2, 2, 2}, [3]float64{7, 7, 7}):
					return 1
				case within(x, y, z, [3]float64{7, 7, 2 + 5*step[2]}, [3]float64{12, 12, 7 + 5*step[2]}):
					return second
				}
				return 0
			})
			for _, smoothing := range []float64{0, 0.5} {
				s, found := merged(t, m, smoothing)
				if found.Pieces != 2 {
					t.Errorf("%s, smoothing %g: %d pieces, want 2", name, smoothing, found.Pieces)
				}
				if _, r := stlOf(t, s); !r.Manifold() || r.Shells != 2 {
					t.Errorf("%s, smoothing %g: %+v", name, smoothing, r)
				}
			}
		}
	}
	ball := func(x, y, z, at float64) bool {
		return math.Sqrt((x-at)*(x-at)+(y-12.5)*(y-12.5)+(z-12.5)*(z-12.5)) <= 5
	}
	s, _ := merged(t, painted([3]int{30, 25, 25}, func(x, y, z float64) int {
		switch {
		case ball(x, y, z, 9.5):
			return 1
		case ball(x, y, z, 19.5):
			return 2
		}
		return 0
	}), 0.5)
	if _, r := stlOf(t, s); !r.Manifold() {
		t.Errorf("balls: %+v", r)
	}
}

// kennethjiang/OctoPrint-Slicer#133: a solid that was cut in two is not split into its
// parts again, for the cut faces lie on one another. mikedh/trimesh#2236: meshes that
// share vertices cannot be split. A reader that merges equal positions finds as many
// solids in our STL as there are structures, each closed.
func TestNeighboursStayApartInSTL(t *testing.T) {
	m := surfacetest.Torso([3]int{60, 50, 60}, [3]float64{7, 8, 10})
	s := meshed(t, m, build.Options{Smoothing: 0.5})
	shells := 0
	for i := range s.Surfaces {
		shells += surfacetest.Check(&s.Surfaces[i].Mesh).Shells
	}
	if _, r := stlOf(t, s); !r.Manifold() || r.Shells != shells {
		t.Errorf("%+v, want %d shells", r, shells)
	}
}

// nschloe/meshio#530, assimp/assimp#102 and admesh's readers: a binary STL whose header
// begins with "solid" is read as text.
func TestHeaderIsNotThatOfTextSTL(t *testing.T) {
	s := meshtest.Scene()
	for i := range s.Surfaces {
		s.Surfaces[i].Label.Name = "solid"
	}
	s.Provenance.Model = "solid"
	data, err := os.ReadFile(written(t, "solid", "stl", s))
	if err != nil {
		t.Fatal(err)
	}
	if strings.HasPrefix(strings.ToLower(strings.TrimSpace(string(data[:80]))), "solid") {
		t.Errorf("header %q", data[:80])
	}
}

// openscad/openscad#1174: what is mirrored has its normals inside out. A label map
// whose axes are left-handed gives the same solid, outward, in the mirror's place.
func TestMirroredAxesStayOutward(t *testing.T) {
	label := func(x, y, z float64) int {
		if within(x, y, z, [3]float64{2, 3, 4}, [3]float64{12, 8, 7}) || within(x, y, z, [3]float64{2, 3, 4}, [3]float64{4, 5, 12}) {
			return 1
		}
		return 0
	}
	want, _ := merged(t, painted([3]int{14, 14, 14}, label), 0.5)
	for axis := range 3 {
		m := painted([3]int{14, 14, 14}, label)
		for row := range 3 {
			m.Affine[row][axis] *= -1
		}
		s, found := merged(t, m, 0.5)
		if !about(found.VolumeML, want.Surfaces[0].Measure.MeshML, 1e-4) || found.Pieces != 1 || found.Cavities != 0 {
			t.Errorf("axis %d: %+v", axis, found)
		}
		read, r := stlOf(t, s)
		if !r.Manifold() || !about(surfacetest.Volume(&read)/1000, found.VolumeML, 1e-4) {
			t.Errorf("axis %d: %+v", axis, r)
		}
	}
}

// ChHarding/TouchTerrain_for_CAGEO#86: coordinates far from the origin lose digits in
// float32, and the STL is no longer watertight.
func TestFarFromTheOrigin(t *testing.T) {
	m := surfacetest.Noise(5, [3]int{16, 15, 14}, 3)
	for axis := range 3 {
		m.Affine[axis][axis] = 0.2
	}
	for _, far := range []float64{0, 1e3, 1e5, 1e7} {
		m.Affine[0][3], m.Affine[1][3], m.Affine[2][3] = far, -far, 3*far
		if _, r := stlOf(t, meshed(t, m, build.Options{Smoothing: 0.5})); !r.Manifold() {
			t.Errorf("%g mm away: %+v", far, r)
		}
	}
}

// dotdash32/Cases#2 (inches), pat149/OpenScan_Classic_Premium#2 (metres) and others: a
// part that comes out a thousandth or 25.4 times as large. A cube of 100 mm is 100 in
// every file that is read in millimetres, and 0.1 in those in metres.
func TestSizesInFiles(t *testing.T) {
	s := meshed(t, painted([3]int{104, 104, 104}, func(x, y, z float64) int {
		if within(x, y, z, [3]float64{2, 2, 2}, [3]float64{102, 102, 102}) {
			return 1
		}
		return 0
	}), build.Options{})
	read := map[string]func([]byte) ([]surface.Surface, error){
		"obj": meshtest.ReadOBJ,
		"ply": meshtest.ReadPLY,
		"glb": func(b []byte) ([]surface.Surface, error) { // in mm, by the matrix that it states
			s, err := meshtest.ReadGLB(b)
			return s.Surfaces, err
		},
		"stl": func(b []byte) ([]surface.Surface, error) {
			m, err := meshtest.ReadSTL(b)
			return []surface.Surface{{Mesh: m}}, err
		},
	}
	for format, r := range read {
		data, err := os.ReadFile(written(t, "cube", format, s))
		if err != nil {
			t.Fatal(err)
		}
		got, err := r(data)
		if err != nil {
			t.Fatalf("%s: %v", format, err)
		}
		low, high := surface.Extent(&got[0].Mesh)
		for axis := range 3 {
			if !about(high[axis]-low[axis], 100, 1e-4) {
				t.Errorf("%s: %g mm along axis %d", format, high[axis]-low[axis], axis)
			}
		}
	}
}

// mikedh/trimesh#1899: is any wall thinner than 1 mm? mikedh/trimesh#172: the sphere
// method gave its radius. MeshInspector/MeshLib#2992: rays see a slanted wall thicker
// than it is; the ball between the walls does not.
func TestThinnestWall(t *testing.T) {
	box := func(thick float32) surface.Surface {
		return surface.Surface{Label: volume.Label{Name: "x"}, Mesh: meshtest.Box([3]float32{0, 0, 0}, [3]float32{20, 10, thick})}
	}
	for _, thick := range []float32{0.5, 0.9, 1.1, 2} {
		r, err := printing.Examine(t.Context(), []surface.Surface{box(thick)}, [3]float64{}, printing.Options{MinWall: 1})
		if err != nil {
			t.Fatal(err)
		}
		thin := r.Structures[0].Thin
		if (thin.Places > 0) != (thick < 1) || thick < 1 && !about(thin.Listed[0].ThicknessMM, float64(thick), 1e-6) {
			t.Errorf("%g mm: %+v", thick, thin)
		}
	}
	// Two planes at 30°, of which one is seen along its normal: 1.3 mm by a ray from
	// the middle, less by the ball.
	wedge := surface.Mesh{
		Vertices:  [][3]float32{{0, 0, 0}, {10, 0, 0}, {10, 10, 0}, {0, 10, 0}, {0, 0, 0.2}, {10, 0, 5.9735}, {10, 10, 5.9735}, {0, 10, 0.2}},
		Triangles: [][3]uint32{{0, 2, 1}, {0, 3, 2}, {4, 5, 6}, {4, 6, 7}, {0, 1, 5}, {0, 5, 4}, {1, 2, 6}, {1, 6, 5}, {2, 3, 7}, {2, 7, 6}, {3, 0, 4}, {3, 4, 7}},
	}
	r, err := printing.Examine(t.Context(), []surface.Surface{{Label: volume.Label{Name: "wedge"}, Mesh: wedge}}, [3]float64{}, printing.Options{MinWall: 1})
	if err != nil {
		t.Fatal(err)
	}
	// The ball at (x, y, 0) touches the slope: d = 2h cos 30° / (1 + cos 30°), h = 0.2 + x tan 30°.
	// It is below 1 mm for x < 1.52 mm; the ray's h for x < 1.39 mm.
	if thin := r.Structures[0].Thin; thin.Places != 1 || thin.Listed[0].SizeMM[1] < 9.9 || thin.Listed[0].At[0] > 1.5 {
		t.Errorf("%+v", thin)
	}
}
