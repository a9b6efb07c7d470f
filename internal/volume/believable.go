package volume

import "math"

// Bounds of a believable grid, in mm.
const (
	minSpacing = 1e-3
	maxSpacing = 100
	maxOrigin  = 1e6
)

// Check refuses an affine that cannot be that of a scan, because a number is not
// finite, a spacing or the origin is beyond the bounds, or the axes lie in one plane.
func (a Affine) Check() error {
	if !a.Finite() {
		return Reject("bad_affine", "the affine holds a value that is not a finite number")
	}
	for c, s := range a.Spacing() {
		if !(s >= minSpacing && s <= maxSpacing) {
			return Reject("bad_affine", "axis %d has a spacing of %g mm: want %g to %d", c+1, s, minSpacing, maxSpacing)
		}
		if math.Abs(a[c][3]) > maxOrigin {
			return Reject("bad_affine", "the origin lies %g mm away: want at most %g", a[c][3], float64(maxOrigin))
		}
	}
	// The determinant of the unit vectors: 1 for a right angle everywhere, 0 for axes in one plane.
	if s := a.Spacing(); math.Abs(a.Det())/(s[0]*s[1]*s[2]) < 1e-3 {
		return Reject("bad_affine", "the affine is singular: the voxel axes lie in one plane")
	}
	return nil
}
