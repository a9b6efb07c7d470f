package decimate

import "math/bits"

// finder looks for triangles that cross, in a grid of boxes.
//
// Positions are counted in steps from the low corner of the space that new triangles
// fill, 511 at most along an axis, and what is outside is put on its border: so boxes
// around triangles that overlap still do in steps. A box of the grid is 2^shift steps
// wide.
type finder struct {
	// Of each triangle that is compared with others, first those that are new.
	solids []solid
	boxes  []boxed
	number []int32 // in the block; -1: it is not of the block
	new    int     // how many are new

	moved []bool // of each vertex of the block: triangles that have it are new
	low   point
	high  point
	per   float32   // steps in a millimetre
	most  spotted   // steps along each axis
	at    []spotted // of each vertex of the block
	found []edges   // of each new triangle: the box around it
	shift int
	dims  [3]int

	cells   []int32 // the boxes of the grid that each triangle reaches into, one after the other
	ends    []int32 // of each triangle: the end of its part of cells
	start   []int32 // of each box's list; one more at the end
	fresh   []int32 // how many there are new triangles, which come first
	next    []int32
	list    []int32
	here    []*boxed // scratch
	bottoms []uint64
	// crossing are pairs of numbers in the block; the second may be -1.
	crossing [][2]int32
}

// boxed is the box around a triangle, see pack, and its corners.
type boxed struct {
	top, bottom uint64
	id          corners
}

// verdict is what is known of a vertex.
type verdict uint8

const (
	unasked verdict = iota
	isFlat
	isBent
)

// A box around a triangle is six fields of nine bits and one to spare: its high corner
// in steps and its low corner in steps down from 511, x first.
const (
	mostSteps = 511
	spare     = 1<<9 | 1<<19 | 1<<29 | 1<<39 | 1<<49 | 1<<59
	fields    = 1<<60 - 1 - spare
)

func pack(e edges) uint64 {
	return uint64(e.high.x) | uint64(e.high.y)<<10 | uint64(e.high.z)<<20 |
		uint64(mostSteps-e.low.x)<<30 | uint64(mostSteps-e.low.y)<<40 | uint64(mostSteps-e.low.z)<<50
}

// bottom has the low corner in steps, and the high corner down from 511.
func bottom(top uint64) uint64 { return ^(top>>30 | top<<30) & fields }

// overlap says whether boxes overlap: no field of the one is below that of the
// other's bottom, so that no difference borrows the spare bit above it.
func overlap(top, bottom uint64) bool { return ((top|spare)-bottom)&spare == spare }

// spotted is a position in steps.
type spotted struct{ x, y, z int32 }

// edges are the low and the high corner of a box.
type edges struct{ low, high spotted }

func (f *finder) stepsOf(p point) spotted {
	step := func(x float32, most int32) int32 { return int32(min(max(int(x*f.per), 0), int(most))) }
	return spotted{step(p.x-f.low.x, f.most.x), step(p.y-f.low.y, f.most.y), step(p.z-f.low.z, f.most.z)}
}

// boxOf is the box around three vertices of the block.
func (f *finder) boxOf(v *[3]int32) edges { return around(f.at[v[0]], f.at[v[1]], f.at[v[2]]) }

func around(a, b, c spotted) edges {
	return edges{
		spotted{min(a.x, b.x, c.x), min(a.y, b.y, c.y), min(a.z, b.z, c.z)},
		spotted{max(a.x, b.x, c.x), max(a.y, b.y, c.y), max(a.z, b.z, c.z)},
	}
}

// find lists the pairs of triangles that cross, of which at least one is new and of the
// block: those that have a vertex in finder.moved.
func (b *block) find() [][2]int32 {
	f := &b.work.finder
	f.crossing = f.crossing[:0]
	if !b.begin() {
		return nil
	}
	for i := range b.tri {
		t := &b.tri[i]
		if t.v[0] == gone || b.isNew(t) {
			continue
		}
		s := f.add(b.v[t.v[0]].at, b.v[t.v[1]].at, b.v[t.v[2]].at)
		if !f.isNear(s) || !f.put(f.boxOf(&t.v), false) {
			f.solids = f.solids[:len(f.solids)-1]
			continue
		}
		s.span()
		f.number = append(f.number, int32(i))
		f.identify(b.cell(t.v[0]), b.cell(t.v[1]), b.cell(t.v[2]), 0)
	}
	// Corners of triangles that no cube decimates are those of the block where they are in it.
	c := b.s.c
	for _, t := range b.q.reaching.of(int(b.cube)) {
		v := &c.Triangles[t]
		s := f.add(pointOf(c.Vertices[v[0]]), pointOf(c.Vertices[v[1]]), pointOf(c.Vertices[v[2]]))
		if !f.isNear(s) || !f.put(around(f.stepsOf(s.p[0]), f.stepsOf(s.p[1]), f.stepsOf(s.p[2])), false) {
			f.solids = f.solids[:len(f.solids)-1]
			continue
		}
		s.span()
		f.number = append(f.number, -1)
		f.identify(b.idOf(v[0]), b.idOf(v[1]), b.idOf(v[2]), 0)
	}
	f.compare()
	return f.crossing
}

// add appends a triangle, field by field, see addFan. Its span is still to be found.
func (f *finder) add(p, q, r point) *solid {
	f.solids = longer(f.solids)
	s := &f.solids[len(f.solids)-1]
	s.p[0], s.p[1], s.p[2] = p, q, r
	return s
}

// identify tells the corners of the triangle that was put last.
func (f *finder) identify(p, q, r, flat int32) {
	id := &f.boxes[len(f.boxes)-1].id
	id[0], id[1], id[2], id[3] = p, q, r, flat
}

func (b *block) isNew(t *triangle) bool {
	moved := b.work.finder.moved
	return moved[t.v[0]] || moved[t.v[1]] || moved[t.v[2]]
}

// idOf is a number for a vertex of the complex that no other vertex has: of those in
// the block that it has there, and below zero elsewhere.
func (b *block) idOf(v uint32) int32 {
	if c := b.s.c; int(v) >= c.Free {
		v = uint32(c.Free) + c.Pinched[int(v)-c.Free].Cell
	}
	if b.q.home[v] != b.cube || !b.q.isOpen(v) {
		return ^int32(v)
	}
	return int32(b.q.number[v]) // it is held, so it is still there
}

// begin makes the grid and lists the new triangles in it; false when there are none.
func (b *block) begin() bool {
	f := &b.work.finder
	f.solids, f.boxes, f.number = f.solids[:0], f.boxes[:0], f.number[:0]
	f.cells, f.ends = f.cells[:0], f.ends[:0]
	for i := range b.v {
		b.v[i].flat = unasked
	}
	for i := range b.tri {
		t := &b.tri[i]
		if t.v[0] == gone || !b.isNew(t) {
			continue
		}
		p, q, r := b.v[t.v[0]].at, b.v[t.v[1]].at, b.v[t.v[2]].at
		if len(f.solids) == 0 {
			f.low, f.high = p, p
		}
		f.widen(p)
		f.widen(q)
		f.widen(r)
		f.add(p, q, r).span()
		f.number = append(f.number, int32(i))
	}
	f.new = len(f.solids)
	if f.new == 0 {
		return false
	}
	extent := f.high.minus(f.low)
	f.per = 0
	if most := max(extent.x, extent.y, extent.z); most > 0 {
		f.per = mostSteps / most
	}
	f.most = spotted{mostSteps, mostSteps, mostSteps}
	f.most = f.stepsOf(f.high)
	f.at = resize(f.at, len(b.v))
	for i := range b.v {
		f.at[i] = f.stepsOf(b.v[i].at)
	}
	f.found = resize(f.found, f.new)
	sum := 0
	for i, number := range f.number {
		e := f.boxOf(&b.tri[number].v)
		f.found[i] = e
		sum += int(max(e.high.x-e.low.x, e.high.y-e.low.y, e.high.z-e.low.z))
	}
	// A box is about as wide as a triangle, and there are a few for each triangle at most.
	f.shift = bits.Len(uint(sum / f.new))
	for ; ; f.shift++ {
		f.dims = [3]int{int(f.most.x>>f.shift) + 1, int(f.most.y>>f.shift) + 1, int(f.most.z>>f.shift) + 1}
		n := f.dims[0] * f.dims[1] * f.dims[2]
		if n <= 8*f.new+64 {
			f.start, f.fresh, f.next = resize(f.start, n+1), resize(f.fresh, n), resize(f.next, n)
			break
		}
	}
	clear(f.start)
	clear(f.fresh)
	for i, number := range f.number {
		f.put(f.found[i], true)
		v, flat := &b.tri[number].v, int32(0)
		for k, x := range v {
			if b.flatAt(x) {
				flat |= 1 << k
			}
		}
		f.identify(b.cell(v[0]), b.cell(v[1]), b.cell(v[2]), flat)
	}
	copy(f.fresh, f.start[1:])
	return true
}

// widen makes the space of new triangles reach to a position. Most positions are in it.
func (f *finder) widen(p point) {
	if p.x < f.low.x {
		f.low.x = p.x
	}
	if p.x > f.high.x {
		f.high.x = p.x
	}
	if p.y < f.low.y {
		f.low.y = p.y
	}
	if p.y > f.high.y {
		f.high.y = p.y
	}
	if p.z < f.low.z {
		f.low.z = p.z
	}
	if p.z > f.high.z {
		f.high.z = p.z
	}
}

// isNear says whether a triangle comes near the space of new triangles.
func (f *finder) isNear(s *solid) bool {
	a, b, c := &s.p[0], &s.p[1], &s.p[2]
	l, h := &f.low, &f.high
	return !(a.x < l.x && b.x < l.x && c.x < l.x || a.x > h.x && b.x > h.x && c.x > h.x ||
		a.y < l.y && b.y < l.y && c.y < l.y || a.y > h.y && b.y > h.y && c.y > h.y ||
		a.z < l.z && b.z < l.z && c.z < l.z || a.z > h.z && b.z > h.z && c.z > h.z)
}

// put lists a triangle in the boxes that it reaches into, if it is a new one or a new
// one reaches into them; it says whether there are any.
func (f *finder) put(e edges, isNew bool) bool {
	began := len(f.cells)
	x0, x1 := int(e.low.x>>f.shift), int(e.high.x>>f.shift)
	for z := int(e.low.z >> f.shift); z <= int(e.high.z>>f.shift); z++ {
		for y := int(e.low.y >> f.shift); y <= int(e.high.y>>f.shift); y++ {
			row := f.dims[0] * (y + f.dims[1]*z)
			for box := row + x0; box <= row+x1; box++ {
				if isNew || f.fresh[box] > 0 {
					f.cells = append(f.cells, int32(box))
					f.start[box+1]++
				}
			}
		}
	}
	if len(f.cells) == began {
		return false
	}
	f.boxes, f.ends = longer(f.boxes), append(f.ends, int32(len(f.cells)))
	own := &f.boxes[len(f.boxes)-1]
	own.top = pack(e)
	own.bottom = bottom(own.top)
	return true
}

// compare fills the boxes and compares what is in each.
func (f *finder) compare() {
	grid := len(f.start) - 1
	for box := range grid {
		f.start[box+1] += f.start[box]
	}
	copy(f.next, f.start)
	f.list = resize(f.list, len(f.cells))
	from := int32(0)
	for i, end := range f.ends {
		for _, box := range f.cells[from:end] {
			f.list[f.next[box]] = int32(i)
			f.next[box]++
		}
		from = end
	}
	for box := range grid {
		fresh := int(f.fresh[box])
		if fresh == 0 {
			continue
		}
		list := f.list[f.start[box]:f.start[box+1]]
		f.here = resize(f.here, len(list))
		here := f.here
		f.bottoms = resize(f.bottoms, len(list))
		bottoms := f.bottoms
		x, yz := box%f.dims[0], box/f.dims[0]
		y, z := yz%f.dims[1], yz/f.dims[1]
		for n, i := range list {
			here[n] = &f.boxes[i]
			bottoms[n] = here[n].bottom | f.begins(here[n].bottom, x, y, z)<<beginsAt
		}
		for n, i := range list[:fresh] {
			own, first := here[n], bottoms[n]
			for k, bottom := range bottoms[n+1:] {
				// Two triangles may meet in many boxes: they are compared in the first one.
				if !overlap(own.top, bottom) || (first|bottom)>>beginsAt != inAll {
					continue
				}
				m := n + 1 + k
				if f.cross(i, list[m], &own.id, &here[m].id) {
					f.crossing = append(f.crossing, [2]int32{f.number[i], f.number[list[m]]})
				}
			}
		}
	}
}

// Above the fields of a bottom there is room for a bit for each axis, which overlap does
// not look at.
const (
	beginsAt = 60
	inAll    = 7
)

// begins says along which axes a box around a triangle begins in a box of the grid, in
// which it is. Of two that overlap, along each axis one begins in the first box into
// which both reach, and in no other one.
func (f *finder) begins(bottom uint64, x, y, z int) (axes uint64) {
	if int(bottom&mostSteps>>f.shift) == x {
		axes = 1
	}
	if int(bottom>>10&mostSteps>>f.shift) == y {
		axes |= 2
	}
	if int(bottom>>20&mostSteps>>f.shift) == z {
		axes |= 4
	}
	return axes
}

// cross says whether two triangles cross, of which the first is new.
func (f *finder) cross(i, j int32, a, b *corners) bool {
	if a[3] == allFlat && a.touches(b) {
		return false
	}
	own, other := a.common(b)
	if own&uint8(a[3]) != 0 {
		return false // they have a corner around which no two cross
	}
	return f.solids[i].crosses(&f.solids[j], own, other)
}

func (b *block) flatAt(v int32) bool {
	known := &b.v[v].flat
	if *known == unasked {
		*known = isBent
		if b.flat(v) {
			*known = isFlat
		}
	}
	return *known == isFlat
}

// flat says whether the triangles around a vertex, seen along the sum of their normals,
// all face the viewer and go around the vertex once. Then they are a graph over a plane,
// and no two of them cross.
func (b *block) flat(v int32) bool {
	if b.v[v].kind != interior {
		return false
	}
	ring := b.alive(v)
	o := b.v[v].at
	normals := b.work.normals[:0]
	var along point
	for _, f := range ring {
		p, q := b.tri[f].next(v)
		n := b.v[p].at.minus(o).cross(b.v[q].at.minus(o))
		along = point{along.x + n.x, along.y + n.y, along.z + n.z}
		normals = append(normals, n)
	}
	b.work.normals = normals
	// A product is off by a dozen roundings of 2⁻²⁴ of its size at most.
	const rounding = 1e-5
	size := rounding * along.steps()
	for i := range normals {
		if n := &normals[i]; !(n.dot(along) > size*n.steps()) {
			return false
		}
	}
	// Each triangle has less than half a turn there, so that two turns take five.
	if len(ring) < 5 {
		return true
	}
	var across point
	turns := 0
	for i, f := range ring {
		k, l := b.tri[f].next(v)
		p, q := b.v[k].at.minus(o), b.v[l].at.minus(o)
		if i == 0 {
			across = along.cross(p)
		}
		// The ring passes the first edge's direction once each time that it goes around.
		if across.dot(p) < 0 && across.dot(q) >= 0 {
			turns++
		}
	}
	return turns == 1
}
