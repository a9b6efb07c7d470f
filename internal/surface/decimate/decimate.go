// Package decimate makes a complex of surfaces lighter: fewer triangles, for shapes
// that differ by less than a bound.
//
// In: the complex of a net (nets.Complex) in world RAS millimetres, in which each
// triangle between two labels exists once, and Options. Out: the same complex with
// fewer vertices and triangles. What Split makes of it is what it made before: one
// closed, oriented 2-manifold for each label, with the same number of parts, handles
// and cavities, and neighbours share the vertices and triangles of their border.
// The same bytes come out for any number of workers. Errors: the context's.
//
// # Edge collapses on a 2-complex
//
// A vertex is interior where two labels meet along one sheet, on a curve where three
// or more sheets meet in a line, and a point where curves meet or end. An edge
// collapses into one vertex if the complex stays what it is: the link condition for
// 2-complexes of Dey, Edelsbrunner, Guha and Nekhayev ("Topology preserving edge
// contraction", 1999), see link.go. So curves collapse only along themselves, and
// points stay.
//
// The new vertex is where the quadric of both is least (Garland and Heckbert 1997),
// under the condition that neither side of a sheet gains or loses volume (Lindstrom and
// Turk, "Fast and memory efficient polygonal simplification", 1998), see place.go.
// Triangles must neither turn over nor become slivers.
//
// # Blocks
//
// Space is cut into cubes. In one round each cube's triangles are decimated alone, in
// a copy that fits a processor's cache; triangles that reach from cube to cube stay.
// The next round cuts elsewhere, and takes up only what lay on a border and what is next
// to it: everywhere else, whatever could be done was done or refused.
//
// As a cube's vertices stay in the cube, and a cube is convex, triangles of two cubes
// cannot cross: it is enough to compare the triangles of one cube with each other and
// with those that reach into it (crossing.go). Where some cross after all, collapses are
// undone there, and the vertices that come back are held (split.go).
package decimate

import (
	"context"
	"math"
	"runtime"

	"github.com/iris-oculus/iris/internal/surface/nets"
	"github.com/iris-oculus/iris/internal/surface/work"
)

// Options of Run. Of Error, Ratio and Triangles, those that are 0 do not bind; if
// all are, nothing is done.
type Options struct {
	// Error in millimetres is how far a surface may move: no vertex goes farther from
	// the plane of a triangle of mean size, for which it stands, and where it stands for
	// more than a few, the mean square of these distances is at most that of half of it.
	Error float64
	// Ratio is the share of the triangles of all labels' meshes to keep, 0 to 1.
	Ratio float64
	// Triangles is how many a label's mesh may keep. Meshes that have fewer are
	// touched only where they border on one that has more.
	Triangles int
	// Crossings lets triangles pass through others. It saves the time of the search.
	Crossings bool
	// Threads is how many goroutines work; 0 for one each CPU.
	Threads int
}

// mostRounds is how often space is cut anew. What was on a border in three rounds is
// a thousandth of the surface.
const mostRounds = 4

// Run decimates a complex of a net, of labels below labels.
func Run(ctx context.Context, c *nets.Complex, labels int, o Options) error {
	if o.Error <= 0 && o.Ratio <= 0 && o.Triangles <= 0 || len(c.Triangles) == 0 {
		return nil
	}
	s := newState(c, labels, o)
	for round := range mostRounds {
		if err := ctx.Err(); err != nil {
			return err
		}
		before := len(c.Triangles)
		s.plan(round)
		s.round(ctx, round)
		if err := ctx.Err(); err != nil {
			return err
		}
		runtime.GC() // so that no round's tables are there in the next one, see Bytes
		// Less than this share is not worth another walk over everything.
		const worth = 1.0 / 64
		if s.reached() || round > 0 && float64(before-len(c.Triangles)) < worth*float64(before) && (s.target == nil || round == mostRounds-1) {
			break
		}
	}
	return nil
}

// state is what one run keeps from round to round.
type state struct {
	c       *nets.Complex
	o       Options
	labels  int
	workers int
	area    float64 // of a mean triangle at the beginning, mm²
	limit   float32 // largest value of a quadric, mm²

	// Of each free vertex, after the first round.
	kinds    []kind
	quadrics []stored
	settled  []bool // it stays what it is

	// target is how many triangles to keep, by label; in place 0, of all meshes. share
	// is the same as a share of the vertices at the beginning. nil: as few as may be.
	target []int64
	share  []float32
}

func newState(c *nets.Complex, labels int, o Options) *state {
	s := &state{c: c, o: o, labels: labels, workers: work.Workers(o.Threads, math.MaxInt), limit: math.MaxFloat32}
	if o.Error > 0 {
		s.limit = float32(o.Error * o.Error)
	}
	sum := 0.0
	for _, t := range c.Triangles {
		a := pointOf(c.Vertices[t[0]])
		n := pointOf(c.Vertices[t[1]]).minus(a).cross(pointOf(c.Vertices[t[2]]).minus(a))
		sum += math.Sqrt(float64(n.dot(n))) / 2
	}
	s.area = sum / float64(len(c.Triangles))
	return s
}

// isSettled says whether a vertex stays what it is from now on.
func (s *state) isSettled(v uint32) bool { return s.settled != nil && s.settled[v] }

func pointOf(p [3]float32) point { return point{p[0], p[1], p[2]} }

// counts are the triangles of each label's mesh, and of all meshes in place of the
// background.
func (s *state) counts() []int64 {
	n := make([]int64, s.labels)
	for _, sides := range s.c.Sides {
		for _, label := range sides {
			if label != 0 {
				n[label]++
				n[0]++
			}
		}
	}
	return n
}

// plan decides which share of its vertices each label keeps in a round.
func (s *state) plan(round int) {
	if s.o.Ratio <= 0 && s.o.Triangles <= 0 {
		return
	}
	now := s.counts()
	if round == 0 {
		s.target, s.share = make([]int64, s.labels), make([]float32, s.labels)
	}
	for l, n := range now {
		switch {
		case round == 0 && l == 0:
			s.target[0] = n
			if s.o.Ratio > 0 {
				s.target[0] = int64(s.o.Ratio * float64(n))
			}
		case round == 0:
			s.target[l] = n
			if s.o.Triangles > 0 {
				s.target[l] = min(n, int64(s.o.Triangles))
			}
		}
		if n == 0 {
			continue
		}
		// The first rounds leave what lies on their borders, which later ones take:
		// only then does a share that was missed mean that it was too large.
		const settled = mostRounds - 1
		// What is missed by less than this is not worth a round.
		const missed = 0.01
		// What is missed by more than this needs two.
		const far = 0.1
		// Some of what should go in a cube may not, so that a little more has to go elsewhere.
		// With less to spare the last round had to take up everything once more, which takes a
		// sixth of the time.
		const aim = 0.955
		part := float32(s.target[l]) / float32(n)
		switch {
		case round == 0 && part == 1:
			s.share[l] = 1
		case round == 0:
			s.share[l] = aim * part
		case round == settled-1 && part < 1-far && s.o.Triangles <= 0:
			// Some of what is missed comes with the other round.
			s.share[l] *= float32(math.Sqrt(float64(part)))
			s.settled = nil
		case round >= settled && part < 1-missed, round == settled-1 && part < 1-far:
			s.share[l] *= part
			s.settled = nil // everything once more
		}
	}
}

// reached says whether no label, nor all of them, has more triangles than it should.
func (s *state) reached() bool {
	if s.target == nil {
		return false
	}
	for l, n := range s.counts() {
		if n > s.target[l] {
			return false
		}
	}
	return true
}
