package segment

import "slices"

// verdict is what the border of a solid region says of it, in blocks; a region
// that is an artery and a vertebra has a part of each.
type verdict struct {
	blood, bone *mask
	inside      int // HU of blood
}

// Shares of a region's rays.
const (
	freeShare  = 0.15 // as many must end for the region to be judged
	mixedShare = 0.4  // more with a shell are bone; fewer may be blood of another density
	pureShare  = 0.2  // fewer of the other kind are calcium in a wall, or a thin spot of a shell
)

// judge looks at the border of a solid region; false if too little of it is seen.
func (s *scan) judge(c *coarse, region *mask, least int16) (verdict, bool) {
	r := s.look(c, region, c.mean(region), least)
	if float64(r.ended) < freeShare*float64(r.all) {
		return verdict{}, false
	}
	r.merge()
	shells, known := make([]bool, len(r.cells)), make([]bool, len(r.cells))
	with, without := 0, 0
	var inside []int
	for k := range r.cells {
		shell, hu, ok := r.cells[k].shell()
		switch {
		case !ok:
			continue
		case shell:
			with += len(r.cells[k].blocks)
		default:
			without += len(r.cells[k].blocks)
			inside = append(inside, hu)
		}
		shells[k], known[k] = shell, true
	}
	all := float64(with + without)
	switch {
	case 3*all < float64(r.ended): // nothing that is known: left to the rules of bone
		return verdict{}, false
	case float64(without) <= pureShare*all:
		return verdict{blood: c.empty(), bone: region.clone().minus(r.hidden.dilate(c.ball(hiddenMM, 1)))}, true
	}
	slices.Sort(inside)
	v := verdict{inside: inside[len(inside)/2], bone: c.empty()}
	if float64(with) > mixedShare*all {
		v.blood, v.bone = c.divide(region, r, shells, known)
		return v, true
	}
	// Bone may touch where something denser does.
	away := r.risen
	for k := range r.cells {
		if shells[k] {
			c.mark(away, &r.cells[k])
		}
	}
	v.blood = region.clone().minus(away.dilate(c.ball(hiddenMM, 1)))
	return v, true
}

// merge makes one cell of all if most rays are in cells of too few.
func (r *rays) merge() {
	enough := 0
	for k := range r.cells {
		if len(r.cells[k].inside) >= fewRays {
			enough += len(r.cells[k].blocks)
		}
	}
	if 2*enough >= r.ended {
		return
	}
	one := r.cells[0]
	for _, c := range r.cells[1:] {
		one.blocks = append(one.blocks, c.blocks...)
		one.inside = append(one.inside, c.inside...)
		for d := range one.samples {
			one.samples[d] = append(one.samples[d], c.samples[d]...)
		}
	}
	r.cells = []cell{one}
}

// How deep the surface of a region speaks for what is below.
const (
	belowMM  = 7 // of blood, in a region that is bone as well
	hiddenMM = 6 // of something as dense that touches
)

// divide takes the shells of a region, and what lies below the surfaces without.
// The rest, and the seam between both, is left to the flood.
func (c *coarse) divide(region *mask, r *rays, shells, known []bool) (blood, bone *mask) {
	blood, bone = c.empty(), c.empty()
	for k := range r.cells {
		if !known[k] {
			continue
		}
		to := blood
		if shells[k] {
			to = bone
		}
		c.mark(to, &r.cells[k])
	}
	below := c.ball(belowMM, 1)
	blood = blood.dilate(below).and(region).minus(bone.or(r.hidden).dilate(below)).or(blood)
	bone.minus(r.hidden)
	return blood.minus(bone), bone
}

// mark sets the blocks of a cell.
func (c *coarse) mark(m *mask, of *cell) {
	for _, at := range of.blocks {
		m.set(int(at)/c.nx, int(at)%c.nx, int(at)%c.nx+1)
	}
}

// mean is that of a region's blocks.
func (c *coarse) mean(region *mask) int {
	sum, count := 0, 0
	for n := range c.ny * c.nz {
		runs(region.row(n), func(x0, x1 int) {
			for _, v := range c.row(n)[x0:x1] {
				sum += int(v)
			}
			count += x1 - x0
		})
	}
	return sum / max(count, 1)
}
