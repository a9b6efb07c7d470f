package nets

import (
	"encoding/binary"
	"math/bits"
)

// twoLabels describes a cell of two labels, as most cells are. It is looked up by the
// set of corners that do not carry the label of corner 0.
type twoLabels struct {
	faces, quads uint8 // as in Vertex
	count        uint8 // of the quads
}

var twoLabelCells = buildTwoLabelCells()

func buildTwoLabelCells() (t [256]twoLabels) {
	for set := range t {
		s := uint8(set)
		x, y, z := (s^s>>1)&startsX, (s^s>>2)&startsY, (s^s>>4)&startsZ
		quads := quadsOf(uint64(x), uint64(y), uint64(z))
		t[set] = twoLabels{faces: facesOfX[x] | facesOfY[y] | facesOfZ[z], quads: quads, count: uint8(bits.OnesCount8(quads))}
	}
	return t
}

// The corners at which the edges along each axis start.
const (
	startsX = 0b01010101
	startsY = 0b00110011
	startsZ = 0b00001111
)

// quadsOf is Vertex.Quads of a cell with these crossing edges: those at corner 0.
func quadsOf(x, y, z uint64) uint8 { return uint8(x&1 | (y&1)<<1 | (z&1)<<2) }

// The twelve edges of a cell, told by comparing its corner bytes with themselves
// shifted by one, two and four corners, cross these faces.
var facesOfX, facesOfY, facesOfZ = buildFaceTables()

func buildFaceTables() (x, y, z [256]uint8) {
	for set := range 256 {
		for c := range 8 {
			if set>>c&1 == 0 {
				continue
			}
			// The edge that starts at corner c along an axis lies on two faces, one
			// of either other axis.
			fx, fy, fz := uint8(FaceX0)<<(c&1), uint8(FaceY0)<<(c>>1&1), uint8(FaceZ0)<<(c>>2&1)
			x[set] |= fy | fz
			y[set] |= fx | fz
			z[set] |= fx | fy
		}
	}
	return
}

// emit makes the vertices and entries of cell layer z from the activity of this
// layer and the one below.
func (w *worker) emit(s *slab, z int) {
	g := w.g
	count := w.cur.count
	vertices, first, rows := w.vertices.Take(count), w.indices.Take(count+1), w.indices.Take(g.rows)
	if need := 8 * count; len(w.scratch) < need {
		w.scratch = make([]Entry, 2*need)
	}
	entries := w.scratch
	var lower []Vertex // of the layer below, nil at the slab's first
	if z > s.from {
		lower = w.net.Layers[z-1].Vertices
	}
	shift := int32(w.prev.count) // vertex number in the layer below, minus in this, is -shift + difference
	v, e := int32(0), 0
	for y := range g.rows - 1 {
		rows[y] = uint32(v)
		row := y * g.words
		rowBefore := max(0, row-g.words)
		for word := range g.words {
			active := w.cur.bits[row+word]
			if active == 0 {
				continue
			}
			bitsY, rankY := w.cur.bits[rowBefore+word], w.cur.rank[rowBefore+word]
			bitsZ, rankZ := w.prev.bits[row+word], w.prev.rank[row+word]
			byteAt := y*g.stride + word*64
			r00, r10 := w.below.low[byteAt:][:72], w.below.low[byteAt+g.stride:][:72]
			r01, r11 := w.above.low[byteAt:][:72], w.above.low[byteAt+g.stride:][:72]
			for ; active != 0; active &= active - 1 {
				x := bits.TrailingZeros64(active)
				before := uint64(1)<<x - 1
				c := corners{low: cornerBytes(r00, r10, r01, r11, x)}
				if w.src.wide {
					c.high = w.highCorners(byteAt, x)
				}
				at := [3]int{word*64 + x, y, z}
				first[v] = uint32(e)
				vertex := Vertex{X: uint16(at[0])}
				if second, two := c.second(); two {
					vertex.Faces, vertex.Quads = twoLabelCells[second].faces, twoLabelCells[second].quads
					e = w.addTwo(s, entries, e, c, second, at)
				} else {
					ex, ey, ez := c.edges()
					vertex.Faces, vertex.Quads = facesOfX[ex]|facesOfY[ey]|facesOfZ[ez], quadsOf(ex, ey, ez)
					w.countQuads(s, c, vertex.Quads, at)
					e = w.addEntries(s, entries, e, c, at)
				}
				if vertex.Faces&FaceY0 != 0 {
					u := rankY + int32(bits.OnesCount64(bitsY&before))
					vertex.Y0 = int16(u - v)
					vertices[u].Y1 = int16(v - u)
				}
				if vertex.Faces&FaceZ0 != 0 {
					u := rankZ + int32(bits.OnesCount64(bitsZ&before))
					vertex.Z0 = u - v - shift
					if lower != nil {
						lower[u].Z1 = -vertex.Z0
					}
				}
				vertices[v] = vertex
				v++
			}
		}
	}
	rows[g.rows-1], first[v] = uint32(v), uint32(e)
	kept := w.entries.Take(e)
	copy(kept, entries)
	w.net.Layers[z] = Layer{Vertices: vertices, Rows: rows, First: first, Entries: kept}
}

// corners holds the labels of a cell's eight corners, a byte each.
type corners struct{ low, high uint64 }

func cornerBytes(r00, r10, r01, r11 []byte, x int) uint64 {
	le := binary.LittleEndian
	return uint64(le.Uint16(r00[x:])) | uint64(le.Uint16(r10[x:]))<<16 | uint64(le.Uint16(r01[x:]))<<32 | uint64(le.Uint16(r11[x:]))<<48
}

func (w *worker) highCorners(at, x int) uint64 {
	stride := w.g.stride
	return cornerBytes(w.below.high[at:], w.below.high[at+stride:], w.above.high[at:], w.above.high[at+stride:], x)
}

// label of corner i.
func (c corners) label(i int) uint16 {
	return uint16(c.low>>(8*i)&0xff | (c.high>>(8*i)&0xff)<<8)
}

// set is the corners that carry a label.
func (c corners) set(label uint16) uint8 {
	return uint8(^nonzeroBytes((c.low ^ uint64(label&0xff)*ones) | (c.high ^ uint64(label>>8)*ones)))
}

// edges are the crossing edges along x, y and z by the corner they start at.
func (c corners) edges() (x, y, z uint64) {
	dx, dy, dz := c.low^c.low>>8, c.low^c.low>>16, c.low^c.low>>32
	if c.high != 0 {
		dx |= c.high ^ c.high>>8
		dy |= c.high ^ c.high>>16
		dz |= c.high ^ c.high>>32
	}
	return nonzeroBytes(dx) & startsX, nonzeroBytes(dy) & startsY, nonzeroBytes(dz) & startsZ
}

// second is the set of corners that do not carry the label of corner 0; two says
// that they all carry the same one, and both are narrow. Then the difference from
// corner 0's label is one number in each of their bytes, and 0 in the others.
func (c corners) second() (set uint8, two bool) {
	diff := c.low ^ c.low&0xff*ones
	marks := markNonzero(diff)
	return gather(marks), marks*(diff>>bits.TrailingZeros64(marks)&0xff) == diff && c.high == 0
}

// countQuads counts the quads of a cell's low edges for both their labels.
func (w *worker) countQuads(s *slab, c corners, quads uint8, at [3]int) {
	if quads == 0 {
		return
	}
	a := c.label(0)
	if quads&1 != 0 {
		b := c.label(1)
		s.quads[a]++
		s.quads[b]++
		w.countRun(a, b, at)
	}
	if quads&2 != 0 {
		s.quads[a]++
		s.quads[c.label(2)]++
	}
	if quads&4 != 0 {
		s.quads[a]++
		s.quads[c.label(4)]++
	}
}

// countRun counts voxels without visiting them. A run of one label from padded x
// = p+1 to q is bounded by the crossings p and q, and a sum over the run is a
// difference of sums up to its ends: voxels q - p, and for the indices i = x - 1
// the sum q(q-1)/2 - p(p-1)/2. So each crossing adds to the label that ends
// there and takes from the one that begins.
func (w *worker) countRun(ends, begins uint16, at [3]int) {
	a, b := &w.moments[ends], &w.moments[begins]
	n := int64(at[0])
	sum, ny, nz := n*(n-1)/2, n*int64(at[1]-1), n*int64(at[2]-1)
	a.voxels += n
	a.sum[0] += sum
	a.sum[1] += ny
	a.sum[2] += nz
	b.voxels -= n
	b.sum[0] -= sum
	b.sum[1] -= ny
	b.sum[2] -= nz
}

// addTwo counts the quads and writes the entries of a cell of two labels, what
// countQuads and addEntries do of any cell.
func (w *worker) addTwo(s *slab, entries []Entry, e int, c corners, second uint8, at [3]int) int {
	a, b := uint16(c.low&0xff), c.label(bits.TrailingZeros8(second))
	cell := &twoLabelCells[second]
	s.quads[a] += uint32(cell.count)
	s.quads[b] += uint32(cell.count)
	if cell.quads&1 != 0 {
		w.countRun(a, b, at)
	}
	if a != 0 {
		w.addEntry(s, &entries[e], a, ^second, at)
		e++
	}
	if b != 0 {
		w.addEntry(s, &entries[e], b, second, at)
		e++
	}
	return e
}

// addEntries writes an entry for each label of a cell but the background, in
// order of the first corner that carries it.
func (w *worker) addEntries(s *slab, entries []Entry, e int, c corners, at [3]int) int {
	for seen := uint8(0); seen != 0xff; {
		label := c.label(bits.TrailingZeros8(^seen))
		set := c.set(label)
		seen |= set
		if label != 0 {
			w.addEntry(s, &entries[e], label, set, at)
			e++
		}
	}
	return e
}

func (w *worker) addEntry(s *slab, to *Entry, label uint16, set uint8, at [3]int) {
	entry := Entry{ID: s.vertices[label], Label: label, Corners: set}
	cycles := &w.cycles[set]
	count := cycles.count
	if cycles.pinch != 0 {
		if entry.Joined = w.pinched(label, set, at); entry.Joined != 0 {
			count = w.net.cyclesOf(&entry).count
		}
	}
	*to = entry
	s.vertices[label] += uint32(count)
}

// pinched finds the ambiguous faces where both cells would run the two links of
// the face through one vertex each: there four quads would share the edge between
// the two vertices. Both cells then take the other rule for that face, which
// splits either cycle in two. Each cell decides alone, from the labels, and
// both decide the same.
func (w *worker) pinched(label uint16, set uint8, cell [3]int) (faces uint8) {
	for f := range uint8(6) {
		if w.cycles[set].pinch>>f&1 == 0 {
			continue
		}
		at := cell
		at[f/2] += int(f&1)*2 - 1
		var other uint8
		for c := range 8 {
			if w.src.at(at[0]+(c&1), at[1]+(c>>1&1), at[2]+(c>>2)) == label {
				other |= 1 << c
			}
		}
		if w.cycles[other].pinch>>(f^1)&1 == 1 {
			faces |= 1 << f
		}
	}
	return faces
}

// cyclesOf traces or looks up the cycles of an entry.
func (n *Net) cyclesOf(e *Entry) cycles {
	if e.Joined == 0 {
		return cycleTables[n.rule][e.Corners]
	}
	joined := e.Joined
	if n.rule == Joined {
		joined ^= 0x3f
	}
	return traceCycles(e.Corners, joined)
}
