package build

import (
	"context"
	"math"

	"github.com/iris-oculus/iris/internal/surface"
	"github.com/iris-oculus/iris/internal/volume"
)

// coarsest is the largest step of float32, in voxels, at which surfaces are still
// given in world coordinates. With a smaller step vertices keep, to a rounding, the
// 1/1024 of a voxel in which smoothing places them. A scan of 1 mm voxels reaches
// this step 16 m away from the scanner's origin, one of 1 µm voxels at 16 mm.
const coarsest = 1.0 / 512

// Near is Surfaces for a label map that may lie anywhere. Where float32 could not
// tell its vertices apart, they are counted from origin, whole millimetres in world
// RAS, instead of from zero. Measurements are in world RAS millimetres either way.
func Near(ctx context.Context, m *volume.LabelMap, o Options) (surfaces []surface.Surface, origin [3]float64, err error) {
	origin = Origin(m)
	near := *m
	for axis := range 3 {
		near.Affine[axis][3] -= origin[axis]
	}
	if surfaces, err = Surfaces(ctx, &near, o); err != nil {
		return nil, origin, err
	}
	for i := range surfaces {
		measure := &surfaces[i].Measure
		for axis, x := range origin {
			measure.Min[axis] += x
			measure.Max[axis] += x
			measure.Centroid[axis] += x
		}
	}
	return surfaces, origin, nil
}

// Origin is from where Near counts positions: zero for a map near enough, else its middle
// in whole millimetres.
func Origin(m *volume.LabelMap) (origin [3]float64) {
	spacing := m.Affine.Spacing()
	voxel := min(spacing[0], spacing[1], spacing[2])
	largest := 0.0
	for corner := range 8 {
		var at [3]float64
		for axis := range at {
			at[axis] = float64(corner>>axis&1) * float64(m.Dims[axis]-1)
		}
		for _, x := range m.Affine.Apply(at) {
			largest = max(largest, math.Abs(x))
		}
	}
	// float32 has 24 binary digits: its step is at most this share of a number.
	const step = 1.0 / (1 << 23)
	if !(largest*step > voxel*coarsest) || math.IsInf(largest, 0) {
		return origin
	}
	middle := m.Affine.Apply([3]float64{float64(m.Dims[0]-1) / 2, float64(m.Dims[1]-1) / 2, float64(m.Dims[2]-1) / 2})
	for axis := range origin {
		origin[axis] = math.Round(middle[axis])
	}
	return origin
}
