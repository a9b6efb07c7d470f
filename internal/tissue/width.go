package tissue

import "slices"

// broadMM is the width of the narrowest region that is a pool of its own, without a
// vessel of more. The ribs and the breastbone are narrower, and at coarse voxels as
// even as blood. Arteries that are narrower join one that is not.
const broadMM = 14.5

const (
	widestMM = 40  // widths are measured up to this
	widthMM  = 0.5 // in steps of this
	notchMM  = 1   // a fall below half of less is noise
)

// densityOf is the density below the borders of a pool that have no shell; 0 where
// none is known.
func (r *rays) densityOf(pool *mask) int {
	var hu []int
	for k := range r.cells {
		of := &r.cells[k]
		if !of.known || of.shelled {
			continue
		}
		for _, at := range of.blocks {
			if pool.at(int(at)) {
				hu = append(hu, of.hu)
			}
		}
	}
	if len(hu) == 0 {
		return 0
	}
	slices.Sort(hu)
	return hu[len(hu)/2]
}

// width is how far it is across a pool from its border, in mm: the median of the rays
// that end there. The border is where the density is half that of the inside.
func (s *scan) width(pool *mask, r *rays, inside int) float64 {
	var all []float64
	half := float64(inside+flankHU) / 2
	for _, l := range r.lines {
		if pool.at(int(l.block)) {
			all = append(all, s.across(l, half))
		}
	}
	if len(all) == 0 {
		return 0
	}
	slices.Sort(all)
	return all[len(all)/2]
}

// across is how many mm of a line, from its border inwards, are at least half.
func (s *scan) across(l line, half float64) float64 {
	first, last := -1.0, -1.0
	for depth := -stepMM; depth <= widestMM; depth += widthMM {
		hu, in := s.interpolated(l.at(l.border - depth))
		switch {
		case in && hu >= half:
			if first < 0 {
				first = depth
			}
			last = depth
		case !in || first >= 0 && depth-last > notchMM || first < 0 && depth > endMM:
			return last - first
		}
	}
	return last - first
}

// interpolated is the density at mm from the corner of the scan, linear between the
// centres of voxels; false outside.
func (s *scan) interpolated(p [3]float64) (float64, bool) {
	var at [3]int
	var part [3]float64
	for a, n := range [3]int{s.nx, s.ny, s.nz} {
		q := p[a]/s.spacing[a] - .5
		if q < -.5 || q > float64(n)-.5 {
			return 0, false
		}
		q = min(max(q, 0), float64(n-1))
		at[a] = min(int(q), max(n-2, 0))
		part[a] = q - float64(at[a])
	}
	sum := 0.0
	for c := range 8 {
		weight, n := 1.0, 0
		for a, step := range [3]int{1, s.nx, s.nx * s.ny} {
			if c>>a&1 == 1 {
				weight *= part[a]
				n += (at[a] + 1) * step
			} else {
				weight *= 1 - part[a]
				n += at[a] * step
			}
		}
		if weight > 0 {
			sum += weight * float64(s.hu[n])
		}
	}
	return sum, true
}
