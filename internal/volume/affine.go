package volume

import "math"

// Affine maps a voxel index (i, j, k, 1) to world RAS millimetres. Row r gives
// world axis r; column 3 is the position of voxel (0,0,0)'s centre.
type Affine [3][4]float64

// Apply maps a continuous voxel index to world millimetres.
func (a Affine) Apply(p [3]float64) [3]float64 {
	var out [3]float64
	for r := range 3 {
		out[r] = a[r][0]*p[0] + a[r][1]*p[1] + a[r][2]*p[2] + a[r][3]
	}
	return out
}

// Det is the determinant of the 3×3 part: signed volume of one voxel in mm³.
func (a Affine) Det() float64 {
	return a[0][0]*(a[1][1]*a[2][2]-a[1][2]*a[2][1]) -
		a[0][1]*(a[1][0]*a[2][2]-a[1][2]*a[2][0]) +
		a[0][2]*(a[1][0]*a[2][1]-a[1][1]*a[2][0])
}

// Spacing is the length in mm of one step along each voxel axis.
func (a Affine) Spacing() [3]float64 {
	var s [3]float64
	for c := range 3 {
		s[c] = math.Sqrt(a[0][c]*a[0][c] + a[1][c]*a[1][c] + a[2][c]*a[2][c])
	}
	return s
}

// VoxelML is the volume of one voxel in millilitres.
func (a Affine) VoxelML() float64 { return math.Abs(a.Det()) / 1000 }

// Finite says whether every element is a finite number.
func (a Affine) Finite() bool {
	for _, row := range a {
		for _, v := range row {
			if math.IsNaN(v) || math.IsInf(v, 0) {
				return false
			}
		}
	}
	return true
}
