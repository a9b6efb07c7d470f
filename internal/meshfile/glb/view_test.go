package glb_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"runtime"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/qmuntal/gltf"
	"github.com/qmuntal/gltf/modeler"

	"github.com/iris-oculus/iris/internal/meshfile/glb"
	"github.com/iris-oculus/iris/internal/meshfile/meshtest"
	"github.com/iris-oculus/iris/internal/meshfile/scene"
	"github.com/iris-oculus/iris/internal/surface"
	"github.com/iris-oculus/iris/internal/volume"
)

func view(t testing.TB, s scene.Scene) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := glb.WriteView(&b, s, glb.ViewStep); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// balls has two balls more, one with indices of 32 bits.
func balls() scene.Scene {
	s := meshtest.Scene()
	for i, n := range []int{5, 7} {
		s.Surfaces = append(s.Surfaces, surface.Surface{Label: volume.Label{ID: 50 + i, Name: fmt.Sprint("ball", i)}, Mesh: meshtest.Sphere([3]float32{0, float32(300 * i), 0}, 100, n)})
	}
	return s
}

// rounded are a mesh's triangles by the positions of their corners on the grid of a
// node, sorted, each from its least corner.
func rounded(m surface.Mesh, n *gltf.Node) [][9]int {
	out := make([][9]int, len(m.Triangles))
	for i, t := range m.Triangles {
		var corners [3][3]int
		for k, v := range t {
			p := m.Vertices[v]
			for axis, x := range [3]float32{-p[0], p[2], p[1]} {
				corners[k][axis] = int(math.Round((float64(x)*1e-3 - n.Translation[axis]) / n.Scale[axis] * 65535))
			}
		}
		least := 0
		for k := range corners {
			if slices.Compare(corners[k][:], corners[least][:]) < 0 {
				least = k
			}
		}
		for k := range 3 {
			copy(out[i][3*k:], corners[(least+k)%3][:])
		}
	}
	slices.SortFunc(out, func(a, b [9]int) int { return slices.Compare(a[:], b[:]) })
	return out
}

// What gltf-transform decodes are the same structures, with all of their triangles, no
// corner farther away than half a step of the grid along an axis.
func TestViewIsTheSameModel(t *testing.T) {
	want := balls()
	data := view(t, want)
	got, err := meshtest.ReadGLB(meshtest.DecompressGLB(t, data))
	if err != nil {
		t.Fatal(err)
	}
	grid := documentOf(t, data).Nodes[1]
	if step := 0.8e-3 * glb.ViewStep; grid.Scale[0]/65535 < step*(1-1e-6) || grid.Scale[0]/65535 > step*(1+1e-6) {
		t.Errorf("the grid's step is %v m, want %v, of the shortest voxel edge", grid.Scale[0]/65535, step)
	}
	diff := cmp.Diff(want, got, cmpopts.IgnoreTypes(surface.Mesh{}), cmpopts.EquateEmpty(),
		cmpopts.IgnoreFields(surface.Measure{}, "Voxels", "Components"),
		cmp.FilterPath(func(p cmp.Path) bool { return p.Last().String() == ".Color" }, cmp.Ignore()))
	if diff != "" {
		t.Fatal(diff)
	}
	for i := range want.Surfaces {
		m, n := want.Surfaces[i].Mesh, got.Surfaces[i].Mesh
		a, b := rounded(m, grid), rounded(n, grid)
		if len(a) != len(b) {
			t.Fatalf("%s: %d triangles, want %d", want.Surfaces[i].Label.Name, len(b), len(a))
		}
		for k := range a {
			if a[k] != b[k] {
				t.Fatalf("%s: triangle %v, want %v", want.Surfaces[i].Label.Name, b[k], a[k])
			}
		}
		if err := meshtest.Closed(n); err != nil {
			t.Errorf("%s: %v", want.Surfaces[i].Label.Name, err)
		}
	}
	// The spleen and the kidney share a face: four positions, exactly.
	shared := 0
	for _, v := range got.Surfaces[1].Mesh.Vertices {
		if slices.Contains(got.Surfaces[2].Mesh.Vertices, v) {
			shared++
		}
	}
	if shared != 4 {
		t.Errorf("%d positions are shared, want 4", shared)
	}
}

// Names, colours and extras are those of the plain model, and the matrix back to the
// scanner too.
func TestViewSaysWhatTheModelSays(t *testing.T) {
	s := balls()
	s.Origin = [3]float64{12, -345, 6789}
	plain, small := documentOf(t, write(t, s)), documentOf(t, view(t, s))
	for i, n := range small.Nodes {
		n.Scale, n.Translation = [3]float64{}, [3]float64{}
		small.Nodes[i] = n
	}
	for _, part := range [][2]any{{plain.Nodes, small.Nodes}, {plain.Materials, small.Materials}, {plain.Scenes, small.Scenes}, {plain.Meshes, small.Meshes}} {
		a, _ := json.Marshal(part[0])
		b, _ := json.Marshal(part[1])
		if diff := cmp.Diff(string(a), string(b)); diff != "" {
			t.Error(diff)
		}
	}
	required := []string{"KHR_mesh_quantization", "EXT_meshopt_compression"}
	if !slices.Equal(small.ExtensionsRequired, required) || !slices.Equal(small.ExtensionsUsed, required) || plain.ExtensionsUsed != nil {
		t.Errorf("required %v, used %v, and by the plain file %v", small.ExtensionsRequired, small.ExtensionsUsed, plain.ExtensionsUsed)
	}
}

func documentOf(t *testing.T, data []byte) (doc gltf.Document) {
	t.Helper()
	if err := json.Unmarshal(data[20:20+binary.LittleEndian.Uint32(data[12:])], &doc); err != nil {
		t.Fatal(err)
	}
	return doc
}

// Normals are unit vectors, off by no more than what 8 bits hold.
func TestViewNormals(t *testing.T) {
	s := balls()
	var doc gltf.Document
	if err := gltf.NewDecoder(bytes.NewReader(meshtest.DecompressGLB(t, view(t, s)))).Decode(&doc); err != nil {
		t.Fatal(err)
	}
	p := doc.Meshes[4].Primitives[0]
	normals, err := modeler.ReadAccessor(&doc, doc.Accessors[p.Attributes[gltf.NORMAL]], nil)
	if err != nil {
		t.Fatal(err)
	}
	positions, err := modeler.ReadAccessor(&doc, doc.Accessors[p.Attributes[gltf.POSITION]], nil)
	if err != nil {
		t.Fatal(err)
	}
	node := doc.Nodes[5]
	for i, n := range normals.([][3]int8) {
		// The ball's middle is at RAS (0, 300, 0) mm: (0, 0, 0.3) m.
		var out, long, square float64
		for k, q := range positions.([][3]uint16)[i] {
			x := float64(q)/65535*node.Scale[k] + node.Translation[k] - []float64{0, 0, 0.3}[k]
			out += x * float64(n[k]) / 127
			square += x * x
			long += float64(n[k]) * float64(n[k]) / 127 / 127
		}
		if cosine := out / math.Sqrt(square) / math.Sqrt(long); cosine < math.Cos(0.035) || math.Abs(math.Sqrt(long)-1) > 0.02 {
			t.Fatalf("normal %v of vertex %d is %v degrees off, with length %v", n, i, math.Acos(cosine)*180/math.Pi, math.Sqrt(long))
		}
	}
}

func TestViewIsSmall(t *testing.T) {
	s := balls()
	if plain, small := len(write(t, s)), len(view(t, s)); small*100 > plain*35 {
		t.Errorf("%d bytes in place of %d", small, plain)
	}
}

// The validator finds nothing in the container but that it cannot look into the
// compressed views, and nothing at all in what they hold.
func TestKhronosValidatorOfViews(t *testing.T) {
	for name, s := range map[string]scene.Scene{"full": meshtest.Scene(), "nameless": nameless(), "balls": balls()} {
		t.Run(name, func(t *testing.T) {
			data := view(t, s)
			for _, issue := range meshtest.ValidateGLB(t, data) {
				if issue.Code != "UNSUPPORTED_EXTENSION" && issue.Code != "UNUSED_OBJECT" || issue.Severity < 2 {
					t.Errorf("%+v", issue)
				}
			}
			for _, issue := range meshtest.ValidateGLB(t, meshtest.DecompressGLB(t, data)) {
				t.Errorf("decoded: %+v", issue)
			}
		})
	}
}

// Any number of workers writes the same bytes, whatever is kept between the two looks.
func TestViewForAnyNumberOfWorkers(t *testing.T) {
	s := balls()
	var first []byte
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	for _, workers := range []int{1, 2, 5} {
		runtime.GOMAXPROCS(workers)
		for _, keep := range []int64{1 << 30, 1000, 0} {
			glb.Keep(t, keep)
			data := view(t, s)
			if first == nil {
				first = data
			}
			if !bytes.Equal(data, first) {
				t.Errorf("%d workers, %d bytes kept: other bytes", workers, keep)
			}
		}
	}
}

// A scene of any size fits on the grid; where 16 bits are few, steps are longer.
func TestGridReachesEverything(t *testing.T) {
	for name, c := range map[string]struct{ size, voxel, origin float32 }{
		"small":    {1, 1, 0},
		"tall":     {2000, 0.2, 0},
		"microns":  {0.5, 0.001, 3},
		"far away": {300, 1, 16000},
		"a point":  {1e-9, 1, 5},
	} {
		s := meshtest.Scene()
		s.Spacing = [3]float64{float64(c.voxel), float64(c.voxel), float64(c.voxel)}
		low := [3]float32{c.origin, -c.origin, c.origin}
		s.Surfaces = s.Surfaces[:1]
		s.Surfaces[0].Mesh = meshtest.Box(low, [3]float32{low[0] + c.size, low[1] + c.size/2, low[2] + c.size/3})
		got, err := meshtest.ReadGLB(meshtest.DecompressGLB(t, view(t, s)))
		if err != nil {
			t.Fatal(err)
		}
		step := max(float64(c.voxel)*glb.ViewStep, float64(c.size)/65535)
		bound := step/2*1.001 + 2e-7*math.Abs(float64(c.origin))
		for _, v := range s.Surfaces[0].Mesh.Vertices {
			nearest := math.Inf(1)
			for _, p := range got.Surfaces[0].Mesh.Vertices {
				off := 0.0
				for k := range 3 {
					off = max(off, math.Abs(float64(p[k])-float64(v[k])))
				}
				nearest = min(nearest, off)
			}
			if nearest > bound {
				t.Errorf("%s: a corner is %v mm away, want at most %v", name, nearest, bound)
			}
		}
	}
}

var errFull = errors.New("full")

type full struct{ room int }

func (w *full) Write(p []byte) (int, error) {
	if w.room -= len(p); w.room < 0 {
		return 0, errFull
	}
	return len(p), nil
}

func TestViewTellsAnErrorOfTheWriter(t *testing.T) {
	for _, room := range []int{0, 4000, 100_000} {
		if err := glb.WriteView(&full{room}, balls(), glb.ViewStep); !errors.Is(err, errFull) {
			t.Errorf("room for %d bytes: %v", room, err)
		}
	}
}
