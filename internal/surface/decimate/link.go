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
// is, and lists the triangles that stay. Those that are gone are dropped from both rings,
// which moves nothing.
func (b *block) links(u, w int32) bool {
	ku, kw := b.kinds[u], b.kinds[w]
	if ku == corner && kw == corner {
		return false
	}
	mark := b.work.mark
	near := b.work.epoch + 1 // next to u
	both := near + 1         // opposite to the edge
	b.work.epoch = both
	b.work.fans = b.work.fans[:0]
	ru := b.live(u)
	at := 0
	for _, f := range ru {
		t := &b.tri[f]
		if t[0] == w || t[1] == w || t[2] == w {
			x := t[0] + t[1] + t[2] - u - w
			if x = b.cell(x); mark[x] == both {
				return false // two triangles with the same corners
			}
			mark[x] = both
			at++
		}
	}
	if ku >= curve && kw >= curve && at == 2 {
		return false // from one curve, or one place of a curve, to another
	}
	sharp := false // a triangle at u has both other corners opposite to the edge
	for _, f := range ru {
		t := &b.tri[f]
		if t[0] == w || t[1] == w || t[2] == w {
			continue
		}
		b.fan(f, u)
		opposite := 0
		for _, x := range t {
			if x == u {
				continue
			}
			if x = b.cell(x); mark[x] != both {
				mark[x] = near
			} else {
				opposite++
			}
		}
		sharp = sharp || opposite == 2
	}
	b.work.second = len(b.work.fans)
	for _, f := range b.live(w) {
		t := &b.tri[f]
		if t[0] == u || t[1] == u || t[2] == u {
			continue
		}
		b.fan(f, w)
		opposite := 0
		for _, x := range t {
			if x == w {
				continue
			}
			switch mark[b.cell(x)] {
			case near:
				return false
			case both:
				opposite++
			}
		}
		if opposite == 2 && sharp {
			return false
		}
	}
	return ku < curve || kw < curve || !b.triangleOfCurves(u, w)
}

// live is the ring of a vertex without triangles that are gone.
func (b *block) live(v int32) []int32 {
	ring := b.around(v)
	n := 0
	for _, f := range ring {
		if b.tri[f][0] >= 0 {
			ring[n] = f
			n++
		}
	}
	b.count[v] = int32(n)
	return ring[:n]
}

// triangleOfCurves says whether a corner of a triangle at an edge of a curve is next to
// both ends along curves.
func (b *block) triangleOfCurves(u, w int32) bool {
	for _, f := range b.around(u) {
		t := &b.tri[f]
		if t[0] != w && t[1] != w && t[2] != w {
			continue
		}
		x := t[0] + t[1] + t[2] - u - w
		if b.kinds[x] >= curve && b.trianglesAt(u, x) != 2 && b.trianglesAt(w, x) != 2 {
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
		for _, x := range b.tri[f] {
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
	for v := range b.pinched {
		if b.kinds[v] == held || b.stays[v] || b.q.isLocked(vertices[v]) || b.count[v] == 0 {
			b.kinds[v] = held
			continue
		}
		if b.kinds[v] == unknown {
			b.kinds[v] = b.kindOf(int32(v))
			if b.kinds[v] >= curve {
				b.addCurves(int32(v))
			}
		}
	}
}

func (b *block) kindOf(v int32) kind {
	ring := b.around(v)
	same := true
	for _, f := range ring[1:] {
		same = same && b.sides[f] == b.sides[ring[0]]
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
		if s := b.sides[f]; !contains(pairs, s) {
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
			if s := b.sides[f]; b.hasCell(f, e.cell) {
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
	return b.cell(t[0]) == cell || b.cell(t[1]) == cell || b.cell(t[2]) == cell
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
		for _, x := range b.tri[f] {
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
		b.quad[v].addLine(b.at[e.vertex].minus(b.at[v]), float32(curveWeight/b.s.area))
	}
}

// curveWeight is the weight of a curve's distance, for each square of its length,
// beside that of a sheet's for each area.
const curveWeight = 1
