package decimate

import "math"

// finder looks for triangles that cross, in a grid of boxes.
type finder struct {
	all   []solid
	start []int32 // of each box's list; one more at the end
	list  []int32
	dims  [3]int
	low   point
	per   float32 // boxes in a millimetre
	// crossing are pairs of numbers in all.
	crossing [][2]int32
}

// solid is a triangle in space. Its corners are known by numbers, to tell which are
// the same point.
type solid struct {
	low, high point
	fresh     bool // it was not there when the round began
	p         [3]point
	id        [3]int32
	normal    point
	size      float32 // as of a plane
}

func (s *solid) bound() {
	a, b, c := s.p[0], s.p[1], s.p[2]
	s.low = point{min(a.x, b.x, c.x), min(a.y, b.y, c.y), min(a.z, b.z, c.z)}
	s.high = point{max(a.x, b.x, c.x), max(a.y, b.y, c.y), max(a.z, b.z, c.z)}
	u, v := b.minus(a), c.minus(a)
	s.normal, s.size = u.cross(v), u.steps()*v.steps()
}

// apart says, in float32, that all corners of o but those in common lie on one side of
// the triangle's plane; where it cannot tell it says no.
func (s *solid) apart(o *solid, common *[3]bool) bool {
	// A dozen roundings of 2⁻²⁴ each, of products that are at most size times steps.
	const rounding = 1e-6
	above, below := true, true
	for i := range o.p {
		if common[i] {
			continue
		}
		w := o.p[i].minus(s.p[0])
		d, most := s.normal.dot(w), rounding*s.size*w.steps()
		above, below = above && d > most, below && d < -most
	}
	return above || below
}

// holdCrossing looks for triangles of the block that cross others, and marks all
// vertices for which their corners stand: these stay when the block is done again. It
// says whether it marked any.
func (b *block) holdCrossing(wide bool) bool {
	f := &b.work.finder
	f.all = f.all[:0]
	for i := range b.tri {
		var s solid
		for k, v := range b.tri[i] {
			s.p[k], s.id[k] = b.at[v], b.cell(v)
			s.fresh = s.fresh || b.moved[b.origin[v]]
		}
		s.bound()
		f.all = append(f.all, s)
	}
	own := len(f.all)
	c := b.s.c
	b.work.now = resize(b.work.now, len(b.into))
	for v, from := range b.origin {
		b.work.now[from] = int32(v)
	}
	// Corners of triangles that reach in are those of the block where they are in it.
	for _, t := range b.q.reaching.of(int(b.cube)) {
		var s solid
		for k, v := range c.Triangles[t] {
			s.p[k], s.id[k] = pointOf(c.Vertices[v]), b.idOf(v)
		}
		s.bound()
		f.all = append(f.all, s)
	}
	f.find(own)
	return len(f.crossing) > 0 && b.hold(f.crossing, wide)
}

// idOf is a number for a vertex of the complex that no other vertex has: of those in
// the block that it has there, and below zero elsewhere.
func (b *block) idOf(v uint32) int32 {
	if c := b.s.c; int(v) >= c.Free {
		v = uint32(c.Free) + c.Pinched[int(v)-c.Free].Cell
	}
	if b.q.home[v] != b.cube {
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

// find lists the pairs that cross, of which at least one is among the first own.
func (f *finder) find(own int) {
	f.crossing = f.crossing[:0]
	if own == 0 {
		return
	}
	low, high := f.all[0].low, f.all[0].high
	sum := float32(0)
	for i := range own {
		s := &f.all[i]
		low = point{min(low.x, s.low.x), min(low.y, s.low.y), min(low.z, s.low.z)}
		high = point{max(high.x, s.high.x), max(high.y, s.high.y), max(high.z, s.high.z)}
		sum += max(s.high.x-s.low.x, s.high.y-s.low.y, s.high.z-s.low.z)
	}
	size := sum / float32(own)
	extent := high.minus(low)
	// A box is about as wide as a triangle, and there are a few for each triangle at most.
	for {
		n := 1.0
		for axis, e := range [3]float32{extent.x, extent.y, extent.z} {
			f.dims[axis] = int(e/size) + 1
			n *= float64(f.dims[axis])
		}
		if size > 0 && n <= float64(8*own+64) {
			break
		}
		size = max(1.25*size, math.SmallestNonzeroFloat32)
	}
	f.low, f.per = low, 1/size
	f.fill(low, high)
	for box := range len(f.start) - 1 {
		list := f.list[f.start[box]:f.start[box+1]]
		for n, i := range list {
			if int(i) >= own {
				break // lists ascend: only pairs of two that reach in are left
			}
			s := &f.all[i]
			for _, j := range list[n+1:] {
				o := &f.all[j]
				if !(s.fresh || o.fresh) {
					continue // they did not cross when the round began
				}
				if s.high.x < o.low.x || o.high.x < s.low.x || s.high.y < o.low.y || o.high.y < s.low.y || s.high.z < o.low.z || o.high.z < s.low.z {
					continue
				}
				// Two triangles may meet in many boxes: they are compared in the first one.
				if f.box(point{max(s.low.x, o.low.x), max(s.low.y, o.low.y), max(s.low.z, o.low.z)}) == box && s.crosses(o) {
					f.crossing = append(f.crossing, [2]int32{i, j})
				}
			}
		}
	}
}

func (f *finder) box(p point) int {
	x, y, z := f.cut(p)
	return x + f.dims[0]*(y+f.dims[1]*z)
}

// cut is the box of a position, the nearest one where it is outside.
func (f *finder) cut(p point) (x, y, z int) {
	x = min(max(int((p.x-f.low.x)*f.per), 0), f.dims[0]-1)
	y = min(max(int((p.y-f.low.y)*f.per), 0), f.dims[1]-1)
	z = min(max(int((p.z-f.low.z)*f.per), 0), f.dims[2]-1)
	return x, y, z
}

// fill lists the triangles in each box that the box around them reaches into.
func (f *finder) fill(low, high point) {
	n := f.dims[0] * f.dims[1] * f.dims[2]
	f.start = resize(f.start, n+2)
	clear(f.start)
	outside := func(s *solid) bool {
		return s.high.x < low.x || s.low.x > high.x || s.high.y < low.y || s.low.y > high.y || s.high.z < low.z || s.low.z > high.z
	}
	each := func(s *solid, do func(box int)) {
		x0, y0, z0 := f.cut(s.low)
		x1, y1, z1 := f.cut(s.high)
		for z := z0; z <= z1; z++ {
			for y := y0; y <= y1; y++ {
				for x := x0; x <= x1; x++ {
					do(x + f.dims[0]*(y+f.dims[1]*z))
				}
			}
		}
	}
	for i := range f.all {
		if s := &f.all[i]; !outside(s) {
			each(s, func(box int) { f.start[box+2]++ })
		}
	}
	for box := range n {
		f.start[box+2] += f.start[box+1]
	}
	f.list = resize(f.list, int(f.start[n+1]))
	for i := range f.all {
		if s := &f.all[i]; !outside(s) {
			each(s, func(box int) {
				f.list[f.start[box+1]] = int32(i)
				f.start[box+1]++
			})
		}
	}
	f.start = f.start[:n+1]
}

// spot is a position in float64.
type spot struct{ x, y, z float64 }

func spotOf(p point) spot { return spot{float64(p.x), float64(p.y), float64(p.z)} }

func (p spot) minus(q spot) spot { return spot{p.x - q.x, p.y - q.y, p.z - q.z} }

func (p spot) dot(q spot) float64 { return p.x*q.x + p.y*q.y + p.z*q.z }

func (p spot) cross(q spot) spot {
	return spot{p.y*q.z - p.z*q.y, p.z*q.x - p.x*q.z, p.x*q.y - p.y*q.x}
}

// rounding is how many times its own size a determinant of differences of float32 may
// be off in float64.
const rounding = 1e-14

// plane is the plane through three points.
type plane struct {
	from, normal spot
	size         float64 // no product in the normal is larger
}

func planeOf(a, b, c spot) plane {
	u, v := b.minus(a), c.minus(a)
	return plane{a, u.cross(v), (math.Abs(u.x) + math.Abs(u.y) + math.Abs(u.z)) * (math.Abs(v.x) + math.Abs(v.y) + math.Abs(v.z))}
}

func side(a, b, c, d spot) int {
	p := planeOf(a, b, c)
	return p.side(d)
}

// side is on which side of the plane a point lies: 1, -1, or 0 when it is too near to
// tell.
func (p *plane) side(d spot) int {
	w := d.minus(p.from)
	sum := p.normal.dot(w)
	size := p.size * (math.Abs(w.x) + math.Abs(w.y) + math.Abs(w.z))
	switch {
	case sum > rounding*size:
		return 1
	case sum < -rounding*size:
		return -1
	}
	return 0
}

// crosses says whether two triangles have a point in common that is no corner or side
// of both.
func (s *solid) crosses(o *solid) bool {
	var own, other [3]bool // corners in common
	shared := 0
	for i, a := range s.id {
		for j, b := range o.id {
			if a == b {
				own[i], other[j] = true, true
				shared++
			}
		}
	}
	switch {
	case shared == 3:
		return false
	case shared == 2 && s.normal.dot(o.normal) > 0:
		return false // turned by less than a right angle
	case shared < 2 && (s.apart(o, &other) || o.apart(s, &own)):
		return false
	}
	p, q := [3]spot{spotOf(s.p[0]), spotOf(s.p[1]), spotOf(s.p[2])}, [3]spot{spotOf(o.p[0]), spotOf(o.p[1]), spotOf(o.p[2])}
	if shared == 2 {
		return folded(&p, &q, own, other)
	}
	// Where all other corners of one lie on one side of the other's plane, they do not
	// meet.
	var sides, back [3]int
	low, high := 0, 0
	of := planeOf(p[0], p[1], p[2])
	for j := range q {
		if !other[j] {
			sides[j] = of.side(q[j])
			low, high = min(low, sides[j]), max(high, sides[j])
		}
	}
	if low*high == 0 && nonzero(sides, other) {
		return false
	}
	low, high = 0, 0
	of = planeOf(q[0], q[1], q[2])
	for i := range p {
		if !own[i] {
			back[i] = of.side(p[i])
			low, high = min(low, back[i]), max(high, back[i])
		}
	}
	if low*high == 0 && nonzero(back, own) {
		return false
	}
	return pierced(&p, &q, sides, other) || pierced(&q, &p, back, own)
}

// nonzero says whether all corners but those in common are off the plane.
func nonzero(sides [3]int, common [3]bool) bool {
	for i, s := range sides {
		if s == 0 && !common[i] {
			return false
		}
	}
	return true
}

// pierced says whether a side of q without a corner in common passes through p.
func pierced(p, q *[3]spot, sides [3]int, common [3]bool) bool {
	for i := range 3 {
		j := nextCorner[i]
		if common[i] || common[j] || sides[i]*sides[j] >= 0 {
			continue
		}
		a, b, c := side(q[i], q[j], p[0], p[1]), side(q[i], q[j], p[1], p[2]), side(q[i], q[j], p[2], p[0])
		if a >= 0 && b >= 0 && c >= 0 || a <= 0 && b <= 0 && c <= 0 {
			return true
		}
	}
	return false
}

// folded says whether two triangles with a side in common lie on one another.
func folded(p, q *[3]spot, own, other [3]bool) bool {
	var i, j int
	for k := range 3 {
		if !own[k] {
			i = k
		}
		if !other[k] {
			j = k
		}
	}
	a, b := p[nextCorner[i]], p[nextCorner[nextCorner[i]]]
	if side(a, b, p[i], q[j]) != 0 {
		return false
	}
	e := b.minus(a)
	return e.cross(p[i].minus(a)).dot(e.cross(q[j].minus(a))) > 0
}
