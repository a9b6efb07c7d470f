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

// bone is by hysteresis: dense voxels joined to enough denser ones, pores and
// marrow filled.
func (s *scan) bone(inside *mask) *mask {
	dense := s.between(boneLow, highest).and(inside)
	c := dense.clone().minus(s.enhanced(dense)).components(false)
	sizes, compact := c.sizes(), make([]int, c.count)
	c.each(func(k, row, x0, x1 int) {
		n := 0
		for _, v := range s.row(row)[x0:x1] {
			if v >= boneHigh {
				n++
			}
		}
		compact[k] += n
	})
	const share = 50 // one voxel in 50 is compact bone; an enhanced kidney has fewer
	want := make([]bool, c.count)
	for k, n := range sizes {
		want[k] = float64(n)*s.voxelML() >= boneML && compact[k]*share >= n
	}
	bone := c.keep(want).close(s.ball(poreMM, 1)).and(inside)
	// Closing must not fill what is air.
	return s.fillSpongy(s.fillHoles(bone.minus(s.between(lowest, hollowHigh))))
}

// fillSpongy fills what a ring of bone encloses within a slice if it is dense
// enough on average to be spongy bone.
func (s *scan) fillSpongy(m *mask) *mask {
	c := m.clone().not().components(true)
	want, sizes, edge := make([]bool, c.count), c.sizes(), s.atEdge(c)
	for k, sum := range s.sums(c) {
		area := float64(sizes[k]) * s.spacing[0] * s.spacing[1]
		want[k] = !edge[k] && area <= spongyMM2 && sum >= spongyHU*sizes[k]
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
	c.each(func(k, row, x0, x1 int) {
		y, z := row%c.ny, row/c.ny
		if x0 == 0 || x1 == c.nx || y == 0 || y == c.ny-1 || z == 0 || z == c.nz-1 {
			want[k] = false
		}
	})
	return m.or(c.keep(want))
}
