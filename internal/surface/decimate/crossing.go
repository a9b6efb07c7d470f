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
	per   float32 // steps in a millimetre
	most  [3]int  // steps along each axis
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

func pack(low, high [3]uint64) uint64 {
	return high[0] | high[1]<<10 | high[2]<<20 | (mostSteps-low[0])<<30 | (mostSteps-low[1])<<40 | (mostSteps-low[2])<<50
}

// bottom has the low corner in steps, and the high corner down from 511.
func bottom(top uint64) uint64 { return ^(top>>30 | top<<30) & fields }

// overlap says whether boxes overlap: no field of the one is below that of the
// other's bottom, so that no difference borrows the spare bit above it.
func overlap(top, bottom uint64) bool { return ((top|spare)-bottom)&spare == spare }

// steps is a position in steps.
func (f *finder) steps(p point) [3]uint64 {
	step := func(x float32, most int) uint64 { return uint64(min(max(int(x*f.per), 0), most)) }
	return [3]uint64{step(p.x-f.low.x, f.most[0]), step(p.y-f.low.y, f.most[1]), step(p.z-f.low.z, f.most[2])}
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
		if t := &b.tri[i]; t.v[0] != gone && !b.isNew(t) {
			if s := (solid{p: [3]point{b.v[t.v[0]].at, b.v[t.v[1]].at, b.v[t.v[2]].at}}); f.add(&s) {
				f.number = append(f.number, int32(i))
				f.boxes[len(f.boxes)-1].id = corners{b.cell(t.v[0]), b.cell(t.v[1]), b.cell(t.v[2])}
			}
		}
	}
	// Corners of triangles that no cube decimates are those of the block where they are in it.
	c := b.s.c
	for _, t := range b.q.reaching.of(int(b.cube)) {
		v := &c.Triangles[t]
		if s := (solid{p: [3]point{pointOf(c.Vertices[v[0]]), pointOf(c.Vertices[v[1]]), pointOf(c.Vertices[v[2]])}}); f.add(&s) {
			f.number = append(f.number, -1)
			f.boxes[len(f.boxes)-1].id = corners{b.idOf(v[0]), b.idOf(v[1]), b.idOf(v[2])}
		}
	}
	f.compare()
	return f.crossing
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
	sum := float32(0)
	for i := range b.tri {
		t := &b.tri[i]
		if t.v[0] == gone || !b.isNew(t) {
			continue
		}
		s := solid{p: [3]point{b.v[t.v[0]].at, b.v[t.v[1]].at, b.v[t.v[2]].at}}
		s.span()
		low, high := s.bounds()
		if len(f.solids) == 0 {
			f.low, f.high = low, high
		}
		f.low, f.high = lower(f.low, low), higher(f.high, high)
		sum += max(high.x-low.x, high.y-low.y, high.z-low.z)
		f.solids, f.number = append(f.solids, s), append(f.number, int32(i))
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
	// A box is about as wide as a triangle, and there are a few for each triangle at most.
	f.shift = bits.Len(uint(sum / float32(f.new) * f.per))
	f.most = [3]int{mostSteps, mostSteps, mostSteps}
	for axis, steps := range f.steps(f.high) {
		f.most[axis] = int(steps)
	}
	for ; ; f.shift++ {
		n := 1
		for axis := range f.dims {
			f.dims[axis] = f.most[axis]>>f.shift + 1
			n *= f.dims[axis]
		}
		if n <= 8*f.new+64 {
			f.start, f.fresh, f.next = resize(f.start, n+1), resize(f.fresh, n), resize(f.next, n)
			break
		}
	}
	clear(f.start)
	clear(f.fresh)
	for i, number := range f.number {
		f.put(&f.solids[i], true)
		id := &f.boxes[i].id
		for k, v := range b.tri[number].v {
			id[k] = b.cell(v)
			if b.flatAt(v) {
				id[3] |= 1 << k
			}
		}
	}
	copy(f.fresh, f.start[1:])
	return true
}

func lower(a, b point) point  { return point{min(a.x, b.x), min(a.y, b.y), min(a.z, b.z)} }
func higher(a, b point) point { return point{max(a.x, b.x), max(a.y, b.y), max(a.z, b.z)} }

// add lists a triangle that is not new, if it comes near one that is.
func (f *finder) add(s *solid) bool {
	low, high := s.bounds()
	if high.x < f.low.x || low.x > f.high.x || high.y < f.low.y || low.y > f.high.y || high.z < f.low.z || low.z > f.high.z {
		return false
	}
	if !f.put(s, false) {
		return false
	}
	s.span()
	f.solids = append(f.solids, *s)
	return true
}

// put lists a triangle in the boxes that it reaches into, if it is a new one or a new
// one reaches into them; it says whether there are any.
func (f *finder) put(s *solid, isNew bool) bool {
	low, high := s.bounds()
	from, to := f.steps(low), f.steps(high)
	began := len(f.cells)
	x0, x1 := int(from[0]>>f.shift), int(to[0]>>f.shift)
	for z := int(from[2] >> f.shift); z <= int(to[2]>>f.shift); z++ {
		for y := int(from[1] >> f.shift); y <= int(to[1]>>f.shift); y++ {
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
	top := pack(from, to)
	f.boxes, f.ends = append(f.boxes, boxed{top: top, bottom: bottom(top)}), append(f.ends, int32(len(f.cells)))
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
		for n, i := range list {
			here[n] = &f.boxes[i]
			bottoms[n] = here[n].bottom
		}
		for n, i := range list[:fresh] {
			own := here[n]
			for k, bottom := range bottoms[n+1:] {
				if !overlap(own.top, bottom) {
					continue
				}
				// Two triangles may meet in many boxes: they are compared in the first one.
				m := n + 1 + k
				if f.first(own.bottom, bottom) == box && f.cross(i, list[m], &own.id, &here[m].id) {
					f.crossing = append(f.crossing, [2]int32{f.number[i], f.number[list[m]]})
				}
			}
		}
	}
}

// first is the first box into which two that overlap both reach.
func (f *finder) first(a, b uint64) int {
	x, y, z := max(a&mostSteps, b&mostSteps), max(a>>10&mostSteps, b>>10&mostSteps), max(a>>20&mostSteps, b>>20&mostSteps)
	return int(x>>f.shift) + f.dims[0]*(int(y>>f.shift)+f.dims[1]*int(z>>f.shift))
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
