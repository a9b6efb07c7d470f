package tissue

import "slices"

// Densities in HU and sizes that tell enhanced blood, and urine, from bone.
const (
	poolLow    = 130  // with noise, half the voxels of a pool of 170 HU are less dense than bone
	poolML     = 5    // smaller ones are left to the rules of bone
	poolMM     = 6    // the radius of the ball that a pool holds
	poolHU     = 600  // blood is seldom denser, solid bone seldom less dense
	shellLeast = 420  // a thin dense layer of this density is a shell of bone
	shellStep  = 100  // unless it is the rim of a solid less dense by this
	narrowMM   = 4    // a pool goes on where it is as narrow as twice this
	narrowHU   = 80   // and differs from its inside by less
	gapMM      = 5    // two regions this near may be one stream of blood
	branchMM   = 10   // how far vessels are followed from a pool
	branchML   = 15   // what is left of vessels beyond that is smaller
	boneShare  = 4    // one in so many voxels of it known to be bone, and it is bone
	restShare  = 0.25 // of the surface of what is left of blood of another density, or in streaks, lies against blood
)

// poolLevels are the densities at which solid regions are looked for. What is
// one region at the lower may be an artery and a vertebra at the higher.
var poolLevels = [...]int16{700, 420, 280, poolLow}

// pool is a solid region, in blocks.
type pool struct {
	blocks *mask
	inside int // HU
}

// pools are the solid regions of a scan by what their borders say.
type pools struct {
	*coarse
	blood   []pool
	bone    *mask // regions in a shell of compact bone
	either  *mask // the inside of regions that are both
	unclear []pool
	noise   int // standard deviation in HU
	// touching is the ml of regions that are bone and may be an artery in part.
	touching float64
}

// pools looks at every solid region of some size, densest first. Contrast medium
// is densest inside and falls off towards its border; bone rises there to its
// compact shell. Without a shell, what is denser than blood ever is may be either.
func (s *scan) pools(inside, metal *mask) *pools {
	c, noise := s.coarse(), s.noise(inside)
	p := &pools{coarse: c, bone: c.empty(), either: c.empty(), noise: noise}
	within := c.shrink(inside)
	if !metal.none() {
		within.minus(c.shrink(metal).dilate(c.ball(metalRim, 1)))
	}
	shells := c.empty()
	for _, level := range poolLevels {
		if level < shellLeast {
			within.minus(shells)
		}
		solid := c.smoothBetween(level, highest).and(within).open(c.ball(poolMM, 1))
		parts := solid.components(false)
		for k, n := range parts.sizes() {
			if float64(n)*c.voxelML() < poolML {
				continue
			}
			one := make([]bool, parts.count)
			one[k] = true
			region := parts.keep(one)
			v, ok := s.judge(c, region, shells, level, noise)
			if !ok {
				continue
			}
			within.minus(region.dilate(c.ball(0, 1)))
			p.bone.or(v.bone)
			if v.doubtful {
				p.touching += float64(n) * c.voxelML()
			}
			p.either.or(region.clone().minus(v.bone).minus(v.blood))
			s.add(p, v)
		}
		if level >= shellLeast {
			shells.or(c.thin(within, level))
		}
	}
	within = c.shrink(inside).minus(shells).minus(p.bone)
	for n := range p.blood {
		p.lengthen(&p.blood[n], within)
	}
	return p
}

// lengthen follows a pool to where it is narrower, as vessels are, within what is
// about as dense.
func (c *coarse) lengthen(of *pool, within *mask) {
	low, high := likeHU(of.inside)
	wide := c.smoothBetween(low, high).or(c.between(low, high)).and(within)
	parts := wide.clone().minus(wide.open(c.ball(poolMM, 1))).open(c.ball(narrowMM, 1)).or(of.blocks).components(false)
	more := parts.keep(parts.touching(of.blocks))
	of.blocks = more
}

// thin is what is as dense as a level and no part of a solid that is nearly as dense:
// shells of compact bone, with the blocks around them that hold their blur.
func (c *coarse) thin(within *mask, level int16) *mask {
	solid := c.smoothBetween(level-shellStep, highest).and(within).open(c.ball(poolMM, 1))
	return c.smoothBetween(level, highest).and(within).minus(solid.dilate(c.ball(0, 1)))
}

// add takes the pools of a verdict, each of its own. One that is narrow is none: it
// is blood where a broad one goes on into it, and left to the rules of bone elsewhere.
func (s *scan) add(p *pools, v verdict) {
	parts := v.blood.components(false)
	for k, n := range parts.sizes() {
		if float64(n)*p.voxelML() < poolML/2 { // a corner that the division cut off
			continue
		}
		one := make([]bool, parts.count)
		one[k] = true
		region := parts.keep(one)
		inside := v.rays.densityOf(region)
		switch {
		case inside == 0 || s.width(region, v.rays, inside) < broadMM:
			continue
		case inside > poolHU:
			p.unclear = append(p.unclear, pool{region, inside})
		default:
			p.blood = append(p.blood, pool{region, inside})
		}
	}
}

// enhanced is the blood and urine that contrast medium has made as dense as
// bone: the pools and the vessels that leave them, followed within the dense
// voxels. Doubtful is the ml that may be either and were left to bone, touching the ml
// of bone that an artery as dense may be a part of.
func (s *scan) enhanced(inside, dense, metal *mask) (_ *mask, doubtful, touching float64) {
	p := s.pools(inside, metal)
	doubtful = s.settle(p, dense)
	if len(p.blood) == 0 {
		return s.empty(), doubtful, p.touching
	}
	blood, tops := s.flood(p, dense, metal)
	// Branches that go on from there are small and not compact; bone that touches
	// is neither.
	c := dense.clone().minus(blood).components(false)
	c.only(c.touching(blood.dilate(s.ball(0, 1))))
	branch, sizes, compact := make([]bool, c.count), c.sizes(), s.atLeast(c, tops)
	faces, against := c.faces(blood)
	bony := c.within(p.expand(p.bone, s.grid))
	for k, n := range sizes {
		ml := float64(n) * s.voxelML()
		vessel := ml < branchML && compact[k]*compactShare < n
		streak := boneShare*bony[k] < n && float64(against[k]) > restShare*float64(faces[k])
		branch[k] = vessel || streak
	}
	return blood.or(c.keep(branch)), doubtful, p.touching
}

// settle decides what is denser than blood and has no shell. It is contrast
// medium if it joins a pool (a vein near the injection), or if nothing dense
// touches it and the scan holds all of it (a bladder). The rest is bone, and
// its volume in ml is doubtful.
func (s *scan) settle(p *pools, dense *mask) (doubtful float64) {
	if len(p.unclear) == 0 {
		return 0
	}
	joined := p.empty()
	for _, b := range p.blood {
		joined.or(b.blocks)
	}
	joined = joined.dilate(p.ball(gapMM, 1))
	c := p.shrink(dense).components(false)
	sizes, edge := c.sizes(), c.atEdges()
	for _, u := range p.unclear {
		free := false
		for k, touched := range c.touching(u.blocks) {
			free = free || touched && !edge[k] && sizes[k] < 2*u.blocks.count()
		}
		if free || !u.blocks.clone().and(joined).none() {
			p.blood = append(p.blood, u)
			continue
		}
		p.bone.or(u.blocks)
		doubtful += float64(u.blocks.count()) * p.voxelML()
	}
	return doubtful
}

// atEdges says which components reach the edge of the scan.
func (c *components) atEdges() []bool {
	out := make([]bool, c.count)
	c.each(func(k, row, x0, x1 int) {
		y, z := row%c.ny, row/c.ny
		if x0 == 0 || x1 == c.nx || y == 0 || y == c.ny-1 || z == 0 || z == c.nz-1 {
			out[k] = true
		}
	})
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

// atLeast is how many voxels of each component have a density or more.
func (s *scan) atLeast(c *components, hu int) []int {
	out := make([]int, c.count)
	c.each(func(k, row, x0, x1 int) {
		n := 0
		for _, v := range s.row(row)[x0:x1] {
			if int(v) >= hu {
				n++
			}
		}
		out[k] += n
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
