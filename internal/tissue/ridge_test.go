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

// TestContrastTouchesBone: where voxels are too thick for the shell between an aorta and
// a vertebra of its density, the owner is told, and not where there is no aorta of that
// density.
func TestContrastTouchesBone(t *testing.T) {
	for _, c := range []struct {
		name string
		hu   float64
		bone boneOf
		mm   float64
		want []string
	}{
		{"350 HU in 330/1,000 at 2 mm", 350, boneOf{330, 1000, 1.2}, 2, []string{"contrast_touches_bone"}},
		{"without contrast medium", 45, boneOf{330, 1000, 1.2}, 2, nil},
		{"250 HU in 250/800 at 2.8 mm", 250, boneOf{250, 800, 2}, 2.8, []string{"contrast_touches_bone"}},
		{"without contrast medium", 45, boneOf{250, 800, 2}, 2.8, nil},
	} {
		s := spine(c.bone, solid{blood, column(8, 29, 11, 11, -1e3, 1e3), even(c.hu)}).see(scanner{mm: c.mm, noise: 18, seed: 7})
		m := segment(t, s.Volume)
		if got := codes(m.Table.Warnings); !slices.Equal(got, c.want) {
			t.Errorf("%s, %g mm: warnings %v, want %v; %.1f of %.1f ml of blood are bone", c.name, c.mm, got, c.want, s.found(m)[blood], s.ml(blood))
		}
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
