package tissue

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
	looseHU   = 90 // half-way between a spinal canal and the least dense bone
	canalMM   = 5  // the radius of the circle that a canal holds
	layerMM2  = 10 // less than this beside a canal is its rim
)

// found is bone and what its owner is told of it.
type found struct {
	bone     *mask
	metalML  float64 // implants, part of bone
	doubtful float64 // ml that may be contrast medium as well
	touching float64 // ml of which a part may be an artery that is as dense
}

// bone is by hysteresis: dense voxels joined to enough denser ones, without
// enhanced blood, their surface where the density falls steepest, pores and
// marrow filled. Metal is kept with it.
func (s *scan) bone(inside *mask) found {
	dense := s.between(boneLow, highest).and(inside)
	metal := s.metal(inside)
	blood, doubtful, touching := s.enhanced(inside, dense, metal)
	c := dense.minus(blood).components(false).least(boneML)
	sizes, compact := c.sizes(), s.atLeast(c, boneHigh)
	const share = 50 // one voxel in 50 is compact bone; an enhanced kidney has fewer
	want := make([]bool, c.count)
	for k, n := range sizes {
		want[k] = compact[k]*share >= n
	}
	rim := c.keep(want)
	bone := s.sharpen(rim).or(metal).close(s.ball(poreMM, 0)).and(inside).minus(blood)
	// Closing must not fill what is air.
	bone = s.fill(bone.minus(s.between(lowest, hollowHigh)), rim).and(inside).minus(blood)
	return found{bone, float64(metal.count()) * s.voxelML(), doubtful, touching}
}

// fillSpongy fills what a ring of bone encloses within a slice if it is dense
// enough on average to be spongy bone. Where bone is as loose as soft tissue allows,
// the inside of a vertebra and its canal are one hollow: then what is loose and as
// broad as a canal stays open. Loose is that of the scan.
func (s *scan) fillSpongy(m, loose *mask) *mask {
	c := m.clone().not().components(true)
	near := m.dilate(ball{ry: 1, rows: []ballRow{{-1, 0, 0}, {0, 0, 1}, {1, 0, 0}}, widths: 2})
	want, sizes, edge := s.spongy(c, near, 0), c.sizes(), c.atEdge()
	for k, n := range sizes {
		area := float64(n) * s.spacing[0] * s.spacing[1]
		want[k] = want[k] && !edge[k] && area <= spongyMM2
	}
	hollow := c.keep(want)
	open := s.canals(hollow, loose)
	if open.none() {
		return m.or(hollow)
	}
	c = hollow.minus(open).components(true)
	return m.or(c.keep(s.spongy(c, near, int(layerMM2/(s.spacing[0]*s.spacing[1])))))
}

// spongy says which components are as dense as spongy bone. The voxels beside bone are
// part bone and say nothing; where there are fewer others than least, all are asked, or
// if least is more than 0, the component is no spongy bone.
func (s *scan) spongy(c *components, near *mask, least int) []bool {
	want, sizes := make([]bool, c.count), c.sizes()
	deep, deepSums, sums := make([]int, c.count), make([]int, c.count), s.sums(c)
	inner := near.clone().not()
	c.each(func(k, row, x0, x1 int) {
		for x := x0; x < x1; x++ {
			if inner.at(x + s.nx*row) {
				deep[k]++
				deepSums[k] += int(s.hu[x+s.nx*row])
			}
		}
	})
	for k, sum := range sums {
		switch n := deep[k]; {
		case n > least:
			want[k] = deepSums[k] >= spongyHU*n
		default:
			want[k] = least == 0 && sum >= spongyHU*sizes[k]
		}
	}
	return want
}

// loose is what is less dense than spongy bone in the mean of 3 × 3 voxels and as broad
// in its slice as a canal.
func (s *scan) loose() *mask {
	return s.smoothBetween(lowest, looseHU-1).open(s.disc(canalMM))
}

// disc is a ball of one slice.
func (s *scan) disc(mm float64) ball {
	flat := s.grid
	flat.spacing[2] = 1e9
	return flat.ball(mm, 0)
}

// canals is the part of hollows that is soft tissue: what is loose, with the voxels
// beside it that the mean of their neighbours has made denser.
func (s *scan) canals(hollow, loose *mask) *mask {
	c := loose.clone().and(hollow).components(true)
	want, sizes := make([]bool, c.count), c.sizes()
	for k, sum := range s.sums(c) {
		want[k] = sum < spongyHU*sizes[k]
	}
	out := c.keep(want)
	if out.none() {
		return out
	}
	return out.or(out.dilate(s.disc(max(s.spacing[0], s.spacing[1]))).and(hollow).and(s.between(lowest, looseHU-1)))
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
