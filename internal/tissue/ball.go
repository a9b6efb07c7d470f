package tissue

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
func (m *mask) dilate(b ball) *mask { return m.dilateRows(b, nil) }

// dilateRows is dilate in the rows that are wanted; the others stay empty. Nil is all rows.
func (m *mask) dilateRows(b ball, wanted []bool) *mask {
	out := m.empty()
	near := m.nearRows(b, wanted)
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
				if near != nil && !near[y+m.ny*z] || allZero(src) {
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
					if wanted != nil && !wanted[ty+m.ny*tz] {
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
	// Nothing is left in a row that is empty: most rows of bone and vessels are.
	wanted := make([]bool, m.ny*m.nz)
	for n := range wanted {
		wanted[n] = !allZero(m.row(n))
	}
	out := m.clone().not().dilateRows(b, wanted).not()
	for n, w := range wanted {
		if !w {
			clear(out.row(n))
		}
	}
	return out
}

// nearRows is the rows from which a ball reaches a wanted row; nil if all are wanted.
func (g grid) nearRows(b ball, wanted []bool) []bool {
	if wanted == nil {
		return nil
	}
	// A box around the ball, along y and then along z.
	inSlice, out := make([]bool, len(wanted)), make([]bool, len(wanted))
	for z := range g.nz {
		slice := wanted[z*g.ny : (z+1)*g.ny]
		widen(slice, inSlice[z*g.ny:(z+1)*g.ny], b.ry, 1)
	}
	for y := range g.ny {
		widen(inSlice[y:], out[y:], b.rz, g.ny)
	}
	return out
}

// widen sets what lies within reach of a set element, of every step-th element.
func widen(src, dst []bool, reach, step int) {
	count := (len(src) + step - 1) / step
	for last, n := -reach-1, 0; n < count+reach; n++ {
		if n < count && src[n*step] {
			last = n
		}
		if at := n - reach; at >= 0 && at < count && last >= at-reach {
			dst[at*step] = true
		}
	}
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
