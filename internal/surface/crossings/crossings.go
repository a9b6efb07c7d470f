// Package crossings counts where a triangle mesh passes through itself. It is for
// tests, and shares no code with the engine that it judges.
//
// In: a mesh in any unit. Out: the number of pairs of triangles that have a point
// in common which is not a vertex or edge of both. Vertices of equal position
// count as one. No errors.
package crossings

import (
	"math"

	"github.com/iris-oculus/iris/internal/surface"
)

// rounding is how many times its own size a determinant of three differences may
// be off in float64: positions are float32, so differences are nearly exact, and
// what is left are a dozen roundings of 2⁻⁵³.
const rounding = 1e-14

type vector [3]float64

func (v vector) minus(w vector) vector { return vector{v[0] - w[0], v[1] - w[1], v[2] - w[2]} }

type triangle [3]vector

// Count is the number of pairs of triangles that cross.
func Count(m *surface.Mesh) int {
	all := make([]triangle, len(m.Triangles))
	extent := 0.0
	for i, t := range m.Triangles {
		for c, v := range t {
			for axis, x := range m.Vertices[v] {
				all[i][c][axis] = float64(x)
			}
		}
		for axis := range 3 {
			low, high := all[i].span(axis)
			extent += (high - low) / float64(3*len(m.Triangles))
		}
	}
	if extent == 0 {
		return 0
	}
	// Triangles are listed in every box of a grid that they reach into.
	size := 2 * extent
	boxes := map[[3]int32][]int32{}
	each := func(t *triangle, do func(box [3]int32)) {
		var from, to [3]int32
		for axis := range 3 {
			low, high := t.span(axis)
			from[axis], to[axis] = int32(math.Floor(low/size)), int32(math.Floor(high/size))
		}
		for x := from[0]; x <= to[0]; x++ {
			for y := from[1]; y <= to[1]; y++ {
				for z := from[2]; z <= to[2]; z++ {
					do([3]int32{x, y, z})
				}
			}
		}
	}
	count := 0
	seen := make([]int32, len(all)) // the last triangle that each was compared with, plus one
	for i := range all {
		each(&all[i], func(box [3]int32) {
			for _, j := range boxes[box] {
				if seen[j] != int32(i+1) {
					seen[j] = int32(i + 1)
					if all[i].crosses(&all[j]) {
						count++
					}
				}
			}
		})
		each(&all[i], func(box [3]int32) { boxes[box] = append(boxes[box], int32(i)) })
	}
	return count
}

func (t *triangle) span(axis int) (low, high float64) {
	return min(t[0][axis], t[1][axis], t[2][axis]), max(t[0][axis], t[1][axis], t[2][axis])
}

// crosses says whether a side of one triangle passes through the other, or both lie
// in one plane and share an area.
func (t *triangle) crosses(o *triangle) bool {
	for axis := range 3 {
		a, b := t.span(axis)
		c, d := o.span(axis)
		if b < c || d < a {
			return false
		}
	}
	if t.folded(o) {
		return true
	}
	return t.pierced(o) || o.pierced(t)
}

// pierced says whether a side of o that has no corner in common with t passes
// through t.
func (t *triangle) pierced(o *triangle) bool {
	for i := range 3 {
		p, q := o[i], o[(i+1)%3]
		if t.has(p) || t.has(q) {
			continue
		}
		if orient(t[0], t[1], t[2], p)*orient(t[0], t[1], t[2], q) >= 0 {
			continue
		}
		a, b, c := orient(p, q, t[0], t[1]), orient(p, q, t[1], t[2]), orient(p, q, t[2], t[0])
		if a >= 0 && b >= 0 && c >= 0 || a <= 0 && b <= 0 && c <= 0 {
			return true
		}
	}
	return false
}

// folded says whether two triangles with a side in common lie on one another.
func (t *triangle) folded(o *triangle) bool {
	var apart, others vector
	var side []vector
	for _, p := range t {
		if o.has(p) {
			side = append(side, p)
		} else {
			apart = p
		}
	}
	if len(side) != 2 {
		return false
	}
	for _, p := range o {
		if p != side[0] && p != side[1] {
			others = p
		}
	}
	if apart == others || orient(side[0], side[1], apart, others) != 0 {
		return false
	}
	// In one plane: both lie on the same side of the line that they share.
	a, b := cross(side[1].minus(side[0]), apart.minus(side[0])), cross(side[1].minus(side[0]), others.minus(side[0]))
	return a[0]*b[0]+a[1]*b[1]+a[2]*b[2] > 0
}

func (t *triangle) has(p vector) bool { return p == t[0] || p == t[1] || p == t[2] }

func cross(v, w vector) vector {
	return vector{v[1]*w[2] - v[2]*w[1], v[2]*w[0] - v[0]*w[2], v[0]*w[1] - v[1]*w[0]}
}

// orient is the sign of the volume of a tetrahedron, 0 when it is too flat to tell.
func orient(a, b, c, d vector) float64 {
	u, v, w := b.minus(a), c.minus(a), d.minus(a)
	sum, size := 0.0, 0.0
	for i := range 3 {
		j, k := (i+1)%3, (i+2)%3
		sum += u[i] * (v[j]*w[k] - v[k]*w[j])
		size += math.Abs(u[i]) * (math.Abs(v[j]*w[k]) + math.Abs(v[k]*w[j]))
	}
	switch {
	case sum > rounding*size:
		return 1
	case sum < -rounding*size:
		return -1
	}
	return 0
}
