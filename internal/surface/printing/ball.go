package printing

import "math"

// The thickness of a wall at a point p of its surface, whose outward normal is n, is
// the diameter of the largest ball that touches the surface at p from within and has
// nothing of the opposite surface inside: the shrinking ball of Ma, Bae and Choi (3D
// medial axis point approximation using nearest neighbors and the normal field, 2012).
// The ball through another point q has the diameter
//
//	d(q) = |q-p|² / (p-q)·n
//
// so the thickness is the least d over the opposite surface. On a plate, a ball and the
// wall of a tube it is what a calliper measures.
//
// Every edge of a solid has such balls as small as one likes, between the two faces
// that meet there, and is no thin wall. So only faces that look the other way count
// as opposite, as in the shape diameter of Shapira, Shamir and Cohen-Or (Consistent
// mesh partitioning and skeletonisation using the shape diameter function, 2008),
// which takes rays within a cone: a face whose normal is turned by opposed or more,
// and of it points within a cone around -n. An edge of less than 45° is therefore
// a thin wall, as the edge of a knife is, and a right angle is none.
//
// On the steps of voxels, at smoothing 0, a slanted wall is measured along them: it
// seems up to 1.4 times as thick as it is.
const (
	opposed = -math.Sqrt2 / 2 // cosine of 135°
	cone    = 0.5             // cosine of 60°, half of Shapira's cone of 120°
)

// contact is a point of the opposite surface, the diameter of the ball that touches
// it, and its triangle.
type contact struct {
	diameter float64
	at       vector
	triangle uint32
}

// thickness is the contact of the smallest ball at p, whose diameter is below most;
// false when there is none.
func (h *hierarchy) thickness(p, n vector, most float64) (best contact, found bool) {
	best.diameter = most
	center := func() (vector, float64) {
		r := best.diameter / 2
		return p.minus(n.times(r)), r * r
	}
	c, squared := center()
	var stack [64]int32 // a path down and a sibling each level
	depth := 1
	stack[0] = 1
	half, octants := len(h.boxes)/2, facingOctants(n)
	for depth > 0 {
		depth--
		node := int(stack[depth])
		if h.octants[node]&octants == 0 || h.boxes[node].squared(c) >= squared {
			continue
		}
		if node < half {
			// The nearer one is looked into first, so that the ball shrinks early.
			near, far := 2*node, 2*node+1
			if h.boxes[far].squared(c) < h.boxes[near].squared(c) {
				near, far = far, near
			}
			stack[depth], stack[depth+1] = int32(far), int32(near)
			depth += 2
			continue
		}
		for _, r := range h.leaf(node - half) {
			if hit, ok := h.touch(r.triangle, p, n); ok && hit.diameter < best.diameter {
				best, found = hit, true
				c, squared = center()
			}
		}
	}
	return best, found
}

// faced says whether a triangle that is opposite to the normal n reaches into the
// ball around c; true as well where one nearly does.
func (h *hierarchy) faced(c, n vector, radius float64) bool {
	var stack [64]int32
	stack[0] = 1
	half, octants := len(h.boxes)/2, facingOctants(n)
	for depth := 1; depth > 0; {
		depth--
		node := int(stack[depth])
		if h.octants[node]&octants == 0 || h.boxes[node].squared(c) > radius*radius {
			continue
		}
		if node < half {
			stack[depth], stack[depth+1] = int32(2*node+1), int32(2*node)
			depth += 2
			continue
		}
		for _, r := range h.leaf(node - half) {
			a, b, d := h.corners(r.triangle)
			if _, opposite := facing(a, b, d, n); opposite {
				return true
			}
		}
	}
	return false
}

// facing is the normal of a triangle, of any length, and whether it is opposite to n.
func facing(a, b, c, n vector) (m vector, opposite bool) {
	m = b.minus(a).cross(c.minus(a))
	turned := m.dot(n)
	return m, turned < 0 && turned*turned >= opposed*opposed*m.dot(m) // it takes no root
}

// touch is the contact of the smallest ball at p with a triangle; false when the
// triangle is not opposite.
func (h *hierarchy) touch(triangle uint32, p, n vector) (best contact, found bool) {
	a, b, c := h.corners(triangle)
	m, opposite := facing(a, b, c, n)
	if !opposite {
		return best, false
	}
	m = m.times(1 / m.length())
	best.diameter, best.triangle = math.Inf(1), triangle
	// Within the triangle the ball touches its plane, at distance m·(a-p) from p.
	if away := m.dot(a.minus(p)); away > 0 {
		d := 2 * away / (1 - m.dot(n))
		if q := p.minus(n.times(d / 2)).plus(m.times(d / 2)); inside(q, a, b, c, m) {
			best.diameter, best.at = d, q
		}
	}
	if math.IsInf(best.diameter, 1) {
		for _, side := range [3][2]vector{{a, b}, {b, c}, {c, a}} {
			if d, q := touchSide(side[0].minus(p), side[1].minus(side[0]), n); d < best.diameter {
				best.diameter, best.at = d, p.plus(q)
			}
		}
	}
	q := best.at.minus(p)
	return best, !math.IsInf(best.diameter, 1) && -q.dot(n) >= cone*q.length()
}

// inside says whether a point of a triangle's plane, of normal m, lies within it.
func inside(q, a, b, c, m vector) bool {
	return b.minus(a).cross(q.minus(a)).dot(m) >= 0 && c.minus(b).cross(q.minus(b)).dot(m) >= 0 && a.minus(c).cross(q.minus(c)).dot(m) >= 0
}

// touchSide is the smallest ball that touches a segment, which begins at w and runs
// along e, both counted from p: its diameter and the place.
func touchSide(w, e, n vector) (diameter float64, at vector) {
	diameter = math.Inf(1)
	try := func(s float64) {
		if !(s >= 0 && s <= 1) {
			return
		}
		q := w.plus(e.times(s))
		if depth := -q.dot(n); depth > 0 {
			if d := q.dot(q) / depth; d < diameter {
				diameter, at = d, q
			}
		}
	}
	try(0)
	try(1)
	// d(s) = |w+se|² / -(w+se)·n; its derivative is 0 where u s² + 2 v s + x is.
	ee, we, ww := e.dot(e), w.dot(e), w.dot(w)
	start, slope := -w.dot(n), -e.dot(n)
	u, v, x := ee*slope, ee*start, 2*we*start-ww*slope
	if root := v*v - u*x; root >= 0 {
		sum := v + math.Copysign(math.Sqrt(root), v) // no digits cancel
		if sum != 0 {
			try(-x / sum)
		}
		if u != 0 {
			try(-sum / u)
		}
	}
	return diameter, at
}
