package tissue

// Densities in HU and sizes that make a lung.
const (
	hollowHigh = -450 // half-way between lung and soft tissue
	lungML     = 30   // smaller than this it is no lung
	pieceML    = 2    // and this no piece of one
	vesselMM   = 5    // vessels up to twice this are within the lung
	joinMM     = 3    // a bronchus leads into what is no farther from its end
)

// lungs finds both lungs, vessels included, and the airway between them, and what the
// scan's owner is to be told of them. Masks of what is not there are empty.
func (s *scan) lungs(inside *mask) (left, right, airway *mask, a aired) {
	c := s.between(lowest, hollowHigh).and(inside).components(false).least(lungML)
	near, likely := s.nearBone(), make([]bool, c.count)
	for k, e := range s.evidences(c, lungML, near) {
		likely[k] = e.lung(true)
	}
	whole := c.keep(likely)
	if whole.none() {
		return s.empty(), s.empty(), s.empty(), a
	}
	airway = s.airway(inside, whole)
	lung := s.pieces(whole, airway, near)
	if lung.none() {
		return s.empty(), s.empty(), s.empty(), a
	}
	all := lung
	lung = s.withoutPleuralAir(lung, near)
	a.pleuralML = float64(s.between(lowest, gasHigh).and(all).minus(lung).count()) * s.voxelML()
	left, right = s.sides(lung, s.middle(lung, airway, inside))

	vessels := s.ball(vesselMM, 1)
	right = right.close(vessels).and(inside).minus(airway)
	left = left.close(vessels).and(inside).minus(airway).minus(right)
	a.cut = s.cutSides(left, right)
	a.alone = airway.none() && left.none() != right.none()
	return left, right, airway, a
}

// pieces are the parts of the hollow that are lung once the airway is taken out
// of it: what is large is judged by itself, for mouth and sinuses hang at the
// upper end of the windpipe, and what is small belongs to the lung beside it.
func (s *scan) pieces(whole, airway, near *mask) *mask {
	c := whole.clone().minus(airway).components(false).least(pieceML)
	joined := c.touching(airway.dilate(s.ball(joinMM, 1)))
	lung, small := make([]bool, c.count), make([]bool, c.count)
	for k, e := range s.evidences(c, lungML, near) {
		lung[k] = e.ml >= lungML && e.lung(joined[k])
		small[k] = e.ml < lungML
	}
	out := c.keep(lung)
	if out.none() {
		return out
	}
	for k, touches := range c.touching(out.dilate(s.ball(vesselMM, 1))) {
		small[k] = small[k] && touches
	}
	return out.or(c.keep(small))
}

// withoutPleuralAir takes pure air without a vessel in it out of the lungs: a
// pneumothorax, for the skin of the lung beside it is too thin to be seen, or a
// giant bulla. In lungs that emphysema has made as thin as air, the vessels that
// are left tell.
func (s *scan) withoutPleuralAir(lung, near *mask) *mask {
	const (
		leastML = 100 // bronchi and small bullae are less
		thickMM = 5   // and are thinner than twice this
	)
	thin := s.between(lowest, gasHigh).and(lung)
	if float64(thin.count())*s.voxelML() < leastML {
		return lung
	}
	c := thin.close(s.ball(0, 1)).and(lung).open(s.ball(thickMM, 1)).components(false)
	want, any := make([]bool, c.count), false
	for k, e := range s.evidences(c, leastML, near) {
		want[k] = e.ml >= leastML && e.vessels < gasVessel
		any = any || want[k]
	}
	if !any {
		return lung
	}
	air := c.keep(want)
	air.or(air.dilate(s.ball(blurMM, 1)).and(thin)) // its border is blurred
	c = lung.clone().minus(air).components(false)
	rim := c.touching(air.dilate(s.ball(0, 1)))
	for k, n := range c.sizes() { // what is left of a lung that has collapsed is its rim
		rim[k] = rim[k] && float64(n)*s.voxelML() < lungML
	}
	return lung.clone().minus(air).minus(c.keep(rim))
}

// sides tells left from right. Pieces lie on the side of their centre; a piece
// on both sides is two lungs that touch.
func (s *scan) sides(lung *mask, middle int) (left, right *mask) {
	left, right = s.empty(), s.empty()
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
// between the two largest pieces of lung, else that of the body.
func (s *scan) middle(lung, airway, inside *mask) int {
	const (
		comparable = 8  // a lung beside which another is smaller than an eighth is alone
		apartMM    = 60 // two lungs lie farther apart
	)
	if x, ok := airway.meanX(); ok {
		return x
	}
	c := lung.components(false)
	sizes := c.sizes()
	if two := largest(sizes, 2); len(two) == 2 && sizes[two[1]]*comparable >= sizes[two[0]] {
		sum := make([]int, c.count)
		c.each(func(k, _, x0, x1 int) { sum[k] += (x0 + x1 - 1) * (x1 - x0) / 2 })
		a, b := sum[two[0]]/sizes[two[0]], sum[two[1]]/sizes[two[1]]
		if float64(max(a-b, b-a))*s.spacing[0] >= apartMM {
			return (a + b) / 2
		}
	}
	low, high := inside.spans()
	sum, slices := 0, 0
	for z := range low {
		if low[z] < high[z] {
			sum, slices = sum+low[z]+high[z], slices+1
		}
	}
	return sum / max(2*slices, 1)
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
// ball until two large parts are left, one on each side, which then grow back. When
// there is no such place, and most of it lies on one side, it is a single lung that
// has grown into the room of the other; else it is cut in the middle.
func (s *scan) split(joined *mask, middle int) (left, right *mask) {
	for _, mm := range []float64{1.5, 3, 4.5, 6, 8} {
		if left, right = s.cores(joined.erode(s.ball(mm, 1)), middle); left != nil {
			return s.regrow(joined, left, right, middle)
		}
	}
	const single = 0.35 // a smaller part beyond the middle is no lung of its own
	left, right = s.regrow(joined, s.empty(), s.empty(), middle)
	l, r := float64(left.count()), float64(right.count())
	switch {
	case l < single*(l+r):
		return s.empty(), joined
	case r < single*(l+r):
		return joined, s.empty()
	}
	return left, right
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
