package tissue

import (
	"math"
	"math/rand"
	"runtime"
	"slices"
	"sync"
	"testing"

	"github.com/iris-oculus/iris/internal/volume"
)

// chest is the torso with its lungs as they were painted, for tests that change it.
type chest struct {
	*scan
	at          func(n int) [3]float64 // the place of a voxel in mm
	left, right *mask                  // the lungs of the torso as it is
}

// untouched is the torso and the lungs that are found in it.
var untouched = sync.OnceValue(func() *chest {
	c := &chest{scan: &scan{newGrid(torso.Dims, torso.Affine.Spacing()), torso.Voxels}}
	c.at = func(n int) [3]float64 { return place(torso, n) }
	inside, err := c.body()
	if err != nil {
		panic(err)
	}
	c.left, c.right, _, _ = c.lungs(inside)
	return c
})

func place(v *volume.Volume, n int) [3]float64 {
	return v.Affine.Apply([3]float64{float64(n % v.Dims[0]), float64(n / v.Dims[0] % v.Dims[1]), float64(n / v.Dims[0] / v.Dims[1])})
}

// lung says which lung a voxel of the untouched torso belongs to: +1 right, -1 left.
func (c *chest) lung(n int) int {
	x, y, z := n%c.nx, n/c.nx%c.ny, n/c.nx/c.ny
	switch {
	case c.right.has(x, y, z):
		return 1
	case c.left.has(x, y, z):
		return -1
	}
	return 0
}

// from is the distance of p from a centre.
func from(p [3]float64, x, y, z float64) float64 {
	return math.Hypot(math.Hypot(p[0]-x, p[1]-y), p[2]-z)
}

// toSegment is the distance of p from the line between two points.
func toSegment(p, a, b [3]float64) float64 {
	along, length := 0.0, 0.0
	for n := range p {
		along += (p[n] - a[n]) * (b[n] - a[n])
		length += (b[n] - a[n]) * (b[n] - a[n])
	}
	f := max(0, min(1, along/length))
	return from(p, a[0]+f*(b[0]-a[0]), a[1]+f*(b[1]-a[1]), a[2]+f*(b[2]-a[2]))
}

// airSpaces are chests of all kinds. Each paints over the torso; the lungs that
// must be found are those of the torso without the voxels that drop names.
var airSpaces = []struct {
	name string
	// paint is the new density at p, which belongs to the lung of that side.
	paint func(rng *rand.Rand, p [3]float64, side int, hu int16) int16
	// keep says what of the lungs is still lung; nil: all of it. Grown is what has
	// become a part of the left one.
	keep        func(p [3]float64, side int) bool
	grown       func(p [3]float64) bool
	within      float64 // share of the volume that may differ
	low, high   float64 // heights that are scanned; 0, 0: all
	west, east  float64 // and the columns
	outsideLung func(p [3]float64) bool
	warnings    []string
}{
	{name: "as it is", within: 0.001,
		outsideLung: func(p [3]float64) bool { return from(p, -56, 36, -52) < 25 }},
	{name: "a stomach full of air", within: 0.01,
		paint: func(rng *rand.Rand, p [3]float64, side int, hu int16) int16 {
			if from(p, -60, 30, -60) < 34 {
				return noisyHU(rng, -1000, 12)
			}
			return hu
		},
		outsideLung: func(p [3]float64) bool { return from(p, -60, 30, -60) < 38 }},
	{name: "bowel full of gas and stool", within: 0.01,
		paint: func(rng *rand.Rand, p [3]float64, side int, hu int16) int16 {
			switch {
			case toSegment(p, [3]float64{-70, 50, -130}, [3]float64{70, 50, -130}) < 24:
				return noisyHU(rng, -990, 20)
			case toSegment(p, [3]float64{-80, 0, -190}, [3]float64{-90, 0, -110}) < 22: // foam and stool
				return noisyHU(rng, -700, 90)
			}
			return hu
		},
		outsideLung: func(p [3]float64) bool { return p[2] < -100 }},
	{name: "the right lung is removed", within: 0.01,
		paint: func(rng *rand.Rand, p [3]float64, side int, hu int16) int16 {
			if side > 0 || (hu < hollowHigh && p[0] > 8 && p[2] < 66 && p[2] > -40 && p[0] < 60 && p[1] < 0) { // with its bronchus
				return noisyHU(rng, 20, 9)
			}
			return hu
		},
		keep: func(p [3]float64, side int) bool { return side < 0 }},
	{name: "the left lung has grown across the middle", within: 0.06,
		paint: func(rng *rand.Rand, p [3]float64, side int, hu int16) int16 {
			switch {
			case side > 0:
				return noisyHU(rng, 20, 9)
			case math.Abs(p[1]-56) < 16 && p[0] > -60 && p[0] < 36 && p[2] > 64 && p[2] < 110 && hu < 100:
				return noisyHU(rng, -850, 9)
			}
			return hu
		},
		keep: func(p [3]float64, side int) bool { return side < 0 },
		grown: func(p [3]float64) bool {
			return math.Abs(p[1]-56) < 16 && p[0] > -60 && p[0] < 36 && p[2] > 64 && p[2] < 110
		}},
	{name: "one lung and no windpipe", warnings: []string{"lung_side"}, within: 0.01, high: 30, low: -200,
		paint: func(rng *rand.Rand, p [3]float64, side int, hu int16) int16 {
			if side > 0 {
				return noisyHU(rng, 20, 9)
			}
			return hu
		},
		keep: func(p [3]float64, side int) bool { return side < 0 }},
	{name: "cut by the field of view", warnings: []string{"lung_cut"}, within: 0.02, west: -300, east: 70},
	{name: "a belly with the bases of the lungs", within: 0.05, low: -200, high: 10,
		outsideLung: func(p [3]float64) bool { return from(p, -56, 36, -52) < 25 }},
	{name: "a gullet full of air", within: 0.02,
		paint: func(rng *rand.Rand, p [3]float64, side int, hu int16) int16 {
			carina := [3]float64{0, -20, 72}
			switch d := math.Hypot(p[0]+6, p[1]+43); {
			case p[2] < -60 || toSegment(p, carina, [3]float64{-44, -24, 36}) < 13 || toSegment(p, carina, [3]float64{0, -20, 260}) < 13:
			case d < 8:
				return noisyHU(rng, -1000, 12)
			case d < 12:
				return noisyHU(rng, 30, 9)
			}
			return hu
		},
		outsideLung: func(p [3]float64) bool { return math.Hypot(p[0]+6, p[1]+43) < 7 }},
	{name: "air beside the right lung", warnings: []string{"air_beside_lung"}, within: 0.05,
		paint: func(rng *rand.Rand, p [3]float64, side int, hu int16) int16 {
			if side > 0 && p[1] > 20 {
				return noisyHU(rng, -1000, 12)
			}
			return hu
		},
		keep: func(p [3]float64, side int) bool { return side < 0 || p[1] < 20 }},
	{name: "the right lung has collapsed", warnings: []string{"air_beside_lung"}, within: 0.02,
		paint: func(rng *rand.Rand, p [3]float64, side int, hu int16) int16 {
			switch {
			case side > 0 && from(p, 50, -22, 40) < 32:
				return noisyHU(rng, -60, 30)
			case side > 0:
				return noisyHU(rng, -1000, 12)
			}
			return hu
		},
		keep: func(p [3]float64, side int) bool { return side < 0 }},
	{name: "air below the diaphragm", within: 0.02,
		paint: func(rng *rand.Rand, p [3]float64, side int, hu int16) int16 {
			dome := -38 + 46*(1-math.Pow((p[0]-70)/75, 2)-math.Pow((p[1]-5)/95, 2))
			if p[0] > 30 && p[0] < 118 && p[1] > -40 && p[1] < 70 && p[2] < dome-6 && p[2] > dome-26 {
				return noisyHU(rng, -1000, 12)
			}
			return hu
		}},
	{name: "air below the skin", within: 0.01,
		paint: func(rng *rand.Rand, p [3]float64, side int, hu int16) int16 {
			if hu > -140 && hu < -60 && p[2] > 0 && math.Hypot(p[0]/155, p[1]/104) > 0.87 && math.Sin(p[2]/5)+math.Sin(p[0]/7+p[1]/6) > 0.4 {
				return noisyHU(rng, -930, 30)
			}
			return hu
		}},
	{name: "emphysema", within: 0.05,
		paint: func(rng *rand.Rand, p [3]float64, side int, hu int16) int16 {
			if side != 0 && hu < -700 {
				return noisyHU(rng, -960, 22)
			}
			return hu
		}},
	{name: "the lower part of the right lung is opaque", within: 0.02,
		paint: func(rng *rand.Rand, p [3]float64, side int, hu int16) int16 {
			if side > 0 && p[2] < 40 {
				return noisyHU(rng, 35, 15)
			}
			return hu
		},
		keep: func(p [3]float64, side int) bool { return side < 0 || p[2] > 40 }},
}

func noisyHU(rng *rand.Rand, mean, deviation float64) int16 {
	return int16(max(-1024, mean+deviation*rng.NormFloat64()))
}

func TestAirIsJudgedByWhereItLies(t *testing.T) {
	base := untouched()
	for n, c := range airSpaces {
		if testing.Short() && n%4 != 2 {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			rng := rand.New(rand.NewSource(11))
			v := &volume.Volume{Dims: torso.Dims, Affine: torso.Affine, Voxels: slices.Clone(torso.Voxels)}
			want := [2]*mask{base.empty(), base.empty()} // left, right
			for n, hu := range torso.Voxels {
				p, side := base.at(n), base.lung(n)
				if c.paint != nil {
					v.Voxels[n] = c.paint(rng, p, side, hu)
				}
				switch {
				case c.grown != nil && c.grown(p) && v.Voxels[n] < hollowHigh:
					want[0].set(n/base.nx, n%base.nx, n%base.nx+1)
				case side == 0, c.keep != nil && !c.keep(p, side):
				default:
					want[(side+1)/2].set(n/base.nx, n%base.nx, n%base.nx+1)
				}
			}
			x0, x1, z0, z1 := 0, base.nx, 0, base.nz
			inv, _ := v.Affine.Inverse()
			if c.low != c.high {
				z0, z1 = max(0, int(inv.Apply([3]float64{0, 0, c.low})[2])), min(z1, int(inv.Apply([3]float64{0, 0, c.high})[2]))
			}
			if c.west != c.east {
				x0, x1 = max(0, int(inv.Apply([3]float64{c.west})[0])), min(x1, int(inv.Apply([3]float64{c.east})[0]))
			}
			part := crop(v, x0, x1, z0, z1)
			s := &scan{newGrid(part.Dims, part.Affine.Spacing()), part.Voxels}
			left, right, airway, doubts := s.lungs(s.mustBody(t))
			if got := codes(doubts.warnings()); !slices.Equal(got, c.warnings) {
				t.Errorf("warnings %v: want %v", got, c.warnings)
			}
			for n, got := range []*mask{left, right} {
				whole := 0
				for z := z0; z < z1; z++ {
					for y := range base.ny {
						for x := x0; x < x1; x++ {
							if want[n].has(x, y, z) {
								whole++
							}
						}
					}
				}
				have, full := float64(got.count())*s.voxelML(), float64(whole)*s.voxelML()
				if math.Abs(have-full) > c.within*full+1 {
					t.Errorf("%s lung has %.1f ml: want %.1f within %g %%", [2]string{"left", "right"}[n], have, full, 100*c.within)
				}
			}
			if c.outsideLung != nil {
				for n := range part.Voxels {
					x, y, z := n%s.nx, n/s.nx%s.ny, n/s.nx/s.ny
					if c.outsideLung(place(part, n)) && (left.has(x, y, z) || right.has(x, y, z) || airway.has(x, y, z)) {
						t.Fatalf("lung or airway at %.0f", place(part, n))
					}
				}
			}
		})
	}
}

// crop is a part of a volume, all rows of it.
func crop(v *volume.Volume, x0, x1, z0, z1 int) *volume.Volume {
	out := &volume.Volume{Dims: [3]int{x1 - x0, v.Dims[1], z1 - z0}, Affine: v.Affine}
	for r := range 3 {
		out.Affine[r][3] += v.Affine[r][0]*float64(x0) + v.Affine[r][2]*float64(z0)
	}
	for n := z0 * v.Dims[1]; n < z1*v.Dims[1]; n++ {
		out.Voxels = append(out.Voxels, v.Voxels[n*v.Dims[0]+x0:n*v.Dims[0]+x1]...)
	}
	return out
}

// TestLungsAsTheyWerePainted compares with the voxels of lung in the phantom: thin
// ones, the vessels between them, nothing of the airway and nothing of the stomach.
func TestLungsAsTheyWerePainted(t *testing.T) {
	base := untouched()
	var painted [2]float64
	for n, hu := range torso.Voxels {
		p := base.at(n)
		if math.Abs(p[0]) > 19 && p[2] > -70 && hu < -750 && hu > -930 && math.Hypot(p[0]/150, p[1]/100) < 1 && from(p, -56, 36, -52) > 30 {
			painted[max(0, int(math.Copysign(1, p[0])))] += base.voxelML()
		}
	}
	for n, got := range []*mask{base.left, base.right} {
		if have := float64(got.count()) * base.voxelML(); have < painted[n] || have > 1.12*painted[n] {
			t.Errorf("%s lung has %.0f ml, %.0f ml of it thin: want those and the vessels", [2]string{"left", "right"}[n], have, painted[n])
		}
	}
}

// TestGasOfTheSample is the case of the sample scan, whose voxels are larger: the
// gas in its stomach was lung.
func TestGasOfTheSample(t *testing.T) {
	v := &volume.Volume{Dims: torso.Dims, Affine: torso.Affine, Voxels: torso.Voxels}
	for r := range 3 {
		for col := range 4 {
			v.Affine[r][col] *= 448.0 / 400
		}
	}
	s := &scan{newGrid(v.Dims, v.Affine.Spacing()), v.Voxels}
	left, right, _, _ := s.lungs(s.mustBody(t))
	for n := range v.Voxels {
		p, x, y, z := place(torso, n), n%s.nx, n/s.nx%s.ny, n/s.nx/s.ny
		if from(p, -56, 36, -52) < 25 && (left.has(x, y, z) || right.has(x, y, z)) {
			t.Fatalf("lung in the stomach, at %.0f", p)
		}
	}
}

func TestProcessorsDoNotChangeTheLungs(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	base := untouched()
	runtime.GOMAXPROCS(3)
	inside, _ := base.body()
	left, right, _, _ := base.lungs(inside)
	if !slices.Equal(left.bits, base.left.bits) || !slices.Equal(right.bits, base.right.bits) {
		t.Error("three processors give other lungs than one")
	}
}
