package weld

import (
	"math"
	"math/bits"
	"slices"

	"github.com/iris-oculus/iris/internal/surface"
	"github.com/iris-oculus/iris/internal/surface/work"
)

// A vertex of a mesh is of one of these kinds, by its position.
const (
	apart   uint8 = iota
	shared        // a vertex of another mesh has the same position
	pinched       // another vertex of the same mesh has it
)

// Vertices are compared within layers of one coordinate. Engines number vertices
// layer by layer, so that a group reads each mesh in one stretch and its table
// stays in a processor's cache; groups go to several processors. Any other order
// of vertices gives the same result.
const (
	groupVertices = 1 << 15 // about, in a group
	bins          = 1 << 12 // layers
	stretch       = 1 << 16 // vertices that are sorted into groups at a time
)

// finder finds vertices that touch. It keeps its memory from one search of the
// same meshes to the next.
type finder struct {
	meshes []surface.Mesh
	base   []uint32 // number of each mesh's first vertex, and at the end their total
	touch  []uint8  // by number
	list   []uint32 // numbers by group
	next   []uint32 // by stretch and bin
	tables []table
}

func newFinder(meshes []surface.Mesh) *finder {
	f := &finder{meshes: meshes, base: make([]uint32, len(meshes)+1)}
	for i := range meshes {
		f.base[i+1] = f.base[i] + uint32(len(meshes[i].Vertices))
	}
	f.touch, f.list = make([]uint8, f.total()), make([]uint32, f.total())
	f.next = make([]uint32, (f.total()+stretch-1)/stretch*bins)
	return f
}

func (f *finder) total() int { return int(f.base[len(f.meshes)]) }

// find gives the kind of every vertex, of all meshes in order. It takes time in
// proportion to the number of vertices.
func (f *finder) find() []uint8 {
	clear(f.touch)
	groups := f.group()
	if f.tables == nil {
		f.tables = make([]table, work.Workers(0, len(groups)))
	}
	work.Share(work.Workers(len(f.tables), len(groups)), len(groups), func(worker, g int) {
		f.tables[worker].compare(f, groups[g])
	})
	return f.touch
}

// each calls do with stretches of the vertices from a number to before another.
func (f *finder) each(from, to uint32, do func(number uint32, some [][3]float32)) {
	mesh, _ := slices.BinarySearch(f.base, from+1)
	for mesh--; from < to; mesh++ {
		end := min(to, f.base[mesh+1])
		if from < end {
			do(from, f.meshes[mesh].Vertices[from-f.base[mesh]:end-f.base[mesh]])
		}
		from = end
	}
}

// binning maps a coordinate to a layer. Equal positions have the same one.
type binning struct {
	axis  int
	low   float32
	scale float64
}

func (b *binning) of(p *[3]float32) uint32 {
	return uint32(float64(p[b.axis]-b.low) * b.scale)
}

// binning chooses the axis along which vertices with neighbouring numbers differ
// least, in relation to the extent of the meshes.
func (f *finder) binning() binning {
	best, least := binning{}, math.Inf(1)
	for axis := range 3 {
		low, high, steps := math.Inf(1), math.Inf(-1), 0.0
		for i := range f.meshes {
			for v, p := range f.meshes[i].Vertices {
				x := float64(p[axis])
				low, high = min(low, x), max(high, x)
				if v > 0 {
					steps += math.Abs(x - float64(f.meshes[i].Vertices[v-1][axis]))
				}
			}
		}
		if size := high - low; size > 0 && steps/size < least {
			least = steps / size
			// A little less than all bins, so that rounding does not pass the last.
			best = binning{axis, float32(low), (bins - 1) / size}
		}
	}
	return best
}

// group sorts the vertices into groups of some layers each. Within a group numbers
// rise.
func (f *finder) group() [][]uint32 {
	total := f.total()
	stretches := (total + stretch - 1) / stretch
	in := f.binning()
	clear(f.next)
	workers := work.Workers(0, stretches)
	all := func(s int, do func(number uint32, some [][3]float32)) {
		f.each(uint32(s*stretch), uint32(min(total, (s+1)*stretch)), do)
	}
	work.Share(workers, stretches, func(_, s int) {
		mine := f.next[s*bins:][:bins]
		all(s, func(_ uint32, some [][3]float32) {
			for i := range some {
				mine[in.of(&some[i])&(bins-1)]++
			}
		})
	})
	// A group begins at the first layer after groupVertices are full.
	groupOf := make([]int, bins)
	var sizes []uint32
	for bin := range bins {
		n := uint32(0)
		for s := range stretches {
			n += f.next[s*bins+bin]
		}
		if len(sizes) == 0 || sizes[len(sizes)-1] >= groupVertices {
			sizes = append(sizes, 0)
		}
		sizes[len(sizes)-1] += n
		groupOf[bin] = len(sizes) - 1
	}
	// Within a group the stretches follow each other, so that numbers rise.
	starts := make([]uint32, len(sizes)*stretches)
	for s := range stretches {
		for bin := range bins {
			starts[groupOf[bin]*stretches+s] += f.next[s*bins+bin]
		}
	}
	groups := make([][]uint32, len(sizes))
	at := uint32(0)
	for g := range groups {
		first := at
		for s := range stretches {
			n := &starts[g*stretches+s]
			*n, at = at, at+*n
		}
		groups[g] = f.list[first:at]
	}
	work.Share(workers, stretches, func(_, s int) {
		mine := make([]uint32, len(groups))
		for g := range mine {
			mine[g] = starts[g*stretches+s]
		}
		all(s, func(number uint32, some [][3]float32) {
			for i := range some {
				at := &mine[groupOf[in.of(&some[i])&(bins-1)]]
				f.list[*at] = number + uint32(i)
				*at++
			}
		})
	})
	return groups
}

// table finds the equal positions of one group. It is reused for the next.
type table struct {
	slots  []uint32 // number in points, plus one; 0: free
	points []point
	of     []uint32 // point of each vertex
}

// point is a position of a group.
type point struct {
	at    [3]float32
	mesh  uint32 // of its first vertex, or many
	last  uint32 // the vertex that had it last
	owner uint32 // mesh of the last vertex
}

const many = math.MaxUint32

// compare finds the kinds of the vertices of one group.
func (t *table) compare(v *finder, group []uint32) {
	touch := v.touch
	need := slotsFor(len(group))
	if len(t.slots) < need {
		t.slots = make([]uint32, need)
	}
	slots := t.slots[:need]
	clear(slots)
	if cap(t.points) < len(group) {
		t.points, t.of = make([]point, 0, len(group)), make([]uint32, 0, len(group))
	}
	t.points, t.of = t.points[:0], t.of[:0]
	mask := uint32(need - 1)
	mesh := uint32(0)
	for _, number := range group {
		for number >= v.base[mesh+1] { // numbers rise
			mesh++
		}
		p := &v.meshes[mesh].Vertices[number-v.base[mesh]]
		slot := uint32(hash(p)) & mask
		for slots[slot] != 0 && t.points[slots[slot]-1].at != *p {
			slot = (slot + 1) & mask
		}
		if slots[slot] == 0 {
			t.points = append(t.points, point{at: *p, mesh: mesh, last: number, owner: mesh})
			slots[slot] = uint32(len(t.points))
			t.of = append(t.of, uint32(len(t.points)-1))
			continue
		}
		q := &t.points[slots[slot]-1]
		t.of = append(t.of, slots[slot]-1)
		if q.owner == mesh {
			touch[q.last], touch[number] = pinched, pinched
		} else {
			q.mesh = many
		}
		q.last, q.owner = number, mesh
	}
	for i, number := range group {
		if touch[number] == apart && t.points[t.of[i]].mesh == many {
			touch[number] = shared
		}
	}
}

// hash is a hash of a position. Its upper half is better distributed than the lower.
func hash(p *[3]float32) uint64 {
	h := uint64(0)
	for _, v := range p {
		// Adding zero makes -0 and +0, which compare equal, one pattern. The
		// multiplier is 2⁶⁴ divided by the golden ratio (Knuth's hash).
		h = bits.RotateLeft64(h^uint64(math.Float32bits(v+0)), 27) * 0x9E3779B97F4A7C15
	}
	return h ^ h>>29
}
