package printing

import (
	"slices"

	"github.com/iris-oculus/iris/internal/surface"
)

// Topology counts what is wrong with the edges of a mesh.
type Topology struct {
	Degenerate  int `json:"degenerate_triangles"` // that use a vertex twice
	Open        int `json:"open_edges"`           // of one triangle only
	NonManifold int `json:"non_manifold_edges"`   // of more than two
	Misoriented int `json:"misoriented_edges"`    // whose triangles do not wind alike
}

// Closed says whether the mesh bounds a solid.
func (t Topology) Closed() bool { return t.Open+t.Misoriented == 0 }

// Manifold says whether it is closed, and each edge between two triangles.
func (t Topology) Manifold() bool { return t == Topology{} }

// topologyOf examines the edges of a mesh whose triangles are in range.
func topologyOf(m *surface.Mesh) (t Topology) {
	// An edge is a number: its smaller vertex, its larger one, and whether it is
	// walked downwards. Vertices are below 2³¹, for meshes of more do not fit any memory.
	keys := make([]uint64, 0, 3*len(m.Triangles))
	for _, triangle := range m.Triangles {
		if triangle[0] == triangle[1] || triangle[1] == triangle[2] || triangle[2] == triangle[0] {
			t.Degenerate++
			continue
		}
		for c, a := range triangle {
			b, down := triangle[(c+1)%3], uint64(0)
			if b < a {
				a, b, down = b, a, 1
			}
			keys = append(keys, uint64(a)<<32|uint64(b)<<1|down)
		}
	}
	slices.Sort(keys)
	for i := 0; i < len(keys); {
		from, down := i, 0
		for ; i < len(keys) && keys[i]>>1 == keys[from]>>1; i++ {
			down += int(keys[i] & 1)
		}
		switch n := i - from; {
		case n == 1:
			t.Open++
		case n > 2:
			t.NonManifold++
		}
		if n := i - from; n > 1 && 2*down != n {
			t.Misoriented++
		}
	}
	return t
}
