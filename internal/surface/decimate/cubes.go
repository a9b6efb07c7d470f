package decimate

import (
	"context"
	"math"
	"slices"

	"github.com/iris-oculus/iris/internal/pages"
	"github.com/iris-oculus/iris/internal/surface/work"
)

// cubeEdges is how many mean edges of the mesh a cube is wide. A surface through the
// middle of one has 2·64² triangles.
const cubeEdges = 64

// mostCubes bounds the tables of cubes. Cubes get wider where there would be more:
// where a few small structures lie far apart.
const mostCubes = 1 << 21

// largestCube is how many vertices a cube holds, and half of its triangles, at most,
// so that what a worker has at hand is bounded: cubes of noise get narrower.
const largestCube = 1 << 17

// dead is the first corner of a triangle that is gone.
const dead = math.MaxUint32

// cubes is how space is cut in one round, and what lies where.
type cubes struct {
	origin [3]float64
	width  float64
	per    float64 // cubes in a millimetre
	dims   [3]int

	home   []uint32 // the cube of each vertex
	number []uint32 // of each vertex within its cube
	locked []uint64 // a bit for each vertex: it belongs to a triangle that reaches into several cubes
	open   []uint64 // a bit for each vertex: it has a triangle that is not settled; nil: all have

	// Vertices and triangles of each cube that are decimated, ascending; and those
	// triangles that no cube decimates, for each cube whose space they may reach into.
	vertices, triangles, reaching lists
}

// lists are lists of numbers, one after the other.
type lists struct {
	start []uint32 // of each list; one more at the end
	all   []uint32
}

func (l *lists) of(i int) []uint32 { return l.all[l.start[i]:l.start[i+1]] }

// newCubes cuts space and finds what lies where. Each round moves the borders by a part of a cube.
func (s *state) newCubes(round int) *cubes {
	low, high := s.extent()
	q := &cubes{width: cubeEdges * s.meanEdge()}
	// Borders of these rounds are nowhere near those of the rounds before.
	shift := [mostRounds]float64{0, 0.5, 0.25, 0.75}[round]
	for !(q.width > 0) || q.count(low, high, shift) > mostCubes {
		q.width = max(2*q.width, math.SmallestNonzeroFloat32)
	}
	for q.sort(s); q.tooLarge(); q.sort(s) {
		q.width /= 2
		if q.count(low, high, shift) > mostCubes {
			q.width *= 2
			q.count(low, high, shift)
			q.sort(s)
			break
		}
	}
	return q
}

// extent is the box around all vertices.
func (s *state) extent() (low, high [3]float32) {
	low, high = s.c.Vertices[0], s.c.Vertices[0]
	for i := range s.c.Vertices {
		for axis, x := range s.c.Vertices[i] {
			if x < low[axis] {
				low[axis] = x
			}
			if x > high[axis] {
				high[axis] = x
			}
		}
	}
	return low, high
}

// meanEdge is about the length of a mean edge: that of some edges.
func (s *state) meanEdge() float64 {
	const every = 8
	sum, n := 0.0, 0
	for i := 0; i < len(s.c.Triangles); i += every {
		t := &s.c.Triangles[i]
		e := pointOf(s.c.Vertices[t[1]]).minus(pointOf(s.c.Vertices[t[0]]))
		sum += math.Sqrt(float64(e.dot(e)))
		n++
	}
	return sum / float64(n)
}

// tooLarge says whether a cube holds more than largestCube.
func (q *cubes) tooLarge() bool {
	for i := range len(q.vertices.start) - 1 {
		if len(q.vertices.of(i)) > largestCube || len(q.triangles.of(i)) > 2*largestCube {
			return true
		}
	}
	return false
}

// count sets the origin and the dims, and says how many cubes there are.
func (q *cubes) count(low, high [3]float32, shift float64) float64 {
	n := 1.0
	q.per = 1 / q.width
	for axis := range 3 {
		q.origin[axis] = float64(low[axis]) - shift*q.width
		along := math.Floor((float64(high[axis])-q.origin[axis])*q.per) + 1
		n *= along
		q.dims[axis] = int(min(along, mostCubes))
	}
	return n
}

// at is the cube of a position, which is in one.
func (q *cubes) at(p [3]float32) uint32 {
	x := int((float64(p[0]) - q.origin[0]) * q.per)
	y := int((float64(p[1]) - q.origin[1]) * q.per)
	z := int((float64(p[2]) - q.origin[2]) * q.per)
	return uint32(x + q.dims[0]*(y+q.dims[1]*z))
}

// What triangles are that no cube decimates, in place of their cube.
const (
	across = math.MaxUint32 - iota // they reach into several
	closed                         // all their corners are settled
	cubesEnd
)

// chunk is how many vertices or triangles are one piece of work.
const chunk = 1 << 14

// sort finds what lies in each cube: in the first round everything, later on the
// triangles that have a corner which is not settled.
func (q *cubes) sort(s *state) {
	c := s.c
	n := q.dims[0] * q.dims[1] * q.dims[2]
	q.home, q.number = pages.Make[uint32](len(c.Vertices)), pages.Make[uint32](len(c.Vertices))
	q.locked = make([]uint64, len(c.Vertices)/64+1)
	q.vertices.start, q.triangles.start, q.reaching.start = make([]uint32, n+1), make([]uint32, n+1), make([]uint32, n+1)
	work.Share(s.workers, (len(c.Vertices)+chunk-1)/chunk, func(_, i int) {
		for v := i * chunk; v < min((i+1)*chunk, len(c.Vertices)); v++ {
			q.home[v] = q.at(c.Vertices[v])
		}
	})
	where := pages.Make[uint32](len(c.Triangles)) // of each triangle: its cube, or what it is
	work.Share(s.workers, (len(c.Triangles)+chunk-1)/chunk, func(_, i int) {
		for f := i * chunk; f < min((i+1)*chunk, len(c.Triangles)); f++ {
			t := &c.Triangles[f]
			where[f] = q.home[t[0]]
			if s.settled != nil && s.settled[t[0]] && s.settled[t[1]] && s.settled[t[2]] {
				where[f] = closed
			} else if !q.isIn(t) {
				where[f] = across
			}
		}
	})
	q.findOpen(s, where)
	for i, cube := range q.home {
		if q.isOpen(uint32(i)) {
			q.number[i] = q.vertices.start[cube+1]
			q.vertices.start[cube+1]++
		}
	}
	var rest []uint32 // triangles that no cube decimates
	for i, cube := range where {
		switch cube {
		case across:
			for _, v := range c.Triangles[i] {
				q.locked[v/64] |= 1 << (v % 64)
			}
			rest = append(rest, uint32(i))
		case closed:
			rest = append(rest, uint32(i))
		default:
			q.triangles.start[cube+1]++
		}
	}
	busy := make([]bool, n)
	for i := range n {
		busy[i] = q.triangles.start[i+1] > 0
	}
	// What is not decimated in any cube may be in the way of what is.
	kept := 0
	for _, i := range rest {
		any := false
		q.eachCube(s, &c.Triangles[i], func(cube int) {
			if busy[cube] {
				q.reaching.start[cube+1]++
				any = true
			}
		})
		if any {
			rest[kept] = i
			kept++
		}
	}
	rest = rest[:kept]
	for _, l := range []*lists{&q.vertices, &q.triangles, &q.reaching} {
		for i := range n {
			l.start[i+1] += l.start[i]
		}
		l.all = pages.Make[uint32](int(l.start[n]))
	}
	for i, cube := range q.home {
		if q.isOpen(uint32(i)) {
			q.vertices.all[q.vertices.start[cube]+q.number[i]] = uint32(i)
		}
	}
	next := slices.Clone(q.triangles.start)
	for i, cube := range where {
		if cube < cubesEnd {
			q.triangles.all[next[cube]] = uint32(i)
			next[cube]++
		}
	}
	next = slices.Clone(q.reaching.start)
	for _, i := range rest {
		q.eachCube(s, &c.Triangles[i], func(cube int) {
			if busy[cube] {
				q.reaching.all[next[cube]] = i
				next[cube]++
			}
		})
	}
}

// isIn says whether a triangle lies in one cube.
func (q *cubes) isIn(t *[3]uint32) bool {
	cube := q.home[t[0]]
	return q.home[t[1]] == cube && q.home[t[2]] == cube
}

// findOpen finds the vertices of triangles that are not settled.
func (q *cubes) findOpen(s *state, where []uint32) {
	q.open = nil
	if s.settled == nil {
		return
	}
	c := s.c
	q.open = make([]uint64, len(c.Vertices)/64+1)
	for i, cube := range where {
		if cube != closed {
			for _, v := range c.Triangles[i] {
				q.open[v/64] |= 1 << (v % 64)
			}
		}
	}
	for i := range c.Pinched {
		if q.isOpen(uint32(c.Free + i)) {
			first := c.Free + int(c.Pinched[i].Cell) // by which all are known
			q.open[first/64] |= 1 << (first % 64)
		}
	}
}

// isOpen says whether a vertex belongs to a triangle that is decimated in this round.
func (q *cubes) isOpen(v uint32) bool { return q.open == nil || q.open[v/64]>>(v%64)&1 != 0 }

// eachCube calls do with the cubes that the box around a triangle reaches into.
func (q *cubes) eachCube(s *state, t *[3]uint32, do func(cube int)) {
	if q.isIn(t) {
		do(int(q.home[t[0]]))
		return
	}
	var from, to [3]int
	for axis := range 3 {
		a, b, c := s.c.Vertices[t[0]][axis], s.c.Vertices[t[1]][axis], s.c.Vertices[t[2]][axis]
		from[axis] = int((float64(min(a, b, c)) - q.origin[axis]) * q.per)
		to[axis] = int((float64(max(a, b, c)) - q.origin[axis]) * q.per)
	}
	for z := from[2]; z <= to[2]; z++ {
		for y := from[1]; y <= to[1]; y++ {
			for x := from[0]; x <= to[0]; x++ {
				do(x + q.dims[0]*(y+q.dims[1]*z))
			}
		}
	}
}

// isLocked says whether a vertex belongs to a triangle that reaches into several cubes.
func (q *cubes) isLocked(v uint32) bool { return q.locked[v/64]>>(v%64)&1 != 0 }

// stored is what is known of a vertex from round to round.
type stored struct {
	quadric
	stands float32 // how many vertices of the beginning became this one
}

// kept is what is left of a cube's vertices, those that are not pinched.
type kept struct {
	vertices []uint32 // their numbers in the complex, ascending
	at       [][3]float32
	kinds    []kind
	quadrics []stored
	settled  []bool
}

// round decimates each cube, then closes the gaps that were left in the lists.
func (s *state) round(ctx context.Context, round int) {
	q := s.newCubes(round)
	var full []int
	for cube := range len(q.vertices.start) - 1 {
		if len(q.vertices.of(cube)) > 0 {
			full = append(full, cube)
		}
	}
	results := make([]kept, len(full))
	count := min(s.workers, max(1, len(full)))
	blocks := make([]*block, count)
	for i := range blocks {
		blocks[i] = newBlock(s)
	}
	work.Share(count, len(full), func(w, i int) {
		if ctx.Err() == nil {
			results[i] = blocks[w].run(q, full[i])
		}
	})
	if ctx.Err() == nil {
		s.compact(q, results)
	}
}

// compact renumbers the vertices, cube by cube, and drops the triangles that are gone.
func (s *state) compact(q *cubes, results []kept) {
	c := s.c
	left := 0
	for i := range results {
		left += len(results[i].vertices)
	}
	for v := range c.Free {
		if !q.isOpen(uint32(v)) {
			left++
		}
	}
	pinched := len(c.Pinched)
	vertices, kinds, quadrics, settled := pages.Make[[3]float32](left+pinched), make([]kind, left), pages.Make[stored](left), make([]bool, left+pinched)
	number := q.number // from now on, of each vertex in the complex to come
	n := 0
	for v := range c.Free {
		if !q.isOpen(uint32(v)) {
			vertices[n], kinds[n], quadrics[n], settled[n] = c.Vertices[v], s.kinds[v], s.quadrics[v], true
			number[v] = uint32(n)
			n++
		}
	}
	for i := range results {
		r := &results[i]
		copy(vertices[n:], r.at)
		copy(kinds[n:], r.kinds)
		copy(quadrics[n:], r.quadrics)
		copy(settled[n:], r.settled)
		for _, v := range r.vertices {
			number[v] = uint32(n)
			n++
		}
		results[i] = kept{}
	}
	copy(vertices[left:], c.Vertices[c.Free:])
	for i := range pinched {
		number[c.Free+i] = uint32(left + i)
		settled[left+i] = true // they stay anyhow
	}
	first := s.quadrics == nil
	to := 0
	for i, t := range c.Triangles {
		if t[0] == dead {
			continue
		}
		if first && !q.isIn(&t) {
			// The quadrics of a cube's vertices lack the triangles that it has not.
			n, scale, ok := facePlane(pointOf(c.Vertices[t[0]]), pointOf(c.Vertices[t[1]]), pointOf(c.Vertices[t[2]]), float32(1/s.area))
			for _, v := range t {
				if ok && int(v) < c.Free {
					quadrics[number[v]].addPlane(n, scale)
				}
			}
		}
		for k, v := range t {
			t[k] = number[v]
		}
		c.Triangles[to], c.Sides[to] = t, c.Sides[i]
		to++
	}
	c.Triangles, c.Sides = c.Triangles[:to], c.Sides[:to]
	c.Vertices, c.Free = vertices, left
	s.kinds, s.quadrics, s.settled = kinds, quadrics, settled
}
