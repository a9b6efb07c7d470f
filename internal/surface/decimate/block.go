package decimate

import "slices"

// kind is what a vertex is in the complex.
type kind uint8

const (
	unknown  kind = iota // not looked at so far
	interior             // where two labels meet along one sheet
	curve                // on a line where sheets meet
	corner               // where lines meet or end, or sheets touch
	held                 // it stays in this round
)

// vertex is what collapses ask of a vertex: 64 bytes, a line of the cache.
type vertex struct {
	at    point
	quad  quadric
	mark  int32 // see links
	first int32 // the triangles around it are block.ring[first:][:count], some of which may be gone
	count uint16
	kind  kind
	flat  verdict // see crossing.go
}

// mostAround is how many triangles a vertex may have.
const mostAround = 1<<16 - 1

// triangle of a block.
type triangle struct {
	v     [3]int32
	sides uint32 // labels: behind << 16 | in front
}

// gone is the first corner of a triangle of a block that collapsed.
const gone = -1

// next are the corners after v, in the sense of the triangle. There are no branches, which
// a processor could not foresee.
func (t *triangle) next(v int32) (p, q int32) {
	p = t.v[0]
	if t.v[0] == v {
		p = t.v[1]
	}
	if t.v[1] == v {
		p = t.v[2]
	}
	return p, t.other(v, p)
}

// replace puts w in the place of u.
func (t *triangle) replace(u, w int32) {
	for k, x := range t.v {
		if x == u {
			x = w
		}
		t.v[k] = x
	}
}

// other is the third corner.
func (t *triangle) other(u, w int32) int32 { return t.v[0] + t.v[1] + t.v[2] - u - w }

func (t *triangle) has(v int32) bool { return t.v[0] == v || t.v[1] == v || t.v[2] == v }

// block is the part of the complex in one cube, in the memory of one worker, which is
// used again for the next cube. Vertices and triangles are numbered within the block, in
// the order in which the cube lists them.
type block struct {
	s    *state
	q    *cubes
	cube uint32

	v       []vertex // those from pinched on are pinched corners
	pinched int
	same    []int32   // of pinched corners: the first one at the same cell
	stands  []float32 // of each vertex: how many vertices of the beginning became this one
	live    int       // how many vertices have triangles

	tri  []triangle
	ring []int32

	// What went, for crossing.go.
	steps []step
	last  []int32 // of each vertex: the step that moved it last; -1: none did
	into  []int32 // of each vertex: which one it became part of, or itself
	stays []bool  // of each vertex: it is not to be touched in later rounds

	budget budget
	work   scratch
}

// scratch is what passes use.
type scratch struct {
	best     []uint64 // of each vertex: its cheapest edge, see keyOf
	least    uint64   // that of the vertex that is looked at
	clock    int32    // counts the collapses of a phase
	when     []int32  // of each vertex: the collapse that changed it last
	found    []int32  // of each vertex: the collapse before which its cheapest edge was found
	near     []bool   // of each vertex: the next round takes it up
	epoch    int32
	fans     []fan   // of the edge that is looked at, first those at its first vertex
	second   int     // where those at the second vertex begin
	dying    []int32 // triangles at the edge
	opposite []int32 // their third corners
	sheets   []sheet
	normals  []point
	finder   finder
	split    splitting
}

func newBlock(s *state) *block { return &block{s: s, budget: newBudget(s)} }

// resize gives a slice a length, whatever it held.
func resize[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n, n+n/4)
	}
	return s[:n]
}

// run decimates the triangles of one cube. Those that are left are put back into the
// complex, in which no other worker touches them; vertices are returned.
func (b *block) run(q *cubes, cube int) kept {
	b.q, b.cube = q, uint32(cube)
	vertices := q.vertices.of(cube)
	b.fill(vertices)
	if b.decimate() && !b.s.o.Crossings {
		b.uncross()
	}
	return b.empty(vertices)
}

// fill copies the cube's part of the complex.
func (b *block) fill(vertices []uint32) {
	c, first := b.s.c, b.s.quadrics == nil
	n := len(vertices)
	b.pinched, _ = slices.BinarySearch(vertices, uint32(c.Free))
	b.v, b.stands, b.same = resize(b.v, n), resize(b.stands, n), resize(b.same, n-b.pinched)
	b.last, b.into, b.stays = resize(b.last, n), resize(b.into, n), resize(b.stays, n)
	b.steps, b.work.epoch = b.steps[:0], 0
	clear(b.stays)
	for i, g := range vertices {
		v := &b.v[i]
		*v = vertex{at: pointOf(c.Vertices[g])}
		b.last[i], b.into[i] = -1, int32(i)
		switch {
		case i >= b.pinched:
			v.kind, b.stands[i] = held, 0
			cell := c.Pinched[int(g)-c.Free].Cell
			b.same[i-b.pinched] = int32(b.q.number[c.Free+int(cell)])
		case first:
			v.kind, b.stands[i] = unknown, 1
		default:
			v.kind, v.quad, b.stands[i] = b.s.kinds[g], b.s.quadrics[g].quadric, b.s.quadrics[g].stands
			if b.s.isSettled(g) {
				v.kind = held
			}
		}
	}
	triangles := b.q.triangles.of(int(b.cube))
	b.tri = resize(b.tri, len(triangles))
	number := b.q.number
	perArea := float32(1 / b.s.area)
	for i, t := range triangles {
		from, sides := &c.Triangles[t], c.Sides[t]
		to := &b.tri[i]
		to.v[0], to.v[1], to.v[2] = int32(number[from[0]]), int32(number[from[1]]), int32(number[from[2]])
		to.sides = uint32(sides[0])<<16 | uint32(sides[1])
		x, y, z := &b.v[to.v[0]], &b.v[to.v[1]], &b.v[to.v[2]]
		x.count++
		y.count++
		z.count++
		if first {
			if n, scale, ok := facePlane(x.at, y.at, z.at, perArea); ok {
				x.quad.addPlane(n, scale)
				y.quad.addPlane(n, scale)
				z.quad.addPlane(n, scale)
			}
		}
	}
	b.rings()
	b.classify(vertices)
	b.budget.fill(b)
}

// rings lists the triangles around each vertex, whose counts are known.
func (b *block) rings() {
	sum := int32(0)
	b.live = 0
	for i := range b.v {
		v := &b.v[i]
		v.first = sum
		sum += int32(v.count)
		if v.count > 0 {
			b.live++
		}
		v.count = 0
	}
	// Collapses add rings at the end, each as long as both of its vertices'.
	if cap(b.ring) < 2*int(sum) {
		b.ring = make([]int32, 0, 3*int(sum))
	}
	b.ring = b.ring[:sum]
	ring := b.ring
	for i := range b.tri {
		t := &b.tri[i]
		if t.v[0] == gone {
			continue
		}
		for _, k := range t.v {
			v := &b.v[k]
			ring[v.first+int32(v.count)] = int32(i)
			v.count++
		}
	}
}

// around lists the triangles around a vertex, some of which may be gone.
func (b *block) around(v int32) []int32 {
	x := &b.v[v]
	return b.ring[x.first:][:x.count]
}

// alive is around without triangles that are gone, which moves nothing.
func (b *block) alive(v int32) []int32 {
	ring := b.around(v)
	n := 0
	for _, f := range ring {
		if b.tri[f].v[0] != gone {
			ring[n] = f
			n++
		}
	}
	b.v[v].count = uint16(n)
	return ring[:n]
}

// cell is a vertex, or for all corners of a pinched cell the first one of them.
func (b *block) cell(v int32) int32 {
	if int(v) >= b.pinched {
		return b.same[int(v)-b.pinched]
	}
	return v
}

// empty puts triangles back into the complex and returns what is left of vertices.
func (b *block) empty(vertices []uint32) kept {
	c := b.s.c
	for i, t := range b.q.triangles.of(int(b.cube)) {
		own := &b.tri[i]
		if own.v[0] == gone {
			c.Triangles[t][0] = dead
			continue
		}
		c.Triangles[t] = [3]uint32{vertices[own.v[0]], vertices[own.v[1]], vertices[own.v[2]]}
	}
	near := b.border(vertices)
	left := 0
	// A vertex of other cubes' triangles may have none in this one.
	lives := func(v int) bool { return b.v[v].count > 0 || b.q.isLocked(vertices[v]) }
	for v := range b.pinched {
		if lives(v) {
			left++
		}
	}
	k := kept{vertices: make([]uint32, 0, left), at: make([][3]float32, 0, left), kinds: make([]kind, 0, left), quadrics: make([]stored, 0, left), settled: make([]bool, 0, left)}
	for i := range b.pinched {
		if !lives(i) {
			continue
		}
		v := &b.v[i]
		k.vertices = append(k.vertices, vertices[i])
		k.at = append(k.at, [3]float32{v.at.x, v.at.y, v.at.z})
		kept := v.kind
		switch {
		case b.stays[i]:
			kept = held
		case kept == held:
			kept = b.before(vertices[i])
		}
		k.kinds = append(k.kinds, kept)
		k.quadrics = append(k.quadrics, stored{v.quad, b.stands[i]})
		k.settled = append(k.settled, !near[i])
	}
	return k
}

// border finds the vertices that the next round takes up: those at the border of the
// cube, and those one edge away from them, that have not been taken up already. All
// others have had their turn: whatever could be done there was done or refused.
func (b *block) border(vertices []uint32) []bool {
	near := resize(b.work.near, len(b.v))
	b.work.near = near
	clear(near)
	locked := func(v int32) bool { return int(v) < b.pinched && b.q.isLocked(vertices[v]) }
	for v := range int32(b.pinched) {
		if !locked(v) {
			continue
		}
		near[v] = true
		for _, f := range b.alive(v) {
			for _, x := range b.tri[f].v {
				near[x] = true
			}
		}
	}
	for v := range b.pinched {
		near[v] = near[v] && !b.s.isSettled(vertices[v])
	}
	return near
}

// before is the kind that a vertex had when the round began.
func (b *block) before(v uint32) kind {
	if b.s.quadrics == nil {
		return unknown
	}
	return b.s.kinds[v]
}
