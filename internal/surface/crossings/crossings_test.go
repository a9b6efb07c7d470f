package crossings

import (
	"testing"

	"github.com/iris-oculus/iris/internal/surface"
)

// tetrahedron is a small closed mesh at a place.
func tetrahedron(at [3]float32) surface.Mesh {
	m := surface.Mesh{Vertices: [][3]float32{{0, 0, 0}, {1, 0, 0}, {0, 1, 0}, {0, 0, 1}}, Triangles: [][3]uint32{{0, 2, 1}, {0, 1, 3}, {1, 2, 3}, {2, 0, 3}}}
	for i := range m.Vertices {
		for axis := range 3 {
			m.Vertices[i][axis] += at[axis]
		}
	}
	return m
}

func both(a, b surface.Mesh) *surface.Mesh {
	n := uint32(len(a.Vertices))
	for _, t := range b.Triangles {
		a.Triangles = append(a.Triangles, [3]uint32{n + t[0], n + t[1], n + t[2]})
	}
	a.Vertices = append(a.Vertices, b.Vertices...)
	return &a
}

func TestCount(t *testing.T) {
	at := func(x, y, z float32) surface.Mesh { return tetrahedron([3]float32{x, y, z}) }
	fold := surface.Mesh{Vertices: [][3]float32{{0, 0, 0}, {1, 0, 0}, {0, 1, 0}, {0.5, 0.25, 0}}, Triangles: [][3]uint32{{0, 1, 2}, {1, 0, 3}}}
	flat := surface.Mesh{Vertices: [][3]float32{{0, 0, 0}, {1, 0, 0}, {0, 1, 0}, {1, -1, 0}}, Triangles: [][3]uint32{{0, 1, 2}, {1, 0, 3}}}
	for _, c := range []struct {
		name string
		mesh *surface.Mesh
		want bool
	}{
		{"one", both(at(0, 0, 0), surface.Mesh{}), false},
		{"two apart", both(at(0, 0, 0), at(3, 0, 0)), false},
		{"two with a corner in common", both(at(0, 0, 0), at(1, 0, 0)), false},
		{"two through each other", both(at(0, 0, 0), at(0.2, 0.1, 0.1)), true},
		{"a fold", &fold, true},
		{"a flat quad", &flat, false},
		{"empty", &surface.Mesh{}, false},
	} {
		if got := Count(c.mesh); got > 0 != c.want {
			t.Errorf("%s: %d crossings", c.name, got)
		}
	}
}
