package glb_test

import (
	"bytes"
	"math"
	"testing"

	"github.com/qmuntal/gltf"
	"github.com/qmuntal/gltf/modeler"

	"github.com/iris-oculus/iris/internal/meshfile/meshtest"
)

// A reader that is not ours finds every mesh by its name, with its vertices, in
// metres, and its triangles.
func TestAnotherReaderReadsTheSame(t *testing.T) {
	want := meshtest.Scene()
	var doc gltf.Document
	if err := gltf.NewDecoder(bytes.NewReader(write(t, want))).Decode(&doc); err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, node := range doc.Nodes {
		if node.Mesh == nil {
			continue
		}
		at := found
		found++
		if at >= len(want.Surfaces) {
			break
		}
		s := want.Surfaces[at]
		primitive := doc.Meshes[*node.Mesh].Primitives[0]
		indices, err := modeler.ReadIndices(&doc, doc.Accessors[*primitive.Indices], nil)
		if err != nil {
			t.Fatal(err)
		}
		vertices, err := modeler.ReadPosition(&doc, doc.Accessors[primitive.Attributes[gltf.POSITION]], nil)
		if err != nil {
			t.Fatal(err)
		}
		if len(vertices) != len(s.Mesh.Vertices) || len(indices) != 3*len(s.Mesh.Triangles) {
			t.Fatalf("%s: %d vertices, %d indices: want %d and %d", s.Label.Name, len(vertices), len(indices), len(s.Mesh.Vertices), 3*len(s.Mesh.Triangles))
		}
		for n, index := range indices {
			if index != s.Mesh.Triangles[n/3][n%3] {
				t.Fatalf("%s: index %d is %d, want %d", s.Label.Name, n, index, s.Mesh.Triangles[n/3][n%3])
			}
		}
		// RAS millimetres become glTF's metres, in some order of the axes: lengths stay.
		for n, v := range vertices {
			for a := range 3 {
				v[a] -= vertices[0][a]
			}
			from, to := s.Mesh.Vertices[0], s.Mesh.Vertices[n]
			length := math.Hypot(math.Hypot(float64(to[0]-from[0]), float64(to[1]-from[1])), float64(to[2]-from[2]))
			got := 1000 * math.Hypot(math.Hypot(float64(v[0]), float64(v[1])), float64(v[2]))
			if math.Abs(got-length) > 1e-2 {
				t.Fatalf("%s: vertex %d lies %g mm from the first, want %g", s.Label.Name, n, got, length)
			}
		}
	}
	if found != len(want.Surfaces) {
		t.Errorf("%d meshes, want %d", found, len(want.Surfaces))
	}
}
