package segment

import "slices"

// Densities in HU and sizes that tell enhanced blood, and urine, from bone.
const (
	enhancedLow  = 260  // denser than spongy bone of most places
	enhancedHigh = 1500 // metal is denser
	poolML       = 5    // smaller ones are left to the rules of bone
	poolCount    = 16   // heart chambers, aorta, kidneys, bladder and some to spare
	poolMM       = 7    // bone that is solid in a ball of this radius has a denser shell
	shellMM      = 4    // where that shell would be
	shellHU      = 80   // how much denser it would be than the inside
	branchMM     = 10   // how far vessels are followed from a pool
	branchML     = 15   // what is left of vessels beyond that is smaller
)

// enhanced is the blood and urine that contrast medium has made as dense as
// bone: solid pools without the denser shell that bone has, and the vessels that
// leave them, followed within the dense voxels.
func (s *scan) enhanced(dense *mask) *mask {
	pools := s.pools(s.smoothBetween(enhancedLow, enhancedHigh).and(dense).open(s.ball(poolMM, 1)))
	if pools.none() {
		return pools
	}
	voxel := s.ball(0, 1)
	steps := branchMM / min(s.spacing[0], s.spacing[1], s.spacing[2])
	for range int(min(steps, maxReach)) {
		pools.or(pools.dilate(voxel).and(dense))
	}
	// Branches that go on from there are small; bone that touches is not.
	c := dense.clone().minus(pools).components(false)
	branch := c.touching(pools.dilate(voxel))
	for k, n := range c.sizes() {
		branch[k] = branch[k] && float64(n)*s.voxelML() < branchML
	}
	return pools.or(c.keep(branch))
}

// pools are the components around which hardly anything is denser than they.
// Only the largest are looked at: each costs a pass over the scan.
func (s *scan) pools(solid *mask) *mask {
	const share = 10 // a tenth of the surroundings
	c := solid.components(false)
	sizes, sums := c.sizes(), s.sums(c)
	out, shell := s.empty(), s.ball(shellMM, 1)
	for _, k := range largest(sizes, poolCount) {
		if float64(sizes[k])*s.voxelML() < poolML {
			break
		}
		one := make([]bool, c.count)
		one[k] = true
		pool := c.keep(one)
		around, limit := pool.dilate(shell).minus(pool), sums[k]/sizes[k]+shellHU
		denser, all := 0, 0
		for n := range s.ny * s.nz {
			runs(around.row(n), func(x0, x1 int) {
				for _, v := range s.row(n)[x0:x1] {
					if int(v) >= limit {
						denser++
					}
				}
				all += x1 - x0
			})
		}
		if denser*share < all {
			out.or(pool)
		}
	}
	return out
}

// sums are the HU of each component added up.
func (s *scan) sums(c *components) []int {
	out := make([]int, c.count)
	c.each(func(k, row, x0, x1 int) {
		for _, v := range s.row(row)[x0:x1] {
			out[k] += int(v)
		}
	})
	return out
}

// largest are the indices of the n largest sizes, largest first, ties by index.
func largest(sizes []int, n int) []int {
	order := make([]int, len(sizes))
	for k := range order {
		order[k] = k
	}
	slices.SortStableFunc(order, func(a, b int) int { return sizes[b] - sizes[a] })
	return order[:min(n, len(order))]
}
