package surface

// Volume is what the mesh encloses in mm³, by the divergence theorem: the sum
// of the signed tetrahedra between the triangles and one point. It is positive
// when triangles wind counter-clockwise seen from outside. The point is the
// first vertex rather than the origin, which may be metres away: the tetrahedra
// stay of the mesh's own size and lose no digits.
func Volume(m *Mesh) float64 {
	if len(m.Vertices) == 0 {
		return 0
	}
	origin := m.Vertices[0]
	sum := 0.0
	for _, t := range m.Triangles {
		sum += tetrahedron(m, origin, t)
	}
	return sum
}

// tetrahedron is the signed volume between a point and a triangle.
func tetrahedron(m *Mesh, origin [3]float32, t [3]uint32) float64 {
	o := vectorOf(origin)
	a, b, c := vectorOf(m.Vertices[t[0]]).minus(o), vectorOf(m.Vertices[t[1]]).minus(o), vectorOf(m.Vertices[t[2]]).minus(o)
	return a.dot(b.cross(c)) / 6
}

// Extent is the smallest box around the vertices, which are finite; zero for an
// empty mesh.
func Extent(m *Mesh) (low, high [3]float64) {
	if len(m.Vertices) == 0 {
		return low, high
	}
	lo, hi := m.Vertices[0], m.Vertices[0]
	for i := range m.Vertices {
		// Comparisons are several times as fast as min and max, which order zeros.
		for axis, v := range m.Vertices[i] {
			if v < lo[axis] {
				lo[axis] = v
			}
			if v > hi[axis] {
				hi[axis] = v
			}
		}
	}
	for axis := range 3 {
		low[axis], high[axis] = float64(lo[axis]), float64(hi[axis])
	}
	return low, high
}
