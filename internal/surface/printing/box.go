package printing

import "math"

// vector is a point or a direction in mm. It is a struct because the compiler keeps
// no arrays in registers.
type vector struct{ x, y, z float64 }

func vectorOf(p [3]float32) vector {
	return vector{float64(p[0]), float64(p[1]), float64(p[2])}
}

func (v vector) plus(w vector) vector   { return vector{v.x + w.x, v.y + w.y, v.z + w.z} }
func (v vector) minus(w vector) vector  { return vector{v.x - w.x, v.y - w.y, v.z - w.z} }
func (v vector) times(f float64) vector { return vector{v.x * f, v.y * f, v.z * f} }
func (v vector) dot(w vector) float64   { return v.x*w.x + v.y*w.y + v.z*w.z }
func (v vector) length() float64        { return math.Sqrt(v.dot(v)) }
func (v vector) from(o [3]float64) [3]float64 {
	return [3]float64{v.x + o[0], v.y + o[1], v.z + o[2]}
}

func (v vector) cross(w vector) vector {
	return vector{v.y*w.z - v.z*w.y, v.z*w.x - v.x*w.z, v.x*w.y - v.y*w.x}
}

// box is an axis-parallel box; its corners are exact because positions are float32.
type box struct{ low, high [3]float32 }

const boxBytes = 24

func emptyBox() box {
	inf := float32(math.Inf(1))
	return box{[3]float32{inf, inf, inf}, [3]float32{-inf, -inf, -inf}}
}

func (b *box) add(p [3]float32) {
	for axis, x := range p {
		b.low[axis], b.high[axis] = min(b.low[axis], x), max(b.high[axis], x)
	}
}

func (b *box) join(o *box) {
	for axis := range 3 {
		b.low[axis], b.high[axis] = min(b.low[axis], o.low[axis]), max(b.high[axis], o.high[axis])
	}
}

func (b *box) size() (s [3]float64) {
	for axis := range s {
		s[axis] = float64(b.high[axis]) - float64(b.low[axis])
	}
	return s
}

// middle is the box's middle, counted from where origin counts from.
func (b *box) middle(origin [3]float64) (m [3]float64) {
	for axis := range m {
		m[axis] = (float64(b.high[axis])+float64(b.low[axis]))/2 + origin[axis]
	}
	return m
}

// squared is the squared distance of a point from the box; infinite for an empty one.
func (b *box) squared(p vector) float64 {
	sum := 0.0
	for axis, x := range [3]float64{p.x, p.y, p.z} {
		if d := max(float64(b.low[axis])-x, x-float64(b.high[axis])); d > 0 {
			sum += d * d
		}
	}
	return sum
}
