package segment

import (
	"math"
	"slices"
)

// verdict is what the border of a solid region says of it, in blocks; a region
// that is an artery and a vertebra has a part of each.
type verdict struct {
	blood, bone *mask
	inside      int // HU of blood
}

// How much of a region's border must say the same.
const (
	freeShare = 0.15 // of its rays must end for the region to be judged
	boneMM2   = 600  // of neighbouring surface with a shell belong to a bone; less is calcium in a wall
	bodyMM2   = 1000 // of neighbouring surface belong to a body of its own, such as an artery beside a shaft; less is a thin spot of a shell
)

// What blood is not, in HU.
const (
	spongyMost = 465 // bone of a lower density lies in a shell of a higher
	variesHU   = 15  // the densities below nine tenths of a region's border differ by less
	variesPart = 6   // and this part of their median
	smallBone  = 3   // a small region is bone if one in four of its rays has a shell
)

// judge looks at the border of a solid region; false if too little of it is seen.
func (s *scan) judge(c *coarse, region, layers *mask, least int16, noise int) (verdict, bool) {
	r := s.look(c, region, layers, c.mean(region), least)
	if float64(r.ended) < freeShare*float64(r.all) {
		return verdict{}, false
	}
	r.merge()
	shells, known := make([]bool, len(r.cells)), make([]bool, len(r.cells))
	with, without := 0, 0
	var inside []int
	for k := range r.cells {
		shell, even, hu := r.cells[k].shell(noise)
		// No spongy bone is as dense as this: what is, and even, lies in the wall of a
		// vessel, which may hold calcium or a stent.
		if shell && even && hu >= spongyMost {
			shell = false
		}
		switch {
		case !shell && !even:
			continue
		case shell:
			with += len(r.cells[k].blocks)
		default:
			without += len(r.cells[k].blocks)
			inside = append(inside, hu)
		}
		shells[k], known[k] = shell, true
	}
	slices.Sort(inside)
	if all := with + without; 3*all < r.ended { // nothing that is known: left to the rules of bone
		return verdict{}, false
	}
	bony := float64(r.patch(shells, known, true))*c.blockMM2() >= boneMM2
	bloody := float64(r.patch(shells, known, false))*c.blockMM2() >= bodyMM2
	switch {
	case without == 0 || varies(inside): // bone of one density here and another there
		bony, bloody = true, false
	case !bony && !bloody: // a small region
		bony = smallBone*with > without
	}
	if bony && !bloody {
		return verdict{blood: c.empty(), bone: region.clone().minus(r.hidden.dilate(c.ball(hiddenMM, 1)))}, true
	}
	v := verdict{inside: inside[len(inside)/2], bone: c.empty()}
	if bony {
		v.blood, v.bone = c.divide(region, r, shells, known)
		return v, true
	}
	// Bone may touch where something denser does.
	away, seen := r.risen, c.empty()
	for k := range r.cells {
		switch {
		case shells[k]:
			c.mark(away, &r.cells[k])
		case known[k]:
			c.mark(seen, &r.cells[k])
		}
	}
	// What is left is blood where its border was seen, not the inside of a bone that
	// is hidden behind a shell.
	parts := region.clone().minus(away.dilate(c.ball(hiddenMM, 1))).components(false)
	v.blood = parts.keep(parts.touching(seen))
	return v, true
}

// varies says whether sorted densities differ more than those of one body of blood.
func varies(inside []int) bool {
	n := len(inside)
	return inside[n*9/10]-inside[n/10] > variesHU+inside[n/2]/variesPart
}

// patch is the number of blocks of the largest patch of cells with or without a
// shell that are neighbours.
func (r *rays) patch(shells, known []bool, shell bool) int {
	at := map[[3]int]int{} // only looked up
	for k := range r.cells {
		if known[k] && shells[k] == shell {
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
// shell or without. The seam between both is left to the flood.
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
	step := c.ball(max(c.spacing[0], c.spacing[1], c.spacing[2]), 1)
	free := region.clone().minus(blood).minus(bone)
	for range maxRegrow {
		b, o := blood.dilate(step).and(free), bone.dilate(step).and(free)
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
