package segment

// Densities in HU and sizes that make bone.
const (
	boneLow  = 170 // spongy bone; below lie muscle and enhanced organs
	boneHigh = 300 // compact bone, of which every bone has some
	boneML   = 0.3 // smaller than this is a calcification or noise
	poreMM   = 2.5 // pores of spongy bone up to twice this are filled
	marrowML = 20  // larger hollows (skull, spinal canal) stay open
	// In a slice, the spongy bone of a vertebra lies within a ring of compact bone,
	// and the spinal canal, brain or bowel within another: those are less dense.
	spongyHU  = 60
	spongyMM2 = 2500
)

// found is bone and what its owner is told of it.
type found struct {
	bone     *mask
	metalML  float64 // implants, part of bone
	doubtful float64 // ml that may be contrast medium as well
}

// bone is by hysteresis: dense voxels joined to enough denser ones, without
// enhanced blood, their surface where the density falls steepest, pores and
// marrow filled. Metal is kept with it.
func (s *scan) bone(inside *mask) found {
	dense := s.between(boneLow, highest).and(inside)
	metal := s.metal(inside)
	blood, doubtful := s.enhanced(inside, dense, metal)
	c := dense.minus(blood).components(false)
	sizes, compact := c.sizes(), s.atLeast(c, boneHigh)
	const share = 50 // one voxel in 50 is compact bone; an enhanced kidney has fewer
	want := make([]bool, c.count)
	for k, n := range sizes {
		want[k] = float64(n)*s.voxelML() >= boneML && compact[k]*share >= n
	}
	rim := c.keep(want)
	bone := s.sharpen(rim).or(metal).close(s.ball(poreMM, 0)).and(inside).minus(blood)
	// Closing must not fill what is air.
	bone = s.fill(bone.minus(s.between(lowest, hollowHigh)), rim).and(inside).minus(blood)
	return found{bone, float64(metal.count()) * s.voxelML(), doubtful}
}

// fillSpongy fills what a ring of bone encloses within a slice if it is dense
// enough on average to be spongy bone. The voxels beside the ring are part bone
// and say nothing, unless there are no others.
func (s *scan) fillSpongy(m *mask) *mask {
	c := m.clone().not().components(true)
	near := m.dilate(ball{ry: 1, rows: []ballRow{{-1, 0, 0}, {0, 0, 1}, {1, 0, 0}}, widths: 2})
	want, sizes, edge := make([]bool, c.count), c.sizes(), c.atEdge()
	sums, deep, deepSums := s.sums(c), make([]int, c.count), make([]int, c.count)
	inner := near.not()
	c.each(func(k, row, x0, x1 int) {
		if edge[k] {
			return
		}
		for x := x0; x < x1; x++ {
			if inner.at(x + s.nx*row) {
				deep[k]++
				deepSums[k] += int(s.hu[x+s.nx*row])
			}
		}
	})
	for k, sum := range sums {
		area := float64(sizes[k]) * s.spacing[0] * s.spacing[1]
		n := sizes[k]
		if deep[k] > 0 {
			sum, n = deepSums[k], deep[k]
		}
		want[k] = !edge[k] && area <= spongyMM2 && sum >= spongyHU*n
	}
	return m.or(c.keep(want))
}

// fillHoles fills the hollows of a mask that are no larger than marrow is.
func (s *scan) fillHoles(m *mask) *mask {
	c := m.clone().not().components(false)
	want := make([]bool, c.count)
	for k, n := range c.sizes() {
		want[k] = float64(n)*s.voxelML() <= marrowML
	}
	// What reaches the edge of the scan is no hollow: it goes on outside.
	for k, edge := range c.atEdges() {
		want[k] = want[k] && !edge
	}
	return m.or(c.keep(want))
}
