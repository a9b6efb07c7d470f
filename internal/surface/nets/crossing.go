package nets

import "slices"

// second says whether a second sheet of surface may be near a quad: whether some
// label in its four cells has edges along one axis at which it ends in opposite
// directions. Elsewhere each label lies on one side of one sheet, whose quads along
// each axis all face one way, and smoothing does not turn them over.
func (n *Net) second(q quadAt) bool {
	var labels [32]uint16 // of four cells with eight corners each, 0 for the background
	var met [32]uint8
	known := 0
	meet := func(label uint16, set uint8) bool {
		i := 0
		for i < known && labels[i] != label {
			i++
		}
		if i == known {
			labels[i] = label
			known++
		}
		met[i] |= directions[set]
		return met[i]&(met[i]>>3) != 0
	}
	for _, s := range n.quadCorners(q) {
		l := &n.Layers[s.layer]
		none := uint8(0xff) // corners of the background
		for _, e := range l.Entries[l.First[s.vertex]:l.First[s.vertex+1]] {
			if none &^= e.Corners; meet(e.Label, e.Corners) {
				return true
			}
		}
		if none != 0 && meet(0, none) {
			return true
		}
	}
	return false
}

// directions are the ways in which the crossing edges of a cell lead out of a set
// of its corners: bit a towards high, and bit 3+a towards low, along axis a.
var directions = buildDirections()

func buildDirections() (t [256]uint8) {
	for set := range 256 {
		for axis, starts := range [3]uint8{startsX, startsY, startsZ} {
			low := uint8(set) & starts
			high := uint8(set) >> (1 << axis) & starts
			if low&^high != 0 {
				t[set] |= 1 << axis
			}
			if high&^low != 0 {
				t[set] |= 8 << axis
			}
		}
	}
	return t
}

// point is a position in steps of an offset, from the middle of a cell nearby.
type point [3]int64

func (p point) minus(q point) point { return point{p[0] - q[0], p[1] - q[1], p[2] - q[2]} }

func (p point) cross(q point) point {
	return point{p[1]*q[2] - p[2]*q[1], p[2]*q[0] - p[0]*q[2], p[0]*q[1] - p[1]*q[0]}
}

func (p point) dot(q point) int64 { return p[0]*q[0] + p[1]*q[1] + p[2]*q[2] }

// flat is a triangle of the net: its corners, the vertices that they are, and its
// normal, which need not be outward.
type flat struct {
	at     [3]point
	spots  [3]spot
	normal point
}

// tangled says whether a quad that leaves its envelope folds, or crosses or touches
// another quad elsewhere than at corners and sides that they share.
//
// It leaves its envelope into the cell of corner k, see envelope.go, so that only
// quads of that cell's twelve edges can meet it. Seen along its own edge it lies
// between the directions from k to the two corners beside k, and the quads on the
// cell's parallel edges lie outside of these: they do not meet it. Beyond the end of
// its edge that it passes are the envelopes of the edges across that end. A quad on an
// edge across the other end has to leave its own envelope, too, to meet it there.
func (n *Net) tangled(offsets []Offset, q quadAt) bool {
	r := ringOf(n.offsetsOf(offsets, q), int(q.axis))
	first := n.first(q)
	if r.folds(first) {
		return true
	}
	off, room := r.leaves(first)
	passed := [2]bool{-off >= room, off >= room} // its edge's low and high end
	_, k, _, _, _, _ := r.beyond(first)
	own := n.flats(offsets, q, [3]int{})
	var space [8]placedQuad
	for _, other := range n.near(space[:0], q, k) {
		if !passed[other.at[q.axis]] && n.stays(offsets, other.quadAt) {
			continue
		}
		theirs := n.flats(offsets, other.quadAt, other.at)
		for i := range own {
			for j := range theirs {
				if own[i].crosses(&theirs[j]) {
					return true
				}
			}
		}
	}
	return false
}

// stays says whether a quad stays within its envelope.
func (n *Net) stays(offsets []Offset, q quadAt) bool {
	r := ringOf(n.offsetsOf(offsets, q), int(q.axis))
	off, room := r.leaves(n.first(q))
	return off < room && -off < room
}

// placedQuad is a quad and the place of its cell, from that of another quad.
type placedQuad struct {
	quadAt
	at [3]int
}

// near adds the quads of the cell of a quad's corner k that lie across the ends of the
// quad's edge: those on eight of the cell's twelve edges.
func (n *Net) near(quads []placedQuad, q quadAt, k int) []placedQuad {
	corners := n.quadCorners(q)
	u, w, h := nextAxis[q.axis], nextAxis[q.axis+1], int(q.axis)
	high := func(axis int) uint8 { return FaceX1 << (2 * axis) }
	places := [4][2]int{{-1, -1}, {0, -1}, {0, 0}, {-1, 0}}
	for _, step := range [3][2]int{{0, 0}, {1, 0}, {0, 1}} { // the cell, the next one along u, and along w
		cell, here := corners[k], true
		if step[0] == 1 {
			cell, here = n.stepIf(cell, high(u))
		} else if step[1] == 1 {
			cell, here = n.stepIf(cell, high(w))
		}
		var at [3]int
		at[u], at[w] = places[k][0]+step[0], places[k][1]+step[1]
		for at[h] = 0; here; at[h] = 1 { // at the cell's low end along h, then at its high end
			carries := n.Layers[cell.layer].Vertices[cell.vertex].Quads
			if step[0] == 0 && carries>>u&1 != 0 {
				quads = append(quads, placedQuad{quadAt{cell, uint8(u)}, at})
			}
			if step[1] == 0 && carries>>w&1 != 0 {
				quads = append(quads, placedQuad{quadAt{cell, uint8(w)}, at})
			}
			if at[h] == 1 {
				break
			}
			cell, here = n.stepIf(cell, high(h))
		}
	}
	return quads
}

// stepIf is like step, for a neighbour that may not exist.
func (n *Net) stepIf(s spot, face uint8) (spot, bool) {
	if n.Layers[s.layer].Vertices[s.vertex].Faces&face == 0 {
		return s, false
	}
	return n.step(s, face), true
}

// cell is the cell of a vertex.
func (n *Net) cell(s spot) [3]int {
	l := &n.Layers[s.layer]
	y, _ := slices.BinarySearch(l.Rows, s.vertex+1) // the first row that begins after the vertex
	return [3]int{int(l.Vertices[s.vertex].X), y - 1, int(s.layer)}
}

// flats are the two triangles of a quad of a cell at a place.
func (n *Net) flats(offsets []Offset, q quadAt, place [3]int) (out [2]flat) {
	corners := n.quadCorners(q)
	u, w := nextAxis[q.axis], nextAxis[q.axis+1]
	steps := [4][2]int{{-1, -1}, {0, -1}, {0, 0}, {-1, 0}}
	var at [4]point
	for i, s := range corners {
		o := offsets[n.Start[s.layer]+int(s.vertex)]
		cell := place
		cell[u] += steps[i][0]
		cell[w] += steps[i][1]
		for axis := range 3 {
			at[i][axis] = int64(cell[axis])*OffsetOne + int64(o>>(OffsetLane*axis)&OffsetMask) - OffsetZero
		}
	}
	first := n.first(q)
	for side := range out {
		f := &out[side]
		for i := range f.at {
			c := (first + 2*side + i) % 4
			f.at[i], f.spots[i] = at[c], corners[c]
		}
		f.normal = f.at[1].minus(f.at[0]).cross(f.at[2].minus(f.at[0]))
	}
	return out
}

// crosses says whether two triangles have a point in common that is not on a
// corner or side of both. It is exact: coordinates are below 2¹², all else is sums
// of a few products of three or four of them.
func (f *flat) crosses(g *flat) bool {
	apart, coplanar := f.parts(g)
	if coplanar {
		return f.overlaps(g)
	}
	if apart {
		return false
	}
	if apart, _ := g.parts(f); apart {
		return false
	}
	shared := 0
	for _, s := range f.spots {
		if g.has(s) {
			shared++
		}
	}
	// The planes of two triangles with a side in common meet in that side's line.
	return shared < 2 && (f.pierced(g) || g.pierced(f))
}

// parts says whether the plane of f has all of g on one side, but for corners that
// they share, or all of g within it.
func (f *flat) parts(g *flat) (apart, coplanar bool) {
	above, below, within := false, false, false
	for i, p := range g.at {
		if f.has(g.spots[i]) {
			continue
		}
		side := f.normal.dot(p.minus(f.at[0]))
		above, below, within = above || side > 0, below || side < 0, within || side == 0
	}
	return !within && above != below, !above && !below
}

// pierced says whether a side of g that has no corner in common with f meets f.
func (f *flat) pierced(g *flat) bool {
	for i := range 3 {
		j := (i + 1) % 3
		if f.has(g.spots[i]) || f.has(g.spots[j]) {
			continue
		}
		p, q := g.at[i], g.at[j]
		a, b := f.normal.dot(p.minus(f.at[0])), f.normal.dot(q.minus(f.at[0]))
		if a > 0 && b > 0 || a < 0 && b < 0 || a == 0 && b == 0 {
			continue // a side within the plane of f is met by the sides of the other
		}
		along := q.minus(p)
		var left, right bool
		for k := range 3 {
			side := along.cross(f.at[k].minus(p)).dot(f.at[(k+1)%3].minus(p))
			left, right = left || side > 0, right || side < 0
		}
		if !left || !right {
			return true
		}
	}
	return false
}

func (f *flat) has(s spot) bool { return s == f.spots[0] || s == f.spots[1] || s == f.spots[2] }

// overlaps says whether two triangles in one plane share an area: no side of
// either has the other triangle wholly beyond it.
func (f *flat) overlaps(g *flat) bool {
	beyond := func(f, g *flat) bool {
		for i := range 3 {
			inward := f.normal.cross(f.at[(i+1)%3].minus(f.at[i]))
			outside := true
			for _, p := range g.at {
				outside = outside && inward.dot(p.minus(f.at[i])) <= 0
			}
			if outside {
				return true
			}
		}
		return false
	}
	return !beyond(f, g) && !beyond(g, f)
}
