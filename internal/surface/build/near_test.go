package build_test

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/iris-oculus/iris/internal/surface/build"
)

// A scan far from the scanner's origin has the meshes of one near it, counted from
// a point that is told, and its measurements are the world's.
func TestNear(t *testing.T) {
	for _, c := range []struct {
		name   string
		voxel  float64
		at     [3]float64
		origin [3]float64
	}{
		{"a clinical scan keeps its coordinates", 1, [3]float64{-900, 2000, 0}, [3]float64{}},
		{"an atlas of 25 µm keeps its coordinates", 0.025, [3]float64{5, -8, 13}, [3]float64{}},
		{"300 m away", 1, [3]float64{3e5, 0, -7.5}, [3]float64{300015, 10, 2}},
		{"1 µm voxels 200 mm away", 0.001, [3]float64{200, -200, 0}, [3]float64{200, -200, 0}},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := organs()
			home := organs()
			for axis := range 3 {
				for col := range 3 {
					m.Affine[axis][col], home.Affine[axis][col] = 0, 0
				}
				m.Affine[axis][axis], home.Affine[axis][axis] = c.voxel, c.voxel
				m.Affine[axis][3], home.Affine[axis][3] = c.at[axis], c.at[axis]-c.origin[axis]
			}
			got, origin, err := build.Near(t.Context(), m, build.Options{Smoothing: 0.5})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.origin, origin); diff != "" {
				t.Fatal(diff)
			}
			for i, want := range surfaces(t, home, build.Options{Smoothing: 0.5}) {
				if diff := cmp.Diff(want.Mesh, got[i].Mesh); diff != "" {
					t.Errorf("%s: other vertices", want.Label.Name)
				}
				for axis := range 3 {
					if moved := got[i].Measure.Centroid[axis] - want.Measure.Centroid[axis]; math.Abs(moved-origin[axis]) > 1e-6 {
						t.Errorf("%s: the centroid lies %v away, want %v", want.Label.Name, moved, origin[axis])
					}
					if moved := got[i].Measure.Min[axis] - want.Measure.Min[axis]; math.Abs(moved-origin[axis]) > 1e-6 {
						t.Errorf("%s: the extent lies %v away, want %v", want.Label.Name, moved, origin[axis])
					}
				}
			}
		})
	}
}
