package tissue

import "math"

// The ends of the scale.
const (
	lowest  = math.MinInt16
	highest = math.MaxInt16
)

// scan is the volume that is segmented: int16 HU on a grid.
type scan struct {
	grid
	hu []int16
}

func (s *scan) row(n int) []int16 { return s.hu[n*s.nx : (n+1)*s.nx] }

// between is the voxels from low to high HU, both included.
func (s *scan) between(low, high int16) *mask {
	m := s.empty()
	slabs(s.nz, func(first, last int) {
		for n := first * s.ny; n < last*s.ny; n++ {
			pack(m.row(n), s.row(n), low, high)
		}
	})
	return m
}

// pack writes one row of a threshold.
func pack(dst []uint64, src []int16, low, high int16) {
	// low ≤ v ≤ high is one unsigned comparison of v-low.
	width := uint16(high) - uint16(low)
	for n := range dst {
		part := src[n*64 : min(n*64+64, len(src))]
		var w uint64
		for b, v := range part {
			if uint16(v)-uint16(low) <= width {
				w |= 1 << b
			}
		}
		dst[n] = w
	}
}

// smoothBetween is between over the mean of 3 × 3 voxels within the slice, which
// cuts noise to a third. Rows and columns at the edge repeat.
func (s *scan) smoothBetween(low, high int16) *mask {
	m := s.empty()
	s.smoothRows(func(n int, means []int16) { pack(m.row(n), means, low, high) })
	return m
}

// smooth is the mean of 3 × 3 voxels within the slice around each voxel.
func (s *scan) smooth() *scan {
	out := &scan{s.grid, make([]int16, len(s.hu))}
	s.smoothRows(func(n int, means []int16) { copy(out.row(n), means) })
	return out
}

// smoothRows visits the rows of means, on all processors; a visitor may not keep one.
func (s *scan) smoothRows(visit func(n int, means []int16)) {
	slabs(s.nz, func(first, last int) {
		sums := make([]int32, s.nx)
		means := make([]int16, s.nx)
		for z := first; z < last; z++ {
			for y := range s.ny {
				above, here, below := s.row(max(y-1, 0)+s.ny*z), s.row(y+s.ny*z), s.row(min(y+1, s.ny-1)+s.ny*z)
				for x, v := range here {
					sums[x] = int32(above[x]) + int32(v) + int32(below[x])
				}
				for x, v := range sums {
					means[x] = int16((sums[max(x-1, 0)] + v + sums[min(x+1, s.nx-1)]) / 9)
				}
				visit(y+s.ny*z, means)
			}
		}
	})
}
