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

// block is the part of the complex in one cube, in the memory of one worker, which is
// used again for the next cube. Vertices and triangles are numbered within the block.
type block struct {
	s    *state
	q    *cubes
	cube uint32

	// Of each vertex; those from pinched on are pinched corners.
	at      []point
	quad    []quadric
	kinds   []kind
	origin  []int32 // its number when the block was filled
	pinched int
	same    []int32 // of pinched corners: the first one at the same cell

	// Of each triangle.
	tri    [][3]int32
	sides  []uint32 // labels: behind << 16 | in front
	source []uint32 // its number in the complex

	// The triangles around each vertex: those of v are ring[first[v]:][:count[v]].
	ring         []int32
	first, count []int32

	moved []bool  // of the same: others became part of it
	into  []int32 // of each vertex when the block was filled: which one it became part of
	stays []bool  // of the same: it is not to be touched, see crossing.go

	budget budget
	work   scratch
}

// scratch is what passes use.
type scratch struct {
	best   []uint64 // of each vertex: its cheapest edge, see keyOf
	least  uint64   // that of the vertex that is looked at
	clock  int32    // counts the collapses of a phase
	when   []int32  // of each vertex: the collapse that changed it last
	found  []int32  // of each vertex: the collapse before which its cheapest edge was found
	mark   []int32
	near   []bool // of each vertex: the next round takes it up
	epoch  int32
	remap  []int32
	now    []int32 // of each vertex when the block was filled: its number now, where it lives
	fans   []fan   // of the edge that is looked at, first those at its first vertex
	second int     // where those at the second vertex begin
	sheets []sheet
	finder finder
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
	b.stays = resize(b.stays, len(vertices))
	clear(b.stays)
	b.fill(vertices)
	if b.decimate() && !b.s.o.Crossings {
		// Each time all that stands for the triangles that cross is held, and from the
		// second time on what is next to it, too, so that it takes few times.
		for tries := 0; b.holdCrossing(tries > 0); tries++ {
			b.fill(vertices)
			if !b.decimate() {
				break
			}
		}
	}
	return b.empty(vertices)
}

// fill copies the cube's part of the complex.
func (b *block) fill(vertices []uint32) {
	c, first := b.s.c, b.s.quadrics == nil
	n := len(vertices)
	b.pinched, _ = slices.BinarySearch(vertices, uint32(c.Free))
	b.at, b.quad, b.kinds, b.origin, b.into = resize(b.at, n), resize(b.quad, n), resize(b.kinds, n), resize(b.origin, n), resize(b.into, n)
	b.moved = resize(b.moved, n)
	clear(b.moved)
	b.same = resize(b.same, n-b.pinched)
	for i, v := range vertices {
		b.at[i] = pointOf(c.Vertices[v])
		b.origin[i], b.into[i] = int32(i), int32(i)
		switch {
		case i >= b.pinched:
			b.kinds[i], b.quad[i] = held, quadric{}
			cell := c.Pinched[int(v)-c.Free].Cell
			b.same[i-b.pinched] = int32(b.q.number[c.Free+int(cell)])
		case first:
			b.kinds[i], b.quad[i] = unknown, quadric{stands: 1}
		default:
			b.kinds[i], b.quad[i] = b.s.kinds[v], b.s.quadrics[v]
			if b.s.isSettled(v) {
				b.kinds[i] = held
			}
		}
	}
	triangles := b.q.triangles.of(int(b.cube))
	m := len(triangles)
	b.tri, b.sides, b.source = resize(b.tri, m), resize(b.sides, m), resize(b.source, m)
	number := b.q.number
	perArea := float32(1 / b.s.area)
	for i, t := range triangles {
		from := c.Triangles[t]
		x, y, z := int32(number[from[0]]), int32(number[from[1]]), int32(number[from[2]])
		b.tri[i] = [3]int32{x, y, z}
		sides := c.Sides[t]
		b.sides[i], b.source[i] = uint32(sides[0])<<16|uint32(sides[1]), t
		if first {
			if n, scale, ok := facePlane(b.at[x], b.at[y], b.at[z], perArea); ok {
				b.quad[x].addPlane(n, scale)
				b.quad[y].addPlane(n, scale)
				b.quad[z].addPlane(n, scale)
			}
		}
	}
	b.rings()
	b.classify(vertices)
	b.budget.fill(b)
}

// rings lists the triangles around each vertex.
func (b *block) rings() {
	n := len(b.at)
	b.first, b.count = resize(b.first, n), resize(b.count, n)
	first, count := b.first, b.count
	clear(count)
	for i := range b.tri {
		t := &b.tri[i]
		count[t[0]]++
		count[t[1]]++
		count[t[2]]++
	}
	sum := int32(0)
	for i := range first {
		first[i] = sum
		sum += count[i]
	}
	// Collapses add rings at the end, each as long as both of its vertices'.
	if cap(b.ring) < 2*int(sum) {
		b.ring = make([]int32, 0, 3*int(sum))
	}
	b.ring = b.ring[:sum]
	ring := b.ring
	clear(count)
	for i := range b.tri {
		for _, v := range b.tri[i] {
			ring[first[v]+count[v]] = int32(i)
			count[v]++
		}
	}
}

func (b *block) around(v int32) []int32 { return b.ring[b.first[v]:][:b.count[v]] }

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
	for _, t := range b.q.triangles.of(int(b.cube)) {
		c.Triangles[t][0] = dead
	}
	for i, t := range b.tri {
		c.Triangles[b.source[i]] = [3]uint32{vertices[b.origin[t[0]]], vertices[b.origin[t[1]]], vertices[b.origin[t[2]]]}
	}
	b.rings()
	b.settle(vertices)
	left := 0
	lives := func(v int) bool { return b.count[v] > 0 || b.q.isLocked(vertices[b.origin[v]]) }
	for v := range b.pinched {
		if lives(v) {
			left++
		}
	}
	k := kept{vertices: make([]uint32, 0, left), at: make([][3]float32, 0, left), kinds: make([]kind, 0, left), quadrics: make([]quadric, 0, left), settled: make([]bool, 0, left)}
	for v := range b.pinched {
		if !lives(v) {
			continue
		}
		p := b.at[v]
		k.vertices = append(k.vertices, vertices[b.origin[v]])
		k.at = append(k.at, [3]float32{p.x, p.y, p.z})
		kept := b.kinds[v]
		if kept == held && !b.stays[b.origin[v]] {
			kept = b.before(vertices[b.origin[v]])
		}
		k.kinds = append(k.kinds, kept)
		k.quadrics = append(k.quadrics, b.quad[v])
		k.settled = append(k.settled, !b.work.near[v])
	}
	return k
}

// nearRings is how many edges from a vertex that was held at the border of a cube
// others are that the next round takes up once more.
const nearRings = 1

// settle finds the vertices that the next round takes up: those at the border of the
// cube and near it, that have not been taken up already. All others have had their turn:
// whatever could be done there was done or refused.
func (b *block) settle(vertices []uint32) {
	near := resize(b.work.near, len(b.at))
	b.work.near = near
	for v := range near {
		near[v] = v < b.pinched && b.q.isLocked(vertices[b.origin[v]])
	}
	mark := resize(b.work.mark, len(b.at))
	b.work.mark = mark
	clear(mark)
	for ring := range int32(nearRings) {
		for i := range b.tri {
			t := &b.tri[i]
			// Those that were reached in this ring do not reach others.
			if near[t[0]] && mark[t[0]] <= ring || near[t[1]] && mark[t[1]] <= ring || near[t[2]] && mark[t[2]] <= ring {
				for _, v := range t {
					if !near[v] {
						near[v], mark[v] = true, ring+1
					}
				}
			}
		}
	}
	for v := range b.pinched {
		near[v] = near[v] && !b.s.isSettled(vertices[b.origin[v]])
	}
}

// before is the kind that a vertex had when the round began.
func (b *block) before(v uint32) kind {
	if b.s.quadrics == nil {
		return unknown
	}
	return b.s.kinds[v]
}

// drop removes triangles that are gone and vertices that have none, and renumbers the
// rest in their order.
func (b *block) drop() {
	k := 0
	for i, t := range b.tri {
		if t[0] >= 0 {
			b.tri[k], b.sides[k], b.source[k] = t, b.sides[i], b.source[i]
			k++
		}
	}
	b.tri, b.sides, b.source = b.tri[:k], b.sides[:k], b.source[:k]
	b.work.remap = resize(b.work.remap, len(b.at))
	remap := b.work.remap
	n, pinched := int32(0), 0
	for v := range b.at {
		// Held vertices may have all their triangles in other cubes.
		if b.count[v] == 0 && b.kinds[v] != held {
			continue
		}
		b.at[n], b.quad[n], b.kinds[n], b.origin[n] = b.at[v], b.quad[v], b.kinds[v], b.origin[v]
		if v >= b.pinched {
			b.same[int(n)-pinched] = b.same[v-b.pinched] // renumbered below
		} else {
			pinched++
		}
		remap[v] = n
		n++
	}
	b.same = b.same[:int(n)-pinched]
	for i, v := range b.same {
		b.same[i] = remap[v]
	}
	b.pinched = pinched
	b.at, b.quad, b.kinds, b.origin = b.at[:n], b.quad[:n], b.kinds[:n], b.origin[:n]
	for i := range b.tri {
		t := &b.tri[i]
		t[0], t[1], t[2] = remap[t[0]], remap[t[1]], remap[t[2]]
	}
}
