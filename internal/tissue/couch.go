package tissue

import "slices"

// What tells a thick table that the body rests on from the body. Table tops that
// are thinner than a detached sheet, or that a gap parts from the skin, need none
// of this.
const (
	couchHalfMM = 12   // a table is thinner than twice this
	couchWideMM = 200  // and wider than this, where the body rests on it included
	couchSideMM = 60   // to one side of the body it is no narrower
	couchCuts   = 0.1  // no more than this share of the body lies beyond its surface
	couchLong   = 0.8  // it goes through this share of the slices
	couchBone   = 0.01 // and holds less than this share of bone
)

// couch is the table that touches the body, solid or hollow, with what lies below
// its surface where the body rests on it; empty where there is none. It is looked
// for on a coarse grid, from front to back and, for who lies on a side, across.
func (s *scan) couch(dense, outside *mask) *mask {
	f := s.factors()
	solid := outside.shrunk(f).not() // cells without any outside air
	coarse := &scan{grid: solid.grid}
	thick := solid.open(coarse.ball(couchHalfMM, 1))
	if thick.none() {
		return s.empty()
	}
	hard := s.between(boneHigh, highest).and(dense).shrunk(f)
	c := solid.clone().minus(thick).components(false)
	found := coarse.empty()
	for _, axis := range [2]int{1, 0} {
		slab := c.keep(coarse.slabs(c, axis, hard))
		if slab.none() {
			continue
		}
		beyond := coarse.below(slab, thick, solid, axis)
		if float64(beyond.clone().and(thick).count()) <= couchCuts*float64(thick.count()) {
			found.or(beyond)
		}
	}
	if found.none() {
		return s.empty()
	}
	// Cells at the border of the table hold some air and are not in the solid.
	found.or(found.dilate(coarse.ball(0, 1)).minus(thick))
	return s.enlarged(found, f).and(dense)
}

// slabs says which components are thin along an axis and long as a table is, and
// together as wide: the body parts a table in two.
func (s *scan) slabs(c *components, axis int, hard *mask) []bool {
	other := 1 - axis
	want, sizes, boxes := make([]bool, c.count), c.sizes(), c.boxes()
	bone := make([]int, c.count)
	c.each(func(k, row, x0, x1 int) {
		runs(hard.row(row), func(h0, h1 int) { bone[k] += max(0, min(h1, x1)-max(h0, x0)) })
	})
	low, high := [3]int{s.nx, s.ny, s.nz}[other], 0
	for k, n := range sizes {
		size := boxes[k].extent()
		e := s.mean(boxes[k], n, axis)
		want[k] = e.table() && e.wide >= couchSideMM &&
			float64(size[2]) >= couchLong*float64(s.nz) && float64(bone[k]) < couchBone*float64(n)
		if want[k] {
			low, high = min(low, int(boxes[k].low[other])), max(high, int(boxes[k].high[other]))
		}
	}
	if float64(high-low)*s.spacing[other] < couchWideMM {
		clear(want)
	}
	return want
}

// below is a slab with all of the solid that lies beyond its surface, seen from
// the body. Where the body rests on it the surface goes straight from one side of
// the contact to the other.
func (s *scan) below(slab, body, solid *mask, axis int) *mask {
	n := [2]int{s.nx, s.ny}
	width, depth := n[1-axis], n[axis]
	out := slab.clone()
	at := func(m *mask, z, i, j int) bool {
		if axis == 1 {
			return m.has(i, j, z)
		}
		return m.has(j, i, z)
	}
	mean := func(m *mask) float64 {
		sum, count := 0, 0
		for z := range s.nz {
			for i := range width {
				for j := range depth {
					if at(m, z, i, j) {
						sum, count = sum+j, count+1
					}
				}
			}
		}
		return float64(sum) / float64(max(count, 1))
	}
	step := 1 // towards the body
	if mean(body) < mean(slab) {
		step = -1
	}
	surface, thick := make([]int, width), make([]int, width)
	for z := range s.nz {
		for i := range width {
			surface[i], thick[i] = 0, 0
			for j := range depth { // the cell of the slab that is nearest to the body
				if !at(slab, z, i, j) {
					continue
				}
				if thick[i] == 0 || (j-surface[i])*step > 0 {
					surface[i] = j
				}
				thick[i]++
			}
		}
		whole := slices.Max(thick)
		last := -1 // the last column of the slab
		for i := range width {
			if thick[i] == 0 || thick[i] < whole-1 { // none, or the body has taken a part of it
				continue
			}
			for between := last + 1; last >= 0 && between < i; between++ {
				j := surface[last] + (surface[i]-surface[last])*(between-last)/(i-last)
				for ; j >= 0 && j < depth; j -= step {
					if !at(solid, z, between, j) {
						continue
					}
					if axis == 1 {
						out.set(j+s.ny*z, between, between+1)
					} else {
						out.set(between+s.ny*z, j, j+1)
					}
				}
			}
			last = i
		}
	}
	return out
}

// enlarged is a mask of a coarse grid on the fine one.
func (s *scan) enlarged(m *mask, f [3]int) *mask {
	out := s.empty()
	for n := range s.ny * s.nz {
		runs(m.row(n%s.ny/f[1]+m.ny*(n/s.ny/f[2])), func(x0, x1 int) {
			out.set(n, x0*f[0], min(x1*f[0], s.nx))
		})
	}
	return out
}
