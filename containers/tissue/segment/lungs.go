package segment

// Densities in HU and sizes that make a lung.
const (
	hollowHigh     = -450 // half-way between lung and soft tissue
	parenchymaLow  = -945
	parenchymaHigh = -600
	lungML         = 30 // smaller than this it is no lung
	pieceML        = 2  // and this no piece of one
	vesselMM       = 5  // vessels up to twice this are within the lung
)

// lungs finds both lungs, vessels included, and the airway between them. Masks
// of what is not there are empty.
func (s *scan) lungs(inside *mask) (left, right, airway *mask) {
	hollow := s.between(lowest, hollowHigh).and(inside)
	c := hollow.components(false)
	lung := c.keep(s.parenchyma(c))
	if lung.none() {
		return s.empty(), s.empty(), s.empty()
	}
	airway = s.airway(inside, lung)
	left, right = s.sides(lung.minus(airway), airway)

	vessels := s.ball(vesselMM, 1)
	right = right.close(vessels).and(inside).minus(airway)
	left = left.close(vessels).and(inside).minus(airway).minus(right)
	return left, right, airway
}

// parenchyma says which hollows are lung: large, and neither gas nor the thin
// rim of something else, but half of it in between.
func (s *scan) parenchyma(c *components) []bool {
	sizes, between := c.sizes(), make([]int, c.count)
	c.each(func(k, row, x0, x1 int) {
		n := 0
		for _, v := range s.row(row)[x0:x1] {
			if v >= parenchymaLow && v <= parenchymaHigh {
				n++
			}
		}
		between[k] += n
	})
	out := make([]bool, c.count)
	for k, n := range sizes {
		out[k] = float64(n)*s.voxelML() >= lungML && between[k]*2 >= n
	}
	return out
}

// sides tells left from right. Pieces lie on the side of their centre; a piece
// on both sides is two lungs that touch.
func (s *scan) sides(lung, airway *mask) (left, right *mask) {
	left, right = s.empty(), s.empty()
	middle := s.middle(lung, airway)
	c := lung.components(false)
	sizes := c.sizes()
	onRight := make([]int, c.count)
	c.each(func(k, _, x0, x1 int) { onRight[k] += max(0, x1-max(x0, middle)) })
	var toLeft, toRight, both = make([]bool, c.count), make([]bool, c.count), make([]bool, c.count)
	for k, n := range sizes {
		switch {
		case float64(n)*s.voxelML() < pieceML:
		case onRight[k]*4 > n && onRight[k]*4 < n*3: // a quarter or more on each side
			both[k] = true
		case onRight[k]*2 >= n:
			toRight[k] = true
		default:
			toLeft[k] = true
		}
	}
	left.or(c.keep(toLeft))
	right.or(c.keep(toRight))
	if joined := c.keep(both); !joined.none() {
		l, r := s.split(joined, middle)
		left.or(l)
		right.or(r)
	}
	return left, right
}

// middle is the column between the lungs: that of the windpipe, else half-way
// between the outer edges of the lungs.
func (s *scan) middle(lung, airway *mask) int {
	if x, ok := airway.meanX(); ok {
		return x
	}
	low, high := s.nx, 0
	for n := range s.ny * s.nz {
		runs(lung.row(n), func(x0, x1 int) { low, high = min(low, x0), max(high, x1) })
	}
	return (low + high) / 2
}

// meanX is the mean column of a mask; false when it is empty.
func (m *mask) meanX() (int, bool) {
	sum, count := 0, 0
	for n := range m.ny * m.nz {
		runs(m.row(n), func(x0, x1 int) {
			sum += (x0 + x1 - 1) * (x1 - x0)
			count += x1 - x0
		})
	}
	if count == 0 {
		return 0, false
	}
	return sum / (2 * count), true
}

// split cuts lungs that touch where they are thinnest: erosion by a growing
// ball until two large parts are left, one on each side, which then grow back.
func (s *scan) split(joined *mask, middle int) (left, right *mask) {
	for _, mm := range []float64{1.5, 3, 4.5, 6, 8} {
		if left, right = s.cores(joined.erode(s.ball(mm, 1)), middle); left != nil {
			return s.regrow(joined, left, right, middle)
		}
	}
	return s.regrow(joined, s.empty(), s.empty(), middle)
}

// cores are the two largest components if they are comparable and lie on either
// side of the middle; nil otherwise.
func (s *scan) cores(eroded *mask, middle int) (left, right *mask) {
	const comparable = 6 // the smaller lung has at least a sixth of the larger
	c := eroded.components(false)
	sizes := c.sizes()
	two := largest(sizes, 2)
	if len(two) < 2 || sizes[two[1]]*comparable < sizes[two[0]] {
		return nil, nil
	}
	one, other := make([]bool, c.count), make([]bool, c.count)
	one[two[0]], other[two[1]] = true, true
	p, q := c.keep(one), c.keep(other)
	px, _ := p.meanX()
	qx, _ := q.meanX()
	switch {
	case px < middle && qx > middle:
		return p, q
	case qx < middle && px > middle:
		return q, p
	}
	return nil, nil
}

// maxRegrow bounds the voxels that a part grows back: erosion took 8 mm, and
// what winds on farther than this is no lung.
const maxRegrow = 200

// regrow grows both parts within the whole, voxel by voxel, until nothing is
// left that they reach; the rest goes to its side of the middle.
func (s *scan) regrow(whole, left, right *mask, middle int) (*mask, *mask) {
	step := s.ball(0, 1)
	free := whole.clone().minus(left).minus(right)
	for range maxRegrow {
		l := left.dilate(step).and(free)
		free.minus(l)
		r := right.dilate(step).and(free)
		free.minus(r)
		if l.none() && r.none() {
			break
		}
		left.or(l)
		right.or(r)
	}
	for n := range s.ny * s.nz {
		runs(free.row(n), func(x0, x1 int) {
			left.set(n, x0, min(x1, max(middle, x0)))
			right.set(n, max(x0, min(middle, x1)), x1)
		})
	}
	return left, right
}
