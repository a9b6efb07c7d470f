package nifti

import (
	"math"

	"github.com/iris-oculus/iris/internal/volume"
)

// spacingTolerance is the relative difference between pixdim and the affine from which
// a warning is given.
const spacingTolerance = 0.01

// exactSkew is the skew below which directions are left as they are. float32 headers
// are rounded to a few 1e-7.
const exactSkew = 1e-6

// affine is the grid's place in the world. It is the sform if that has a code, else the
// qform. A file without either is refused, because left and right would be a guess.
func (h *header) affine() (volume.Affine, error) {
	var a volume.Affine
	switch {
	case h.sform:
		a = volume.Affine(h.rows)
		// Both in the file's own unit of length.
		if q, err := h.fromQuaternion(); err == nil && h.qform {
			h.compare(a, q)
		}
	case h.qform:
		q, err := h.fromQuaternion()
		if err != nil {
			return a, err
		}
		a = q
	default:
		return a, volume.Reject("missing_orientation", "sform_code and qform_code are 0: the file does not say which side is left")
	}
	for r := range 3 {
		for c := range 4 {
			a[r][c] *= h.unit
		}
	}
	return a, a.Check()
}

// scanAffine is the affine of a scan. One that is almost rectangular is made exactly
// so.
func (h *header) scanAffine() (volume.Affine, error) {
	if err := checkThick(h.dims); err != nil {
		return volume.Affine{}, err
	}
	a, err := h.affine()
	if err != nil {
		return a, err
	}
	skew := a.Skew()
	if skew > volume.MaxSkew {
		return a, volume.Reject("non_orthogonal_affine", "the voxel axes are sheared by %.2g: want right angles within %g", skew, volume.MaxSkew)
	}
	if skew > exactSkew {
		a = a.Rectangular()
	}
	for c, s := range a.Spacing() {
		if p := math.Abs(h.pixdim[c+1]) * h.unit; !(math.Abs(p-s) <= spacingTolerance*s) {
			h.warn("spacing_mismatch", "pixdim disagrees with the affine; the affine was believed")
			break
		}
	}
	return a, nil
}

// farApart is the cosine of 60°. An sform may turn a scan to a template's axes, by some
// 30° at most; if it turns an axis further, sform or qform is wrong.
const farApart = 0.5

// compare warns when the sform and the qform of one file place it differently.
func (h *header) compare(sform, qform volume.Affine) {
	s, q := sform.Directions(), qform.Directions()
	for c := range 3 {
		cosine := s[0][c]*q[0][c] + s[1][c]*q[1][c] + s[2][c]*q[2][c]
		if cosine >= farApart || math.IsNaN(cosine) { // NaN: singular, refused later
			continue
		}
		about := "the patient's directions"
		if side(s) != side(q) {
			about = "which side is left"
		}
		h.warn("orientation_mismatch", "the file places the scan twice, by its sform and by its qform, and they disagree about "+about+
			": the sform was believed; compare the model with the scan")
		return
	}
}

// side is the voxel axis that runs from left to right, negative when it runs
// from right to left.
func side(d [3][3]float64) int {
	best := 0
	for c := range 3 {
		if math.Abs(d[0][c]) > math.Abs(d[0][best]) {
			best = c
		}
	}
	if d[0][best] < 0 {
		return -best - 1
	}
	return best + 1
}

// quaternionSlack is how far b²+c²+d² may exceed 1: float32 rounding thrice over.
const quaternionSlack = 1e-5

// halfTurn is how far b²+c²+d² may be below 1 for the rotation to be half a turn. Three
// float32 that were truncated are each up to 2⁻²³ of themselves too small, and the sum
// of their squares 2⁻²² = 2.4e-7. As a rotation that would be 1e-3 radians, or 0.5 mm
// over 512 voxels of 1 mm. nifti1_io has 1e-7, which covers rounding only, nibabel
// 3.6e-7.
const halfTurn = 1.0 / (1 << 22)

// fromQuaternion is method 2 of nifti1.h.
func (h *header) fromQuaternion() (volume.Affine, error) {
	var out volume.Affine
	b, c, d := h.quaternion[0], h.quaternion[1], h.quaternion[2]
	sum := b*b + c*c + d*d
	if !(sum <= 1+quaternionSlack) {
		return out, volume.Reject("bad_affine", "the qform quaternion has a square sum of %g: want at most 1", sum)
	}
	a := math.Sqrt(max(0, 1-sum))
	if 1-sum < halfTurn {
		a = 0
		n := math.Sqrt(sum)
		b, c, d = b/n, c/n, d/n
	}
	rotation := [3][3]float64{
		{a*a + b*b - c*c - d*d, 2 * (b*c - a*d), 2 * (b*d + a*c)},
		{2 * (b*c + a*d), a*a + c*c - b*b - d*d, 2 * (c*d - a*b)},
		{2 * (b*d - a*c), 2 * (c*d + a*b), a*a + d*d - b*b - c*c},
	}
	step := [3]float64{h.pixdim[1], h.pixdim[2], h.pixdim[3]}
	for n, s := range step {
		// A sign means nothing here (the rotation says where an axis leads), and all
		// readers in use drop it.
		if step[n] = math.Abs(s); !(step[n] > 0) {
			return out, volume.Reject("bad_affine", "pixdim[%d] = %g: want more than 0", n+1, s)
		}
	}
	if h.pixdim[0] < 0 { // qfac
		step[2] = -step[2]
	}
	for r := range 3 {
		for c := range 3 {
			out[r][c] = rotation[r][c] * step[c]
		}
		out[r][3] = h.origin[r]
	}
	return out, nil
}

// quaternion is b, c, d and qfac of an affine's closest rotation, its inverse.
func quaternion(affine volume.Affine) (q [3]float64, qfac float64) {
	r := affine.Rectangular().Directions()
	qfac = 1
	if affine.Det() < 0 {
		qfac = -1
		for n := range 3 {
			r[n][2] = -r[n][2]
		}
	}
	// Shepperd's method: divide by the largest component, so that no precision
	// is lost near half a turn.
	t := [4]float64{
		r[0][0] + r[1][1] + r[2][2], r[0][0] - r[1][1] - r[2][2],
		r[1][1] - r[0][0] - r[2][2], r[2][2] - r[0][0] - r[1][1]}
	best := 0
	for n := range t {
		if t[n] > t[best] {
			best = n
		}
	}
	m := math.Sqrt(1+t[best]) / 2
	k := 1 / (4 * m)
	var w [4]float64
	switch best {
	case 0:
		w = [4]float64{m, (r[2][1] - r[1][2]) * k, (r[0][2] - r[2][0]) * k, (r[1][0] - r[0][1]) * k}
	case 1:
		w = [4]float64{(r[2][1] - r[1][2]) * k, m, (r[0][1] + r[1][0]) * k, (r[0][2] + r[2][0]) * k}
	case 2:
		w = [4]float64{(r[0][2] - r[2][0]) * k, (r[0][1] + r[1][0]) * k, m, (r[1][2] + r[2][1]) * k}
	default:
		w = [4]float64{(r[1][0] - r[0][1]) * k, (r[0][2] + r[2][0]) * k, (r[1][2] + r[2][1]) * k, m}
	}
	if w[0] < 0 {
		for n := range w {
			w[n] = -w[n]
		}
	}
	return [3]float64{w[1], w[2], w[3]}, qfac
}
