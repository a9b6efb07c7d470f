package tissue

import (
	"bytes"
	"context"
	"errors"
	"math"
	"math/rand"
	"runtime"
	"sync"
	"testing"

	"github.com/iris-oculus/iris/internal/volume"
	"github.com/iris-oculus/iris/internal/volume/phantom"
)

// torso is the phantom that most tests share; none of them changes it.
var torso = phantom.Torso([3]int{160, 160, 160}, 2.5)

func segment(t testing.TB, v *volume.Volume) *volume.LabelMap {
	t.Helper()
	m, err := Segment(t.Context(), v)
	if err != nil {
		t.Fatal(err)
	}
	if len(m.U8) != v.Len() || m.Dims != v.Dims || m.Affine != v.Affine {
		t.Fatalf("labels on another grid: %v %v", m.Dims, m.Affine)
	}
	return m
}

// torsoLabels is the torso, segmented once for all tests that look at it.
var torsoLabels = sync.OnceValue(func() *volume.LabelMap {
	m, err := Segment(context.Background(), torso)
	if err != nil {
		panic(err)
	}
	return m
})

// litres is the volume of each label.
func litres(m *volume.LabelMap) [Body + 1]float64 {
	var out [Body + 1]float64
	for _, l := range m.U8 {
		out[l] += m.Affine.VoxelML() / 1000
	}
	return out
}

// meanWorld is the centre of a label in world RAS mm.
func meanWorld(m *volume.LabelMap, label uint8) [3]float64 {
	var sum [3]float64
	n := 0.0
	for at, l := range m.U8 {
		if l == label {
			p := m.Affine.Apply([3]float64{float64(at % m.Dims[0]), float64(at / m.Dims[0] % m.Dims[1]), float64(at / m.Dims[0] / m.Dims[1])})
			for a := range 3 {
				sum[a] += p[a]
			}
			n++
		}
	}
	for a := range 3 {
		sum[a] /= n
	}
	return sum
}

func TestTorsoHasTheVolumesOfItsAnatomy(t *testing.T) {
	m := torsoLabels()
	got := litres(m)
	// Lungs, airway and bone from the phantom's geometry; the others by their
	// share of the trunk, with room for the voxels that hold two tissues.
	for _, c := range []struct {
		name      string
		label     int
		low, high float64
	}{
		{"skin", Skin, 0.4, 1.1}, {"fat", Fat, 5, 8.5}, {"muscle", Muscle, 6, 9.5}, {"bone", Bone, 0.8, 1.5},
		{"lung_left", LungLeft, 1.5, 2.0}, {"lung_right", LungRight, 1.6, 2.1}, {"airway", Airway, 0.03, 0.07}, {"body", Body, 0.1, 1},
	} {
		if v := got[c.label]; v < c.low || v > c.high {
			t.Errorf("%s has %.3f l: want %g to %g", c.name, v, c.low, c.high)
		}
	}
}

func TestLeftIsThePatientsLeft(t *testing.T) {
	m := torsoLabels()
	left, right := meanWorld(m, LungLeft), meanWorld(m, LungRight)
	if left[0] > -40 || right[0] < 40 {
		t.Errorf("left lung at x = %.0f, right at %.0f mm: want it the other way round", left[0], right[0])
	}
	if x := meanWorld(m, Airway)[0]; math.Abs(x) > 8 {
		t.Errorf("airway at x = %.0f mm: want the middle", x)
	}
}

func TestTableIsNotThePatient(t *testing.T) {
	m := torsoLabels()
	for at, l := range m.U8 {
		y := m.Affine.Apply([3]float64{0, float64(at / 160 % 160), 0})[1]
		if l != 0 && y < -118 {
			t.Fatalf("label %d at y = %.0f mm, in the table", l, y)
		}
	}
}

// TestAnotherOrientation: the same body stored along other axes gets the same labels.
func TestAnotherOrientation(t *testing.T) {
	small := phantom.Torso([3]int{96, 88, 80}, 4)
	want := segment(t, small)
	// Axis order z, x, y with x running to the left.
	dims := [3]int{small.Dims[2], small.Dims[0], small.Dims[1]}
	moved := &volume.Volume{Dims: dims, Voxels: make([]int16, small.Len())}
	to := func(at int) int {
		x, y, z := at%small.Dims[0], at/small.Dims[0]%small.Dims[1], at/small.Dims[0]/small.Dims[1]
		return z + dims[0]*((small.Dims[0]-1-x)+dims[1]*y)
	}
	for at, v := range small.Voxels {
		moved.Voxels[to(at)] = v
	}
	for r := range 3 {
		moved.Affine[r] = [4]float64{small.Affine[r][2], -small.Affine[r][0], small.Affine[r][1],
			small.Affine[r][3] + small.Affine[r][0]*float64(small.Dims[0]-1)}
	}
	got := segment(t, moved)
	for at, l := range want.U8 {
		if got.U8[to(at)] != l {
			t.Fatalf("voxel %d is %d, was %d", at, got.U8[to(at)], l)
		}
	}
}

// TestThickSlices: every other slice of the phantom is still the same person.
func TestThickSlices(t *testing.T) {
	fine := litres(torsoLabels())
	thick := &volume.Volume{Dims: [3]int{160, 160, 80}, Affine: torso.Affine}
	thick.Affine[2][2] *= 2
	// Oblique too: turned by 20° about the patient's x axis.
	c, s := math.Cos(0.35), math.Sin(0.35)
	a := thick.Affine
	for col := range 4 {
		thick.Affine[1][col], thick.Affine[2][col] = c*a[1][col]-s*a[2][col], s*a[1][col]+c*a[2][col]
	}
	for z := range 80 {
		thick.Voxels = append(thick.Voxels, torso.Voxels[2*z*160*160:(2*z+1)*160*160]...)
	}
	got := litres(segment(t, thick))
	for _, label := range []int{Fat, Muscle, LungLeft, LungRight} {
		if r := got[label] / fine[label]; r < 0.93 || r > 1.07 {
			t.Errorf("label %d has %.3f l, was %.3f", label, got[label], fine[label])
		}
	}
}

// TestTouchingLungsAreParted joins the lungs by a bridge in front of the heart.
func TestTouchingLungsAreParted(t *testing.T) {
	v := &volume.Volume{Dims: torso.Dims, Affine: torso.Affine, Voxels: append([]int16(nil), torso.Voxels...)}
	inv, _ := v.Affine.Inverse()
	for x := -60.0; x <= 60; x += 1 {
		for y := 40.0; y <= 52; y++ {
			for z := 88.0; z <= 112; z++ {
				p := inv.Apply([3]float64{x, y, z})
				v.Voxels[int(p[0]+.5)+160*(int(p[1]+.5)+160*int(p[2]+.5))] = -850
			}
		}
	}
	want, got := litres(torsoLabels()), litres(segment(t, v))
	for _, label := range []int{LungLeft, LungRight} {
		if d := math.Abs(got[label] - want[label]); d > 0.08 {
			t.Errorf("label %d has %.3f l, %.3f without the bridge", label, got[label], want[label])
		}
	}
}

// TestEnhancedBloodIsNotBone fills the heart with contrast medium.
func TestEnhancedBloodIsNotBone(t *testing.T) {
	v := &volume.Volume{Dims: torso.Dims, Affine: torso.Affine, Voxels: append([]int16(nil), torso.Voxels...)}
	for at := range v.Voxels {
		p := v.Affine.Apply([3]float64{float64(at % 160), float64(at / 160 % 160), float64(at / 160 / 160)})
		if math.Hypot(math.Hypot(p[0]+16, p[1]-24), p[2]-14) < 36 {
			v.Voxels[at] += 330
		}
	}
	want, got := litres(torsoLabels())[Bone], litres(segment(t, v))[Bone]
	if math.Abs(want-got) > 0.02 {
		t.Errorf("bone has %.3f l with an enhanced heart, %.3f without", got, want)
	}
}

// TestParts: pieces of a body, and things that are none, are labelled or refused,
// never a panic, and never by lungs that are not there.
func TestParts(t *testing.T) {
	part := func(z0, z1 int) *volume.Volume {
		a := torso.Affine
		a[2][3] += a[2][2] * float64(z0)
		return &volume.Volume{Dims: [3]int{160, 160, z1 - z0}, Affine: a, Voxels: torso.Voxels[z0*160*160 : z1*160*160]}
	}
	legs := solids(func(x, y, z float64) int16 {
		for _, side := range []float64{-70, 70} {
			switch r := math.Hypot(x-side, y); {
			case r < 7: // marrow
				return 20
			case r < 14:
				return 900
			case r < 50:
				return 50
			case r < 62:
				return -100
			}
		}
		return -1000
	})
	head := solids(func(x, y, z float64) int16 {
		switch r := math.Hypot(math.Hypot(x, y), z); {
		case math.Hypot(x, y-60) < 12 && r < 85: // an air-filled sinus
			return -990
		case r < 70:
			return 35
		case r < 78:
			return 900
		case r < 84:
			return -90
		case r < 88:
			return 30
		}
		return -1000
	})
	for _, c := range []struct {
		name    string
		v       *volume.Volume
		present []int
		absent  []int
	}{
		{"belly", part(0, 40), []int{Skin, Fat, Muscle, Bone}, []int{LungLeft, LungRight, Airway}},
		{"chest", part(60, 130), []int{Skin, Fat, Muscle, Bone, LungLeft, LungRight, Airway}, nil},
		{"two slices", part(80, 82), []int{Fat, Muscle}, nil},
		{"legs", legs, []int{Skin, Fat, Muscle, Bone}, []int{LungLeft, LungRight, Airway}},
		{"head", head, []int{Skin, Muscle, Bone}, []int{LungLeft, LungRight}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := litres(segment(t, c.v))
			for _, l := range c.present {
				if got[l] == 0 {
					t.Errorf("label %d is missing: %.3f", l, got)
				}
			}
			for _, l := range c.absent {
				if got[l] != 0 {
					t.Errorf("label %d has %.3f l: want none", l, got[l])
				}
			}
			if c.name == "legs" && got[Bone] < 0.1 {
				t.Errorf("bone of %.3f l: want that of both legs", got[Bone])
			}
		})
	}
}

// solids is a volume of 80 × 80 × 40 voxels of 3 mm, painted by a function of mm.
func solids(at func(x, y, z float64) int16) *volume.Volume {
	v := &volume.Volume{Dims: [3]int{90, 80, 40}, Affine: volume.Affine{{3, 0, 0, -133.5}, {0, 3, 0, -118.5}, {0, 0, 3, -58.5}}}
	for n := range v.Len() {
		p := v.Affine.Apply([3]float64{float64(n % 90), float64(n / 90 % 80), float64(n / 90 / 80)})
		v.Voxels = append(v.Voxels, at(p[0], p[1], p[2]))
	}
	return v
}

func TestRefused(t *testing.T) {
	rng := rand.New(rand.NewSource(5))
	for _, c := range []struct {
		name, code string
		at         func(x, y, z float64) int16
	}{
		{"air", "not_hounsfield", func(_, _, _ float64) int16 { return -1000 }},
		{"noisy air", "not_hounsfield", func(_, _, _ float64) int16 { return int16(-1000 + rng.Intn(60)) }},
		{"all tissue", "not_hounsfield", func(_, _, _ float64) int16 { return 40 }},
		{"an MR", "not_hounsfield", func(x, y, _ float64) int16 { return int16(math.Abs(x * y / 20)) }},
		{"specks", "no_body", func(x, y, z float64) int16 {
			if math.Mod(math.Abs(x), 9) == 1.5 && math.Mod(math.Abs(y), 9) == 1.5 && math.Mod(math.Abs(z), 9) == 1.5 {
				return 50
			}
			return -1000
		}},
	} {
		_, err := Segment(t.Context(), solids(c.at))
		var e *volume.Error
		if !errors.As(err, &e) || e.Code != c.code {
			t.Errorf("%s: %v, want %s", c.name, err, c.code)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Segment(ctx, torso); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

// TestNoise: what no scanner makes is no reason to panic.
func TestNoise(t *testing.T) {
	rng := rand.New(rand.NewSource(6))
	for _, dims := range [][3]int{{2, 2, 2}, {65, 3, 2}, {3, 70, 5}, {40, 40, 40}} {
		for _, spacing := range [][3]float64{{1, 1, 1}, {0.1, 3, 10}, {50, 50, 50}, {0.001, 0.001, 0.001}} {
			v := &volume.Volume{Dims: dims}
			for a := range 3 {
				v.Affine[a][a] = spacing[a]
			}
			for range v.Len() {
				v.Voxels = append(v.Voxels, int16(rng.Intn(3000)-1024))
			}
			if _, err := Segment(t.Context(), v); err != nil {
				var e *volume.Error
				if !errors.As(err, &e) {
					t.Errorf("%v %v: %v", dims, spacing, err)
				}
			}
		}
	}
}

func TestProcessorsChangeNothing(t *testing.T) {
	small := phantom.Torso([3]int{96, 88, 80}, 4)
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	one := segment(t, small)
	for _, n := range []int{2, 7} {
		runtime.GOMAXPROCS(n)
		if !bytes.Equal(one.U8, segment(t, small).U8) {
			t.Errorf("%d processors give other labels than one", n)
		}
	}
}

func TestTable(t *testing.T) {
	table := Table()
	for n, l := range table.Labels {
		if l.ID != n+1 || l.Name == "" || l.NameEN == "" || l.NameES == "" || l.SNOMED == "" || l.Group == "" || len(l.Color) != 7 {
			t.Errorf("label %+v is not complete", l)
		}
		if l.Shell != (l.Name == "skin") {
			t.Errorf("%s: shell is %v", l.Name, l.Shell)
		}
	}
	if len(table.Labels) != Body {
		t.Errorf("%d labels, want %d", len(table.Labels), Body)
	}
}

func BenchmarkSegment(b *testing.B) {
	v := phantom.Torso([3]int{512, 512, 300}, 0.78)
	b.SetBytes(int64(2 * v.Len()))
	for b.Loop() {
		if _, err := Segment(b.Context(), v); err != nil {
			b.Fatal(err)
		}
	}
}
