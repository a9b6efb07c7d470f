package surface

import "math"

// Normals gives one unit normal per vertex: the mean of its triangles' normals
// weighted by their areas, outward like the winding. A vertex without area
// around it gets +z, so that every normal is a unit vector.
func Normals(m *Mesh) [][3]float32 {
	out := make([][3]float32, len(m.Vertices))
	for _, t := range m.Triangles {
		n := FaceVector(m.Vertices[t[0]], m.Vertices[t[1]], m.Vertices[t[2]])
		x, y, z := float32(n[0]), float32(n[1]), float32(n[2])
		for _, v := range t {
			o := &out[v]
			o[0], o[1], o[2] = o[0]+x, o[1]+y, o[2]+z
		}
	}
	for i := range out {
		x, y, z := float64(out[i][0]), float64(out[i][1]), float64(out[i][2])
		length := math.Sqrt(x*x + y*y + z*z)
		if !(length > 0) || math.IsInf(length, 0) {
			out[i] = [3]float32{0, 0, 1}
			continue
		}
		out[i] = [3]float32{float32(x / length), float32(y / length), float32(z / length)}
	}
	return out
}

// FaceVector is the cross product of a triangle's edges: along its outward
// normal, twice its area long.
func FaceVector(a, b, c [3]float32) [3]float64 {
	x, y, z := float64(a[0]), float64(a[1]), float64(a[2])
	ux, uy, uz := float64(b[0])-x, float64(b[1])-y, float64(b[2])-z
	vx, vy, vz := float64(c[0])-x, float64(c[1])-y, float64(c[2])-z
	return [3]float64{uy*vz - uz*vy, uz*vx - ux*vz, ux*vy - uy*vx}
}
