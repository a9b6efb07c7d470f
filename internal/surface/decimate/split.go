package decimate

import (
	"cmp"
	"slices"
)

// Where triangles cross, collapses are undone, in any order and there alone. The mesh
// at any time is the image of that in the beginning under a map that sends each vertex to
// the one of which it became part; undoing the last collapse of a vertex parts what it
// stands for in two, wherever others have gone meanwhile ("Truly selective refinement of
// progressive meshes", Kim and Lee 2001). The sets of vertices that became one are discs,
// or trees on a curve, so that the image is mostly a mesh of the same shape at once. It is
// looked at, and where it is not one, or triangles turned over, more collapses are undone;
// in the end that is the mesh of the beginning.

// splitting is what undoing uses.
type splitting struct {
	fresh   []bool  // of each vertex: it was split, or came back, since triangles were compared last
	changed []int32 // those vertices
	before  map[int32]star
	due     []int32 // vertices to be split
	stars   []spoke // scratch
}

const (
	// wide is the try from which on all that corners of crossing triangles stand for is
	// undone, and wider that from which on what is next to it is, too.
	wide  = 4
	wider = 6
)

// uncross undoes collapses until no new triangle crosses another.
func (b *block) uncross() {
	f := &b.work.finder
	f.moved = resize(f.moved, len(b.v))
	for v, last := range b.last {
		f.moved[v] = last >= 0
	}
	for try := 0; ; try++ {
		pairs := b.find()
		if len(pairs) == 0 {
			return
		}
		b.undo(pairs, try)
	}
}

// undo splits vertices of triangles that cross.
func (b *block) undo(pairs [][2]int32, try int) {
	w := &b.work.split
	w.fresh = resize(w.fresh, len(b.v))
	clear(w.fresh)
	w.changed, w.due, w.before = w.changed[:0], w.due[:0], make(map[int32]star)
	for _, pair := range pairs {
		if try >= wide {
			for _, i := range pair {
				b.dueAround(i, try >= wider)
			}
			continue
		}
		// The collapse that came last may have been the one too many.
		v := b.newest(pair[0])
		if pair[1] >= 0 {
			if x := b.newest(pair[1]); b.last[x] > b.last[v] {
				v = x
			}
		}
		w.due = append(w.due, v)
	}
	all := try >= wide
	triangles := b.triangles()
	for round := 0; ; round++ {
		slices.Sort(w.due)
		w.due = slices.Compact(w.due)
		// Whatever looks different afterwards is a neighbour of these.
		for _, v := range w.due {
			b.remember(v)
		}
		for _, v := range w.due {
			triangles += b.split(v, 1<<(try+round/4), all)
		}
		b.retriangulate()
		w.due = w.due[:0]
		if b.triangles() != triangles { // so this is not a mesh of the same shape
			for v := range b.v {
				w.due = append(w.due, int32(v))
			}
			all = true
			continue
		}
		if b.judge(); len(w.due) == 0 {
			break
		}
	}
	copy(b.work.finder.moved, w.fresh)
}

// triangles counts those that are there.
func (b *block) triangles() int {
	n := 0
	for i := range b.tri {
		if b.tri[i].v[0] != gone {
			n++
		}
	}
	return n
}

// remember keeps the stars of a vertex and of its neighbours as they are.
func (b *block) remember(v int32) {
	w := &b.work.split
	keep := func(x int32) {
		if _, known := w.before[x]; !known && !w.fresh[x] {
			w.before[x] = b.starOf(x)
		}
	}
	keep(v)
	for _, f := range b.alive(v) {
		for _, x := range b.tri[f].v {
			keep(x)
		}
	}
}

// judge looks at the triangles of vertices that were split or came back, and lists those
// that are to be split, too.
func (b *block) judge() {
	w := &b.work.split
	seen := make(map[int32]bool)
	see := func(v int32) {
		if !seen[v] {
			seen[v] = true
			if !b.isSound(v) {
				b.dueNear(v)
			}
		}
	}
	for _, v := range w.changed {
		for _, f := range b.alive(v) {
			for _, x := range b.tri[f].v {
				see(x)
			}
			if b.turned(f) {
				w.due = append(w.due, b.newest(f))
			}
		}
	}
}

// dueNear lists a vertex and its neighbours, as far as others are part of them.
func (b *block) dueNear(v int32) {
	w := &b.work.split
	for _, f := range b.alive(v) {
		for _, x := range b.tri[f].v {
			if b.last[x] >= 0 {
				w.due = append(w.due, x)
			}
		}
	}
}

// isSound says whether the triangles around a vertex hang together as they should.
func (b *block) isSound(v int32) bool {
	s := b.starOf(v)
	if before, known := b.work.split.before[v]; known {
		return s == before
	}
	switch b.v[v].kind {
	case interior:
		return s == star{closed: 1}
	case curve:
		return s.bad == 0 && s.closed == 0 && s.ends == 2 && b.kindOf(v) == curve
	}
	return true // others never become part of anything
}

// turned says whether a triangle faces away from where it faced in the beginning, or
// became a sliver.
func (b *block) turned(f int32) bool {
	c := b.s.c
	from := &c.Triangles[b.q.triangles.of(int(b.cube))[f]]
	v := &b.tri[f].v
	now := [3]point{b.v[v[0]].at, b.v[v[1]].at, b.v[v[2]].at}
	was := [3]point{pointOf(c.Vertices[from[0]]), pointOf(c.Vertices[from[1]]), pointOf(c.Vertices[from[2]])}
	n, m := now[1].minus(now[0]).cross(now[2].minus(now[0])), was[1].minus(was[0]).cross(was[2].minus(was[0]))
	if b.last[v[0]] < 0 && b.last[v[1]] < 0 && b.last[v[2]] < 0 {
		return false
	}
	return !(n.dot(m) > 0) || shape(&now) < min(slimmest*slimmest/12, shape(&was))
}

// shape is 1/12 for an equilateral triangle, and less for others.
func shape(p *[3]point) float32 {
	a, b, c := p[1].minus(p[0]), p[2].minus(p[0]), p[2].minus(p[1])
	n := a.cross(b)
	sum := a.dot(a) + b.dot(b) + c.dot(c)
	return n.dot(n) / (sum * sum)
}

// newest is the corner of a triangle into which another became part last.
func (b *block) newest(i int32) int32 {
	t := &b.tri[i]
	v := t.v[0]
	for _, x := range t.v[1:] {
		if b.last[x] > b.last[v] {
			v = x
		}
	}
	return v
}

// dueAround lists the corners of a triangle, and their neighbours if wanted.
func (b *block) dueAround(i int32, neighbours bool) {
	if i < 0 {
		return
	}
	w := &b.work.split
	for _, v := range b.tri[i].v {
		w.due = append(w.due, v)
		if neighbours {
			for _, f := range b.alive(v) {
				w.due = append(w.due, b.tri[f].v[:]...)
			}
		}
	}
}

// split undoes the last collapses into a vertex, or all of them and those into what comes
// back. It says how many triangles come back.
func (b *block) split(v int32, levels int, all bool) (triangles int) {
	w := &b.work.split
	for n := 0; b.last[v] >= 0 && (all || n < levels); n++ {
		s := &b.steps[b.last[v]]
		x := &b.v[v]
		x.at, x.quad, b.stands[v], b.last[v] = s.at, s.quad, s.stands, s.last
		b.into[s.u] = s.u
		triangles += int(s.died)
		for _, y := range [2]int32{s.u, v} {
			b.stays[y] = true
			if !w.fresh[y] {
				w.fresh[y] = true
				w.changed = append(w.changed, y)
			}
		}
		if all {
			triangles += b.split(s.u, 0, true)
		}
	}
	return triangles
}

// retriangulate gives each triangle of the beginning the vertices of which its corners
// are part now.
func (b *block) retriangulate() {
	for i := range b.v {
		b.v[i].count = 0
	}
	c, number := b.s.c, b.q.number
	for i, t := range b.q.triangles.of(int(b.cube)) {
		own := &b.tri[i]
		for k, g := range c.Triangles[t] {
			v := int32(number[g])
			for b.into[v] != v {
				v = b.into[v]
			}
			own.v[k] = v
		}
		if v := &own.v; v[0] == v[1] || v[1] == v[2] || v[2] == v[0] {
			v[0] = gone
			continue
		}
		for _, v := range own.v {
			b.v[v].count++
		}
	}
	b.rings()
}

// star is how the triangles around a vertex hang together. It stays what it is when
// others collapse.
type star struct {
	open, closed int // strips of triangles between two labels, from edge to edge and around
	ends         int // neighbours at other than two triangles
	bad          int // corners with two triangles on one side of one edge, and triangles that are there twice
}

// spoke is a triangle at a vertex: its other corners in its sense.
type spoke struct {
	sides uint32
	p, q  int32
}

// starOf looks at the triangles around a vertex.
func (b *block) starOf(v int32) (s star) {
	all := b.work.split.stars[:0]
	for _, f := range b.alive(v) {
		p, q := b.tri[f].next(v)
		all = append(all, spoke{b.tri[f].sides, b.cell(p), b.cell(q)})
	}
	slices.SortFunc(all, func(x, y spoke) int {
		return cmp.Or(cmp.Compare(min(x.p, x.q), min(y.p, y.q)), cmp.Compare(max(x.p, x.q), max(y.p, y.q)))
	})
	for i := range all {
		if i > 0 && min(all[i].p, all[i].q) == min(all[i-1].p, all[i-1].q) && max(all[i].p, all[i].q) == max(all[i-1].p, all[i-1].q) {
			s.bad++
		}
	}
	var ends []int32
	for _, x := range all {
		ends = append(ends, x.p, x.q)
	}
	slices.Sort(ends)
	for i := 0; i < len(ends); {
		j := i
		for j < len(ends) && ends[j] == ends[i] {
			j++
		}
		if j-i != 2 {
			s.ends++
		}
		i = j
	}
	// Each spoke is followed by the one that begins where it ends.
	byP := func(x, y spoke) int { return cmp.Or(cmp.Compare(x.sides, y.sides), cmp.Compare(x.p, y.p)) }
	slices.SortFunc(all, byP)
	followed, seen := make([]bool, len(all)), make([]bool, len(all))
	next := make([]int, len(all))
	for i, x := range all {
		if i > 0 && byP(all[i-1], x) == 0 {
			s.bad++
		}
		at, found := slices.BinarySearchFunc(all, spoke{sides: x.sides, p: x.q}, byP)
		next[i] = -1
		if found {
			if followed[at] {
				s.bad++
			}
			next[i], followed[at] = at, true
		}
	}
	b.work.split.stars = all
	if s.bad > 0 {
		return s
	}
	walk := func(i int) {
		for i >= 0 && !seen[i] {
			seen[i] = true
			i = next[i]
		}
	}
	for i := range all {
		if !followed[i] {
			s.open++
			walk(i)
		}
	}
	for i := range all {
		if !seen[i] {
			s.closed++
			walk(i)
		}
	}
	return s
}
