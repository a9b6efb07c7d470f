package tissue

import (
	"math"
	"slices"
	"testing"
)

// TestArteryAsDenseAsMarrow: an aorta that touches a vertebra and is as dense as its
// inside is no bone, and the vertebra is: the shell lies between both.
func TestArteryAsDenseAsMarrow(t *testing.T) {
	round, flat := column(8, 29, 11, 11, -1e3, 1e3), column(4, 26, 15, 8, -1e3, 1e3)
	for n, c := range []struct {
		name  string
		shape func(spot) float64
		hu    float64
		bone  boneOf
		mm    float64
	}{
		{"round, 200 HU", round, 200, boneOf{180, 700, 1.5}, 1.5},
		{"flat, 350 HU", flat, 350, boneOf{330, 1000, 1.2}, 1.5},
		{"round, 250 HU", round, 250, boneOf{250, 800, 2}, 2},
	} {
		if testing.Short() && n > 0 {
			return
		}
		s := spine(c.bone, solid{blood, c.shape, even(c.hu)}).see(scanner{mm: c.mm, noise: 18, seed: 7})
		f, want := s.found(segment(t, s.Volume)), s.ml(hard)
		allowed := boneError * want
		if c.bone.shell < c.mm {
			allowed += surfaceError * c.mm * s.surface() / 1000
		}
		if got := f[hard] + f[soft]; math.Abs(got-want) > allowed {
			t.Errorf("%s: bone has %.1f ml: want %.1f ± %.1f", c.name, got, want, allowed)
		}
		if f[blood] > vesselML {
			t.Errorf("%s: %.1f of %.1f ml of blood are bone", c.name, f[blood], s.ml(blood))
		}
	}
}

// TestContrastTouchesBone: an aorta as dense as the marrow of the vertebra that it touches
// is found where voxels are thick, and the owner is told where it is not, as in the sample
// with blood of 250 HU. Nothing is said where there is no contrast medium.
func TestContrastTouchesBone(t *testing.T) {
	for _, c := range []struct {
		hu   float64
		bone boneOf
		mm   float64
	}{
		{350, boneOf{330, 1000, 1.2}, 2},
		{45, boneOf{330, 1000, 1.2}, 2},
		{250, boneOf{250, 800, 2}, 2.8},
		{45, boneOf{250, 800, 2}, 2.8},
	} {
		s := spine(c.bone, solid{blood, column(8, 29, 11, 11, -1e3, 1e3), even(c.hu)}).see(scanner{mm: c.mm, noise: 18, seed: 7})
		m := segment(t, s.Volume)
		if got := s.found(m)[blood]; got > vesselML || c.hu < 100 && len(m.Table.Warnings) > 0 {
			t.Errorf("%g HU in %+v, %g mm: %.1f of %.1f ml of blood are bone, warnings %v", c.hu, c.bone, c.mm, got, s.ml(blood), m.Table.Warnings)
		}
	}
	if testing.Short() {
		return
	}
	if got := codes(segment(t, sample(160, 250)).Table.Warnings); !slices.Contains(got, "contrast_touches_bone") {
		t.Errorf("the sample with blood of 250 HU: warnings %v", got)
	}
}

// TestCrosses: a ray crosses a shell between two densities that are alike, and none at
// the far side of a bone, at a step, or in even marrow.
func TestCrosses(t *testing.T) {
	for _, c := range []struct {
		name string
		hu   func(x int) int16
		want bool
	}{
		{"a shell between", func(x int) int16 { return []int16{250, 700, 250}[min(x, 8)/8+max(0, min(x-9, 1))] }, true},
		{"even marrow", func(int) int16 { return 250 }, false},
		{"a step up", func(x int) int16 { return []int16{250, 700}[min(x/9, 1)] }, false},
		{"the far side of a bone", func(x int) int16 { return []int16{250, 700, 40}[min(x, 8)/8+max(0, min(x-9, 1))] }, false},
	} {
		s := &scan{newGrid([3]int{24, 3, 3}, [3]float64{1, 1, 1}), make([]int16, 24*9)}
		for n := range s.hu {
			s.hu[n] = c.hu(n % 24)
		}
		r := ray{from: [3]float64{1.5, 1.5, 1.5}, along: [3]float64{1, 0, 0}}
		if got := s.crosses(r, 0.5, 5); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

// TestHeight: a block of a shell between two densities that are alike is denser than both
// its sides, along an axis and across it; none at a step, in even marrow, or where one side
// is soft tissue, as on the far side of a bone.
func TestHeight(t *testing.T) {
	for _, c := range []struct {
		name string
		hu   func(x, y, z int) int16
		want int
	}{
		{"a shell", func(x, _, _ int) int16 { return []int16{250, 700}[toInt(x == 8)] }, 450},
		{"a shell that leans", func(x, y, _ int) int16 { return []int16{250, 700}[toInt(x == y)] }, 450},
		{"even marrow", func(int, int, int) int16 { return 250 }, 0},
		{"a step", func(x, _, _ int) int16 { return []int16{250, 700}[toInt(x >= 8)] }, 0},
		{"the far side of a bone", func(x, _, _ int) int16 { return []int16{250, 700, 40}[toInt(x >= 8)+toInt(x > 8)] }, 0},
	} {
		const n = 17
		co := &coarse{scan: scan{newGrid([3]int{n, n, n}, [3]float64{2, 2, 2}), make([]int16, n*n*n)}}
		for at := range co.hu {
			co.hu[at] = c.hu(at%n, at/n%n, at/n/n)
		}
		if got := co.height(co.ways(), 8+n*(8+n*8)); got != c.want {
			t.Errorf("%s: %d HU, want %d", c.name, got, c.want)
		}
	}
}

func toInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

// twoBalls are two balls of 12 mm radius whose middles lie apart mm from each other along
// x, in blocks of 2 mm.
func twoBalls(apart float64) (*coarse, *mask) {
	co := &coarse{scan: scan{newGrid([3]int{40, 20, 20}, [3]float64{2, 2, 2}), make([]int16, 40*20*20)}}
	m := co.empty()
	for at := range co.hu {
		x, y, z := 2*float64(at%40), 2*float64(at/40%20)-19, 2*float64(at/800)-19
		for _, mid := range []float64{39 - apart/2, 39 + apart/2} {
			if norm([3]float64{x - mid, y, z}) <= 12 {
				co.hu[at] = 250
				m.put(int32(at))
			}
		}
	}
	return co, m
}

// TestFlow: two balls that touch with a neck are two bodies, and one where they lie
// in each other; each block has one, and its depth is no greater than the radius.
func TestFlow(t *testing.T) {
	for _, c := range []struct {
		apart float64
		want  int
	}{{22, 2}, {18, 2}, {6, 1}, {0, 1}} {
		co, m := twoBalls(c.apart)
		of := co.lump(m)
		if len(of.at) != m.count() {
			t.Fatalf("%d blocks, want %d", len(of.at), m.count())
		}
		far := of.depths(highest)
		body, _ := of.flow(far, highest)
		sizes := map[int32]int{}
		for k, b := range body {
			sizes[b]++
			if far[k] <= 0 || far[k] > 13 {
				t.Fatalf("a depth of %g mm", far[k])
			}
		}
		if len(sizes) != c.want || sizes[-1] > 0 {
			t.Errorf("%g mm apart: bodies of %v blocks, want %d bodies", c.apart, sizes, c.want)
		}
	}
}
