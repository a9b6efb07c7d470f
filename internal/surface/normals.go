package surface

import "math"

// Normals gives one unit normal per vertex: the mean of its triangles' normals
// weighted by their areas, outward like the winding. A vertex without area
// around it gets +z, so that every normal is a unit vector.
func Normals(m *Mesh) [][3]float32 {
	out := make([][3]float32, len(m.Vertices))
	for _, t := range m.Triangles {
		n := FaceVector(m.Vertices[t[0]], m.Vertices[t[1]], m.Vertices[t[2]])
		for _, v := range t {
			for k := range 3 {
				out[v][k] += float32(n[k])
			}
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
	var u, v [3]float64
	for k := range 3 {
		u[k] = float64(b[k]) - float64(a[k])
		v[k] = float64(c[k]) - float64(a[k])
	}
	return [3]float64{u[1]*v[2] - u[2]*v[1], u[2]*v[0] - u[0]*v[2], u[0]*v[1] - u[1]*v[0]}
}
