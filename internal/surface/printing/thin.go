package printing

import (
	"cmp"
	"context"
	"math"
	"slices"

	"github.com/iris-oculus/iris/internal/surface"
	"github.com/iris-oculus/iris/internal/surface/work"
)

const (
	// mostPoints is how many points along a side of a triangle its wall is measured
	// at, at most: 64 of a triangle. They lie no farther apart than twice MinWall
	// unless the triangle is larger than 16 times that.
	mostPoints = 8
	// slack is the part of MinWall by which a wall may be thinner and is not called
	// thin. Positions are rounded to float32, and a wall of exactly MinWall is good.
	slack = 1e-3
	// pieceOfWork is how many triangles are measured between two looks at the context.
	pieceOfWork = 1 << 12
)

// wall is what is known of the wall at one triangle.
type wall struct {
	thickness float32 // the least of its points; infinite where it is not thin
	share     float32 // of its points that are thin
	opposite  uint32  // the triangle on the other side of the thinnest
	set       uint32  // of thin triangles that are connected, by union-find
}

const wallBytes = 16

// thinWalls finds where the walls of a mesh are thinner than o.MinWall.
func thinWalls(ctx context.Context, m *surface.Mesh, origin [3]float64, o Options) (Thin, error) {
	extent := emptyBox()
	for _, t := range m.Triangles {
		for _, v := range t {
			extent.add(m.Vertices[v])
		}
	}
	h := newHierarchy(m, extent)
	walls := make([]wall, len(m.Triangles))
	pieces := (len(walls) + pieceOfWork - 1) / pieceOfWork
	work.Share(work.Workers(o.Threads, pieces), pieces, func(_, piece int) {
		if ctx.Err() != nil {
			return
		}
		for i := piece * pieceOfWork; i < min((piece+1)*pieceOfWork, len(walls)); i++ {
			walls[i], _, _ = h.wallOf(uint32(i), o.MinWall)
		}
	})
	if err := ctx.Err(); err != nil {
		return Thin{}, err
	}
	h.connect(walls)
	return h.places(walls, origin, o.MinWall), nil
}

// wallOf measures the wall at a triangle, and finds where it is thinnest, in the
// middle of the wall, and how thin there.
func (h *hierarchy) wallOf(triangle uint32, minWall float64) (w wall, middle vector, best float64) {
	w = wall{thickness: float32(math.Inf(1)), set: triangle}
	a, b, c := h.corners(triangle)
	ab, ac := b.minus(a), c.minus(a)
	n := ab.cross(ac)
	length := n.length()
	if length == 0 {
		return w, middle, best
	}
	n = n.times(1 / length)
	longest := max(ab.length(), ac.length(), c.minus(b).length())
	along := int(min(max(1, math.Ceil(longest/(2*minWall))), mostPoints))
	thin := 0
	best = minWall * (1 - slack)
	if along > 1 {
		// All the balls that are asked for lie within one: most walls are known from it.
		middle := a.plus(ab.times(1. / 3)).plus(ac.times(1. / 3))
		if !h.faced(middle.minus(n.times(best/2)), n, best/2+longest) {
			return w, middle, best
		}
	}
	measure := func(s, t float64) { // barycentric, times 3·along
		p := a.plus(ab.times(s / float64(3*along))).plus(ac.times(t / float64(3*along)))
		hit, found := h.thickness(p, n, minWall*(1-slack))
		if !found {
			return
		}
		thin++
		if hit.diameter < best {
			best, w.opposite = hit.diameter, hit.triangle
			middle = p.plus(hit.at).times(0.5)
		}
	}
	// The triangle is cut into along² like ones, each of which is measured in its middle.
	for i := range along {
		for j := range along - i {
			measure(float64(3*i+1), float64(3*j+1))
			if i+j < along-1 {
				measure(float64(3*i+2), float64(3*j+2))
			}
		}
	}
	if thin > 0 {
		w.thickness, w.share = float32(best), float32(thin)/float32(along*along)
	}
	return w, middle, best
}

// connect joins thin triangles that have a vertex in common, and the two sides of a
// wall.
func (h *hierarchy) connect(walls []wall) {
	const none = math.MaxUint32
	first := make([]uint32, len(h.mesh.Vertices)) // thin triangle at each vertex
	for i := range first {
		first[i] = none
	}
	root := func(a uint32) uint32 {
		for walls[a].set != a {
			walls[a].set = walls[walls[a].set].set
			a = walls[a].set
		}
		return a
	}
	join := func(a, b uint32) {
		a, b = root(a), root(b)
		walls[max(a, b)].set = min(a, b)
	}
	for i := range walls {
		if walls[i].share == 0 {
			continue
		}
		for _, v := range h.mesh.Triangles[i] {
			if first[v] == none {
				first[v] = uint32(i)
			} else {
				join(first[v], uint32(i))
			}
		}
		if walls[walls[i].opposite].share > 0 {
			join(walls[i].opposite, uint32(i))
		}
	}
	for i := range walls {
		walls[i].set = root(uint32(i))
	}
}

// places sums up the connected thin walls.
func (h *hierarchy) places(walls []wall, origin [3]float64, minWall float64) Thin {
	type place struct {
		set, thinnest uint32
		area          float64 // mm²
		box           box
	}
	var found []place
	number := make(map[uint32]int) // of a set
	out := Thin{Listed: []ThinWall{}}
	for i := range walls {
		w := &walls[i]
		if w.share == 0 {
			continue
		}
		n, known := number[w.set]
		if !known {
			n = len(found)
			number[w.set] = n
			found = append(found, place{set: w.set, thinnest: uint32(i), box: emptyBox()})
		}
		p := &found[n]
		if w.thickness < walls[p.thinnest].thickness {
			p.thinnest = uint32(i)
		}
		a, b, c := h.corners(uint32(i))
		area := b.minus(a).cross(c.minus(a)).length() / 2 * float64(w.share)
		p.area += area
		out.SurfaceCM2 += area / 100
		for _, v := range h.mesh.Triangles[i] {
			p.box.add(h.mesh.Vertices[v])
		}
	}
	out.Places = len(found)
	slices.SortFunc(found, func(a, b place) int { return cmp.Or(cmp.Compare(b.area, a.area), cmp.Compare(a.set, b.set)) })
	for _, p := range found[:min(len(found), maxListed)] {
		_, middle, thickness := h.wallOf(p.thinnest, minWall)
		out.Listed = append(out.Listed, ThinWall{
			ThicknessMM: thickness, At: middle.from(origin), SurfaceCM2: p.area / 100, SizeMM: p.box.size(),
		})
	}
	return out
}
