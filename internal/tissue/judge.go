package tissue

import (
	"math"
	"slices"
)

// verdict is what the border of a solid region says of it, in blocks; a region
// that is an artery and a vertebra has a part of each.
type verdict struct {
	blood, bone *mask
	rays        *rays
	doubtful    bool // a part of the bone may be an artery that is as dense
}

// How much of a region's border must say the same.
const (
	freeShare = 0.15 // of its rays must end for the region to be judged
	boneMM2   = 600  // of neighbouring surface with a shell belong to a bone; less is calcium in a wall
	otherMM2  = 400  // without one belong to a body of its own if what is below it is of another density than the inside of the bone
	touchMM2  = 2000 // of neighbouring surface without a shell on a bone are what 5 ml of an artery of 5 mm radius have: the owner is told
	bodyMM2   = 1000 // of neighbouring surface belong to a body of its own, such as an artery beside a shaft; less is a thin spot of a shell
)

// What blood is not, in HU.
const (
	spongyMost = 465 // bone of a lower density lies in a shell of a higher
	variesHU   = 15  // the densities below nine tenths of a region's border differ by less
	variesPart = 6   // and this part of their median
	solidLeast = 700 // spongy bone is less dense than this, even with streaks and noise
	sameHU     = 15  // spongy bone differs by less from one place to another
	samePart   = 20  // and this part of it
	stentPart  = 4   // of the border of a vessel with calcium or a stent in its wall, one in so many
	smallBone  = 3   // a small region is bone if one in four of its rays has a shell
)

// judge looks at the border of a solid region; false if too little of it is seen.
func (s *scan) judge(c *coarse, region, layers *mask, least int16, noise int) (verdict, bool) {
	r := s.look(c, region, layers, least)
	if float64(r.ended) < freeShare*float64(r.all) {
		return verdict{}, false
	}
	r.merge()
	e := r.evidence(least, noise)
	if all := e.with + e.without; 3*all < r.ended { // nothing that is known: left to the rules of bone
		return verdict{}, false
	}
	switch e.decide(c.blockMM2(), least) {
	case isBlood:
		return s.bloody(c, region, r), true
	case isBoth:
		blood, bone := c.divide(region, r, median(e.inside))
		blood, bone = c.apart(blood, bone, c.ball(seamMM, 1))
		return verdict{blood, bone, r, false}, true
	case isEither:
		switch blood, bone, faint := s.parts(c, region, r, e, noise); {
		case bone.none():
			return s.bloody(c, region, r), true
		case !blood.none():
			return verdict{blood, bone, r, faint}, true
		}
	}
	// Where something dense touches, only what is as dense as the inside is known.
	hidden := r.hidden.dilate(c.ball(hiddenMM, 1))
	if len(e.below) > 0 {
		hidden.minus(c.alike(region, median(e.below)))
	}
	return verdict{c.empty(), region.clone().minus(hidden), r, e.touches(c.blockMM2())}, true
}

// parts is the blood and the bone of a region in which both are as dense: its bodies,
// or where the shell between them is too faint, what the best cut gives. Without blood
// all of it is bone, without bone all is blood. Faint says that the seam may be wrong.
func (s *scan) parts(c *coarse, region *mask, r *rays, e shellEvidence, noise int) (blood, bone *mask, faint bool) {
	voxel := c.ball(0, 1)
	// What fills half of the scan is not divided: tissue.Memory has no room for that.
	if 2*region.count() <= c.nx*c.ny*c.nz {
		of, pure := c.lump(region), false
		blood, bone, pure = s.solids(of, r, noise)
		if pure && !blood.none() && !bone.none() {
			return blood.minus(bone.dilate(voxel)), bone, false
		}
		switch b, o := of.cut(r, e); {
		case !b.none() && o.none():
			return b, o, false
		case !b.none():
			b, o = c.apart(b, o, voxel)
			return b, o, true
		case !blood.none() && !bone.none():
			return blood.minus(bone.dilate(voxel)), bone, true
		}
	}
	if e.without > 3*e.with {
		return region, c.empty(), false
	}
	if float64(e.freePatch)*c.blockMM2() >= bodyMM2 {
		blood, bone = c.divide(region, r, median(e.inside))
		blood, bone = c.apart(blood, bone, c.ball(seamMM, 1))
		if 3*e.without >= 4*e.with || s.ridged(c, blood, bone, noise) {
			return blood, bone, true
		}
	}
	return c.empty(), region, false // a bone whose shell is too thin to be seen in places
}

// bloody is the verdict that a region is blood.
func (s *scan) bloody(c *coarse, region *mask, r *rays) verdict {
	// Bone may touch where something denser does.
	away, seen := r.risen, c.empty()
	for k := range r.cells {
		switch {
		case r.cells[k].shelled:
			c.mark(away, &r.cells[k])
		case r.cells[k].known:
			c.mark(seen, &r.cells[k])
		}
	}
	// What is left is blood where its border was seen, not the inside of a bone that
	// is hidden behind a shell.
	parts := region.clone().minus(away.dilate(c.ball(hiddenMM, 1))).components(false)
	return verdict{parts.keep(parts.touching(seen)), c.empty(), r, false}
}

// shellEvidence is what the cells of a region say: the rays with a shell and without, the
// most of either that lie side by side, and the densities below both, sorted.
type shellEvidence struct {
	with, without        int
	withPatch, freePatch int
	below, inside        []int
}

// evidence asks each cell, which remembers what it says. Least is that of the region.
func (r *rays) evidence(least int16, noise int) shellEvidence {
	var e shellEvidence
	for k := range r.cells {
		of := &r.cells[k]
		shell, even, hu := of.shell(noise)
		switch {
		case hu >= solidLeast: // contrast medium before it has mixed, or solid bone
			shell, even = false, least >= solidLeast
		case shell && even && hu >= spongyMost:
			// No spongy bone is as dense as this: what is, and even, lies in the wall of a
			// vessel, which may hold calcium or a stent.
			shell = false
		}
		switch {
		case !shell && !even:
			continue
		case shell:
			e.with += len(of.blocks)
			e.below = append(e.below, hu)
		default:
			e.without += len(of.blocks)
			e.inside = append(e.inside, hu)
		}
		of.shelled, of.known, of.hu = shell, true, hu
	}
	slices.Sort(e.inside)
	slices.Sort(e.below)
	e.withPatch, e.freePatch = largestOf(r.patches(true)), largestOf(r.patches(false))
	return e
}

// what a region is. Either is blood, bone or both as its best division says.
type what int

const (
	isBone what = iota
	isBlood
	isBoth
	isEither
)

// decide says whether a region holds bone, blood or both. Block is the area of the
// face of a block, in mm².
func (e shellEvidence) decide(block float64, least int16) what {
	free := float64(e.freePatch) * block
	bony, bloody := float64(e.withPatch)*block >= boneMM2, free >= bodyMM2
	few := smallBone*e.with <= e.without // no vessel has more of a shell
	bony = bony || bloody && !few
	switch {
	case e.without == 0 || least < solidLeast && varies(e.inside): // bone of one density here and another there
		return isBone
	case !bony && !bloody && few, !bony && bloody: // a small region
		return isBlood
	case !bony:
		return isBone
	case same(e.below, e.inside) && e.without > stentPart*e.with: // a vessel with calcium or a stent in its wall
		return isBlood
	case same(e.below, e.inside):
		return isEither
	case bloody || free >= otherMM2:
		return isBoth
	}
	return isBone
}

// touches says of a region that is bone whether something as dense as its inside, large
// and without a shell, may touch it: at thick voxels the shell between both cannot be
// seen. Block is as for decide.
func (e shellEvidence) touches(block float64) bool {
	return e.with > 0 && e.without > 0 && same(e.below, e.inside) && float64(e.freePatch)*block >= touchMM2
}

// varies says whether sorted densities differ more than those of one body of blood.
func varies(inside []int) bool {
	n := len(inside)
	return inside[n*9/10]-inside[n/10] > variesHU+inside[n/2]/variesPart
}

// patches is for each cell with or without a shell how many blocks lie in the patch of
// cells that are its neighbours and theirs; 0 for the others.
func (r *rays) patches(shell bool) []int {
	at := map[[3]int]int{} // only looked up
	for k := range r.cells {
		if r.cells[k].known && r.cells[k].shelled == shell {
			at[r.cells[k].cube] = k
		}
	}
	sizes, seen := make([]int, len(r.cells)), make([]bool, len(r.cells))
	for first := range r.cells {
		if n, ok := at[r.cells[first].cube]; !ok || n != first || seen[first] {
			continue
		}
		size, queue := 0, []int{first}
		seen[first] = true
		for n := 0; n < len(queue); n++ {
			size += len(r.cells[queue[n]].blocks)
			for m := range 27 {
				cube := r.cells[queue[n]].cube
				cube[0], cube[1], cube[2] = cube[0]+m%3-1, cube[1]+m/3%3-1, cube[2]+m/9-1
				if next, ok := at[cube]; ok && !seen[next] {
					seen[next] = true
					queue = append(queue, next)
				}
			}
		}
		for _, k := range queue {
			sizes[k] = size
		}
	}
	return sizes
}

// blockMM2 is the area of a block's face.
func (c *coarse) blockMM2() float64 {
	return math.Pow(c.spacing[0]*c.spacing[1]*c.spacing[2], 2.0/3)
}

// merge makes larger cells, eight of one, until most rays are in cells of enough.
func (r *rays) merge() {
	for len(r.cells) > 1 {
		enough := 0
		for k := range r.cells {
			if len(r.cells[k].inside) >= fewRays {
				enough += len(r.cells[k].blocks)
			}
		}
		if 2*enough >= r.ended {
			return
		}
		index := map[[3]int]int{} // only looked up
		var larger []cell
		for _, c := range r.cells {
			for a := range c.cube {
				c.cube[a] /= 2
			}
			k, ok := index[c.cube]
			if !ok {
				index[c.cube] = len(larger)
				larger = append(larger, c)
				continue
			}
			to := &larger[k]
			to.blocks = append(to.blocks, c.blocks...)
			to.inside = append(to.inside, c.inside...)
			for d := range to.samples {
				to.samples[d] = append(to.samples[d], c.samples[d]...)
			}
		}
		r.cells = larger
	}
}

// How deep the surface of a region speaks for what is below, in mm.
const (
	seamMM   = 4 // from the seam of blood and bone: there the flood finds the border
	hiddenMM = 6 // from something as dense that touches
)

// divide gives each block of a region to the surface that is nearest, with a
// shell or without; blood goes no farther than what is about as dense as its inside.
// The seam between both is left to the flood.
func (c *coarse) divide(region *mask, r *rays, inside int) (blood, bone *mask) {
	blood, bone = c.empty(), c.empty()
	for k := range r.cells {
		if !r.cells[k].known {
			continue
		}
		to := blood
		if r.cells[k].shelled {
			to = bone
		}
		c.mark(to, &r.cells[k])
	}
	step := c.ball(max(c.spacing[0], c.spacing[1], c.spacing[2]), 1)
	free := region.clone().minus(blood).minus(bone)
	alike := c.alike(region, inside)
	for range maxRegrow {
		b, o := blood.dilate(step).and(free).and(alike), bone.dilate(step).and(free)
		if b.none() && o.none() {
			break
		}
		free.minus(b).minus(o)
		blood.or(b)
		bone.or(o)
	}
	return blood, bone
}

// apart leaves the seam of blood and bone to the flood.
func (c *coarse) apart(blood, bone *mask, seam ball) (*mask, *mask) {
	near := blood.dilate(seam)
	return blood.clone().minus(bone.dilate(seam)), bone.clone().minus(near)
}

// alike is the blocks of a mask whose means are about as dense as hu.
func (c *coarse) alike(m *mask, hu int) *mask {
	out := c.empty()
	low, high := likeHU(hu)
	for n := range m.ny * m.nz {
		means := c.means.row(n)
		runs(m.row(n), func(x0, x1 int) {
			for x := x0; x < x1; x++ {
				if means[x] >= low && means[x] <= high {
					out.set(n, x, x+1)
				}
			}
		})
	}
	return out
}

// likeHU is the densities that are about as high as one.
func likeHU(hu int) (low, high int16) {
	return int16(max(hu-narrowHU, poolLow)), int16(min(hu+narrowHU, highest))
}

// mark sets the blocks of a cell.
func (c *coarse) mark(m *mask, of *cell) {
	for _, at := range of.blocks {
		m.set(int(at)/c.nx, int(at)%c.nx, int(at)%c.nx+1)
	}
}

func largestOf(sizes []int) int {
	most := 0
	for _, n := range sizes {
		most = max(most, n)
	}
	return most
}

func median(sorted []int) int { return sorted[len(sorted)/2] }

// same says whether the medians of two sorted lists of densities are those of one
// material.
func same(a, b []int) bool {
	m, n := median(a), median(b)
	return max(m-n, n-m) <= sameHU+m/samePart
}
