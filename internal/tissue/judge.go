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
	doubtful    bool // bone, of which a part may be an artery that is as dense
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
	ridged := func() bool {
		blood, bone := c.divide(region, r, median(e.inside))
		return s.ridged(c, blood, bone, noise)
	}
	switch bony, bloody := e.decide(c.blockMM2(), least, ridged); {
	case !bloody:
		// Where something dense touches, only what is as dense as the inside is known.
		hidden := r.hidden.dilate(c.ball(hiddenMM, 1))
		if len(e.below) > 0 {
			hidden.minus(c.alike(region, median(e.below)))
		}
		return verdict{c.empty(), region.clone().minus(hidden), r, e.touches(c.blockMM2())}, true
	case bony:
		blood, bone := c.divide(region, r, median(e.inside))
		return verdict{blood, bone, r, false}, true
	}
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
	return verdict{parts.keep(parts.touching(seen)), c.empty(), r, false}, true
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
	e.withPatch, e.freePatch = r.patch(true), r.patch(false)
	return e
}

// decide says whether a region holds bone, blood or both. Block is the area of the
// face of a block, in mm². Ridged says whether a shell lies between the part of the
// region with a shell and the part without.
func (e shellEvidence) decide(block float64, least int16, ridged func() bool) (bony, bloody bool) {
	free := float64(e.freePatch) * block
	bony, bloody = float64(e.withPatch)*block >= boneMM2, free >= bodyMM2
	few := smallBone*e.with <= e.without // no vessel has more of a shell
	bony = bony || bloody && !few
	switch {
	case e.without == 0 || least < solidLeast && varies(e.inside): // bone of one density here and another there
		return true, false
	case !bony && !bloody: // a small region
		return !few, few
	case !bony:
		return false, true
	case same(e.below, e.inside) && bloody && ridged(): // an artery that is as dense as the inside of the bone that it touches
		return true, true
	case same(e.below, e.inside) && 4*e.with > 3*e.without: // a bone whose shell is too thin to be seen in places
		return true, false
	case same(e.below, e.inside) && e.without > 3*e.with: // a vessel with calcium or a stent in its wall
		return false, true
	}
	return true, bloody || !same(e.below, e.inside) && free >= otherMM2
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

// patch is the number of blocks of the largest patch of cells with or without a
// shell that are neighbours.
func (r *rays) patch(shell bool) int {
	at := map[[3]int]int{} // only looked up
	for k := range r.cells {
		if r.cells[k].known && r.cells[k].shelled == shell {
			at[r.cells[k].cube] = k
		}
	}
	most, seen := 0, make([]bool, len(r.cells))
	for first := range r.cells {
		if n, ok := at[r.cells[first].cube]; !ok || n != first || seen[first] {
			continue
		}
		size, queue := 0, []int{first}
		seen[first] = true
		for len(queue) > 0 {
			k := queue[0]
			queue = queue[1:]
			size += len(r.cells[k].blocks)
			for n := range 27 {
				cube := r.cells[k].cube
				cube[0], cube[1], cube[2] = cube[0]+n%3-1, cube[1]+n/3%3-1, cube[2]+n/9-1
				if next, ok := at[cube]; ok && !seen[next] {
					seen[next] = true
					queue = append(queue, next)
				}
			}
		}
		most = max(most, size)
	}
	return most
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
	seam := c.ball(seamMM, 1)
	near := blood.dilate(seam)
	blood.minus(bone.dilate(seam))
	return blood, bone.minus(near)
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

func median(sorted []int) int { return sorted[len(sorted)/2] }

// same says whether the medians of two sorted lists of densities are those of one
// material.
func same(a, b []int) bool {
	m, n := median(a), median(b)
	return max(m-n, n-m) <= sameHU+m/samePart
}
