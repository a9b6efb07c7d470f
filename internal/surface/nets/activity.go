package nets

import (
	"encoding/binary"
	"math/bits"
)

// activity says of each cell of one layer whether it is active, and how many active
// cells come before it.
type activity struct {
	bits  []uint64 // a bit a cell, words of a row in order
	rank  []int32  // active cells of the layer before each word
	count int
}

func (g grid) newActivity() activity {
	n := g.words * g.rows
	return activity{bits: make([]uint64, n), rank: make([]int32, n)}
}

// find marks the active cells between voxel layers below and above.
//
// A cell is inactive when its eight corners are alike, that is when the face at
// its low x is uniform, the one at its high x is too, and one edge along x joins
// equal voxels. Faces and x edges are bit planes F and X, so that a word of cells
// is F | F shifted by one | X.
func (a *activity) find(g grid, below, above *layer) {
	n := int32(0)
	for y := range g.rows - 1 {
		w0 := y * g.words
		u00, u01 := below.uniform[w0:][:g.words], above.uniform[w0:][:g.words]
		u10, u11 := below.uniform[w0+g.words:][:g.words], above.uniform[w0+g.words:][:g.words]
		active, rank := a.bits[w0:][:g.words], a.rank[w0:][:g.words]
		for w := range active {
			rank[w] = n
			u := u00[w]
			if u != mixed && u == u01[w] && u == u10[w] && u == u11[w] {
				active[w] = 0
				continue
			}
			at := y*g.stride + w*64
			word := activeWord(below.low[at:], below.low[at+g.stride:], above.low[at:], above.low[at+g.stride:])
			if below.high != nil {
				word |= activeWord(below.high[at:], below.high[at+g.stride:], above.high[at:], above.high[at+g.stride:])
			}
			active[w] = word
			n += int32(bits.OnesCount64(word))
		}
	}
	a.count = int(n)
}

// activeWord marks the active ones of 64 cells from the four rows of bytes that
// bound them.
func activeWord(r00, r10, r01, r11 []byte) uint64 {
	le := binary.LittleEndian
	r00, r10, r01, r11 = r00[:72], r10[:72], r01[:72], r11[:72]
	var faces, edges uint64
	for i := 0; i < 64; i += 8 {
		v := le.Uint64(r00[i:])
		f := (v ^ le.Uint64(r10[i:])) | (v ^ le.Uint64(r01[i:])) | (v ^ le.Uint64(r11[i:]))
		x := v ^ le.Uint64(r00[i+1:])
		if f|x != 0 {
			faces |= nonzeroBytes(f) << i
			edges |= nonzeroBytes(x) << i
		}
	}
	last := uint64(0)
	if v := r00[64]; v != r10[64] || v != r01[64] || v != r11[64] {
		last = 1 << 63
	}
	return faces | faces>>1 | last | edges
}
