package meshtest

import (
	"fmt"

	"github.com/iris-oculus/iris/internal/meshfile/weld"
	"github.com/iris-oculus/iris/internal/surface"
)

// Closed says what keeps a mesh from being closed, 2-manifold along its edges
// and consistently wound: every directed edge once, its reverse once.
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

// Welded is all meshes as one that a reader sees which merges equal positions.
func Welded(meshes ...surface.Mesh) surface.Mesh {
	positions := weld.NewPositions(0)
	var out surface.Mesh
	for _, m := range meshes {
		for _, t := range m.Triangles {
			for k, v := range t {
				t[k], _ = positions.Add(m.Vertices[v])
			}
			out.Triangles = append(out.Triangles, t)
		}
	}
	out.Vertices = positions.Points()
	return out
}

// Volume is the signed volume in mm³ that a mesh encloses.
func Volume(m surface.Mesh) float64 {
	sum := 0.0
	for _, t := range m.Triangles {
		a, c := m.Vertices[t[0]], m.Vertices[t[2]]
		n := surface.FaceVector([3]float32{}, m.Vertices[t[1]], c)
		sum += float64(a[0])*n[0] + float64(a[1])*n[1] + float64(a[2])*n[2]
	}
	return sum / 6
}
