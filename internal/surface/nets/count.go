package nets

import (
	"math/bits"
	"sync"

	"github.com/iris-oculus/iris/internal/surface/work"
	"github.com/iris-oculus/iris/internal/volume"
)

// Counts is the size of a net, counted before any of it is allocated.
type Counts struct {
	Vertices int64 // of the net
	Layer    int64 // of its largest layer
	Entries  int64 // labels at vertices
	Own      int64 // vertices of all labels' meshes, at most
	Largest  int64 // of Own: those of the label with the most
	Quads    int64 // of all labels' meshes
	Pinched  int64 // of Own: those that share their cell with another one of the same label
	Shared   int64 // quads of the complex
	Corners  int64 // of quads at pinched cells, at most, see Complex
	Touching int64 // of Own: those that share their cell with another one
}

// Bytes bounds the memory of the net, its layers, entries and counters, while
// workers make it for so many labels.
func (c Counts) Bytes(labels, workers int) int64 {
	const (
		vertex   = 16 + 4                      // a Vertex, and the number of its first entry
		entry    = 8                           // an Entry
		scratch  = 2 * 8 * entry               // of a layer's vertices, twice as many entries as there can be
		counters = maxSlabs*2*4 + maxSlabs*2*8 // of a label: two in each slab, and the sums of smoothing
		moments  = 32                          // of a label and a worker
		blocks   = 3 * largestBlockBytes       // of a worker's arenas, begun and not full
		begun    = 256 << 10                   // of a worker's arenas at their first blocks, and of planes
	)
	net, w := c.Vertices*vertex+c.Entries*entry, int64(workers)
	return net + int64(labels)*(counters+w*moments) + w*c.Layer*scratch + min(w*blocks, 2*net+w*begun) // blocks double
}

// largestBlockBytes is a full block of pages.Arena, of vertices.
const largestBlockBytes = 16 << 20

// Count counts the net of a label map, renumbered by dense as in Options. It takes
// less time than Extract, and next to no memory.
func Count(m *volume.LabelMap, dense []uint16, threads int) Counts {
	if dense == nil && m.U8 == nil {
		dense = make([]uint16, 1<<16)
		for i := range dense {
			dense[i] = uint16(i)
		}
	}
	src, g := newSource(m, dense), newGrid(m.Dims)
	slabs := cutSlabs(g.nz+1, 0)
	parts := make([]Counts, len(slabs))
	workers := work.Workers(threads, len(slabs))
	own := make([][]int64, workers) // by label
	for i := range own {
		own[i] = make([]int64, 1<<16)
	}
	work.Share(workers, len(slabs), func(i, s int) {
		w := &worker{g: g, src: src, below: g.newLayer(src.wide), above: g.newLayer(src.wide), cur: g.newActivity()}
		w.below.load(g, src, slabs[s].from)
		for z := slabs[s].from; z < slabs[s].to; z++ {
			w.above.load(g, src, z+1)
			w.cur.find(g, &w.below, &w.above)
			w.countLayer(&parts[s], own[i])
			w.below, w.above = w.above, w.below
		}
	})
	var sum Counts
	for label := range own[0] {
		n := int64(0)
		for i := range own {
			n += own[i][label]
		}
		sum.Largest = max(sum.Largest, n)
	}
	for _, p := range parts {
		sum.Vertices += p.Vertices
		sum.Layer = max(sum.Layer, p.Layer)
		sum.Entries += p.Entries
		sum.Own += p.Own
		sum.Quads += p.Quads
		sum.Shared += p.Shared
		sum.Corners += p.Corners
		sum.Pinched += p.Pinched
		sum.Touching += p.Touching
	}
	return sum
}

// countLayer adds the cells of the current layer to c, and the vertices of each
// label's own mesh to ofLabel.
func (w *worker) countLayer(c *Counts, ofLabel []int64) {
	c.Vertices += int64(w.cur.count)
	c.Layer = max(c.Layer, int64(w.cur.count))
	sheets := mostSheets()
	for y := range w.g.rows - 1 {
		for word := range w.g.words {
			at := y*w.g.stride + word*64
			for active := w.cur.bits[y*w.g.words+word]; active != 0; active &= active - 1 {
				x := bits.TrailingZeros64(active)
				stride := w.g.stride
				cell := corners{low: cornerBytes(w.below.low[at:], w.below.low[at+stride:], w.above.low[at:], w.above.low[at+stride:], x)}
				if w.src.wide {
					cell.high = w.highCorners(at, x)
				}
				own, pinched := int64(0), false
				for seen := uint8(0); seen != 0xff; {
					label := cell.label(bits.TrailingZeros8(^seen))
					set := cell.set(label)
					seen |= set
					if label != 0 {
						c.Entries++
						own += int64(sheets[set])
						ofLabel[label] += int64(sheets[set])
						if sheets[set] > 1 {
							c.Pinched += int64(sheets[set])
						}
						c.Quads += int64(twoLabelCells[set].count)
						pinched = pinched || sheets[set] > 1 || cycleTables[Separated][set].pinch != 0 || cycleTables[Joined][set].pinch != 0
					}
				}
				ex, ey, ez := cell.edges()
				c.Shared += int64(bits.OnesCount8(quadsOf(ex, ey, ez)))
				if pinched {
					c.Corners += int64(bits.OnesCount64(ex) + bits.OnesCount64(ey) + bits.OnesCount64(ez))
				}
				c.Own += own
				if own > 1 {
					c.Touching += own
				}
			}
		}
	}
}

// mostSheets is, by the set of a cell's corners that carry a label, the largest number
// of sheets that the label can have in the cell, however its ambiguous faces are
// decided.
var mostSheets = sync.OnceValue(func() (t [256]uint8) {
	for set := range t {
		for joined := range uint8(64) {
			t[set] = max(t[set], traceCycles(uint8(set), joined).count)
		}
	}
	return t
})
