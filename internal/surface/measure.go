package surface

import "math"

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
	a, b, c := from(origin, m.Vertices[t[0]]), from(origin, m.Vertices[t[1]]), from(origin, m.Vertices[t[2]])
	return (a[0]*(b[1]*c[2]-b[2]*c[1]) + a[1]*(b[2]*c[0]-b[0]*c[2]) + a[2]*(b[0]*c[1]-b[1]*c[0])) / 6
}

func from(origin, p [3]float32) [3]float64 {
	return [3]float64{float64(p[0]) - float64(origin[0]), float64(p[1]) - float64(origin[1]), float64(p[2]) - float64(origin[2])}
}

// Extent is the smallest box around the vertices, zero for an empty mesh.
func Extent(m *Mesh) (low, high [3]float64) {
	if len(m.Vertices) == 0 {
		return low, high
	}
	lo, hi := m.Vertices[0], m.Vertices[0]
	for _, p := range m.Vertices {
		for axis := range 3 {
			lo[axis], hi[axis] = min(lo[axis], p[axis]), max(hi[axis], p[axis])
		}
	}
	for axis := range 3 {
		low[axis], high[axis] = float64(lo[axis]), float64(hi[axis])
	}
	return low, high
}

// Totals are sums over the triangles of a mesh.
type Totals struct {
	Volume float64 // mm³, as of the function of this name
	Area   float64 // mm²
	// Shells are the connected parts, Solids those of them that enclose a positive
	// volume; the others bound cavities.
	Shells, Solids int
	// Closed: every directed edge has its reverse, as often; there is no hole and no
	// triangle the wrong way round. Each edge adds a 64-bit hash of its ends and its
	// reverse takes it away, so an open mesh passes with probability 2^-64. That is
	// many times faster than Check, which also sees pinched edges.
	Closed bool
}

// Survey sums up a mesh whose triangles are in range.
func Survey(m *Mesh) (s Totals) {
	parts := newForest(len(m.Vertices))
	var edges uint64
	for _, t := range m.Triangles {
		parts.join(t[0], t[1])
		parts.join(t[0], t[2])
		edges += edgeHash(t[0], t[1]) + edgeHash(t[1], t[2]) + edgeHash(t[2], t[0])
	}
	s.Closed = edges == 0

	shells := make([]shell, parts.number())
	for _, t := range m.Triangles {
		one := &shells[parts[t[0]]]
		if one.faces == 0 {
			one.origin = m.Vertices[t[0]]
		}
		one.faces++
		n := FaceVector(m.Vertices[t[0]], m.Vertices[t[1]], m.Vertices[t[2]])
		a := from(one.origin, m.Vertices[t[0]])
		one.six += a[0]*n[0] + a[1]*n[1] + a[2]*n[2]
		s.Area += math.Sqrt(n[0]*n[0]+n[1]*n[1]+n[2]*n[2]) / 2
	}
	for i := range shells {
		if shells[i].faces == 0 {
			continue // a vertex without triangles
		}
		s.Volume += shells[i].six / 6
		s.Shells++
		if shells[i].six > 0 {
			s.Solids++
		}
	}
	return s
}

// shell sums up a connected part: its triangles, and six times the volume between
// them and a point of its own, see Volume.
type shell struct {
	faces  int
	origin [3]float32
	six    float64
}

// edgeHash mixes an edge's ends (the finaliser of splitmix64), with the sign of
// its direction.
func edgeHash(a, b uint32) uint64 {
	low, high := min(a, b), max(a, b)
	h := uint64(high)<<32 | uint64(low)
	h = (h ^ h>>30) * 0xbf58476d1ce4e5b9
	h = (h ^ h>>27) * 0x94d049bb133111eb
	h ^= h >> 31
	if a > b {
		return -h
	}
	return h
}
