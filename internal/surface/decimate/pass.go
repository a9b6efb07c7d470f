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
	// first is the share of the candidates that the first sweep of a phase takes, and rise
	// how much the value grows from sweep to sweep: within a sweep the order is that of
	// the vertices, and not of the values.
	first = 0.7
	rise  = 16
	// retries is how many other edges of a vertex are tried where one is refused.
	retries = 3
)

// decimate collapses edges, the cheapest first, until nothing can or should go. It says
// whether anything went.
func (b *block) decimate() bool {
	any := false
	for {
		candidates, cheap := b.bestEdges()
		if candidates == 0 {
			return any
		}
		done := b.phase(cheap)
		if done == 0 {
			return any
		}
		any = true
		// What is refused once is mostly refused again.
		const idle = 1. / 64
		if float64(done) < idle*float64(candidates) || b.budget.share != nil && b.budget.total() <= 0 {
			return any
		}
	}
}

// cost is about what the collapse of an edge makes of the quadrics, and whether it may
// be as much as is allowed.
func (b *block) cost(u, w int32) (value float32, ok bool) {
	x, y := &b.v[u], &b.v[w]
	e := y.at.minus(x.at)
	su, gu := x.quad.along(e)
	sw, gw := y.quad.along(e)
	weight := x.quad.weight() + y.quad.weight()
	even := evenness * weight * e.dot(e)
	t := balance(x.kind, y.kind, sw-gu-gw+even, su+sw+2*even)
	r := 1 - t
	value = t*(t*su+2*gu) + r*(r*sw-2*gw) + x.quad.c + y.quad.c
	if value < 0 {
		value = 0
	}
	// Where a vertex is put better than along the edge, the distance may be smaller.
	const better = 2
	most := better * b.s.limit
	if weight > many {
		most *= weight / many
	}
	return value + even, value <= most
}

// along is where along an edge, from the first end on, the sum of the quadrics is least.
func (b *block) along(u, w int32) float32 {
	x, y := &b.v[u], &b.v[w]
	e := y.at.minus(x.at)
	su, gu := x.quad.along(e)
	sw, gw := y.quad.along(e)
	even := evenness * (x.quad.weight() + y.quad.weight()) * e.dot(e)
	return balance(x.kind, y.kind, sw-gu-gw+even, su+sw+2*even)
}

// balance is where qu(t·e) + qw((t-1)·e) is least, there where its derivative, which is
// twice t·square - slope, is 0. Of two kinds the greater one stays where it is.
func balance(x, y kind, slope, square float32) float32 {
	switch {
	case x != y:
		if y > x {
			return 1
		}
		return 0
	case !(slope > 0):
		return 0
	case slope >= square:
		return 1
	}
	return slope / square
}

// mayCollapse says whether an edge is none of those that never collapse.
func (b *block) mayCollapse(u, w int32) bool {
	ku, kw := b.v[u].kind, b.v[w].kind
	if ku < curve && kw < curve {
		return true
	}
	return ku != held && kw != held && !(ku == corner && kw == corner) && !(ku >= curve && kw >= curve && b.trianglesAt(u, w) == 2)
}

// never is the key of a vertex that has no edge to collapse.
const never = uint64(math.MaxUint64)

// keyOf is the cost of an edge in its high half and where it leads in the other.
func (b *block) keyOf(u, v int32) uint64 {
	value, ok := b.cost(u, v)
	if !ok || !(value < math.MaxFloat32) {
		return never // so are overflow, and positions that are no numbers
	}
	return uint64(math.Float32bits(value))<<32 | uint64(v)
}

func valueOf(key uint64) float32 { return math.Float32frombits(uint32(key >> 32)) }

// bestEdges finds the cheapest edge of each vertex. It says how many vertices have one,
// and below what value a small part of them are.
func (b *block) bestEdges() (candidates int, cheap float32) {
	n := len(b.v)
	w := &b.work
	w.best = resize(w.best, n)
	best := w.best
	for i := range best {
		best[i] = never
	}
	for i := range b.tri {
		t := &b.tri[i]
		if t.v[0] == gone || !b.budget.wants(t.sides) {
			continue
		}
		for k := range 3 {
			u, v := t.v[k], t.v[nextCorner[k]]
			if b.v[u].kind|b.v[v].kind == interior {
				if u > v {
					continue // an edge of two triangles runs up in one of them
				}
			} else if u > v && (b.v[u].kind < curve || b.v[v].kind < curve) || !b.mayCollapse(u, v) {
				continue
			}
			if key := b.keyOf(u, v); key != never {
				best[u], best[v] = min(best[u], key), min(best[v], key&^math.MaxUint32|uint64(u))
			}
		}
	}
	var count [bins]int32
	for _, key := range best {
		if key != never {
			count[key>>(32+binShift)]++
			candidates++
		}
	}
	below := 0
	for bin, n := range count {
		if below += int(n); float64(below) >= first*float64(candidates) {
			return candidates, math.Float32frombits(uint32(bin+1) << binShift)
		}
	}
	return candidates, math.MaxFloat32
}

// bestOf is the cheapest edge of one vertex.
func (b *block) bestOf(u int32) uint64 {
	key := never
	if b.v[u].kind == interior {
		// Each edge leaves the vertex in one triangle.
		for _, f := range b.alive(u) {
			v, _ := b.tri[f].next(u)
			if b.v[v].kind != held {
				key = min(key, b.keyOf(u, v))
			}
		}
		return key
	}
	for _, f := range b.alive(u) {
		for _, v := range b.tri[f].v {
			if v != u && b.mayCollapse(u, v) {
				key = min(key, b.keyOf(u, v))
			}
		}
	}
	return key
}

var nextCorner = [3]int{1, 2, 0}

// phase collapses edges in sweeps, in each those below a value, which rises from sweep to
// sweep, until half of the vertices are gone or none may go. It says how many went.
func (b *block) phase(limit float32) int {
	w := &b.work
	n := len(b.v)
	w.when, w.found = resize(w.when, n), resize(w.found, n)
	clear(w.when)
	clear(w.found)
	w.clock = 0
	done, half := 0, b.live/2
	for {
		more, next := b.sweep(limit)
		done += more
		if next == math.MaxFloat32 || done > half || b.budget.spent() {
			return done
		}
		limit = max(rise*limit, next)
	}
}

// sweep collapses edges of less than a value, vertex by vertex. It says how many, and
// the least value of those that are left.
func (b *block) sweep(limit float32) (done int, next float32) {
	w := &b.work
	next = math.MaxFloat32
	for i := range w.best {
		key := w.best[i]
		if value := valueOf(key); !(value <= limit) {
			if value < next { // not so of never, which is no number
				next = value
			}
			continue
		}
		u, v := int32(i), int32(uint32(key))
		if max(w.when[u], w.when[v]) > w.found[u] { // the value is no longer what it was
			key = b.bestOf(u)
			w.best[u], w.found[u] = key, w.clock
			if value := valueOf(key); !(value <= limit) {
				if value < next {
					next = value
				}
				continue
			}
			v = int32(uint32(key))
		}
		w.best[u], w.least = never, key
		did := b.collapse(u, v)
		if did == shapes {
			did = b.other(u, v, limit)
		}
		if did == collapsed {
			done++
			if b.budget.spent() {
				break
			}
		}
	}
	return done, next
}

// other tries the other edges of a vertex whose cheapest would have harmed shapes.
func (b *block) other(u, refused int32, limit float32) outcome {
	var tried [retries + 1]int32
	tried[0] = refused
	for n := 1; n <= retries; n++ {
		next, least := int32(-1), float32(math.MaxFloat32)
		for _, f := range b.alive(u) {
			for _, v := range b.tri[f].v {
				if v == u || contains(tried[:n], v) || !b.mayCollapse(u, v) {
					continue
				}
				if value, ok := b.cost(u, v); ok && value <= limit && (value < least || value == least && v < next) {
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
