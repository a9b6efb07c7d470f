package nets

import "encoding/binary"

// A layer of voxels is copied into rows of whole 64-cell words, padded by
// background: the byte of padded voxel x of row y is at y*stride + x. A row has 8
// bytes more than its words, so that 8 bytes from any cell's voxel can be read.
//
// Labels up to 255 are one byte. Wider labels are kept as a second layer of
// bytes with their high halves, so that both widths share one kernel: labels
// differ where either half does.
type layer struct {
	low, high []byte // high is nil for narrow labels
	// uniform tells, for each word of each row, the label that all its voxels and
	// the next word's first voxel carry, or mixed.
	uniform []uint32
}

const mixed = 1 << 31

// grid is the shape of padded layers.
type grid struct {
	nx, ny, nz int
	words      int // 64-cell words of a row
	stride     int // bytes of a row
	rows       int // padded rows: ny + 2
}

func newGrid(dims [3]int) grid {
	words := (dims[0] + 1 + 63) / 64 // nx+1 cells a row
	return grid{nx: dims[0], ny: dims[1], nz: dims[2], words: words, stride: words*64 + 8, rows: dims[1] + 2}
}

func (g grid) newLayer(wide bool) layer {
	l := layer{low: make([]byte, g.stride*g.rows), uniform: make([]uint32, g.words*g.rows)}
	if wide {
		l.high = make([]byte, g.stride*g.rows)
	}
	return l
}

// load copies padded voxel layer z; 0 and nz+1 are background.
func (l *layer) load(g grid, src *source, z int) {
	if z < 1 || z > g.nz {
		clear(l.low)
		clear(l.high)
		clear(l.uniform)
		return
	}
	for y := range g.ny {
		row := (y + 1) * g.stride
		voxels := ((z-1)*g.ny + y) * g.nx
		src.copyRow(l, row+1, voxels, g.nx)
		l.summarise(g, y+1)
	}
}

// summarise fills uniform for one row.
func (l *layer) summarise(g grid, y int) {
	low := l.low[y*g.stride:][:g.stride]
	for w := range g.words {
		value, same := uniformWord(low[w*64:])
		if same && l.high != nil {
			var h uint32
			h, same = uniformWord(l.high[y*g.stride+w*64:])
			value |= h << 8
		}
		if !same {
			value = mixed
		}
		l.uniform[y*g.words+w] = value
	}
}

// uniformWord says whether 65 bytes are all alike, and what they are. All eight
// words equal the first one, and the first equals itself shifted by one byte:
// then its nine bytes, hence all, are the same.
func uniformWord(b []byte) (uint32, bool) {
	b = b[:72]
	le := binary.LittleEndian
	v := le.Uint64(b)
	diff := (v ^ le.Uint64(b[1:])) | (v ^ le.Uint64(b[8:])) | (v ^ le.Uint64(b[16:])) | (v ^ le.Uint64(b[24:])) |
		(v ^ le.Uint64(b[32:])) | (v ^ le.Uint64(b[40:])) | (v ^ le.Uint64(b[48:])) | (v ^ le.Uint64(b[56:])) |
		uint64(b[64]^b[0])
	return uint32(b[0]), diff == 0
}

// ones has 1 in each byte.
const ones = 0x0101010101010101

// nonzeroBytes has bit i set when byte i of v is not zero.
func nonzeroBytes(v uint64) uint64 { return uint64(gather(markNonzero(v))) }

// markNonzero has 1 in each byte of v that is not zero. Adding 0x7f to the low
// seven bits of a byte carries into its top bit exactly when they are not all
// zero; or-ing v itself adds the top bit's own case.
func markNonzero(v uint64) uint64 {
	const low7 = 0x7f * ones
	return (((v & low7) + low7) | v) >> 7 & ones
}

// gather collects the lowest bit of each byte into one byte. Bit 8i times
// 2^(56-7i) lands at bit 56+i, and no two partial products meet.
func gather(marks uint64) uint8 { return uint8(marks * 0x0102040810204080 >> 56) }
