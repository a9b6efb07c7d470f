package meshtest

import (
	"fmt"

	"github.com/iris-oculus/iris/internal/surface"
)

// Closed returns nil for a mesh that is closed, 2-manifold along its edges and
// consistently wound, and otherwise an error that names an edge or a triangle at
// fault. In such a mesh triangles walk every edge once in each direction.
func Closed(m surface.Mesh) error {
	edges := make(map[[2]uint32]int, 3*len(m.Triangles))
	for i, t := range m.Triangles {
		for k := range 3 {
			a, b := t[k], t[(k+1)%3]
			if a == b || int(a) >= len(m.Vertices) {
				return fmt.Errorf("triangle %d is %v among %d vertices", i, t, len(m.Vertices))
			}
			edges[[2]uint32{a, b}]++
		}
	}
	for edge, n := range edges {
		if n != 1 || edges[[2]uint32{edge[1], edge[0]}] != 1 {
			return fmt.Errorf("edge %v is walked %d times, its reverse %d times", edge, n, edges[[2]uint32{edge[1], edge[0]}])
		}
	}
	return nil
}

// Welded makes one mesh of all, as a reader does that merges equal positions.
func Welded(meshes ...surface.Mesh) surface.Mesh {
	positions := newPositions(0)
	var out surface.Mesh
	for _, m := range meshes {
		for _, t := range m.Triangles {
			for k, v := range t {
				t[k] = positions.number(m.Vertices[v])
			}
			out.Triangles = append(out.Triangles, t)
		}
	}
	out.Vertices = positions.points
	return out
}

// positions numbers positions in the order in which they come; equal ones have one
// number. Zero and minus zero are equal.
type positions struct {
	numbers map[[3]float32]uint32
	points  [][3]float32 // by number
}

// newPositions makes a set with room for n positions.
func newPositions(n int) *positions {
	return &positions{numbers: make(map[[3]float32]uint32, n)}
}

func (s *positions) number(p [3]float32) uint32 {
	n, known := s.numbers[p]
	if !known {
		n = uint32(len(s.points))
		s.numbers[p] = n
		s.points = append(s.points, p)
	}
	return n
}
