package surface

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
