package surface

import "math"

// Normals gives one unit normal per vertex, as Surveyor.Survey finds them: the
// mesh's own where it has them.
func Normals(m *Mesh) [][3]float32 {
	if m.Normals != nil {
		return m.Normals
	}
	var s Surveyor
	_, normals := s.Survey(m)
	return normals
}

// normalise makes a sum of face vectors a unit vector.
func normalise(n *[3]float32) {
	// A square between these neither lost digits to underflow nor overflowed.
	const least, greatest = 1e-30, 1e30
	square := n[0]*n[0] + n[1]*n[1] + n[2]*n[2]
	if square > least && square < greatest {
		scale := 1 / float32(math.Sqrt(float64(square)))
		n[0], n[1], n[2] = n[0]*scale, n[1]*scale, n[2]*scale
		return
	}
	v := vectorOf(*n)
	long := v.length()
	if !(long > 0) || math.IsInf(long, 0) {
		*n = [3]float32{0, 0, 1}
		return
	}
	*n = [3]float32{float32(v.x / long), float32(v.y / long), float32(v.z / long)}
}
