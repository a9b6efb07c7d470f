package nets

import (
	"context"
	"sync/atomic"

	"github.com/iris-oculus/iris/internal/pages"
	"github.com/iris-oculus/iris/internal/surface/work"
	"github.com/iris-oculus/iris/internal/volume"
)

// Options of Extract. The zero value meshes every label as it is.
type Options struct {
	// Dense renumbers labels, by label of the map; 0 leaves a label out. Labels
	// with the same number become one solid. It covers every label that a voxel
	// of the map's type can have (256 or 65536). Memory grows with its largest
	// number, so numbers should have no gaps. nil keeps labels as they are.
	Dense []uint16
	// Rule for diagonal contacts, Separated by default.
	Rule Rule
	// Threads is the number of goroutines; 0 means one for each CPU.
	Threads int
	// Progress is called, from any goroutine, after each slab.
	Progress func(done, total int)
}

const (
	// slabLayers is the least depth of a slab. Each slab computes the activity of one
	// layer again, so deep slabs cost less in sum; shallow ones keep all processors
	// busy until the end.
	slabLayers = 12
	// maxSlabs bounds the counters that each slab keeps for each label.
	maxSlabs = 64
)

// Extract finds the vertices of the net. The map must not change meanwhile, and
// until Split is done.
func Extract(ctx context.Context, m *volume.LabelMap, o Options) (*Net, error) {
	if err := volume.CheckDims(m.Dims); err != nil {
		return nil, err
	}
	if len(m.U8) != m.Len() && len(m.U16) != m.Len() {
		return nil, volume.Reject("truncated", "the label map has %d voxels: its grid has %d", len(m.U8)+len(m.U16), m.Len())
	}
	dense := o.Dense
	if dense == nil && m.U8 == nil {
		dense = make([]uint16, 1<<16)
		for i := range dense {
			dense[i] = uint16(i)
		}
	}
	labels := 256
	if dense != nil {
		labels = 1
		for _, d := range dense {
			labels = max(labels, int(d)+1)
		}
	}
	src := newSource(m, dense)
	g := newGrid(m.Dims)
	n := &Net{Dims: m.Dims, Layers: make([]Layer, g.nz+1), rule: o.Rule, slabs: cutSlabs(g.nz+1, labels)}

	workers := make([]*worker, work.Workers(o.Threads, len(n.slabs)))
	for i := range workers {
		workers[i] = newWorker(n, g, src, labels)
	}
	limit := int64(MaxVertices(m.Dims))
	var total, done atomic.Int64
	work.Share(len(workers), len(n.slabs), func(w, s int) {
		if ctx.Err() != nil || total.Load() > limit {
			return
		}
		total.Add(workers[w].run(n.slabs[s]))
		if o.Progress != nil {
			o.Progress(int(done.Add(1)), len(n.slabs))
		}
	})
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if t := total.Load(); t > limit {
		return nil, tooLarge("vertices or more", t, limit)
	}
	n.finish(workers, labels)
	return n, nil
}

func cutSlabs(layers, labels int) []slab {
	depth := max(slabLayers, (layers+maxSlabs-1)/maxSlabs)
	var slabs []slab
	for from := 0; from < layers; from += depth {
		slabs = append(slabs, slab{
			from: from, to: min(from+depth, layers),
			vertices: make([]uint32, labels), quads: make([]uint32, labels),
		})
	}
	return slabs
}

// finish joins the slabs, which were made independently of each other. It numbers
// the layers, turns the counts of each slab into offsets, and links vertices across
// the boundaries of slabs.
func (n *Net) finish(workers []*worker, labels int) {
	n.Start = make([]int, len(n.Layers)+1)
	for z := range n.Layers {
		n.Start[z+1] = n.Start[z] + len(n.Layers[z].Vertices)
	}
	n.Labels = make([]Tally, labels)
	for l := range n.Labels {
		t := &n.Labels[l]
		for s := range n.slabs {
			v, q := &n.slabs[s].vertices[l], &n.slabs[s].quads[l]
			count := int64(*v)
			*v = uint32(t.Vertices)
			t.Vertices += count
			count = int64(*q)
			*q = uint32(t.Quads)
			t.Quads += count
		}
		for _, w := range workers {
			m := &w.moments[l]
			t.Voxels += m.voxels
			for axis := range 3 {
				t.Sum[axis] += m.sum[axis]
			}
		}
	}
	work.Share(len(workers), len(n.slabs), func(_, s int) { n.rebase(n.slabs[s]) })
	for _, s := range n.slabs[1:] {
		linkUp(&n.Layers[s.from-1], &n.Layers[s.from])
	}
}

// rebase turns entry numbers that count within a slab into ones of the whole mesh.
func (n *Net) rebase(s slab) {
	for z := s.from; z < s.to; z++ {
		entries := n.Layers[z].Entries
		for i := range entries {
			entries[i].ID += s.vertices[entries[i].Label]
		}
	}
}

// linkUp gives the vertices below a seam their upper neighbours: the mirror of
// the lower neighbours above it.
func linkUp(below, above *Layer) {
	for i := range above.Vertices {
		if d := above.Vertices[i].Z0; d != 0 {
			below.Vertices[len(below.Vertices)+i+int(d)].Z1 = -d
		}
	}
}

// worker makes one slab after the other, from its lowest layer to its highest. It
// holds two layers of voxels and two of activity.
type worker struct {
	net          *Net
	g            grid
	src          *source
	cycles       *[256]cycles // of the net's rule
	below, above layer
	prev, cur    activity
	moments      []moment

	vertices pages.Arena[Vertex]
	entries  pages.Arena[Entry]
	scratch  []Entry // of the layer at hand, whose number is known at its end
	indices  pages.Arena[uint32]
}

// moment sums the voxels of one label, see countRun.
type moment struct {
	voxels int64
	sum    [3]int64
}

func newWorker(n *Net, g grid, src *source, labels int) *worker {
	return &worker{
		net: n, g: g, src: src, cycles: &cycleTables[n.rule],
		below: g.newLayer(src.wide), above: g.newLayer(src.wide),
		prev: g.newActivity(), cur: g.newActivity(),
		moments: make([]moment, labels),
	}
}

// run makes the layers of a slab and says how many vertices they have.
func (w *worker) run(s slab) int64 {
	total := int64(0)
	clear(w.prev.bits)
	if s.from > 0 {
		w.below.load(w.g, w.src, s.from-1)
		w.above.load(w.g, w.src, s.from)
		w.prev.find(w.g, &w.below, &w.above)
		w.below, w.above = w.above, w.below
	} else {
		w.prev.count = 0
		w.below.load(w.g, w.src, 0)
	}
	for z := s.from; z < s.to; z++ {
		w.above.load(w.g, w.src, z+1)
		w.cur.find(w.g, &w.below, &w.above)
		total += int64(w.cur.count)
		if w.cur.count > 0 {
			w.emit(&s, z)
		} else {
			w.net.Layers[z] = Layer{Rows: w.indices.Take(w.g.rows), First: w.indices.Take(1)}
		}
		w.prev, w.cur = w.cur, w.prev
		w.below, w.above = w.above, w.below
	}
	return total
}
