package tissue

// coarse is a scan on a grid of blocks of voxels, each the mean of its block.
// Solid regions of centimetres are found there: it has a fraction of the voxels
// and of the noise.
type coarse struct {
	scan
	by    [3]int // voxels of the scan along each edge of a block
	means *scan  // of 3 × 3 blocks
}

// blockMM is the largest edge of a block of more than one voxel.
const blockMM = 2.4

func (s *scan) coarse() *coarse {
	c := &coarse{}
	var dims [3]int
	spacing := s.spacing
	for a, n := range [3]int{s.nx, s.ny, s.nz} {
		c.by[a] = max(1, min(n, maxReach, int(blockMM/s.spacing[a])))
		dims[a] = (n + c.by[a] - 1) / c.by[a]
		spacing[a] *= float64(c.by[a])
	}
	c.grid = newGrid(dims, spacing)
	if c.by == [3]int{1, 1, 1} {
		c.hu = s.hu
		c.means = c.scan.smooth()
		return c
	}
	c.hu = make([]int16, dims[0]*dims[1]*dims[2])
	slabs(c.nz, func(first, last int) {
		sums, counts := make([]int64, c.nx), make([]int64, c.nx)
		for z := first; z < last; z++ {
			for y := range c.ny {
				clear(sums)
				clear(counts)
				for k := z * c.by[2]; k < min((z+1)*c.by[2], s.nz); k++ {
					for j := y * c.by[1]; j < min((y+1)*c.by[1], s.ny); j++ {
						row := s.row(j + s.ny*k)
						for x := range sums {
							for _, v := range row[x*c.by[0] : min((x+1)*c.by[0], s.nx)] {
								sums[x] += int64(v)
								counts[x]++
							}
						}
					}
				}
				for x := range sums {
					c.hu[x+c.nx*(y+c.ny*z)] = int16(sums[x] / counts[x])
				}
			}
		}
	})
	c.means = c.scan.smooth()
	return c
}

// smoothBetween is the blocks of a mean from low to high HU, both included.
func (c *coarse) smoothBetween(low, high int16) *mask { return c.means.between(low, high) }

// shrink is the blocks of which a mask holds any voxel.
func (c *coarse) shrink(m *mask) *mask {
	out := c.empty()
	slabs(c.nz, func(first, last int) {
		for z := first; z < last; z++ {
			for n := z * c.by[2] * m.ny; n < min((z+1)*c.by[2], m.nz)*m.ny; n++ {
				y := n % m.ny / c.by[1]
				runs(m.row(n), func(x0, x1 int) { out.set(y+c.ny*z, x0/c.by[0], (x1-1)/c.by[0]+1) })
			}
		}
	})
	return out
}

// expand is every voxel of a mask of blocks.
func (c *coarse) expand(m *mask, g grid) *mask {
	out := g.empty()
	slabs(g.nz, func(first, last int) {
		for n := first * g.ny; n < last*g.ny; n++ {
			y, z := n%g.ny/c.by[1], n/g.ny/c.by[2]
			runs(m.row(y+m.ny*z), func(x0, x1 int) { out.set(n, x0*c.by[0], min(x1*c.by[0], g.nx)) })
		}
	})
	return out
}
