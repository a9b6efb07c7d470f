package volume

import "math"

// Orientation says how one grid is made from another: output axis a runs along input
// axis From[a], and backwards when Flip[a].
type Orientation struct {
	From [3]int
	Flip [3]bool
}

// Canonical is the orientation that brings a grid closest to RAS: axis 0 to the
// patient's Right, 1 to the Anterior, 2 to the Superior. Voxels are only
// permuted and flipped. Axes are assigned from the best aligned to the worst,
// ties by index, as nibabel's as_closest_canonical does.
func Canonical(a Affine) Orientation {
	d := a.Rectangular().Directions()
	var o Orientation
	var usedIn, usedOut [3]bool
	for range 3 {
		in, best := -1, -1.0
		for c := range 3 {
			if usedIn[c] {
				continue
			}
			// Strength of an input axis is judged over all outputs, taken ones included.
			m := math.Max(math.Abs(d[0][c]), math.Max(math.Abs(d[1][c]), math.Abs(d[2][c])))
			if m > best {
				in, best = c, m
			}
		}
		out, best := -1, -1.0
		for r := range 3 {
			if m := math.Abs(d[r][in]); !usedOut[r] && m > best {
				out, best = r, m
			}
		}
		usedIn[in], usedOut[out] = true, true
		o.From[out], o.Flip[out] = in, d[out][in] < 0
	}
	return o
}

// Identity says whether the grids are the same.
func (o Orientation) Identity() bool {
	return o == Orientation{From: [3]int{0, 1, 2}}
}

// Apply is the grid that comes out of the grid (dims, a).
func (o Orientation) Apply(dims [3]int, a Affine) ([3]int, Affine) {
	var nd [3]int
	na := a
	for axis, in := range o.From {
		nd[axis] = dims[in]
		for r := range 3 {
			na[r][axis] = a[r][in]
			if o.Flip[axis] {
				na[r][axis] = -a[r][in]
				na[r][3] += a[r][in] * float64(dims[in]-1)
			}
		}
	}
	return nd, na
}

// Strides say where the output voxel (x, y, z) lies in the input slice:
// start + x·step[0] + y·step[1] + z·step[2].
func (o Orientation) Strides(dims [3]int) (start int, step [3]int) {
	in := [3]int{1, dims[0], dims[0] * dims[1]}
	for axis, from := range o.From {
		step[axis] = in[from]
		if o.Flip[axis] {
			start += in[from] * (dims[from] - 1)
			step[axis] = -in[from]
		}
	}
	return start, step
}
