package surface

import "math"

// vector is a point or a direction in millimetres. It is a struct because the
// compiler does not keep arrays in registers.
type vector struct{ x, y, z float64 }

func vectorOf(p [3]float32) vector {
	return vector{float64(p[0]), float64(p[1]), float64(p[2])}
}

func (v vector) plus(w vector) vector  { return vector{v.x + w.x, v.y + w.y, v.z + w.z} }
func (v vector) minus(w vector) vector { return vector{v.x - w.x, v.y - w.y, v.z - w.z} }
func (v vector) dot(w vector) float64  { return v.x*w.x + v.y*w.y + v.z*w.z }
func (v vector) length() float64       { return math.Sqrt(v.dot(v)) }

func (v vector) cross(w vector) vector {
	return vector{v.y*w.z - v.z*w.y, v.z*w.x - v.x*w.z, v.x*w.y - v.y*w.x}
}

// addTo adds the vector to a sum.
func (v vector) addTo(sum *[3]float32) {
	sum[0], sum[1], sum[2] = sum[0]+float32(v.x), sum[1]+float32(v.y), sum[2]+float32(v.z)
}

// FaceVector is the cross product of a triangle's edges: along its outward
// normal, twice its area long.
func FaceVector(a, b, c [3]float32) [3]float64 {
	from := vectorOf(a)
	v := vectorOf(b).minus(from).cross(vectorOf(c).minus(from))
	return [3]float64{v.x, v.y, v.z}
}
