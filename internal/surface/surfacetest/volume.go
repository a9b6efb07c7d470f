package surfacetest

import "github.com/iris-oculus/iris/internal/surface"

// Volume is what the mesh encloses in mm³, by the divergence theorem: the sum
// of the signed tetrahedra between the triangles and one point. It is positive
// when triangles wind counter-clockwise seen from outside. The point is the
// first vertex rather than the origin, which may be metres away: the tetrahedra
// stay of the mesh's own size and lose no digits.
func Volume(m *surface.Mesh) float64 {
	sum := 0.0
	for _, t := range m.Triangles {
		sum += tetrahedron(m, m.Vertices[0], t)
	}
	return sum
}

// tetrahedron is the signed volume in mm³ between a point and a triangle.
func tetrahedron(m *surface.Mesh, point [3]float32, triangle [3]uint32) float64 {
	var edges [3][3]float64 // from the point to the corners
	for corner, v := range triangle {
		for axis := range 3 {
			edges[corner][axis] = float64(m.Vertices[v][axis]) - float64(point[axis])
		}
	}
	a, b, c := edges[0], edges[1], edges[2]
	return (a[0]*(b[1]*c[2]-b[2]*c[1]) + a[1]*(b[2]*c[0]-b[0]*c[2]) + a[2]*(b[0]*c[1]-b[1]*c[0])) / 6
}
