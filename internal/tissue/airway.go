package tissue

import "math"

// What a windpipe looks like in a slice, and how much an airway may hold.
const (
	lumenHigh    = -880 // HU of its inside, partial volumes apart
	lumenMinMM2  = 40
	lumenMaxMM2  = 900
	lumenStepMM  = 6  // how far its centre moves from slice to slice
	lumenMM      = 25 // how long it is at least
	airwayML     = 150
	growFromHU   = -970 // the threshold rises from here
	growStepHU   = 15
	growToHU     = -860
	growthFactor = 1.6 // a larger leap than this, and 3 ml, is a leak
	growthML     = 3
)

// airway is windpipe and bronchi: a round thin hollow near the middle that goes
// on from slice to slice above the lungs' centre is the seed; a region of
// rising threshold grows from it until it would leak into the lungs.
func (s *scan) airway(inside, lung *mask) *mask {
	lumen := s.between(lowest, lumenHigh).and(inside)
	seed := s.windpipe(lumen, inside, lung)
	if seed.none() {
		return seed
	}
	grown := seed
	for high := int16(growFromHU); high <= growToHU; high += growStepHU {
		c := s.between(lowest, high).and(inside).or(seed).components(false)
		next := c.keep(c.touching(seed))
		ml, before := float64(next.count())*s.voxelML(), float64(grown.count())*s.voxelML()
		if ml > airwayML || ml > growthFactor*before+growthML { // it ran out into a lung
			break
		}
		grown = next
	}
	// The rim, where air and wall share a voxel.
	return grown.dilate(s.ball(0, 1)).and(s.between(lowest, hollowHigh)).and(inside).or(grown)
}

// slot is a hollow in one slice that may be a section of the windpipe.
type slot struct {
	component int
	x, y      float64 // mm
	area      float64 // mm²
}

// chain is a run of slots from slice to slice, going down: the last of them, the
// components of all, and how far in front they lie, added up.
type chain struct {
	last  slot
	parts []int
	sumY  float64
}

// windpipe is the chain of slots that is most likely the windpipe, empty when
// there is none.
func (s *scan) windpipe(lumen, inside, lung *mask) *mask {
	c := lumen.components(true).least(lumenMinMM2 * s.spacing[2] / 1000)
	slots := s.slots(c, inside)
	centre := lung.centreZ()
	var open, done []chain
	for z := s.nz - 1; z >= 0; z-- {
		var going []chain
		used := make([]bool, len(slots[z]))
		for _, ch := range open {
			if n := s.follow(ch, slots[z], used); n >= 0 {
				used[n] = true
				going = append(going, ch.with(slots[z][n]))
			} else {
				done = append(done, ch)
			}
		}
		for n, sl := range slots[z] {
			if !used[n] && z >= centre { // it begins above the lungs' centre
				going = append(going, chain{}.with(sl))
			}
		}
		open = going
	}
	want := make([]bool, c.count)
	if best, ok := s.choose(append(done, open...), c.touching(lung)); ok {
		for _, k := range best.parts {
			want[k] = true
		}
	}
	return c.keep(want)
}

// with is a chain that goes on.
func (ch chain) with(sl slot) chain {
	return chain{sl, append(ch.parts, sl.component), ch.sumY + sl.y}
}

// choose takes the longest of the chains that lead into a lung. When none does
// (thick slices close the bronchi, or plugs do) a gullet full of air may be the
// longest, but the windpipe runs in front of it.
func (s *scan) choose(chains []chain, inLung []bool) (best chain, found bool) {
	const half = 2 // and is at least half as long
	var joined, other []chain
	for _, ch := range chains {
		if float64(len(ch.parts))*s.spacing[2] < lumenMM {
			continue
		}
		within := 0
		for _, k := range ch.parts {
			if inLung[k] {
				within++
			}
		}
		if within*2 >= len(ch.parts) {
			joined = append(joined, ch)
		} else {
			other = append(other, ch)
		}
	}
	long := func(list []chain) (best chain) {
		for _, ch := range list {
			if len(ch.parts) > len(best.parts) {
				best = ch
			}
		}
		return best
	}
	if len(joined) > 0 {
		return long(joined), true
	}
	longest := len(long(other).parts)
	for _, ch := range other {
		mean := ch.sumY / float64(len(ch.parts))
		if len(ch.parts)*half >= longest && (!found || mean > best.sumY/float64(len(best.parts))) {
			best, found = ch, true
		}
	}
	return best, found
}

// follow is the nearest slot that may go on with a chain, -1 for none.
func (s *scan) follow(ch chain, slots []slot, used []bool) int {
	near, at := lumenStepMM+0.5*s.spacing[2], -1
	for n, sl := range slots {
		d := math.Hypot(sl.x-ch.last.x, sl.y-ch.last.y)
		if !used[n] && d < near && sl.area < 2.5*ch.last.area && ch.last.area < 2.5*sl.area {
			near, at = d, n
		}
	}
	return at
}

// slots are the round hollows of each slice that lie in the middle of the body.
func (s *scan) slots(c *components, inside *mask) [][]slot {
	type box struct{ n, x0, x1, y0, y1, z, sumX, sumY int }
	boxes := make([]box, c.count)
	for k := range boxes {
		boxes[k].x0, boxes[k].y0 = c.nx, c.ny
	}
	c.each(func(k, row, x0, x1 int) {
		b, y := &boxes[k], row%c.ny
		b.n += x1 - x0
		b.x0, b.x1 = min(b.x0, x0), max(b.x1, x1)
		b.y0, b.y1, b.z = min(b.y0, y), max(b.y1, y+1), row/c.ny
		b.sumX += (x0 + x1 - 1) * (x1 - x0) / 2
		b.sumY += y * (x1 - x0)
	})
	low, high := inside.spans()
	out := make([][]slot, s.nz)
	for k, b := range boxes {
		area := float64(b.n) * s.spacing[0] * s.spacing[1]
		w, h := float64(b.x1-b.x0)*s.spacing[0], float64(b.y1-b.y0)*s.spacing[1]
		if area < lumenMinMM2 || area > lumenMaxMM2 || w > 2.2*h || h > 2.2*w || area < 0.55*w*h {
			continue
		}
		x := float64(b.sumX) / float64(b.n)
		middle, half := float64(low[b.z]+high[b.z])/2, float64(high[b.z]-low[b.z])/2
		if math.Abs(x-middle) > 0.4*half {
			continue
		}
		out[b.z] = append(out[b.z], slot{k, x * s.spacing[0], float64(b.sumY) / float64(b.n) * s.spacing[1], area})
	}
	return out
}

// spans is the first and the last+1 column of a mask in each slice.
func (m *mask) spans() (low, high []int) {
	low, high = make([]int, m.nz), make([]int, m.nz)
	for z := range m.nz {
		low[z] = m.nx
		for y := range m.ny {
			runs(m.row(y+m.ny*z), func(x0, x1 int) { low[z], high[z] = min(low[z], x0), max(high[z], x1) })
		}
	}
	return low, high
}

// centreZ is the mean slice of a mask, 0 when it is empty.
func (m *mask) centreZ() int {
	sum, count := 0, 0
	for n := range m.ny * m.nz {
		runs(m.row(n), func(x0, x1 int) {
			sum += (x1 - x0) * (n / m.ny)
			count += x1 - x0
		})
	}
	return sum / max(count, 1)
}
