package decimate

import (
	"math"
	"math/bits"
)

// solid is a triangle in space.
type solid struct {
	p      [3]point
	normal point
	size   float32 // as of a plane
}

// corners are a triangle's, known by numbers, to tell which are the same point. Of the
// fourth, a bit for each corner says that no two triangles around it cross.
type corners [4]int32

// allFlat says so of all three.
const allFlat = 7

// touches says whether two triangles have a corner in common.
func (c *corners) touches(o *corners) bool {
	// A difference of 0 less one has the highest bit, and no other difference does.
	a, b, d := uint64(uint32(c[0])), uint64(uint32(c[1])), uint64(uint32(c[2]))
	x, y, z := uint64(uint32(o[0])), uint64(uint32(o[1])), uint64(uint32(o[2]))
	return int64(((a^x)-1)|((a^y)-1)|((a^z)-1)|((b^x)-1)|((b^y)-1)|((b^z)-1)|((d^x)-1)|((d^y)-1)|((d^z)-1)) < 0
}

// common finds which corners two triangles have in common, a bit for each.
func (c *corners) common(o *corners) (own, other uint8) {
	for i, a := range c[:3] {
		for j, b := range o[:3] {
			if a == b {
				own |= 1 << i
				other |= 1 << j
			}
		}
	}
	return own, other
}

func (s *solid) span() {
	u, v := s.p[1].minus(s.p[0]), s.p[2].minus(s.p[0])
	s.normal, s.size = u.cross(v), u.steps()*v.steps()
}

// apart says, in float32, that all corners of o but those in common lie on one side of
// the triangle's plane; where it cannot tell it says no.
func (s *solid) apart(o *solid, common uint8) bool {
	// A dozen roundings of 2⁻²⁴ each, of products that are at most size times steps.
	const rounding = 1e-6
	above, below := true, true
	for i := range o.p {
		if common>>i&1 != 0 {
			continue
		}
		w := o.p[i].minus(s.p[0])
		d, most := s.normal.dot(w), rounding*s.size*w.steps()
		above, below = above && d > most, below && d < -most
	}
	return above || below
}

// spot is a position in float64.
type spot struct{ x, y, z float64 }

func spotOf(p point) spot { return spot{float64(p.x), float64(p.y), float64(p.z)} }

func (p spot) minus(q spot) spot { return spot{p.x - q.x, p.y - q.y, p.z - q.z} }

func (p spot) dot(q spot) float64 { return p.x*q.x + p.y*q.y + p.z*q.z }

func (p spot) cross(q spot) spot {
	return spot{p.y*q.z - p.z*q.y, p.z*q.x - p.x*q.z, p.x*q.y - p.y*q.x}
}

// rounding is how many times its own size a determinant of differences of float32 may
// be off in float64.
const rounding = 1e-14

// plane is the plane through three points.
type plane struct {
	from, normal spot
	size         float64 // no product in the normal is larger
}

func planeOf(a, b, c spot) plane {
	u, v := b.minus(a), c.minus(a)
	return plane{a, u.cross(v), (math.Abs(u.x) + math.Abs(u.y) + math.Abs(u.z)) * (math.Abs(v.x) + math.Abs(v.y) + math.Abs(v.z))}
}

func side(a, b, c, d spot) int {
	p := planeOf(a, b, c)
	return p.side(d)
}

// side is on which side of the plane a point lies: 1, -1, or 0 when it is too near to
// tell.
func (p *plane) side(d spot) int {
	w := d.minus(p.from)
	sum := p.normal.dot(w)
	least := rounding * p.size * (math.Abs(w.x) + math.Abs(w.y) + math.Abs(w.z))
	if math.Abs(sum) <= least || sum != sum {
		return 0
	}
	return int(math.Copysign(1, sum))
}

// crosses says whether two triangles have a point in common that is no corner or side
// of both, own and other being their common corners.
func (s *solid) crosses(o *solid, own, other uint8) bool {
	shared := bits.OnesCount8(own)
	switch {
	case shared == 3:
		return false
	case shared == 2 && s.normal.dot(o.normal) > 0:
		return false // turned by less than a right angle
	case shared < 2 && (s.apart(o, other) || o.apart(s, own)):
		return false
	}
	p, q := [3]spot{spotOf(s.p[0]), spotOf(s.p[1]), spotOf(s.p[2])}, [3]spot{spotOf(o.p[0]), spotOf(o.p[1]), spotOf(o.p[2])}
	if shared == 2 {
		return folded(&p, &q, own, other)
	}
	// Where all other corners of one lie on one side of the other's plane, they do not
	// meet.
	var sides, back [3]int
	low, high := 0, 0
	of := planeOf(p[0], p[1], p[2])
	for j := range q {
		if other>>j&1 == 0 {
			sides[j] = of.side(q[j])
			low, high = min(low, sides[j]), max(high, sides[j])
		}
	}
	if low*high == 0 && nonzero(sides, other) {
		return false
	}
	low, high = 0, 0
	of = planeOf(q[0], q[1], q[2])
	for i := range p {
		if own>>i&1 == 0 {
			back[i] = of.side(p[i])
			low, high = min(low, back[i]), max(high, back[i])
		}
	}
	if low*high == 0 && nonzero(back, own) {
		return false
	}
	return pierced(&p, &q, sides, other) || pierced(&q, &p, back, own)
}

// nonzero says whether all corners but those in common are off the plane.
func nonzero(sides [3]int, common uint8) bool {
	for i, s := range sides {
		if s == 0 && common>>i&1 == 0 {
			return false
		}
	}
	return true
}

// pierced says whether a side of q without a corner in common passes through p.
func pierced(p, q *[3]spot, sides [3]int, common uint8) bool {
	for i := range 3 {
		j := nextCorner[i]
		if common>>i&1 != 0 || common>>j&1 != 0 || sides[i]*sides[j] >= 0 {
			continue
		}
		a, b, c := side(q[i], q[j], p[0], p[1]), side(q[i], q[j], p[1], p[2]), side(q[i], q[j], p[2], p[0])
		if a >= 0 && b >= 0 && c >= 0 || a <= 0 && b <= 0 && c <= 0 {
			return true
		}
	}
	return false
}

// folded says whether two triangles with a side in common lie on one another.
func folded(p, q *[3]spot, own, other uint8) bool {
	var i, j int
	for k := range 3 {
		if own>>k&1 == 0 {
			i = k
		}
		if other>>k&1 == 0 {
			j = k
		}
	}
	a, b := p[nextCorner[i]], p[nextCorner[nextCorner[i]]]
	if side(a, b, p[i], q[j]) != 0 {
		return false
	}
	e := b.minus(a)
	return e.cross(p[i].minus(a)).dot(e.cross(q[j].minus(a))) > 0
}
