package tissue

import "slices"

// How the seam between two parts of a region is looked at, in mm.
const (
	ridgeMM    = 18 // between what is known to be blood and what is known to be bone
	windowMM   = 3  // of which the median is taken
	fewSeams   = 8  // fewer rays across the seam say nothing
	ridgeShare = 50 // per cent of the rays cross something denser than both sides
)

// ridged says whether a shell of bone lies between two parts of a region: most rays from
// blood to bone, where both are near, cross something denser than what they begin and end
// in. Marrow goes on into marrow without one, however thin its shell is elsewhere; an
// artery that touches bone lies outside the shell.
func (s *scan) ridged(c *coarse, blood, bone *mask, noise int) bool {
	step := max(stepMM, min(s.spacing[0], s.spacing[1], s.spacing[2])/2)
	reach := c.ball(2*seamMM+1.5*max(c.spacing[0], c.spacing[1], c.spacing[2]), 1)
	near := blood.clone().minus(blood.erode(c.ball(0, 1))).and(bone.dilate(reach))
	rays, crossed := 0, 0
	for n := range c.ny * c.nz {
		runs(near.row(n), func(x0, x1 int) {
			for x := x0; x < x1; x++ {
				r, ok := c.towards(bone, x, n%c.ny, n/c.ny)
				if !ok {
					continue
				}
				rays++
				if s.crosses(r, step, noise) {
					crossed++
				}
			}
		})
	}
	return rays >= fewSeams && 100*crossed >= ridgeShare*rays
}

// towards is the ray from the middle of a block to the nearest block of a mask; false if
// that is farther than ridgeMM.
func (c *coarse) towards(m *mask, x, y, z int) (r ray, ok bool) {
	var reach [3]int
	for a := range reach {
		reach[a] = min(int(ridgeMM/c.spacing[a]), maxReach)
	}
	length := float64(ridgeMM)
	for Z := max(0, z-reach[2]); Z <= min(c.nz-1, z+reach[2]); Z++ {
		for Y := max(0, y-reach[1]); Y <= min(c.ny-1, y+reach[1]); Y++ {
			for X := max(0, x-reach[0]); X <= min(c.nx-1, x+reach[0]); X++ {
				if !m.has(X, Y, Z) {
					continue
				}
				var d [3]float64
				for a, n := range [3]int{X - x, Y - y, Z - z} {
					d[a] = float64(n) * c.spacing[a]
				}
				if far := norm(d); far > 0 && far < length {
					length, ok = far, true
					for a := range d {
						r.along[a] = d[a] / far
					}
				}
			}
		}
	}
	for a, n := range [3]int{x, y, z} {
		r.from[a] = (float64(n) + .5) * c.spacing[a]
	}
	return r, ok
}

// crosses says whether a ray passes something denser than what lies before it and
// behind, and goes on in what is about as dense as its beginning: not in soft tissue,
// as it does behind the shell on the far side of a bone.
func (s *scan) crosses(r ray, step float64, noise int) bool {
	var line []int
	for mm := 0.0; mm <= ridgeMM; mm += step {
		hu, in := s.interpolated(r.at(mm))
		if !in {
			break
		}
		line = append(line, int(hu))
	}
	window := max(2, int(windowMM/step))
	if len(line) < 3*window {
		return false
	}
	middle := func(part []int) int {
		part = slices.Clone(part)
		slices.Sort(part)
		return median(part)
	}
	first := middle(line[:window])
	least := first + shellHU + first/shellPart + 2*noise
	for at := window; at < len(line)-window; at++ {
		if line[at] < least {
			continue
		}
		for behind := at + 1; behind+window <= len(line); behind++ {
			low, high := likeHU(first)
			if hu := middle(line[behind : behind+window]); line[at] >= hu+least-first && hu >= int(low) && hu <= int(high) {
				return true
			}
		}
	}
	return false
}
