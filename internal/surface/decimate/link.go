package decimate

// The link condition of Dey, Edelsbrunner, Guha and Nekhayev for a 2-complex K. Its
// curves K1 are the edges with another number of triangles than two, and its points K2
// the vertices where K1 is no line. K with a cone from a vertex ω over K1 is Kω; K1 with
// a cone over K2 is K1ω. The contraction of an edge ab gives a complex of the same
// shape, in which curves and points are what they were, if
//
//	the links of a and b in Kω have in common only the link of ab, and
//	the links of a and b in K1ω have nothing in common.
//
// For the three kinds of a vertex that is: every vertex next to both a and b is a
// corner of a triangle at ab; no triangle at a has the same opposite side as one at b;
// if both lie on curves, ab is an edge of a curve; no third vertex is next to both along
// curves; a and b are not both points.

// links says whether the collapse of the edge from u to w leaves the complex what it
// is. It lists the triangles that stay as fans, and those that go as dying.
func (b *block) links(u, w int32) bool {
	from, to := &b.v[u], &b.v[w]
	if from.kind == corner && to.kind == corner {
		return false
	}
	x := &b.work
	near := x.epoch + 1 // next to u
	both := near + 1    // opposite to the edge
	x.epoch = both
	x.fans, x.dying, x.opposite, x.sheets = x.fans[:0], x.dying[:0], x.opposite[:0], x.sheets[:0]
	e := from.at.minus(to.at)
	for _, f := range b.around(u) {
		t := &b.tri[f]
		if t.v[0] == gone {
			continue
		}
		if t.has(w) {
			o := b.cell(t.other(u, w))
			if contains(x.opposite, o) {
				return false // two triangles with the same corners
			}
			x.opposite, x.dying = append(x.opposite, o), append(x.dying, f)
			continue
		}
		p, q := t.next(u)
		b.v[b.cell(p)].mark, b.v[b.cell(q)].mark = near, near
		c, d := b.v[p].at.minus(to.at), b.v[q].at.minus(to.at)
		x.addFan(t.sides, f, c, d, c.minus(e).cross(d.minus(e)))
		n := c.cross(d)
		b.sheet(t.sides).add(n, e.dot(n))
	}
	if from.kind >= curve && to.kind >= curve && len(x.dying) == 2 {
		return false // from one curve, or one place of a curve, to another
	}
	for _, o := range x.opposite {
		b.v[o].mark = both
	}
	x.second = len(x.fans)
	for _, f := range b.around(w) {
		t := &b.tri[f]
		if t.v[0] == gone || t.has(u) {
			continue
		}
		p, q := t.next(w)
		first, second := b.v[b.cell(p)].mark, b.v[b.cell(q)].mark
		if first == near || second == near || first == both && second == both && b.isSharp(both) {
			return false
		}
		c, d := b.v[p].at.minus(to.at), b.v[q].at.minus(to.at)
		n := c.cross(d)
		x.addFan(t.sides, f, c, d, n)
		b.sheet(t.sides).add(n, 0)
	}
	return from.kind < curve || to.kind < curve || !b.triangleOfCurves(u, w)
}

// addFan appends a fan. It is written field by field in its place: a struct that is put
// together first and then copied is read in pieces wider than those that were just
// written, for which a processor waits.
func (x *scratch) addFan(sides uint32, f int32, c, d, normal point) {
	x.fans = longer(x.fans)
	to := &x.fans[len(x.fans)-1]
	to.sides, to.f = sides, f
	to.c, to.d, to.normal = c, d, normal
}

// longer is a slice with one element more, whatever it holds.
func longer[T any](s []T) []T {
	if len(s) < cap(s) {
		return s[:len(s)+1]
	}
	var zero T
	return append(s, zero)
}

// isSharp says whether a triangle at the first vertex has both other corners opposite to
// the edge.
func (b *block) isSharp(both int32) bool {
	for i := range b.work.fans[:b.work.second] {
		t := &b.tri[b.work.fans[i].f]
		n := 0
		for _, x := range t.v {
			if b.v[b.cell(x)].mark == both {
				n++
			}
		}
		if n == 2 {
			return true
		}
	}
	return false
}

// triangleOfCurves says whether a corner of a triangle at an edge of a curve is next to
// both ends along curves.
func (b *block) triangleOfCurves(u, w int32) bool {
	for _, f := range b.work.dying {
		x := b.tri[f].other(u, w)
		if b.v[x].kind >= curve && b.trianglesAt(u, x) != 2 && b.trianglesAt(w, x) != 2 {
			return true
		}
	}
	return false
}

// trianglesAt is how many triangles the edge from u to w has.
func (b *block) trianglesAt(u, w int32) int {
	n := 0
	cell := b.cell(w)
	for _, f := range b.around(u) {
		t := &b.tri[f]
		if t.v[0] == gone {
			continue
		}
		for _, x := range t.v {
			if x != u && b.cell(x) == cell {
				n++
			}
		}
	}
	return n
}

// classify finds the kinds of vertices that have not been looked at, of those that have
// all their triangles in the block, and adds the curves to their quadrics. The others
// are held.
func (b *block) classify(vertices []uint32) {
	for i := range b.pinched {
		v := &b.v[i]
		if v.kind == held || b.q.isLocked(vertices[i]) || v.count == 0 {
			v.kind = held
			continue
		}
		if v.kind == unknown {
			v.kind = b.kindOf(int32(i))
			if v.kind >= curve {
				b.addCurves(int32(i))
			}
		}
	}
}

func (b *block) kindOf(v int32) kind {
	ring := b.around(v)
	same := true
	for _, f := range ring[1:] {
		same = same && b.tri[f].sides == b.tri[ring[0]].sides
	}
	if same {
		return interior
	}
	// On a curve there are two edges with as many triangles as there are labels, and
	// between every two labels that meet there one strip from the one to the other.
	ends := b.curvesAt(v)
	if len(ends) != 2 || ends[0].triangles != ends[1].triangles {
		return corner
	}
	n := ends[0].triangles
	var pairs []uint32
	var labels []uint16
	for _, f := range ring {
		if s := b.tri[f].sides; !contains(pairs, s) {
			pairs = append(pairs, s)
			for _, l := range [2]uint16{uint16(s >> 16), uint16(s)} {
				if !contains(labels, l) {
					labels = append(labels, l)
				}
			}
		}
	}
	if len(pairs) != n || len(labels) != n {
		return corner
	}
	for _, e := range ends {
		var seen []uint32
		for _, f := range ring {
			if s := b.tri[f].sides; b.hasCell(f, e.cell) {
				if contains(seen, s) {
					return corner
				}
				seen = append(seen, s)
			}
		}
	}
	return curve
}

func contains[T comparable](s []T, x T) bool {
	for _, y := range s {
		if x == y {
			return true
		}
	}
	return false
}

func (b *block) hasCell(f, cell int32) bool {
	t := &b.tri[f]
	return b.cell(t.v[0]) == cell || b.cell(t.v[1]) == cell || b.cell(t.v[2]) == cell
}

// end is the other end of an edge of a curve.
type end struct {
	cell      int32 // its vertex, or the first corner of its cell
	vertex    int32
	triangles int
}

// curvesAt are the edges of curves at a vertex.
func (b *block) curvesAt(v int32) []end {
	var ends []end
	for _, f := range b.around(v) {
		for _, x := range b.tri[f].v {
			if x == v {
				continue
			}
			cell, known := b.cell(x), false
			for i := range ends {
				if ends[i].cell == cell {
					ends[i].triangles++
					known = true
				}
			}
			if !known {
				ends = append(ends, end{cell, x, 1})
			}
		}
	}
	n := 0
	for _, e := range ends {
		if e.triangles != 2 {
			ends[n] = e
			n++
		}
	}
	return ends[:n]
}

// addCurves adds the lines along the curves at a vertex to its quadric.
func (b *block) addCurves(v int32) {
	for _, e := range b.curvesAt(v) {
		b.v[v].quad.addLine(b.v[e.vertex].at.minus(b.v[v].at), float32(curveWeight/b.s.area))
	}
}

// curveWeight is the weight of a curve's distance, for each square of its length,
// beside that of a sheet's for each area.
const curveWeight = 1
