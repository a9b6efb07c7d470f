package build_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"testing"

	"github.com/iris-oculus/iris/internal/surface/build"
	"github.com/iris-oculus/iris/internal/surface/crossings"
	"github.com/iris-oculus/iris/internal/surface/surfacetest"
	"github.com/iris-oculus/iris/internal/volume"
)

// sheet is a curved sheet of a thickness in voxels, at a random place and slope:
// what a skin, a rib or a wall looks like in a scan that is too coarse for it.
func sheet(r *rand.Rand, n int, thickness float64) *volume.LabelMap {
	m := &volume.LabelMap{Dims: [3]int{n, n, n}, Affine: volume.Affine{{1, 0, 0, 0}, {0, 1, 0, 0}, {0, 0, 1, 0}}, U8: make([]uint8, n*n*n)}
	var normal [3]float64
	length := 0.0
	for axis := range normal {
		normal[axis] = r.NormFloat64()
		length += normal[axis] * normal[axis]
	}
	wave, phase, height := 0.1+0.4*r.Float64(), 6*r.Float64(), 3*r.Float64()
	shift := r.Float64()
	for i := range m.U8 {
		x, y, z := float64(i%n)-float64(n)/2, float64(i/n%n)-float64(n)/2, float64(i/n/n)-float64(n)/2
		d := (normal[0]*x+normal[1]*y+normal[2]*z)/math.Sqrt(length) + shift
		d += height * math.Sin(wave*x+phase) * math.Cos(wave*y)
		if math.Abs(d) < thickness/2 {
			m.U8[i] = 1
		}
	}
	return m
}

// checkNoCrossings wants no structure to pass through itself.
func checkNoCrossings(t *testing.T, name string, m *volume.LabelMap, o build.Options) {
	t.Helper()
	for i, s := range surfaces(t, m, o) {
		if n := crossings.Count(&s.Mesh); n > 0 {
			t.Errorf("%s, %+v: structure %d passes through itself %d times", name, o, i, n)
		}
	}
}

// long asks for all shapes and all real structures, which take minutes: make crossings.
var long = os.Getenv("IRIS_CROSSINGS") == "all"

func TestThinShapesDoNotCrossThemselves(t *testing.T) {
	r := rand.New(rand.NewPCG(6, 13))
	count, seeds := 12, uint64(1)
	switch {
	case long:
		count, seeds = 120, 6
	case testing.Short():
		count = 4
	}
	for i := range count {
		thickness := 0.9 + 1.2*r.Float64()
		m := sheet(r, 28, thickness)
		for _, smoothing := range []float64{0.5, 1} {
			checkNoCrossings(t, fmt.Sprintf("sheet %d of %.2f voxels", i, thickness), m, build.Options{Smoothing: smoothing, Joined: i%2 == 1})
		}
	}
	for seed := range seeds {
		for _, labels := range []int{1, 2, 7, 300} {
			m := surfacetest.Noise(seed, [3]int{12, 13, 14}, labels)
			checkNoCrossings(t, fmt.Sprintf("noise %d of %d labels", seed, labels), m, build.Options{Smoothing: 0.5})
			checkNoCrossings(t, fmt.Sprintf("noise %d of %d labels", seed, labels), m, build.Options{Smoothing: 1, Joined: true})
		}
	}
}

func TestRealStructuresDoNotCrossThemselves(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	names := []string{"example_seg", "example_seg_mr"}
	if long {
		names = append(names, "example_seg_fast_force_split", "example_seg_dicom", "heart_1p5mm")
	}
	for _, name := range names {
		m := readLabels(t, "volumes/totalsegmentator/"+name+".nii.gz")
		for _, smoothing := range []float64{0.5, 1} {
			checkNoCrossings(t, name, m, build.Options{Smoothing: smoothing})
		}
	}
}
