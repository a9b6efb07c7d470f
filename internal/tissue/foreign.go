package tissue

import "math"

// What tells a hard thing beside the body (a holder, a lead mark, a rail) from
// bone, which tissue covers.
const (
	coverMM    = 2.5  // skin and what lies below it are thicker than this over any bone
	bareShare  = 0.7  // of a thing's surface faces the outside air, hardly any of a bone's
	bareSmall  = 0.5  // a mark that lies on the skin is covered on its other side
	smallML    = 5    // no larger than this is a mark
	bareVoxels = 0.05 // ml: what is smaller is noise and left to the other rules
)

// foreign is the hard matter that lies bare in the outside air: holders, plates
// and lead marks, also where they touch the skin. When nothing larger is in the
// scan the hard matter is itself what was scanned (the dry bones of a skull), and all of
// it stays.
func (s *scan) foreign(dense, outside *mask) *mask {
	hard := s.between(boneHigh, highest).and(dense)
	c := hard.components(false).least(bareVoxels)
	sizes := c.sizes()
	want, any := make([]bool, c.count), false
	for k, f := range s.faces(c, hard, outside) {
		ml, share := float64(sizes[k])*s.voxelML(), bareShare
		if ml <= smallML {
			share = bareSmall
		}
		want[k] = float64(f.bare) > share*float64(f.all)
		any = any || want[k]
	}
	if !any {
		return s.empty()
	}
	most, things := 0, c.keep(want)
	for k, n := range sizes {
		if want[k] {
			most = max(most, n)
		}
	}
	if !s.larger(most, dense, outside, things) {
		return s.empty()
	}
	return things
}

// faces counts the voxels at the surface of a component, within its slice, and
// those of them that face the outside air.
type faces struct{ all, bare int }

// faces looks from the surface of each component of hard outwards, along the rows
// and the columns of its slices, to what lies behind a cover of tissue.
func (s *scan) faces(c *components, hard, outside *mask) []faces {
	out := make([]faces, c.count)
	dx := max(1, int(math.Ceil(coverMM/s.spacing[0])))
	dy := max(1, int(math.Ceil(coverMM/s.spacing[1])))
	c.each(func(k, row, x0, x1 int) {
		f, y := &out[k], row%c.ny
		for _, x := range [2]int{x0 - dx, x1 - 1 + dx} {
			if x >= 0 && x < c.nx { // beyond the scan there is nothing to see
				f.all++
				if anySet(outside.row(row), x, x+1) {
					f.bare++
				}
			}
		}
		for _, side := range [2]int{-1, 1} {
			if y+side*dy < 0 || y+side*dy >= c.ny {
				continue
			}
			next, far := hard.row(row+side), outside.row(row+side*dy)
			for x := x0; x < x1; x++ {
				if next[x/64]>>(x%64)&1 == 0 {
					f.all++
					f.bare += int(far[x/64] >> (x % 64) & 1)
				}
			}
		}
	})
	return out
}

// larger says whether there is a solid of more dense voxels than so many that is neither
// bare nor a table. What bare matter encloses, such as a block within a dry skull, is
// such a solid, but the air there is not part of it.
func (s *scan) larger(most int, dense, outside, bare *mask) bool {
	c := outside.clone().or(bare).not().components(false).least(float64(most) * s.voxelML())
	dense = dense.clone().minus(bare.dilate(s.ball(blurMM, 1)))
	flat := s.flatness(c)
	for k, n := range c.within(dense) {
		if n > most && !flat[k].table() {
			return true
		}
	}
	return false
}
