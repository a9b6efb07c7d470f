package volume

import (
	"errors"
	"math"
	"runtime"
	"slices"
	"testing"
)

func ramp(dims [3]int, a Affine, value func(p [3]float64) float64) *Volume {
	v := &Volume{Dims: dims, Affine: a, Voxels: make([]int16, dims[0]*dims[1]*dims[2])}
	for n := range v.Voxels {
		v.Voxels[n] = int16(math.Round(value(a.Apply([3]float64{float64(n % dims[0]), float64(n / dims[0] % dims[1]), float64(n / dims[0] / dims[1])}))))
	}
	return v
}

// A field that changes evenly in space has, in coarse voxels, the value that it has at
// their middles: they lie where they say.
func TestCoarseLiesWhereItSays(t *testing.T) {
	for name, c := range map[string]struct {
		spacing [3]float64
		dims    [3]int
		want    [3]int
	}{
		"fine":      {[3]float64{0.7, 0.7, 1}, [3]int{30, 33, 20}, [3]int{10, 11, 10}},
		"flat":      {[3]float64{0.5, 0.5, 5}, [3]int{40, 40, 5}, [3]int{10, 10, 5}},
		"a header":  {[3]float64{0.999999, 1, 2.0000001}, [3]int{20, 20, 9}, [3]int{10, 10, 9}},
		"in plates": {[3]float64{3, 0.1, 3}, [3]int{4, 60, 4}, [3]int{4, 3, 4}},
	} {
		a := Affine{{c.spacing[0], 0, 0, -31}, {0, c.spacing[1], 0, 12}, {0, 0, c.spacing[2], 700}}
		field := func(p [3]float64) float64 { return 100*p[0] - 70*p[1] + 30*(p[2]-700) }
		v := ramp(c.dims, a, field)
		got := Coarse(v, 2)
		if got.Dims != c.want {
			t.Errorf("%s: %v voxels, want %v", name, got.Dims, c.want)
			continue
		}
		for axis, s := range got.Affine.Spacing() {
			if s < 2-0.01 {
				t.Errorf("%s: spacing %v along %d", name, s, axis)
			}
		}
		for n, x := range got.Voxels {
			p := got.Affine.Apply([3]float64{float64(n % got.Dims[0]), float64(n / got.Dims[0] % got.Dims[1]), float64(n / got.Dims[0] / got.Dims[1])})
			if math.Abs(float64(x)-field(p)) > 1.01 {
				t.Fatalf("%s: voxel %d is %d, want %v", name, n, x, field(p))
			}
		}
	}
}

// No voxel is lost at the end of an axis, values do not overflow, and stripes finer
// than the new voxels become grey.
func TestCoarseAtTheEnds(t *testing.T) {
	a := Affine{{1, 0, 0, 0}, {0, 1, 0, 0}, {0, 0, 1, 0}}
	v := ramp([3]int{5, 3, 1}, a, func(p [3]float64) float64 { return p[0] * 10 })
	if got := Coarse(v, 2); got.Dims != [3]int{3, 2, 1} || !slices.Equal(got.Voxels[:3], []int16{5, 25, 40}) {
		t.Errorf("%v: %v", got.Dims, got.Voxels)
	}
	for _, extreme := range []int16{math.MinInt16, math.MaxInt16} {
		v := ramp([3]int{7, 7, 7}, a, func([3]float64) float64 { return float64(extreme) })
		for _, x := range Coarse(v, 4).Voxels {
			if x != extreme {
				t.Fatalf("%d became %d", extreme, x)
			}
		}
	}
	stripes := ramp([3]int{40, 4, 4}, a, func(p [3]float64) float64 { return 1000 * (1 - 2*math.Mod(p[0], 2)) })
	for _, x := range Coarse(stripes, 2).Voxels {
		if x != 0 {
			t.Fatalf("stripes became %d", x)
		}
	}
	if same := ramp([3]int{3, 3, 3}, Affine{{2, 0, 0, 0}, {0, 2.5, 0, 0}, {0, 0, 3, 0}}, func([3]float64) float64 { return 1 }); Coarse(same, 2) != same {
		t.Error("a coarse volume was copied")
	}
	if one := Coarse(ramp([3]int{1, 1, 1}, Affine{{1e-9, 0, 0, 0}, {0, 1e-9, 0, 0}, {0, 0, 1e-9, 0}}, func([3]float64) float64 { return 7 }), 2); one.Dims != [3]int{1, 1, 1} || one.Voxels[0] != 7 {
		t.Errorf("a single voxel became %v", one)
	}
}

func TestCoarseForAnyNumberOfProcessors(t *testing.T) {
	v := ramp([3]int{31, 29, 23}, Affine{{1, 0, 0, 0}, {0, 1, 0, 0}, {0, 0, 0.4, 0}}, func(p [3]float64) float64 { return 50 * math.Sin(p[0]*p[1]+p[2]) })
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	alone := Coarse(v, 2)
	runtime.GOMAXPROCS(5)
	if !slices.Equal(alone.Voxels, Coarse(v, 2).Voxels) {
		t.Error("another volume")
	}
	for n, want := range map[[2]int64]int64{{5, 2}: 3, {-5, 2}: -3, {4, 3}: 1, {-4, 3}: -1, {0, 5}: 0} {
		if got := rounded(n[0], n[1]); got != want {
			t.Errorf("%d / %d rounds to %d", n[0], n[1], got)
		}
	}
}

// A grid that comes row by row gives the same volume as one in memory.
func TestCoarseFromRows(t *testing.T) {
	for name, c := range map[string]struct {
		dims    [3]int
		spacing float64
		most    int
	}{
		"odd ends":          {[3]int{31, 29, 23}, 0.7, 1 << 20},
		"one row":           {[3]int{17, 1, 1}, 0.3, 1 << 20},
		"coarse already":    {[3]int{9, 8, 7}, 2.5, 1 << 20},
		"more than may be":  {[3]int{40, 30, 20}, 2.5, 4000},
		"as many as may be": {[3]int{20, 20, 10}, 2.5, 4000},
		"only one may be":   {[3]int{5, 6, 7}, 1, 1},
	} {
		v := ramp(c.dims, Affine{{c.spacing, 0, 0, 3}, {0, 0, c.spacing, -9}, {0, -c.spacing, 0, 0}}, func(p [3]float64) float64 { return 900 * math.Sin(p[0]+p[1]*p[2]) })
		left := v.Voxels
		got, err := CoarseFrom(c.dims, v.Affine, CoarseFactors(c.dims, v.Affine, 2, c.most), func(row []int16) error {
			left = left[copy(row, left):]
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if len(left) > 0 || got.Len() > c.most || len(got.Voxels) != got.Len() {
			t.Errorf("%s: %d voxels were not asked for, %v of at most %d", name, len(left), got.Dims, c.most)
		}
		if want := Coarse(v, 2); want.Len() <= c.most && (want.Dims != got.Dims || want.Affine != got.Affine || !slices.Equal(want.Voxels, got.Voxels)) {
			t.Errorf("%s: %v %v, want %v %v", name, got.Dims, got.Affine, want.Dims, want.Affine)
		}
		if name == "more than may be" && (got.Dims == c.dims || got.Len() < c.most/8) {
			t.Errorf("%s: %v of at most %d", name, got.Dims, c.most)
		}
	}
	// The largest grids that are read, of any spacing (LEAP 77 asked for 125 GB).
	for _, dims := range [][3]int{{4096, 4096, 32}, {4096, 1, 1}, {512, 1024, 1024}, {32, 4096, 4096}} {
		for _, spacing := range []float64{1e-6, 0.1, 2, 1e6} {
			a := Affine{{spacing, 0, 0, 0}, {0, spacing, 0, 0}, {0, 0, spacing, 0}}
			if d := CoarseDims(dims, CoarseFactors(dims, a, 2, 1<<24)); d[0]*d[1]*d[2] > 1<<24 || d[0]*d[1]*d[2] < 1 {
				t.Errorf("%v of %g mm: %v", dims, spacing, d)
			}
		}
	}
	cut := errors.New("the connection was cut")
	if v, err := CoarseFrom([3]int{4, 4, 4}, Affine{{1, 0, 0, 0}, {0, 1, 0, 0}, {0, 0, 1, 0}}, [3]int{2, 2, 2}, func([]int16) error { return cut }); v != nil || !errors.Is(err, cut) {
		t.Errorf("%v, %v", v, err)
	}
}
