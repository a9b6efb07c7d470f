package series

import "math"

// vec is a direction or a position, LPS mm.
type vec [3]float64

func (a vec) dot(b vec) float64 { return a[0]*b[0] + a[1]*b[1] + a[2]*b[2] }

func (a vec) cross(b vec) vec {
	return vec{a[1]*b[2] - a[2]*b[1], a[2]*b[0] - a[0]*b[2], a[0]*b[1] - a[1]*b[0]}
}

func (a vec) minus(b vec) vec { return vec{a[0] - b[0], a[1] - b[1], a[2] - b[2]} }

// along is the point a + t·d.
func (a vec) along(d vec, t float64) vec {
	return vec{a[0] + t*d[0], a[1] + t*d[1], a[2] + t*d[2]}
}

func (a vec) length() float64 { return math.Sqrt(a.dot(a)) }

func (a vec) scaled(f float64) vec { return vec{a[0] * f, a[1] * f, a[2] * f} }
