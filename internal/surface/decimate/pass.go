package decimate

import "math"

const (
	// evenness is how much an edge's own length counts beside the distances that its
	// collapse makes: on a plane, where all collapses are equally good, short edges go
	// first, and a new vertex stays in the middle. 1e-4 is a hundredth of the length.
	evenness = 1e-4
	// bins are by the highest bits of a positive float32: eight to a power of two.
	binShift = 20
	bins     = 1 << (31 - binShift)
	// ahead is how many of the candidates a pass takes, the cheapest, so that their
	// successors may be cheaper than the rest.
	ahead = 0.5
	// retries is how many other edges of a vertex are tried where one is refused.
	retries = 3
)

// decimate collapses edges, the cheapest first, in passes, until nothing can or should
// go. It says whether anything went.
func (b *block) decimate() bool {
	any := false
	for {
		candidates := b.bestEdges()
		if candidates == 0 {
			return any
		}
		done := b.pass(candidates)
		if done == 0 {
			return any
		}
		any = true
		b.drop()
		b.rings()
		// What is refused once is mostly refused again.
		const idle = 1. / 64
		if float64(done) < idle*float64(candidates) || b.budget.share != nil && b.budget.total() <= 0 {
			return any
		}
	}
}

// cost is about what the collapse of an edge makes of the quadrics, where along it, from
// the first end on, that is least, and whether it may be as much as is allowed.
func (b *block) cost(u, w int32) (value, t float32, ok bool) {
	e := b.at[w].minus(b.at[u])
	qu, qw := &b.quad[u], &b.quad[w]
	su, gu := qu.along(e)
	sw, gw := qw.along(e)
	even := evenness * (qu.weight() + qw.weight()) * e.dot(e)
	switch ku, kw := b.kinds[u], b.kinds[w]; {
	case ku == kw:
		// qu(t·e) + qw((t-1)·e) is least where its derivative is 0.
		t = min(max((sw-gu-gw+even)/(su+sw+2*even), 0), 1)
	case kw > ku:
		t = 1
	}
	r := 1 - t
	value = t*(t*su+2*gu) + r*(r*sw-2*gw) + qu.c + qw.c
	// Where a vertex is put better than along the edge, the distance may be smaller.
	const better = 2
	return max(value, 0) + even, t, value <= better*b.s.limit*max(1, (qu.weight()+qw.weight())/many)
}

// mayCollapse says whether an edge is none of those that never collapse.
func (b *block) mayCollapse(u, w int32) bool {
	ku, kw := b.kinds[u], b.kinds[w]
	if ku < curve && kw < curve {
		return true
	}
	return ku != held && kw != held && !(ku == corner && kw == corner) && !(ku >= curve && kw >= curve && b.trianglesAt(u, w) == 2)
}

// bestEdges finds the cheapest edge of each vertex, sorts the vertices by it, and says
// how many there are that may collapse.
func (b *block) bestEdges() int {
	n := len(b.at)
	w := &b.work
	w.best, w.order = resize(w.best, n), resize(w.order, n)
	best := w.best
	for i := range best {
		best[i] = math.MaxUint64
	}
	kinds := b.kinds
	for i := range b.tri {
		if !b.budget.wants(b.sides[i]) {
			continue
		}
		t := &b.tri[i]
		for k := range 3 {
			u, v := t[k], t[nextCorner[k]]
			if kinds[u]|kinds[v] == interior {
				if u > v {
					continue // an edge of two triangles runs up in one of them
				}
			} else if u > v && (kinds[u] < curve || kinds[v] < curve) || !b.mayCollapse(u, v) {
				continue
			}
			value, _, ok := b.cost(u, v)
			if !ok || !(value < math.MaxFloat32) {
				continue // so are overflow, and positions that are no numbers
			}
			key := uint64(math.Float32bits(value)) << 32
			best[u] = min(best[u], key|uint64(v))
			best[v] = min(best[v], key|uint64(u))
		}
	}
	const most = uint64(math.MaxUint64) - 1
	var start [bins + 1]int32
	for _, key := range best {
		if key <= most {
			start[key>>(32+binShift)+1]++
		}
	}
	for i := range bins {
		start[i+1] += start[i]
	}
	count := int(start[bins])
	for v, key := range best {
		if key <= most {
			bin := key >> (32 + binShift)
			w.order[start[bin]] = int32(v)
			start[bin]++
		}
	}
	w.order = w.order[:count]
	return count
}

var nextCorner = [3]int{1, 2, 0}

// pass collapses the cheaper edges of bestEdges and says how many it did.
func (b *block) pass(candidates int) int {
	w := &b.work
	n := len(b.at)
	w.busy, w.mark = resize(w.busy, n), resize(w.mark, n)
	clear(w.busy)
	clear(w.mark)
	w.epoch = 0
	limit := candidates
	if candidates > 64 {
		limit = int(ahead * float64(candidates))
	}
	done := 0
	for _, u := range w.order[:limit] {
		if w.busy[u] {
			continue
		}
		v := int32(uint32(w.best[u]))
		if w.busy[v] {
			continue // the cost is no longer what it was
		}
		did := b.collapse(u, v)
		if did == shapes {
			did = b.other(u, v)
		}
		if did == collapsed {
			done++
			if b.budget.spent() {
				break
			}
		}
	}
	return done
}

// other tries the other edges of a vertex whose cheapest would have harmed shapes.
func (b *block) other(u, refused int32) outcome {
	var tried [retries + 1]int32
	tried[0] = refused
	for n := 1; n <= retries; n++ {
		next, least := int32(-1), float32(math.MaxFloat32)
		for _, f := range b.live(u) {
			for _, v := range b.tri[f] {
				if v == u || b.work.busy[v] || contains(tried[:n], v) || !b.mayCollapse(u, v) {
					continue
				}
				if value, _, ok := b.cost(u, v); ok && value < least || value == least && v < next {
					next, least = v, value
				}
			}
		}
		if next < 0 {
			return shapes
		}
		if b.collapse(u, next) == collapsed {
			return collapsed
		}
		tried[n] = next
	}
	return shapes
}
