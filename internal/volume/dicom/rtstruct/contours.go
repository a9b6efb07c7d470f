package rtstruct

import "slices"

// point is a place in a frame in half pixels: pixel (r, c) has its centre at (2r, 2c). A
// vertex of a contour lies in the middle between the centres of two neighbours of which
// one is in the structure: one of its coordinates is odd.
type point struct{ r, c int }

// mask is a structure in a part of a frame. at is false outside.
type mask struct {
	rows, columns int
	pixels        []bool
}

func (m *mask) at(r, c int) bool {
	return r >= 0 && c >= 0 && r < m.rows && c < m.columns && m.pixels[r*m.columns+c]
}

// Directions of a walk along the edge of a structure, clockwise as the frame is seen, so
// that the structure lies to the right.
var around = [4]point{{0, 1}, {1, 0}, {0, -1}, {-1, 0}}

// contours are the closed contours of a mask, one for each part of it: pixels that touch
// at an edge belong together, those that touch at a corner do not. Holes are joined to the
// contour around them by a channel of no width (the keyhole technique, PS3.3 C.8.8.6.3), so
// that whoever fills each contour has the structure, whether contours are added or are
// taken by XOR. Every pixel's centre is in a contour exactly when the pixel is in the
// structure.
func contours(m *mask) [][]point {
	loops := m.loops()
	// A vertex to the left of a pixel in the structure, in its row, by place: where channels
	// begin and end.
	type spot struct{ loop, index int }
	where := map[point]spot{}
	for l, loop := range loops {
		for i, p := range loop {
			where[p] = spot{l, i}
		}
	}
	parent := make([]int, len(loops)) // the contour that a loop is part of by now
	for l := range parent {
		parent[l] = l
	}
	root := func(l int) int {
		for parent[l] != l {
			l = parent[l]
		}
		return l
	}
	type hole struct {
		loop int
		from point
	}
	var holes []hole
	for l, loop := range loops {
		if !outer(loop) {
			holes = append(holes, hole{l, leftmost(loop)})
		}
	}
	// From left to right: what a channel meets has its own channel already.
	slices.SortFunc(holes, func(a, b hole) int {
		if a.from.c != b.from.c {
			return a.from.c - b.from.c
		}
		return a.from.r - b.from.r
	})
	for _, h := range holes {
		// Left of the hole are pixels of the structure, until the first that is none.
		c := (h.from.c - 1) / 2
		for m.at(h.from.r/2, c) {
			c--
		}
		to := point{h.from.r, 2*c + 1}
		outside := root(where[to].loop)
		loops[outside] = joined(loops[outside], to, loops[h.loop], h.from)
		loops[h.loop] = nil
		parent[h.loop] = outside
	}
	var out [][]point
	for _, loop := range loops {
		if loop != nil {
			out = append(out, straight(loop))
		}
	}
	return out
}

// joined is outside with a channel from its vertex to hole's vertex from, around the hole
// and back.
func joined(outside []point, to point, hole []point, from point) []point {
	i, j := slices.Index(outside, to), slices.Index(hole, from)
	out := make([]point, 0, len(outside)+len(hole)+2)
	out = append(out, outside[:i+1]...)
	out = append(append(out, hole[j:]...), hole[:j+1]...)
	return append(out, outside[i:]...)
}

// leftmost is the vertex of a hole to the left of all its pixels, between two of a row.
func leftmost(loop []point) point {
	best := point{0, 1 << 30}
	for _, p := range loop {
		if p.c%2 != 0 && (p.c < best.c || p.c == best.c && p.r < best.r) {
			best = p
		}
	}
	return best
}

// outer says whether a loop has the structure within: then it runs clockwise as a frame is
// seen, rows downwards.
func outer(loop []point) bool {
	twice := 0
	for i, p := range loop {
		q := loop[(i+1)%len(loop)]
		twice += p.c*q.r - q.c*p.r
	}
	return twice > 0
}

// loops are the borders of a mask, each vertex once: between a pixel of the structure and a
// neighbour of it that is none.
func (m *mask) loops() [][]point {
	var out [][]point
	seen := make([]bool, 4*m.rows*m.columns)
	for r := range m.rows {
		for c := range m.columns {
			if !m.at(r, c) {
				continue
			}
			for side := range around {
				if !seen[4*(r*m.columns+c)+side] && m.border(r, c, side) {
					out = append(out, m.walk(r, c, side, seen))
				}
			}
		}
	}
	return out
}

// border says whether a pixel's neighbour on a side is outside: 0 above, and clockwise.
func (m *mask) border(r, c, side int) bool {
	d := across(side)
	return !m.at(r+d.r, c+d.c)
}

// across is the step to the neighbour on a side.
func across(side int) point { return around[(side+3)%4] }

// walk follows a border from a pixel's side, the structure to the right.
func (m *mask) walk(r, c, side int, seen []bool) (loop []point) {
	for {
		n := 4*(r*m.columns+c) + side
		if seen[n] {
			return loop
		}
		seen[n] = true
		out, along := across(side), around[side]
		loop = append(loop, point{2*r + out.r, 2*c + out.c})
		switch {
		case !m.at(r+along.r, c+along.c): // the pixel's own next side
			side = (side + 1) % 4
		case !m.at(r+along.r+out.r, c+along.c+out.c): // the next pixel's side
			r, c = r+along.r, c+along.c
		default: // the pixel beyond the corner
			r, c, side = r+along.r+out.r, c+along.c+out.c, (side+3)%4
		}
	}
}

// straight leaves out vertices on a straight line between their neighbours, but where a
// contour turns back.
func straight(loop []point) []point {
	var out []point
	for i, p := range loop {
		a, b := loop[(i+len(loop)-1)%len(loop)], loop[(i+1)%len(loop)]
		if len(out) > 0 {
			a = out[len(out)-1]
		}
		u, v := point{p.r - a.r, p.c - a.c}, point{b.r - p.r, b.c - p.c}
		if u.r*v.c == u.c*v.r && u.r*v.r+u.c*v.c > 0 {
			continue
		}
		out = append(out, p)
	}
	return out
}
