package decimate

import "math"

const (
	// many is the weight beyond which a new vertex may be half as far away on average
	// as the error, and not the error at most from any plane.
	many = 4
	// firmness is the weight of the condition that a sheet gains no volume, beside
	// that of its planes: large, so that it holds to a part in firmness.
	firmness = 1000
	// turn is the cosine of the angle by which a triangle may turn in one collapse.
	turn = 0.3
	// slimmest is the least shape of a new triangle, 1 for equilateral ones, unless one
	// that was there is worse: 0.2 is an angle of about 7°.
	slimmest = 0.2
	// farthest is how many times the length of an edge its new vertex may be away from
	// the middle.
	farthest = 1.5
)

// fan is a triangle at one end of an edge that stays when the edge collapses.
type fan struct {
	sides  uint32
	f      int32 // its number
	c, d   point // its corners after the one at the edge, in its sense, from the edge's second vertex on
	normal point // twice its area long
}

// outcome says what became of an attempt.
type outcome uint8

const (
	collapsed outcome = iota
	costs             // it would move a surface too far, or is not wanted
	shapes            // it would change what meets where, or the shapes of triangles
)

// collapse makes one vertex of the edge from u to w, if nothing speaks against it.
func (b *block) collapse(u, w int32) outcome {
	if b.v[u].kind > b.v[w].kind {
		u, w = w, u // w's kind is the one that stays
	}
	if !b.links(u, w) || len(b.work.fans) > mostAround {
		return shapes
	}
	pair := b.tri[b.ring[b.v[u].first]].sides
	if !b.budget.wants(pair) {
		return costs
	}
	e := b.v[u].at.minus(b.v[w].at)
	var f form
	f.sum(&b.v[w].quad, &b.v[u].quad, e)
	p := b.v[w].at
	if b.v[u].kind == b.v[w].kind {
		var ok bool
		if p, ok = b.place(u, w, &f); !ok {
			return shapes
		}
	}
	x, y, z := float64(p.x-b.v[w].at.x), float64(p.y-b.v[w].at.y), float64(p.z-b.v[w].at.z)
	value, gx, gy, gz := f.at(x, y, z)
	if !(value <= b.allowed(&f)) {
		return costs
	}
	if b.dents(e, x, y, z) || !b.fits(p.minus(b.v[w].at), e) {
		return shapes
	}
	b.budget.take(pair)
	b.join(u, w)
	b.v[w].at = p
	q := &b.v[w].quad
	q.xx, q.yy, q.zz, q.xy, q.xz, q.yz = float32(f.xx), float32(f.yy), float32(f.zz), float32(f.xy), float32(f.xz), float32(f.yz)
	q.bx, q.by, q.bz, q.c = float32(gx), float32(gy), float32(gz), float32(max(value, 0))
	b.stands[w] += b.stands[u]
	return collapsed
}

// allowed is how large a quadric may become. Of a few triangles the vertex may be as far
// from the plane of any as Options.Error; of many, half as far on average.
func (b *block) allowed(f *form) float64 {
	return float64(b.s.limit) * max(1, (f.xx+f.yy+f.zz)/many)
}

// place is where the new vertex of an edge lies best.
func (b *block) place(u, w int32, of *form) (point, bool) {
	e := b.v[u].at.minus(b.v[w].at)
	ex, ey, ez := float64(e.x), float64(e.y), float64(e.z)
	r := 1 - float64(b.along(u, w))
	mx, my, mz := r*ex, r*ey, r*ez
	var f form
	f.pull(of, evenness*(of.xx+of.yy+of.zz), mx, my, mz)
	b.keepVolumes(&f)
	x, y, z, ok := f.least()
	if !ok {
		x, y, z = mx, my, mz
	}
	dx, dy, dz := x-ex/2, y-ey/2, z-ez/2
	if !(dx*dx+dy*dy+dz*dz <= farthest*farthest*(ex*ex+ey*ey+ez*ez)) {
		return point{}, false
	}
	// So rounded, it is a position of the complex.
	o := b.v[w].at
	p := point{float32(float64(o.x) + x), float32(float64(o.y) + y), float32(float64(o.z) + z)}
	return p, b.q.at([3]float32{p.x, p.y, p.z}) == b.cube && b.inside(p)
}

// inside says whether a position lies in the space that is cut at all.
func (b *block) inside(p point) bool {
	q := b.q
	for axis, x := range [3]float32{p.x, p.y, p.z} {
		if at := (float64(x) - q.origin[axis]) * q.per; !(at >= 0 && at < float64(q.dims[axis])) {
			return false
		}
	}
	return true
}

// sheet is what a new vertex x of an edge does to the volume on either side of the
// triangles between two labels there: six times that is g·x - h.
type sheet struct {
	sides   uint32
	x, y, z float64 // g
	h       float64
}

// dent is how far a sheet may move on average, for each length of the edge; without a
// bound a small part could turn inside out where the new vertex is not placed freely.
// bias is the same for each length of Options.Error: there, what many collapses do adds
// up to a change of volume.
const (
	dent = 0.05
	bias = 0.1
)

// dents says whether a sheet would move too far.
func (b *block) dents(e point, x, y, z float64) bool {
	long := min(float64(e.dot(e))*dent*dent, float64(b.s.limit)*bias*bias)
	for i := range b.work.sheets {
		s := &b.work.sheets[i]
		by := s.x*x + s.y*y + s.z*z - s.h
		if by*by > long*(s.x*s.x+s.y*s.y+s.z*s.z) {
			return true
		}
	}
	return false
}

// keepVolumes adds to a form that the sheets around an edge, one for each two labels,
// keep the volume on either side. Six times the volume between a sheet and the second
// vertex is, before, the sum over its triangles of the determinants of their corners;
// afterwards it is linear in the new vertex.
func (b *block) keepVolumes(f *form) {
	perArea := 1 / b.s.area
	for i := range b.work.sheets {
		s := &b.work.sheets[i]
		if long := math.Sqrt(s.x*s.x + s.y*s.y + s.z*s.z); long > 0 {
			f.plane(firmness*perArea/long, s.x, s.y, s.z, s.h)
		}
	}
}

// sheet is that of the triangles between two labels.
func (b *block) sheet(sides uint32) *sheet {
	all := b.work.sheets
	for i := range all {
		if all[i].sides == sides {
			return &all[i]
		}
	}
	b.work.sheets = append(all, sheet{sides: sides})
	return &b.work.sheets[len(all)]
}

// add adds a triangle: n is the product of its corners off the edge, as seen from the
// edge's second vertex, h six times its volume with that. A triangle at the second vertex,
// or at the edge itself, has none.
func (s *sheet) add(n point, h float32) {
	s.x, s.y, s.z, s.h = s.x+float64(n.x), s.y+float64(n.y), s.z+float64(n.z), s.h+float64(h)
}

// fits says whether the triangles that stay may have p as their corner, e being the first
// vertex, both as seen from the second: none turns over or becomes a sliver.
func (b *block) fits(p, e point) bool {
	least := float32(1)
	for i := range b.work.fans {
		fan := &b.work.fans[i]
		x, y := p.minus(fan.c), p.minus(fan.d)
		side, after := fan.d.minus(fan.c), x.cross(y)
		dot, square := fan.normal.dot(after), after.dot(after)
		if !(dot > 0) || dot*dot < turn*turn*fan.normal.dot(fan.normal)*square {
			return false
		}
		sum := side.dot(side) + x.dot(x) + y.dot(y)
		// Both shapes squared, over 12: area² to the squares of the sides' sum.
		if shape := square / (sum * sum); shape < least {
			least = shape
		}
	}
	if least*12 >= slimmest*slimmest {
		return true
	}
	worst := float32(1)
	for i := range b.work.fans {
		fan := &b.work.fans[i]
		x, y := fan.c, fan.d
		if i < b.work.second {
			x, y = x.minus(e), y.minus(e)
		}
		side, n := fan.d.minus(fan.c), fan.normal
		sum := side.dot(side) + x.dot(x) + y.dot(y)
		worst = min(worst, n.dot(n)/(sum*sum))
	}
	return least >= worst
}

// step is a collapse, as far as it takes to undo it.
type step struct {
	u, w   int32 // u became part of w
	last   int32 // the step that moved w before; -1: none did
	died   int32 // how many triangles went
	at     point // of w before
	quad   quadric
	stands float32
}

// join gives u's triangles to w, and takes away those that have both.
func (b *block) join(u, w int32) {
	from, to := &b.v[u], &b.v[w]
	if !b.s.o.Crossings {
		b.steps = longer(b.steps)
		s := &b.steps[len(b.steps)-1]
		s.u, s.w, s.last, s.died = u, w, b.last[w], int32(len(b.work.dying))
		s.at, s.quad, s.stands = to.at, to.quad, b.stands[w]
	}
	start := len(b.ring)
	for _, f := range b.work.dying {
		b.tri[f].v[0] = gone
	}
	for i := range b.work.fans {
		f := b.work.fans[i].f
		if i < b.work.second {
			b.tri[f].replace(u, w)
		}
		b.ring = append(b.ring, f)
	}
	to.first, to.count = int32(start), uint16(len(b.ring)-start)
	from.count = 0
	b.live--
	b.into[u] = w
	if !b.s.o.Crossings {
		b.last[w] = int32(len(b.steps) - 1)
	}
	b.work.clock++
	b.work.when[u], b.work.when[w] = b.work.clock, b.work.clock
	// What is cheapest at the new vertex is found when it is looked at.
	b.work.best[u], b.work.best[w] = never, b.work.least
}
