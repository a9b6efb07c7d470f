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
	own := make([][]int64, workers) // by label; of the background without meaning
	for i := range own {
		own[i] = make([]int64, 1<<16)
	}
	sets := make([]setCounts, workers)
	work.Share(workers, len(slabs), func(i, s int) {
		w := &worker{g: g, src: src, below: g.newLayer(src.wide), above: g.newLayer(src.wide), cur: g.newActivity()}
		w.below.load(g, src, slabs[s].from)
		for z := slabs[s].from; z < slabs[s].to; z++ {
			w.above.load(g, src, z+1)
			w.cur.find(g, &w.below, &w.above)
			w.countLayer(&parts[s], own[i], &sets[i])
			w.below, w.above = w.above, w.below
		}
	})
	var sum Counts
	for i := range sets {
		sum.addTwo(&sets[i], mostSheets())
	}
	for label := 1; label < len(own[0]); label++ {
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
// label's own mesh to ofLabel. Of a cell of two labels, as most are, everything but
// the labels follows from a set: only how often it comes is counted, see addTwo.
func (w *worker) countLayer(c *Counts, ofLabel []int64, ofSet *setCounts) {
	c.Vertices += int64(w.cur.count)
	c.Layer = max(c.Layer, int64(w.cur.count))
	sheets, stride := mostSheets(), w.g.stride
	for y := range w.g.rows - 1 {
		for word := range w.g.words {
			active := w.cur.bits[y*w.g.words+word]
			if active == 0 {
				continue
			}
			at := y*stride + word*64
			r00, r10 := w.below.low[at:][:72], w.below.low[at+stride:][:72]
			r01, r11 := w.above.low[at:][:72], w.above.low[at+stride:][:72]
			for ; active != 0; active &= active - 1 {
				x := bits.TrailingZeros64(active)
				cell := corners{low: cornerBytes(r00, r10, r01, r11, x)}
				if w.src.wide {
					cell.high = w.highCorners(at, x)
				}
				second, two := cell.second()
				if !two {
					c.add(cell, 1, sheets, ofLabel)
					continue
				}
				a, b := uint8(cell.low), uint8(cell.low>>(8*bits.TrailingZeros8(second)))
				ofLabel[a] += int64(sheets[^second])
				ofLabel[b] += int64(sheets[second])
				switch {
				case a == 0:
					ofSet.outside[second]++
				case b == 0:
					ofSet.outside[^second]++
				default:
					ofSet.inside[second]++
				}
			}
		}
	}
}

// setCounts says how many cells of two labels have each set of corners that carry one
// of them: where the other is the background, and where it is a label too.
type setCounts struct{ outside, inside [256]int64 }

// addTwo adds the cells of two labels, with any two labels.
func (c *Counts) addTwo(of *setCounts, sheets *[256]uint8) {
	var any [3]int64
	for set := range 256 {
		outside, inside := corners{}, corners{}
		for corner := range 8 {
			label := uint64(set >> corner & 1)
			outside.low |= label << (8 * corner)
			inside.low |= (label + 1) << (8 * corner)
		}
		c.add(outside, of.outside[set], sheets, any[:])
		c.add(inside, of.inside[set], sheets, any[:])
	}
}

// add adds a cell so many times, but for the vertices of the net.
func (c *Counts) add(cell corners, times int64, sheets *[256]uint8, ofLabel []int64) {
	own, pinched := int64(0), false
	for seen := uint8(0); seen != 0xff; {
		label := cell.label(bits.TrailingZeros8(^seen))
		set := cell.set(label)
		seen |= set
		if label == 0 {
			continue
		}
		vertices := int64(sheets[set])
		own += vertices
		ofLabel[label] += times * vertices
		c.Entries += times
		if vertices > 1 {
			c.Pinched += times * vertices
		}
		c.Quads += times * int64(twoLabelCells[set].count)
		pinched = pinched || vertices > 1 || cycleTables[Separated][set].pinch != 0 || cycleTables[Joined][set].pinch != 0
	}
	ex, ey, ez := cell.edges()
	c.Shared += times * int64(bits.OnesCount8(quadsOf(ex, ey, ez)))
	if pinched {
		c.Corners += times * int64(bits.OnesCount64(ex)+bits.OnesCount64(ey)+bits.OnesCount64(ez))
	}
	c.Own += times * own
	if own > 1 {
		c.Touching += times * own
	}
}

// mostSheets is, by the set of a cell's corners that carry a label, the largest number
// of sheets that the label can have in the cell, however its ambiguous faces are
// decided.
var mostSheets = sync.OnceValue(func() *[256]uint8 {
	var t [256]uint8
	for set := range t {
		for joined := range uint8(64) {
			t[set] = max(t[set], traceCycles(uint8(set), joined).count)
		}
	}
	return &t
})
