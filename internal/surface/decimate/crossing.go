package decimate

import "math/bits"

// finder looks for triangles that cross, in a grid of boxes.
//
// Positions are counted in steps from the low corner of the space that new triangles
// fill, 511 at most along an axis, and what is outside is put on its border: so boxes
// around triangles that overlap still do in steps. A box of the grid is 2^shift steps
// wide.
type finder struct {
	all   []solid
	tops  []uint64 // of each of all, see pack
	low   point
	high  point
	per   float32 // steps in a millimetre
	most  [3]int  // steps along each axis
	shift int
	dims  [3]int

	cells []int32 // the boxes of the grid that each triangle reaches into, one after the other
	ends  []entry
	start []int32 // of each box's list; one more at the end
	fresh []int32 // how many there are new triangles, which come first
	next  []int32
	list  []int32
	rest  []uint64 // scratch
	flat  []verdict
	// crossing are pairs of numbers in all.
	crossing [][2]int32
}

// entry is a triangle and the end of its part of cells.
type entry struct{ number, end int32 }

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

// holdCrossing looks for triangles of the block that cross others, and marks all
// vertices for which their corners stand: these stay when the block is done again. It
// says whether it marked any.
func (b *block) holdCrossing(wide bool) bool {
	f := &b.work.finder
	f.all = resize(f.all, len(b.tri))
	for i := range b.tri {
		s := &f.all[i]
		s.fresh = false
		for k, v := range b.tri[i] {
			s.p[k], s.id[k] = b.at[v], b.cell(v)
			s.fresh = s.fresh || b.moved[b.origin[v]]
		}
		s.span()
	}
	if !f.begin() {
		return false
	}
	c := b.s.c
	b.work.now = resize(b.work.now, len(b.into))
	for v, from := range b.origin {
		b.work.now[from] = int32(v)
	}
	for i := range f.all {
		if !f.all[i].fresh {
			f.add(int32(i))
		}
	}
	// Corners of triangles that no cube decimates are those of the block where they are in it.
	for _, t := range b.q.reaching.of(int(b.cube)) {
		var s solid
		for k, v := range c.Triangles[t] {
			s.p[k] = pointOf(c.Vertices[v])
		}
		f.all = append(f.all, s)
		last := len(f.all) - 1
		if !f.add(int32(last)) {
			f.all = f.all[:last]
			continue
		}
		own := &f.all[last]
		for k, v := range c.Triangles[t] {
			own.id[k] = b.idOf(v)
		}
		own.span()
	}
	b.find()
	return len(f.crossing) > 0 && b.hold(f.crossing, wide)
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
	return b.work.now[b.q.number[v]] // it is held, so it is still there
}

// hold marks what the corners of triangles stand for, and where wide is set what those
// next to them do.
func (b *block) hold(pairs [][2]int32, wide bool) bool {
	hit := make(map[int32]bool)
	for _, pair := range pairs {
		for _, i := range pair {
			if int(i) < len(b.tri) {
				for _, v := range b.tri[i] {
					hit[b.origin[v]] = true
					if !wide {
						continue
					}
					for _, g := range b.around(v) {
						for _, x := range b.tri[g] {
							hit[b.origin[x]] = true
						}
					}
				}
			}
		}
	}
	any := false
	for v := range b.into {
		to := int32(v)
		for b.into[to] != to {
			to = b.into[to]
		}
		if hit[to] && !b.stays[v] {
			b.stays[v], any = true, true
		}
	}
	return any
}

// begin makes the grid and lists the new triangles in it, of the block's that are in
// all; false when there are none.
func (f *finder) begin() bool {
	found := false
	sum, count := float32(0), float32(0)
	for i := range f.all {
		if !f.all[i].fresh {
			continue
		}
		low, high := f.all[i].bounds()
		if !found {
			f.low, f.high, found = low, high, true
		}
		f.low = point{min(f.low.x, low.x), min(f.low.y, low.y), min(f.low.z, low.z)}
		f.high = point{max(f.high.x, high.x), max(f.high.y, high.y), max(f.high.z, high.z)}
		sum, count = sum+max(high.x-low.x, high.y-low.y, high.z-low.z), count+1
	}
	if !found {
		return false
	}
	extent := f.high.minus(f.low)
	f.per = 0
	if most := max(extent.x, extent.y, extent.z); most > 0 {
		f.per = mostSteps / most
	}
	// A box is about as wide as a triangle, and there are a few for each triangle at most.
	f.shift = bits.Len(uint(sum / count * f.per))
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
		if n <= 8*len(f.all)+64 {
			f.start, f.fresh, f.next = resize(f.start, n+1), resize(f.fresh, n), resize(f.next, n)
			break
		}
	}
	clear(f.start)
	clear(f.fresh)
	f.cells, f.ends, f.tops = f.cells[:0], f.ends[:0], f.tops[:0]
	for i := range f.all {
		if f.all[i].fresh {
			f.add(int32(i))
		}
	}
	copy(f.fresh, f.start[1:])
	return true
}

func (f *finder) outside(low, high point) bool {
	return high.x < f.low.x || low.x > f.high.x || high.y < f.low.y || low.y > f.high.y || high.z < f.low.z || low.z > f.high.z
}

// add lists a triangle in the boxes that it reaches into, if it is a new one or a new
// one reaches into them; it says whether there are any.
func (f *finder) add(number int32) bool {
	s := &f.all[number]
	low, high := s.bounds()
	if f.outside(low, high) {
		return false
	}
	from, to := f.steps(low), f.steps(high)
	for len(f.tops) <= int(number) {
		f.tops = append(f.tops, 0)
	}
	f.tops[number] = pack(from, to)
	began := len(f.cells)
	x0, x1 := int(from[0]>>f.shift), int(to[0]>>f.shift)
	for z := int(from[2] >> f.shift); z <= int(to[2]>>f.shift); z++ {
		for y := int(from[1] >> f.shift); y <= int(to[1]>>f.shift); y++ {
			row := f.dims[0] * (y + f.dims[1]*z)
			for box := row + x0; box <= row+x1; box++ {
				if s.fresh || f.fresh[box] > 0 {
					f.cells = append(f.cells, int32(box))
					f.start[box+1]++
				}
			}
		}
	}
	if len(f.cells) == began {
		return false
	}
	f.ends = append(f.ends, entry{number, int32(len(f.cells))})
	return true
}

// find lists the pairs that cross, of which at least one is new.
func (b *block) find() {
	f := &b.work.finder
	f.crossing = f.crossing[:0]
	f.flat = resize(f.flat, len(b.at))
	clear(f.flat)
	boxes := len(f.start) - 1
	for box := range boxes {
		f.start[box+1] += f.start[box]
	}
	copy(f.next, f.start)
	f.list = resize(f.list, len(f.cells))
	from := int32(0)
	for _, e := range f.ends {
		for _, box := range f.cells[from:e.end] {
			f.list[f.next[box]] = e.number
			f.next[box]++
		}
		from = e.end
	}
	for box := range boxes {
		fresh := int(f.fresh[box])
		if fresh == 0 {
			continue
		}
		list := f.list[f.start[box]:f.start[box+1]]
		f.rest = resize(f.rest, len(list))
		rest := f.rest
		for n, i := range list {
			rest[n] = bottom(f.tops[i])
		}
		for n, i := range list[:fresh] {
			top := f.tops[i]
			for m := n + 1; m < len(rest); m++ {
				// Two triangles may meet in many boxes: they are compared in the first one.
				if overlap(top, rest[m]) && f.first(rest[n], rest[m]) == box && b.cross(i, list[m]) {
					f.crossing = append(f.crossing, [2]int32{i, list[m]})
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

// cross says whether two triangles cross.
func (b *block) cross(i, j int32) bool {
	f := &b.work.finder
	s, o := &f.all[i], &f.all[j]
	own, other, shared := s.common(o)
	if shared == 1 && int(i) < len(b.tri) && int(j) < len(b.tri) {
		for k, v := range s.id {
			if own[k] && b.flatAt(v) {
				return false
			}
		}
	}
	return s.crosses(o, own, other, shared)
}

func (b *block) flatAt(v int32) bool {
	known := &b.work.finder.flat[v]
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
	if b.kinds[v] != interior {
		return false
	}
	all := b.work.finder.all
	ring := b.around(v)
	var along point
	for _, f := range ring {
		n := &all[f].normal
		along = point{along.x + n.x, along.y + n.y, along.z + n.z}
	}
	// A product is off by a dozen roundings of 2⁻²⁴ of its size at most.
	const rounding = 1e-5
	size := rounding * along.steps()
	var across point
	turns := 0
	for i, f := range ring {
		n := &all[f].normal
		if !(n.dot(along) > size*n.steps()) {
			return false
		}
		t := &b.tri[f]
		p, q := b.at[t[1]], b.at[t[2]]
		switch v {
		case t[1]:
			p, q = b.at[t[2]], b.at[t[0]]
		case t[2]:
			p, q = b.at[t[0]], b.at[t[1]]
		}
		p, q = p.minus(b.at[v]), q.minus(b.at[v])
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
