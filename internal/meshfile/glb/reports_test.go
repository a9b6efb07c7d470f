package glb_test

import (
	"encoding/binary"
	"encoding/json"
	"math"
	"slices"
	"testing"

	"github.com/iris-oculus/iris/internal/meshfile/meshtest"
	"github.com/iris-oculus/iris/internal/surface"
)

// What public reports say of other writers of glTF, tried on views:
//
//	atteneder/glTFast#75, #288, zeux/meshoptimizer#422   black, for a node's scale is tiny
//	donmccurdy/glTF-Transform#328                        normals distorted by unequal scales
//	google/draco#713, CesiumGS/gltf-pipeline#379         gaps between meshes, each on its own grid
//	zeux/meshoptimizer#433, #466, #1084                  steps that can be seen, with few bits in a large scene
//	zeux/meshoptimizer#252, #267, #424                   the mesh below a nameless child, names and extras lost
//	KhronosGroup/glTF-Blender-IO#204, COLLADA2GLTF#213   the index 65535 restarts a primitive
//	mikedh/trimesh#2140, glTF-Blender-IO#1138            normals of zero length become NaN
//	BabylonJS/Babylon.js#2352, CesiumGS/gltf-pipeline#426, mrdoob/three.js#13395   offsets, strides and chunks that are not multiples of four
//	godotengine/godot#89352, isl-org/Open3D#4777, assimp/assimp#6552   bounds that are not those of the data
//	google/filament#10405, atteneder/glTFast#821         counts, strides and shared views that decoders get wrong
//	CesiumGS/3d-tiles-tools#160                          a fallback buffer that is not one
//
// Gaps and steps have tests of their own (TestViewIsTheSameModel,
// TestGridReachesEverything), names and extras too (TestViewSaysWhatTheModelSays).

type viewDocument struct {
	Required []string `json:"extensionsRequired"`
	Nodes    []struct {
		Mesh               *int
		Scale, Translation []float64
	}
	Meshes []struct {
		Primitives []struct {
			Attributes struct{ POSITION, NORMAL int }
			Indices    int
		}
	}
	Accessors []struct {
		BufferView, ByteOffset, ComponentType, Count int
		Normalized                                   bool
		Min, Max                                     []float64
	}
	BufferViews []struct {
		Buffer, ByteOffset, ByteLength, ByteStride int
		Extensions                                 struct {
			Meshopt struct {
				Buffer, ByteOffset, ByteLength, ByteStride, Count int
				Mode, Filter                                      string
			} `json:"EXT_meshopt_compression"`
		}
	}
	Buffers []struct {
		URI        string
		ByteLength int
		Extensions *struct {
			Meshopt struct{ Fallback bool } `json:"EXT_meshopt_compression"`
		}
	}
}

func TestReportsOfOtherWriters(t *testing.T) {
	data := view(t, balls())
	var doc viewDocument
	length := int(binary.LittleEndian.Uint32(data[12:]))
	if err := json.Unmarshal(data[20:20+length], &doc); err != nil {
		t.Fatal(err)
	}
	binLength := int(binary.LittleEndian.Uint32(data[20+length:]))
	if length%4 != 0 || binLength%4 != 0 || len(data)%4 != 0 || len(data) != 28+length+binLength {
		t.Errorf("chunks of %d and %d bytes in a file of %d", length, binLength, len(data))
	}
	for i, n := range doc.Nodes[1:] {
		if n.Mesh == nil || len(n.Scale) != 3 || n.Scale[0] != n.Scale[1] || n.Scale[1] != n.Scale[2] || n.Scale[0] < 0.01 || !slices.Equal(n.Scale, doc.Nodes[1].Scale) || !slices.Equal(n.Translation, doc.Nodes[1].Translation) {
			t.Errorf("node %d: %+v", i+1, n)
		}
		for _, x := range append(n.Scale, n.Translation...) {
			if float64(float32(x)) != x {
				t.Errorf("node %d: %v is not a float32", i+1, x)
			}
		}
	}
	if len(doc.Buffers) != 2 || doc.Buffers[0].ByteLength != binLength || doc.Buffers[1].URI != "" || doc.Buffers[1].Extensions == nil || !doc.Buffers[1].Extensions.Meshopt.Fallback {
		t.Errorf("buffers: %+v", doc.Buffers)
	}
	views := map[int]bool{}
	for i, a := range doc.Accessors {
		if views[a.BufferView] || a.ByteOffset != 0 {
			t.Errorf("accessor %d shares its view", i)
		}
		views[a.BufferView] = true
		v := doc.BufferViews[a.BufferView]
		x := v.Extensions.Meshopt
		if v.Buffer != 1 || x.Buffer != 0 || v.ByteOffset%4 != 0 || x.ByteOffset%4 != 0 || v.ByteLength != x.ByteStride*x.Count || a.Count != x.Count ||
			v.ByteStride != 0 && v.ByteStride != x.ByteStride || v.ByteOffset+v.ByteLength > doc.Buffers[1].ByteLength || x.ByteOffset+x.ByteLength > binLength {
			t.Errorf("view of accessor %d: %+v", i, v)
		}
		switch x.Mode {
		case "TRIANGLES":
			if x.Count%3 != 0 || x.ByteStride != map[int]int{5123: 2, 5125: 4}[a.ComponentType] || v.ByteStride != 0 || x.Filter != "" {
				t.Errorf("indices %d: %+v of %+v", i, x, a)
			}
		case "ATTRIBUTES":
			if x.ByteStride%4 != 0 || v.ByteStride != x.ByteStride || !a.Normalized {
				t.Errorf("attribute %d: %+v of %+v", i, x, a)
			}
		default:
			t.Errorf("accessor %d: mode %q", i, x.Mode)
		}
	}
}

// Vertices up to the last that 16-bit indices reach, and one more; a decoder that is
// not ours finds no restart, and the validator neither.
func TestIndexWidthOfViews(t *testing.T) {
	for _, vertices := range []int{65535, 65536} {
		s := meshtest.Scene()
		s.Surfaces = s.Surfaces[:1]
		// A strip of triangles back and forth uses every vertex, and is closed.
		m := surface.Mesh{}
		for i := range vertices {
			m.Vertices = append(m.Vertices, [3]float32{float32(i%256) / 4, float32(i/256) / 4, float32(i%7) / 4})
			if i > 1 {
				a, b, c := uint32(i-2), uint32(i-1), uint32(i)
				m.Triangles = append(m.Triangles, [3]uint32{a, b, c}, [3]uint32{b, a, c})
			}
		}
		s.Surfaces[0].Mesh = m
		plain := meshtest.DecompressGLB(t, view(t, s))
		got, err := meshtest.ReadGLB(plain)
		if err != nil {
			t.Fatal(err)
		}
		if n := len(got.Surfaces[0].Mesh.Triangles); n != len(m.Triangles) || len(got.Surfaces[0].Mesh.Vertices) != vertices {
			t.Errorf("%d vertices: %d vertices and %d triangles, want %d", vertices, len(got.Surfaces[0].Mesh.Vertices), n, len(m.Triangles))
		}
		for _, issue := range meshtest.ValidateGLB(t, plain) {
			t.Errorf("%d vertices: %+v", vertices, issue)
		}
	}
}

// A mesh that is degenerate in every way, with normals that are none: the decoded file
// has unit normals and no error.
func TestDegenerateMeshesInViews(t *testing.T) {
	s := meshtest.Scene()
	nan := float32(math.NaN())
	m := &s.Surfaces[0].Mesh
	m.Normals = make([][3]float32, len(m.Vertices))
	for i := range m.Normals {
		m.Normals[i] = [][3]float32{{}, {nan, nan, nan}, {0, 0, float32(math.Inf(-1))}, {1e-30, 0, 0}}[i%4]
	}
	s.Surfaces[1].Mesh = surface.Mesh{Vertices: [][3]float32{{1, 2, 3}, {1, 2, 3}, {1, 2, 3}, {1, 2, 4}}, Triangles: [][3]uint32{{0, 1, 2}, {1, 0, 2}, {0, 1, 3}}}
	for _, issue := range meshtest.ValidateGLB(t, meshtest.DecompressGLB(t, view(t, s))) {
		if issue.Severity < 2 {
			t.Errorf("%+v", issue)
		}
	}
}
