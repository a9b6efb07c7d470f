package tissue

import (
	"math"
	"slices"
)

// How the border of a solid region is looked at, in mm.
const (
	outMM         = 6   // the border is looked for this far outside the region's blocks
	behindMM      = 14  // or this far, behind a shell
	backMM        = 4   // and this far within them
	soonMM        = 3   // the blur of a scanner; blood is as dense as inside from there
	rimMM         = 5   // a shell of compact bone lies within this depth
	deepMM        = 7   // the inside begins here
	endMM         = 10  // and is looked at as far as this
	stepMM        = 0.5 // between the samples of a ray, or a voxel if that is more
	flankHU       = 50  // lean tissue around a region
	cellMM        = 12  // the edge of the cubes whose rays are judged together
	rimPercentile = 60  // of the samples at a depth, so that a speck of calcium says nothing
	fewRays       = 12  // fewer say nothing
	cellBlocks    = 5   // and as many blocks at least: smaller cells of large blocks have too few rays
)

// Shell or none: a shell is denser than the inside by shellHU and a twentieth of
// the inside, because sharp kernels overshoot at a border.
const (
	shellHU   = 25
	shellPart = 20
	// Blood is even: half of what lies within a cell differs by less than this and
	// twice the noise of the scan, by 1.35 of which half of it differs, and soonMM below its border it is nearly as dense as
	// in the middle. Bone that thick slices have blurred has no shell and is not even.
	unevenHU   = 25
	unevenPart = 10
	risesHU    = 20
	risesPart  = 8
)

// rays are what the border of a solid region looks like. Of holds, for each block
// of its surface, the cell whose rays say whether there is a shell.
type rays struct {
	all, ended int
	hidden     *mask // blocks of the surface whose rays did not end
	risen      *mask // of these, where something denser than the region touches
	cells      []cell
	lines      []line // the rays that ended
}

// line is a ray that met the border of a region, from a block of its surface.
type line struct {
	ray
	border float64 // mm along it
	middle float64 // mm from the border to the middle of what it passes, endMM at most
	block  int32
}

// cell is the samples of the rays from one cube of the surface, by depth.
type cell struct {
	cube    [3]int // its place in cubes
	blocks  []int32
	samples [][]int16
	soon    int // the last depth by which blood is as dense as inside
	inside  []int16

	// What shell found: whether it could tell, whether there is a shell, and the
	// density of the inside.
	known, shelled bool
	hu             int
}

// shell says whether the rim is denser than the inside; and ok whether the rays can
// tell: they must be enough, and what has no shell must be as even as blood.
// Rim and inside are percentiles over the rays at each depth, so that noise and
// a speck of calcium say nothing.
func (c *cell) shell(noise int) (shell, even bool, inside int) {
	if len(c.inside) < fewRays {
		return false, false, 0
	}
	slices.Sort(c.inside)
	inside = int(c.inside[len(c.inside)/2])
	rim, soon := -1<<15, -1<<15
	for d, v := range c.samples {
		if len(v) >= fewRays {
			slices.Sort(v)
			rim = max(rim, int(v[len(v)*rimPercentile/100]))
		}
		if d <= c.soon {
			soon = rim
		}
	}
	spread := int(c.inside[len(c.inside)*3/4]) - int(c.inside[len(c.inside)/4])
	even = spread <= unevenHU+inside/unevenPart+2*noise
	if rim-inside >= shellHU+inside/shellPart {
		return true, even, inside
	}
	return false, even && inside-soon <= risesHU+inside/risesPart, inside
}

// look follows a ray from each block of a region's surface along its normal:
// out to where the density has fallen half-way from the region's least to that
// of lean tissue, and from there inwards.
func (s *scan) look(c *coarse, region, shells *mask, least int16) *rays {
	step := max(stepMM, min(s.spacing[0], s.spacing[1], s.spacing[2]))
	half, most := (least+flankHU)/2, c.densest(region)
	edge := max(cellMM, cellBlocks*max(c.spacing[0], c.spacing[1], c.spacing[2]))
	out := &rays{hidden: c.empty(), risen: c.empty()}
	index := map[[3]int]int{} // only looked up
	rim := region.clone().minus(region.erode(c.ball(0, 1)))
	for n := range c.ny * c.nz {
		runs(rim.row(n), func(x0, x1 int) {
			for x := x0; x < x1; x++ {
				r, ok := c.normal(region, x, n%c.ny, n/c.ny)
				if !ok {
					continue
				}
				out.all++
				at, ok := s.border(c, shells, r, half, step)
				if !ok {
					out.hidden.set(n, x, x+1)
					if s.rises(r, int16(min(most+seedHU, highest)), step) {
						out.risen.set(n, x, x+1)
					}
					continue
				}
				out.ended++
				var cube [3]int
				for a := range 3 {
					cube[a] = int(r.from[a] / edge)
				}
				k, ok := index[cube]
				if !ok {
					k = len(out.cells)
					index[cube] = k
					out.cells = append(out.cells, cell{cube: cube, soon: max(1, int(soonMM/step)), samples: make([][]int16, int(rimMM/step)+1)})
				}
				out.cells[k].blocks = append(out.cells[k].blocks, int32(x+c.nx*n))
				middle := min(endMM, s.chord(r, at, step, half)/2)
				out.lines = append(out.lines, line{r, at, middle, int32(x + c.nx*n)})
				s.sample(c, region, &out.cells[k], r, at, step, middle)
			}
		})
	}
	return out
}

// sample adds what a ray passes from its border inwards, no farther than the
// middle of what it passes: beyond that lies the opposite shell.
func (s *scan) sample(c *coarse, region *mask, to *cell, r ray, border, step, end float64) {
	for depth := 0.0; depth <= max(end, rimMM); depth += step {
		k, in := s.index(r.at(border - depth))
		if !in || depth >= deepMM && !c.holds(region, s, k) {
			return
		}
		if depth >= deepMM && depth <= end {
			to.inside = append(to.inside, s.hu[k])
		} else if d := int(depth/step + .5); d < len(to.samples) {
			to.samples[d] = append(to.samples[d], s.hu[k])
		}
	}
}

// chord is how many mm a ray passes from its border until its density falls below
// half again, 2 endMM at most. One sample below is noise.
func (s *scan) chord(r ray, border, step float64, half int16) float64 {
	below := 0
	for depth := 0.0; depth < 2*endMM; depth += step {
		k, in := s.index(r.at(border - depth))
		if !in {
			break
		}
		if s.hu[k] >= half {
			below = 0
			continue
		}
		if below++; below == 2 {
			return depth - step
		}
	}
	return 2 * endMM
}

// ray is a line outwards: mm from the corner of the scan, and a unit vector.
type ray struct{ from, along [3]float64 }

func (r ray) at(mm float64) [3]float64 {
	for a := range 3 {
		r.from[a] += mm * r.along[a]
	}
	return r.from
}

// normal is the ray that leaves a region at a block of its surface: away from
// what the region holds within two blocks. There is none where the edge of the
// scan cuts the region.
func (c *coarse) normal(region *mask, x, y, z int) (ray, bool) {
	const reach = 2
	var r ray
	for dz := -reach; dz <= reach; dz++ {
		for dy := -reach; dy <= reach; dy++ {
			for dx := -reach; dx <= reach; dx++ {
				X, Y, Z := x+dx, y+dy, z+dz
				if X < 0 || X >= c.nx || Y < 0 || Y >= c.ny || Z < 0 || Z >= c.nz {
					return r, false
				}
				if region.has(X, Y, Z) {
					for a, d := range [3]int{dx, dy, dz} {
						r.along[a] -= float64(d) * c.spacing[a]
					}
				}
			}
		}
	}
	length := norm(r.along)
	if length == 0 {
		return r, false
	}
	for a, n := range [3]int{x, y, z} {
		r.along[a] /= length
		r.from[a] = (float64(n) + .5) * c.spacing[a]
	}
	return r, true
}

func norm(v [3]float64) float64 { return math.Sqrt(v[0]*v[0] + v[1]*v[1] + v[2]*v[2]) }

// border is how many mm along a ray the last sample of at least half lies; false
// if the ray reaches the edge of the scan or something as dense before. A shell
// that was taken out of the region lies between the region and its border.
func (s *scan) border(c *coarse, shells *mask, r ray, half int16, step float64) (float64, bool) {
	end := float64(outMM)
	for mm := -float64(backMM); mm <= end; mm += step {
		k, in := s.index(r.at(mm))
		if !in {
			return 0, false
		}
		if s.hu[k] < half {
			return mm - step, true
		}
		if c.holds(shells, s, k) {
			end = min(mm+outMM, behindMM)
		}
	}
	return 0, false
}

// rises says whether a ray meets something of a density or more near its start.
func (s *scan) rises(r ray, hu int16, step float64) bool {
	for mm := -float64(backMM); mm <= outMM; mm += step {
		if k, in := s.index(r.at(mm)); in && s.hu[k] >= hu {
			return true
		}
	}
	return false
}

// index is the voxel at mm from the corner of the scan; false outside.
func (s *scan) index(p [3]float64) (int, bool) {
	x, y, z := int(p[0]/s.spacing[0]), int(p[1]/s.spacing[1]), int(p[2]/s.spacing[2])
	if p[0] < 0 || p[1] < 0 || p[2] < 0 || x >= s.nx || y >= s.ny || z >= s.nz {
		return 0, false
	}
	return x + s.nx*(y+s.ny*z), true
}

// holds says whether a region of blocks holds a voxel of the scan.
func (c *coarse) holds(region *mask, s *scan, k int) bool {
	x, y, z := k%s.nx, k/s.nx%s.ny, k/s.nx/s.ny
	return region.has(x/c.by[0], y/c.by[1], z/c.by[2])
}

// noise is the standard deviation of the scan's soft tissue in HU, from the
// differences of voxels two apart within a row: 1.05 times their median.
func (s *scan) noise(inside *mask) int {
	const low, high, apart, most = -150, 150, 2, 400
	const every = 3 // rows: enough for a median
	var count [most]int
	all := 0
	for n := 0; n < s.ny*s.nz; n += every {
		row := s.row(n)
		runs(inside.row(n), func(x0, x1 int) {
			for x := x0; x < x1-apart; x++ {
				a, b := row[x], row[x+apart]
				if a >= low && a <= high && b >= low && b <= high {
					count[max(a-b, b-a)]++
					all++
				}
			}
		})
	}
	sum := 0
	for d, n := range count {
		if sum += n; 2*sum >= all {
			return d * 105 / 100
		}
	}
	return 0
}
