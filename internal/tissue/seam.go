package tissue

import "math"

// lump is a region in blocks and what lies beside each of them.
type lump struct {
	c      *coarse
	region *mask
	at     []int32 // the blocks, in the order of the grid
	low    [3]int  // of the box around them
	n      [3]int  // its size
	place  []int32 // 1 + the place in at of each block of the box, 0 outside of the region
	height []int16 // by which a block is denser than both its sides
}

// crestSide is how many blocks to either side of a shell are beyond its blur.
const crestSide = 2

func (c *coarse) lump(region *mask) *lump {
	s := &lump{c: c, region: region, low: [3]int{c.nx, c.ny, c.nz}}
	var high [3]int
	for n := range c.ny * c.nz {
		runs(region.row(n), func(x0, x1 int) {
			for a, v := range [3][2]int{{x0, x1 - 1}, {n % c.ny, n % c.ny}, {n / c.ny, n / c.ny}} {
				s.low[a], high[a] = min(s.low[a], v[0]), max(high[a], v[1])
			}
			for x := x0; x < x1; x++ {
				s.at = append(s.at, int32(x+c.nx*n))
			}
		})
	}
	for a := range s.n {
		s.n[a] = max(0, high[a]-s.low[a]+1)
	}
	s.place = make([]int32, s.n[0]*s.n[1]*s.n[2])
	s.height = make([]int16, len(s.at))
	ways := c.ways()
	for k, at := range s.at {
		x, y, z := s.local(at)
		s.place[x+s.n[0]*(y+s.n[1]*z)] = int32(k) + 1
		s.height[k] = int16(c.height(ways, int(at)))
	}
	return s
}

// local is where a block lies in the box.
func (s *lump) local(at int32) (x, y, z int) {
	return int(at)%s.c.nx - s.low[0], int(at)/s.c.nx%s.c.ny - s.low[1], int(at)/s.c.nx/s.c.ny - s.low[2]
}

// beside is the place of the block that lies d from the block k; in is false outside of
// the region, seen outside of the scan.
func (s *lump) beside(k int, d [3]int) (next int, in, seen bool) {
	x, y, z := s.local(s.at[k])
	x, y, z = x+d[0], y+d[1], z+d[2]
	if x < 0 || y < 0 || z < 0 || x >= s.n[0] || y >= s.n[1] || z >= s.n[2] {
		x, y, z = x+s.low[0], y+s.low[1], z+s.low[2]
		return 0, false, x >= 0 && y >= 0 && z >= 0 && x < s.c.nx && y < s.c.ny && z < s.c.nz
	}
	p := s.place[x+s.n[0]*(y+s.n[1]*z)]
	return int(p) - 1, p > 0, true
}

// sixFaces are the neighbours that share a face, half the 13 before a block in the order
// of the grid.
var (
	sixFaces = [6][3]int{{-1, 0, 0}, {1, 0, 0}, {0, -1, 0}, {0, 1, 0}, {0, 0, -1}, {0, 0, 1}}
	half     = directions(0)
)

// directions are those of the 26 neighbours whose numbers begin with first, 13 of them.
func directions(first int) (out [13][3]int) {
	for n := range out {
		k := first + n
		out[n] = [3]int{k%3 - 1, k/3%3 - 1, k/9 - 1}
	}
	return out
}

// way is one of the directions along which a shell may be crossed.
type way struct {
	step   int   // to what lies beyond the shell
	across []int // the block itself and those beside it that lie along the shell
}

func (c *coarse) ways() (out [13]way) {
	for n, d := range directions(14) {
		out[n].step = crestSide * (d[0] + c.nx*(d[1]+c.ny*d[2]))
		for m := range 27 {
			e := [3]int{m%3 - 1, m/3%3 - 1, m/9 - 1}
			if d[0]*e[0]+d[1]*e[1]+d[2]*e[2] == 0 {
				out[n].across = append(out[n].across, e[0]+c.nx*(e[1]+c.ny*e[2]))
			}
		}
	}
	return out
}

// height is by how many HU a block is denser than what lies on both its sides, along
// the direction in which that is most. Both sides are as dense as blood or marrow. Means
// of seven to nine blocks along the shell are compared, so that noise is little.
func (c *coarse) height(ways [13]way, at int) int {
	const room = crestSide + 1
	x, y, z := at%c.nx, at/c.nx%c.ny, at/c.nx/c.ny
	if x < room || y < room || z < room || x >= c.nx-room || y >= c.ny-room || z >= c.nz-room {
		return 0
	}
	most := 0
	for n := range ways {
		w := &ways[n]
		before, behind, here := 0, 0, 0
		for _, o := range w.across {
			before += int(c.hu[at+o-w.step])
			behind += int(c.hu[at+o+w.step])
			here += int(c.hu[at+o])
		}
		if k := len(w.across); min(before, behind) >= poolLow*k {
			most = max(most, (here-max(before, behind))/k)
		}
	}
	return min(most, highest)
}

// How a part that was cut off shows that it is a body of its own.
const (
	markMM2  = 300  // patches without a shell that are smaller are thin spots
	ownShare = 0.9  // of a body's own surface: its seam with the rest is smaller
	ownMM2   = 900  // of its own surface has a body
	endsMM2  = 1800 // the end of a vertebra, which shows no shell where voxels are thick
	levelsHU = 8    // the steps in which the cut rises
)

// cut divides a region between what lies below its surface without a shell and what lies
// below the shell: both grow over the lowest density first, so that they meet on the
// crest of a shell. What is cut off is blood if its seam is a neck: smaller than its own
// surface. Both are empty where it is not; bone is where blood has calcium in its wall.
func (s *lump) cut(r *rays, e shellEvidence) (blood, bone *mask) {
	c := s.c
	side := s.marks(r)
	var queues [40][]int32
	for k, v := range side {
		if v != 0 {
			queues[0] = append(queues[0], int32(k))
		}
	}
	for level := range queues {
		for n := 0; n < len(queues[level]); n++ {
			k := int(queues[level][n])
			for _, d := range sixFaces {
				if next, in, _ := s.beside(k, d); in && side[next] == 0 {
					side[next] = side[k]
					to := max(level, min(int(s.height[next])/levelsHU, len(queues)-1))
					queues[to] = append(queues[to], int32(next))
				}
			}
		}
	}
	blood, bone = c.empty(), c.empty()
	for k, at := range s.at {
		switch side[k] {
		case bloodSide:
			blood.put(at)
		case boneSide:
			bone.put(at)
		}
	}
	parts := blood.components(false)
	outer, seam := parts.faces(bone)
	boneOuter, boneSeam := 0, 0
	for k := range s.at {
		if side[k] != boneSide {
			continue
		}
		for _, d := range sixFaces {
			switch next, in, _ := s.beside(k, d); {
			case !in:
				boneOuter++
			case side[next] == bloodSide:
				boneSeam++
			}
		}
	}
	if e.without > 3*e.with && float64(boneSeam) > ownShare*float64(boneOuter) {
		return blood.or(bone), c.empty()
	}
	// A face of a block is one and a half times the surface that it stands for.
	face := c.blockMM2() / 1.5
	want, sizes := make([]bool, parts.count), parts.sizes()
	all, sound := 0, 0
	for k := range want {
		own := outer[k] - seam[k]
		want[k] = float64(seam[k]) <= ownShare*float64(own) && float64(own)*face >= ownMM2 && float64(sizes[k])*c.voxelML() >= poolML
		all += sizes[k]
		if want[k] {
			sound += sizes[k]
		}
	}
	free := float64(e.freePatch) * c.blockMM2()
	if 2*sound < all || free < bodyMM2 || free < endsMM2 && 2*boneSeam > boneOuter {
		return c.empty(), bone
	}
	own := parts.keep(want)
	return own, bone.or(blood.minus(own))
}

// The sides of a cut.
const (
	bloodSide = 1 + iota
	boneSide
)

// marks is the side of the blocks that a ray speaks for: from where it ends to the
// middle of what it passes, a shell for the marrow below it. Where rays of both kinds
// cross, neither does.
func (s *lump) marks(r *rays) []uint8 {
	c := s.c
	of := make([]uint8, len(s.at)) // the side of the surface
	set := func(block int32, v uint8) {
		x, y, z := s.local(block)
		of[s.place[x+s.n[0]*(y+s.n[1]*z)]-1] = v
	}
	free := r.patches(false)
	for k := range r.cells {
		for _, block := range r.cells[k].blocks {
			switch {
			case r.cells[k].known && r.cells[k].shelled:
				set(block, boneSide)
			case r.cells[k].known && float64(free[k])*c.blockMM2() >= markMM2:
				set(block, bloodSide)
			}
		}
	}
	const crossed = bloodSide | boneSide
	seen := make([]uint8, len(s.at))
	for _, l := range r.lines {
		x, y, z := s.local(l.block)
		v := of[s.place[x+s.n[0]*(y+s.n[1]*z)]-1]
		if v == 0 {
			continue
		}
		for depth := 0.0; depth <= l.middle; depth++ {
			p := l.at(l.border - depth)
			var d [3]int
			for a, from := range [3]int{int(l.block) % c.nx, int(l.block) / c.nx % c.ny, int(l.block) / c.nx / c.ny} {
				d[a] = int(math.Floor(p[a]/c.spacing[a])) - from
			}
			if next, in, _ := s.beside(int(s.place[x+s.n[0]*(y+s.n[1]*z)])-1, d); in {
				seen[next] |= v
			}
		}
	}
	for k, v := range seen {
		switch {
		case v == crossed:
			of[k] = 0
		case of[k] == 0:
			of[k] = v
		}
	}
	return of
}
