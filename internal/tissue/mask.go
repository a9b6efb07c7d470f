package tissue

import "math/bits"

// grid is the voxel grid that masks live on, axes closest to RAS.
type grid struct {
	nx, ny, nz int
	words      int        // 64-bit words in a row of a mask
	spacing    [3]float64 // mm
}

func newGrid(dims [3]int, spacing [3]float64) grid {
	return grid{dims[0], dims[1], dims[2], (dims[0] + 63) / 64, spacing}
}

func (g grid) voxelML() float64 { return g.spacing[0] * g.spacing[1] * g.spacing[2] / 1000 }

// mask is one bit a voxel, each row padded to whole words; the padding is 0.
type mask struct {
	grid
	bits []uint64
}

func (g grid) empty() *mask { return &mask{g, make([]uint64, g.words*g.ny*g.nz)} }

// row is the bits of one row: y + ny·z.
func (m *mask) row(n int) []uint64 { return m.bits[n*m.words : (n+1)*m.words] }

func (m *mask) clone() *mask {
	return &mask{m.grid, append([]uint64(nil), m.bits...)}
}

// and, or and minus change m and return it.
func (m *mask) and(o *mask) *mask {
	for n, w := range o.bits {
		m.bits[n] &= w
	}
	return m
}

func (m *mask) or(o *mask) *mask {
	for n, w := range o.bits {
		m.bits[n] |= w
	}
	return m
}

func (m *mask) minus(o *mask) *mask {
	for n, w := range o.bits {
		m.bits[n] &^= w
	}
	return m
}

// not inverts m in place.
func (m *mask) not() *mask {
	tail := m.tail()
	for n := range m.bits {
		m.bits[n] = ^m.bits[n]
		if n%m.words == m.words-1 {
			m.bits[n] &= tail
		}
	}
	return m
}

// tail is the bits in use of a row's last word.
func (g grid) tail() uint64 {
	if r := g.nx % 64; r != 0 {
		return 1<<r - 1
	}
	return ^uint64(0)
}

func (m *mask) count() int {
	n := 0
	for _, w := range m.bits {
		n += bits.OnesCount64(w)
	}
	return n
}

func (m *mask) none() bool {
	for _, w := range m.bits {
		if w != 0 {
			return false
		}
	}
	return true
}

// set puts the voxels first to last-1 of a row.
func (m *mask) set(row, first, last int) {
	r := m.row(row)
	for first < last {
		word, bit := first/64, first%64
		n := min(64-bit, last-first)
		r[word] |= (^uint64(0) >> (64 - n)) << bit
		first += n
	}
}

func (m *mask) has(x, y, z int) bool {
	return m.row(y + m.ny*z)[x/64]>>(x%64)&1 == 1
}

// runs calls visit for each run of set voxels of a row, left to right.
func runs(row []uint64, visit func(first, last int)) {
	limit := len(row) * 64
	for at := seek(row, 0, 0); at < limit; {
		end := seek(row, at, ^uint64(0))
		visit(at, end)
		at = seek(row, end, 0)
	}
}

// seek is the first place from at on whose bit is not that of skip (all 0 or all 1).
func seek(row []uint64, at int, skip uint64) int {
	for n := at / 64; n < len(row); n++ {
		w := row[n] ^ skip
		if n == at/64 {
			w &= ^uint64(0) << (at % 64)
		}
		if w != 0 {
			return n*64 + bits.TrailingZeros64(w)
		}
	}
	return len(row) * 64
}
