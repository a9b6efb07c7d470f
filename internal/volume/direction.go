package volume

import "math"

// MaxSkew is the largest cosine between two voxel axes that still counts as a
// rectangular grid: 1e-3 is 0.06°, far above the rounding of float32 headers
// (1e-6) and far below any real shear or gantry tilt.
const MaxSkew = 1e-3

// Directions are the unit vectors of the voxel axes in world space, one a
// column, and NaN for a column of length 0.
func (a Affine) Directions() [3][3]float64 {
	var d [3][3]float64
	s := a.Spacing()
	for r := range 3 {
		for c := range 3 {
			d[r][c] = a[r][c] / s[c]
		}
	}
	return d
}

// Skew is the largest |cosine| between two different voxel axes: 0 for a
// rectangular grid.
func (a Affine) Skew() float64 {
	d, worst := a.Directions(), 0.0
	for _, p := range [3][2]int{{0, 1}, {0, 2}, {1, 2}} {
		dot := 0.0
		for r := range 3 {
			dot += d[r][p[0]] * d[r][p[1]]
		}
		worst = math.Max(worst, math.Abs(dot))
	}
	return worst
}

// Rectangular is the affine with its voxel axes replaced by the closest
// orthonormal ones; spacing and the position of voxel (0,0,0) stay. The affine
// must be finite with a determinant that is not 0.
func (a Affine) Rectangular() Affine {
	// Polar decomposition by Newton's iteration X ← (X + X⁻ᵀ)/2 (Higham 1986):
	// quadratic, so a skew of 1e-3 is gone after three rounds.
	x, s := a.Directions(), a.Spacing()
	for range 12 {
		inv, ok := invert(x)
		if !ok {
			return a
		}
		for r := range 3 {
			for c := range 3 {
				x[r][c] = (x[r][c] + inv[c][r]) / 2
			}
		}
	}
	for r := range 3 {
		for c := range 3 {
			a[r][c] = x[r][c] * s[c]
		}
	}
	return a
}

// Inverse maps world RAS millimetres to a continuous voxel index; false when
// the affine has no inverse.
func (a Affine) Inverse() (Affine, bool) {
	m, ok := invert([3][3]float64{
		{a[0][0], a[0][1], a[0][2]}, {a[1][0], a[1][1], a[1][2]}, {a[2][0], a[2][1], a[2][2]}})
	if !ok {
		return Affine{}, false
	}
	var out Affine
	for r := range 3 {
		for c := range 3 {
			out[r][c] = m[r][c]
			out[r][3] -= m[r][c] * a[c][3]
		}
	}
	return out, true
}

// invert is the inverse of a 3×3 matrix by cofactors.
func invert(m [3][3]float64) ([3][3]float64, bool) {
	var inv [3][3]float64
	for r := range 3 {
		for c := range 3 {
			r1, r2, c1, c2 := (r+1)%3, (r+2)%3, (c+1)%3, (c+2)%3
			inv[c][r] = m[r1][c1]*m[r2][c2] - m[r1][c2]*m[r2][c1]
		}
	}
	det := m[0][0]*inv[0][0] + m[0][1]*inv[1][0] + m[0][2]*inv[2][0]
	if det == 0 || math.IsNaN(det) || math.IsInf(det, 0) {
		return inv, false
	}
	for r := range 3 {
		for c := range 3 {
			inv[r][c] /= det
		}
	}
	return inv, true
}
