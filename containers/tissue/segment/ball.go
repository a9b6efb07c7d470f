package segment

import "math"

// ball is a structuring element: an ellipsoid of voxels as rows, so that a
// whole row of a mask is treated at once.
type ball struct {
	ry, rz int
	rows   []ballRow
	widths int // the largest half + 1
}

// ballRow says that at (dy, dz) the element reaches half voxels to both sides.
type ballRow struct{ dy, dz, half int }

// maxReach bounds a ball along each axis, in voxels. Clinical scans stay below
// it (8 mm of 0.2 mm voxels); a header with microscopic ones must not cost hours.
const maxReach = 40

// ball has the given radius in mm; a voxel belongs to it when its centre does.
// It reaches at least atLeast voxels along each axis.
func (g grid) ball(mm float64, atLeast int) ball {
	var r [3]float64 // radii in voxels
	for n := range r {
		r[n] = min(max(mm/g.spacing[n], float64(atLeast)), maxReach)
	}
	const slack = 1e-9 // a radius of exactly n voxels includes the nth
	b := ball{ry: int(r[1] + slack), rz: int(r[2] + slack)}
	for dz := -b.rz; dz <= b.rz; dz++ {
		for dy := -b.ry; dy <= b.ry; dy++ {
			rest := 1.0
			for n, d := range []int{dy, dz} {
				if d != 0 {
					rest -= float64(d*d) / (r[n+1] * r[n+1])
				}
			}
			if rest < -slack {
				continue
			}
			half := int(r[0]*math.Sqrt(max(rest, 0)) + slack)
			b.rows = append(b.rows, ballRow{dy, dz, half})
			b.widths = max(b.widths, half+1)
		}
	}
	return b
}

// dilate is every voxel within the ball of a set one.
func (m *mask) dilate(b ball) *mask {
	out := m.empty()
	slabs(m.nz, func(first, last int) {
		wide := make([][]uint64, b.widths) // the source row, spread by each half
		for n := range wide {
			wide[n] = make([]uint64, m.words)
		}
		scratch := make([]uint64, m.words)
		used := make([]bool, b.widths)
		for _, r := range b.rows {
			used[r.half] = true
		}
		for z := max(0, first-b.rz); z < min(m.nz, last+b.rz); z++ {
			for y := range m.ny {
				src := m.row(y + m.ny*z)
				if allZero(src) {
					continue
				}
				for half, u := range used {
					if u {
						spread(wide[half], src, scratch, half, m.tail())
					}
				}
				for _, r := range b.rows {
					ty, tz := y+r.dy, z+r.dz
					if ty < 0 || ty >= m.ny || tz < first || tz >= last {
						continue
					}
					dst := out.row(ty + m.ny*tz)
					for n, w := range wide[r.half] {
						dst[n] |= w
					}
				}
			}
		}
	})
	return out
}

// erode is every voxel whose whole ball is set; what lies outside the scan
// counts as set, so that a cut through the body is no surface.
func (m *mask) erode(b ball) *mask {
	return m.clone().not().dilate(b).not()
}

// open drops what no ball fits into, close fills what no ball fits into.
func (m *mask) open(b ball) *mask  { return m.erode(b).dilate(b).and(m) }
func (m *mask) close(b ball) *mask { return m.dilate(b).erode(b).or(m) }

func allZero(row []uint64) bool {
	for _, w := range row {
		if w != 0 {
			return false
		}
	}
	return true
}

// spread sets dst to src spread by half voxels to both sides; scratch is a row.
func spread(dst, src, scratch []uint64, half int, tail uint64) {
	copy(dst, src)
	// The reach doubles: shifts by 1, 2, 4, … and a rest add up to half.
	for done := 0; done < half; {
		step := min(done+1, half-done)
		copy(scratch, dst)
		orShifted(dst, scratch, step)
		done += step
	}
	dst[len(dst)-1] &= tail
}

// orShifted ORs src into dst, moved by step to the left and to the right.
func orShifted(dst, src []uint64, step int) {
	words, bits := step/64, step%64
	for n := range dst {
		if k := n - words; k >= 0 {
			dst[n] |= src[k] << bits
			if k > 0 { // a shift by 64 gives 0
				dst[n] |= src[k-1] >> (64 - bits)
			}
		}
		if k := n + words; k < len(src) {
			dst[n] |= src[k] >> bits
			if k+1 < len(src) {
				dst[n] |= src[k+1] << (64 - bits)
			}
		}
	}
}
