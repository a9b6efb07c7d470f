package tissue

import (
	"fmt"
	"math"
	"math/rand"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/iris-oculus/iris/internal/volume"
)

// vesselML is how much blood or urine may be left in bone.
const vesselML = 5

// The volume of bone is right within 5 %. A shell thinner than a voxel fills it
// in part only, and where in the voxel it lies cannot be known: there the surface
// may be a quarter of a voxel off besides.
const (
	boneError    = 0.05
	surfaceError = 0.25
)

// surface is the area of bone in mm²: its voxel faces, of which an average
// surface shows one and a half times its area.
func (s *shot) surface() float64 {
	faces, nx, ny := 0, s.Dims[0], s.Dims[1]
	for n, k := range s.kinds {
		if k != hard {
			continue
		}
		for a, step := range [3]int{1, nx, nx * ny} {
			at := [3]int{n % nx, n / nx % ny, n / nx / ny}[a]
			if at > 0 && s.kinds[n-step] != hard {
				faces++
			}
			if at < s.Dims[a]-1 && s.kinds[n+step] != hard {
				faces++
			}
		}
	}
	mm := s.Affine.Spacing()[0]
	return float64(faces) * mm * mm / 1.5
}

// boneCase is a phantom of the property test, from a seed.
type boneCase struct {
	scene *scene
	by    scanner
	bone  boneOf
	name  string
}

// newBoneCase draws a phantom: densities, shell, voxels, noise, and what lies
// beside the bone at which distance. Its shell can be seen: it makes a voxel 100
// HU denser than the inside, or more. Where it does not, no look at a border tells
// bone from contrast medium.
func newBoneCase(seed int64, voxels []float64) boneCase { return drawCase(seed, voxels, false) }

// drawCase draws a phantom; in a hard one blood touches the bone, and every third has a
// piece of metal in it from which streaks go out.
func drawCase(seed int64, voxels []float64, isHard bool) boneCase {
	rng := rand.New(rand.NewSource(seed))
	in := func(low, high float64) float64 { return low + (high-low)*rng.Float64() }
	c := boneCase{by: scanner{mm: voxels[rng.Intn(len(voxels))], noise: in(0, 40), seed: seed}}
	for {
		c.bone = boneOf{spongy: in(150, 450), compact: in(500, 1800), shell: in(0.8, 4)}
		if (c.bone.compact-c.bone.spongy)*min(1, c.bone.shell/max(c.by.mm, apertureMM)) >= 100 {
			break
		}
	}
	hu, gap, without := in(150, 500), in(1, 3), rng.Intn(4) == 0
	if isHard {
		gap, without = 0, false
	}
	kinds := []struct {
		name   string
		scene  func(boneOf, ...solid) *scene
		beside []solid
	}{
		{"thigh and artery", thigh, []solid{{blood, column(33+gap, 0, 9, 9, -1e3, 1e3), even(hu)}}},
		{"spine, aorta and kidney", spine, []solid{
			{blood, column(8, 29+gap, 11, 11, -1e3, 1e3), even(hu)}, {blood, ellipsoid(35+gap, -5, 0, 13, 20, 28), even(hu)},
		}},
		{"breastbone, ribs and heart", chestWall, []solid{{blood, ellipsoid(-2, 6-gap, 0, 34, 28, 34), even(hu)}}},
		{"hip and bladder", pelvisSide, []solid{{blood, ellipsoid(10+gap, -8, 4, 26, 26, 26), even(hu)}}},
	}
	k := kinds[rng.Intn(len(kinds))]
	if without {
		k.beside, hu = nil, 0
	}
	c.scene = k.scene(c.bone, k.beside...)
	if isHard && seed%3 == 0 {
		k.name += ", metal"
		streak := solid{soft, func(p spot) float64 {
			return min(1-math.Abs(math.Mod(math.Abs(p.x+p.y), 16)-8), 40-math.Hypot(p.x, p.y), 4-math.Abs(p.z))
		}, even(140)}
		at := len(c.scene.solids) - 2
		c.scene.solids = slices.Insert(c.scene.solids, at, streak)
		c.scene.solids = slices.Insert(c.scene.solids, 0, solid{metal, c.inBone(), even(3071)})
	}
	c.name = fmt.Sprintf("%d: %s, bone %.0f/%.0f HU, shell %.1f mm, voxels %g mm, noise %.0f, blood %.0f HU at %.1f mm",
		seed, k.name, c.bone.spongy, c.bone.compact, c.bone.shell, c.by.mm, c.by.noise, hu, gap)
	return c
}

// inBone is a ball of metal of 3 mm radius within the bone of a phantom.
func (c boneCase) inBone() func(spot) float64 {
	for _, p := range []spot{{0, 0, 20}, {0, 2, -20}, {0, 40, 0}, {-38, 0, 0}} {
		if n, _ := c.scene.at(p); n >= 0 && c.scene.kind(n) == hard {
			return ellipsoid(p.x, p.y, p.z, 3, 3, 3)
		}
	}
	return ellipsoid(0, 0, 0, 3, 3, 3)
}

// check says what is wrong with the bone of a phantom, "" for nothing.
func (c boneCase) check(t *testing.T) string {
	s := c.scene.see(c.by)
	f, want := s.found(segment(t, s.Volume)), s.ml(hard)+s.ml(metal)
	allowed := boneError * want
	if c.bone.shell < c.by.mm {
		allowed += surfaceError * c.by.mm * s.surface() / 1000
	}
	var wrong []string
	if got := f[hard] + f[soft] + f[metal]; math.Abs(got-want) > allowed {
		wrong = append(wrong, fmt.Sprintf("bone has %.1f ml: want %.1f ± %.1f", got, want, allowed))
	}
	if f[blood] > vesselML {
		wrong = append(wrong, fmt.Sprintf("%.1f of %.1f ml of blood are bone", f[blood], s.ml(blood)))
	}
	return strings.Join(wrong, ", ")
}

// TestBoneHasItsVolume is the property test of bone beside contrast medium, over
// a few seeds. The long set is TestPhantoms.
func TestBoneHasItsVolume(t *testing.T) {
	cases, voxels := int64(8), []float64{1.5, 2, 3}
	if testing.Short() {
		cases = 3
	}
	for seed := range cases {
		c := newBoneCase(seed+1, voxels)
		if wrong := c.check(t); wrong != "" {
			t.Errorf("%s: %s", c.name, wrong)
		}
	}
}

// phantomsEnv names the seeds that TestPhantoms draws, such as 1-120 or 7,14.
const (
	phantomsEnv = "IRIS_TEST_PHANTOMS"
	voxelsEnv   = "IRIS_TEST_PHANTOM_VOXELS" // and the voxels in mm, such as 0.5,0.7
)

// TestPhantoms is the long set of phantoms: `make test-phantoms`. It reports each
// one that fails and how many passed; some are known to fail (docs/benchmarks.md).
func TestPhantoms(t *testing.T) {
	for _, set := range []struct {
		name   string
		voxels []float64
		isHard bool
	}{{"apart", []float64{1.5, 2, 3}, false}, {"fine", []float64{0.5, 0.7}, false}, {"touching", []float64{0.7, 1, 1.5, 2}, true}} {
		seeds, voxels := os.Getenv(phantomsEnv), set.voxels
		if seeds == "" {
			t.Skip(phantomsEnv + " is not set: run make test-phantoms")
		}
		if list := os.Getenv(voxelsEnv); list != "" {
			voxels = numbers(t, list)
		}
		t.Run(set.name, func(t *testing.T) {
			all, failed := 0, 0
			for _, part := range strings.Split(seeds, ",") {
				low, high, isRange := strings.Cut(part, "-")
				if !isRange {
					high = low
				}
				for seed := int64(numbers(t, low)[0]); seed <= int64(numbers(t, high)[0]); seed++ {
					if voxels[0] < 1 && seed > fineSeeds {
						break
					}
					c := drawCase(seed, voxels, set.isHard)
					all++
					if wrong := c.check(t); wrong != "" {
						failed++
						t.Errorf("%s: %s", c.name, wrong)
					}
				}
			}
			t.Logf("%d of %d phantoms passed", all-failed, all)
		})
	}
}

// fineSeeds is how many phantoms of fine voxels are drawn: each has millions.
const fineSeeds = 20

func numbers(t *testing.T, list string) (out []float64) {
	for _, part := range strings.Split(list, ",") {
		n, err := strconv.ParseFloat(part, 64)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, n)
	}
	return out
}

// TestFemoralHeads are the heads that were once taken for contrast medium.
func TestFemoralHeads(t *testing.T) {
	for n, b := range []boneOf{{350, 900, 1.5}, {420, 1100, 1.5}, {200, 600, 1.5}, {150, 500, 4}, {450, 1800, 0.8}} {
		if testing.Short() && n > 1 {
			return
		}
		c := boneCase{thigh(b), scanner{mm: 2, noise: 20, seed: 1}, b, ""}
		if wrong := c.check(t); wrong != "" {
			t.Errorf("%+v: %s", b, wrong)
		}
	}
	if testing.Short() {
		return
	}
	c := boneCase{scene: thigh(boneOf{350, 900, 1.5}), by: scanner{mm: 0.7, noise: 30, seed: 2}, bone: boneOf{350, 900, 1.5}}
	c.scene.half = [3]float64{36, 36, 40}
	if wrong := c.check(t); wrong != "" {
		t.Errorf("0.7 mm: %s", wrong)
	}
}

// TestSolidColumn: what is denser than blood and has no shell is bone, with a
// warning; a bladder that the scan holds whole is not.
func TestSolidColumn(t *testing.T) {
	for _, c := range []struct {
		name    string
		what    solid
		bone    float64
		warning []string
	}{
		{"a column", solid{hard, column(0, 0, 32, 32, -1e3, 1e3), even(700)}, 1, []string{"bone_or_contrast"}},
		{"a bladder", solid{blood, ellipsoid(0, 0, 0, 24, 24, 24), even(900)}, 0, nil},
	} {
		sc := &scene{[3]float64{52, 52, 32}, append([]solid{c.what}, flesh(51, 51)...)}
		s := sc.see(scanner{mm: 2, noise: 20, seed: 3})
		m := segment(t, s.Volume)
		f := s.found(m)
		if want := c.bone * s.ml(c.what.kind); math.Abs(f[c.what.kind]-want) > boneError*s.ml(c.what.kind) {
			t.Errorf("%s: %.1f ml are bone, want %.1f", c.name, f[c.what.kind], want)
		}
		if got := codes(m.Table.Warnings); !slices.Equal(got, c.warning) {
			t.Errorf("%s: warnings %v, want %v", c.name, got, c.warning)
		}
	}
}

// TestStent: a thin dense wall around blood, of calcium or a stent, makes no bone
// of it.
func TestStent(t *testing.T) {
	sc := &scene{[3]float64{44, 44, 40}, append([]solid{
		{soft, func(p spot) float64 {
			return min(15-math.Hypot(p.x, p.y), math.Hypot(p.x, p.y)-14, 34-math.Abs(p.z))
		}, even(1100)},
		{blood, column(0, 0, 14, 14, -1e3, 1e3), even(490)},
	}, flesh(43, 43)...)}
	s := sc.see(scanner{mm: 1.5, noise: 25, seed: 5})
	if got := s.found(segment(t, s.Volume))[blood]; got > vesselML {
		t.Errorf("%.1f of %.1f ml of blood in a stent are bone", got, s.ml(blood))
	}
}

// TestMetal: a hip stem and a screw are kept with bone and named.
func TestMetal(t *testing.T) {
	b := boneOf{300, 900, 1.5}
	stem := solid{metal, column(0, 0, 5, 5, -1e3, 26), even(3071)}
	screw := solid{metal, func(p spot) float64 { return min(2.5-math.Hypot(p.y, p.z-20), 30-math.Abs(p.x)) }, even(3071)}
	// Streaks: bright and dark fans from the metal, within flesh.
	streak := solid{soft, func(p spot) float64 {
		return min(1-math.Abs(math.Mod(math.Abs(p.x+p.y), 12)-6), 40-math.Hypot(p.x, p.y))
	}, even(120)}
	sc := thigh(b, stem, screw)
	sc.solids = slices.Insert(sc.solids, len(sc.solids)-2, streak)
	s := sc.see(scanner{mm: 1.5, noise: 20, seed: 4})
	m := segment(t, s.Volume)
	if got, want := s.found(m)[metal], s.ml(metal); got < 0.97*want {
		t.Errorf("%.1f of %.1f ml of metal are bone", got, want)
	}
	if got := codes(m.Table.Warnings); !slices.Equal(got, []string{"metal"}) {
		t.Errorf("warnings %v: want metal", got)
	}
}

func codes(warnings []volume.Warning) (out []string) {
	for _, w := range warnings {
		out = append(out, w.Code)
	}
	return out
}
