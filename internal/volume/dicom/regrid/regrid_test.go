package regrid_test

import (
	"errors"
	"math"
	"testing"

	"github.com/iris-oculus/iris/internal/volume"
	"github.com/iris-oculus/iris/internal/volume/dicom/regrid"
	"github.com/iris-oculus/iris/internal/volume/dicom/series"
)

const fill = -1024

// stack is an axial pile of planes of 1.0 × 0.5 mm pixels at depths and shifts.
func stack(nx, ny int, depths []float64, shift func(z float64) [2]float64) *series.Stack {
	s := &series.Stack{Dims: [3]int{nx, ny, len(depths)}, Depth: depths, Spacing: [3]float64{1, 0.5, 1}}
	mean := depths[len(depths)-1] / float64(len(depths)-1)
	s.Spacing[2], s.Even = mean, true
	for k, z := range depths {
		s.Shift = append(s.Shift, shift(z))
		s.Even = s.Even && math.Abs(z-float64(k)*mean) < 0.01
	}
	s.Affine = volume.Affine{{-1, 0, 0, 50}, {0, -0.5, 0, 20}, {0, 0, mean, -10}}
	return s
}

// fieldAt is linear in the stack's own millimetres: along a row, along a column, depth.
func fieldAt(u, v, z float64) float64 { return 100 + 7*u - 5*v + 11*z }

// resample runs a stack whose voxels are the field and collects the output.
func resample(t *testing.T, s *series.Stack) (*regrid.Grid, [][]int16) {
	t.Helper()
	g, err := regrid.Of(s)
	if err != nil {
		t.Fatal(err)
	}
	var out [][]int16
	sampler := g.NewSampler(fill, func(plane []int16) error {
		out = append(out, append([]int16(nil), plane...))
		return nil
	})
	for k, z := range s.Depth {
		plane := make([]int16, s.Dims[0]*s.Dims[1])
		for j := range s.Dims[1] {
			for i := range s.Dims[0] {
				u, v := s.Shift[k][0]+float64(i)*s.Spacing[0], s.Shift[k][1]+float64(j)*s.Spacing[1]
				plane[j*s.Dims[0]+i] = int16(math.Round(fieldAt(u, v, z)))
			}
		}
		if err := sampler.Push(plane); err != nil {
			t.Fatal(err)
		}
	}
	if len(out) != g.Dims[2] {
		t.Fatalf("%d planes, want %d", len(out), g.Dims[2])
	}
	return g, out
}

// A linear field is reproduced wherever a plane covers it, whatever the shear
// and the gaps; every input plane's middle is covered.
func TestLinearFieldIsKept(t *testing.T) {
	even, uneven := []float64{0, 2, 4, 6}, []float64{0, 1.5, 2.2, 5, 7}
	cases := []struct {
		name   string
		depths []float64
		shift  func(float64) [2]float64
	}{
		{"tilt along columns", even, func(z float64) [2]float64 { return [2]float64{0, 0.33 * z} }},
		{"tilt the other way", even, func(z float64) [2]float64 { return [2]float64{0, -0.33 * z} }},
		{"tilt along rows", even, func(z float64) [2]float64 { return [2]float64{-0.4 * z, 0} }},
		{"both", even, func(z float64) [2]float64 { return [2]float64{0.2 * z, 0.3 * z} }},
		{"whole pixels", even, func(z float64) [2]float64 { return [2]float64{z, 0.5 * z} }},
		{"uneven", uneven, func(float64) [2]float64 { return [2]float64{} }},
		{"uneven and tilted", uneven, func(z float64) [2]float64 { return [2]float64{0.1 * z, -0.3 * z} }},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			s := stack(20, 24, c.depths, c.shift)
			g, out := resample(t, s)
			inverse, ok := s.Affine.Inverse()
			if !ok || g.Affine.Skew() > 1e-9 {
				t.Fatalf("affine %v", g.Affine)
			}
			covered := 0
			for k, plane := range out {
				for j := range g.Dims[1] {
					for i := range g.Dims[0] {
						got := plane[j*g.Dims[0]+i]
						if got == fill {
							continue
						}
						covered++
						// Back through world space, so that the affine is judged as well.
						p := inverse.Apply(g.Affine.Apply([3]float64{float64(i), float64(j), float64(k)}))
						want := fieldAt(p[0]*s.Spacing[0], p[1]*s.Spacing[1], p[2]*s.Spacing[2])
						if math.Abs(float64(got)-want) > 1.01 { // two roundings
							t.Fatalf("voxel %d %d %d is %d, want %.1f", i, j, k, got, want)
						}
					}
				}
			}
			if least := 15 * 15 * g.Dims[2]; covered < least {
				t.Errorf("%d voxels are covered, want %d at least", covered, least)
			}
		})
	}
}

// A stack that needs no resampling comes back voxel for voxel.
func TestRegularStackIsUntouched(t *testing.T) {
	s := stack(5, 4, []float64{0, 2, 4}, func(float64) [2]float64 { return [2]float64{} })
	g, out := resample(t, s)
	if g.Dims != s.Dims || g.Affine != s.Affine {
		t.Errorf("grid %v %v", g.Dims, g.Affine)
	}
	for k, plane := range out {
		for n, v := range plane {
			want := fieldAt(float64(n%5), float64(n/5)*0.5, float64(2*k))
			if float64(v) != math.Round(want) {
				t.Fatalf("plane %d voxel %d: %d, want %g", k, n, v, want)
			}
		}
	}
}

// Constant input gives that constant or the fill, nothing between.
func TestConstantStaysConstant(t *testing.T) {
	s := stack(8, 8, []float64{0, 1, 3, 3.5}, func(z float64) [2]float64 { return [2]float64{0.3 * z, 0.21 * z} })
	g, err := regrid.Of(s)
	if err != nil {
		t.Fatal(err)
	}
	sampler := g.NewSampler(fill, func(plane []int16) error {
		for _, v := range plane {
			if v != math.MaxInt16 && v != fill {
				t.Fatalf("%d", v)
			}
		}
		return nil
	})
	plane := make([]int16, 64)
	for i := range plane {
		plane[i] = math.MaxInt16
	}
	for range s.Depth {
		if err := sampler.Push(plane); err != nil {
			t.Fatal(err)
		}
	}
}

// One tiny gap does not blow the grid up; a shear over metres is refused.
func TestGridIsBounded(t *testing.T) {
	g, err := regrid.Of(stack(4, 4, []float64{0, 0.001, 5, 10}, func(float64) [2]float64 { return [2]float64{} }))
	if err != nil || g.Dims[2] > 8*4+1 {
		t.Errorf("%v, %v", g, err)
	}
	_, err = regrid.Of(stack(4, 4, []float64{0, 1, 2}, func(z float64) [2]float64 { return [2]float64{9000 * z, 0} }))
	var fault *volume.Error
	if !errors.As(err, &fault) || fault.Code != "too_large" {
		t.Errorf("%v, want too_large", err)
	}
}

func BenchmarkTilt(b *testing.B) {
	s := stack(512, 512, []float64{0, 2, 4, 6}, func(z float64) [2]float64 { return [2]float64{0, 0.33 * z} })
	g, err := regrid.Of(s)
	if err != nil {
		b.Fatal(err)
	}
	plane := make([]int16, 512*512)
	b.SetBytes(int64(2 * len(plane) * len(s.Depth)))
	for b.Loop() {
		sampler := g.NewSampler(fill, func([]int16) error { return nil })
		for range s.Depth {
			if err := sampler.Push(plane); err != nil {
				b.Fatal(err)
			}
		}
	}
}
