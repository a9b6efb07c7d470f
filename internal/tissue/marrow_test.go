package tissue

import (
	"math"
	"testing"
)

// blade is the wing of a hip bone: compact bone of mm around marrow, thin, leaning
// across the voxels, with holes of 3 mm through its inner face.
func blade(mm, marrowHU float64) *scene {
	const lean, a, b, c = 0.35, 44, 8, 38 // radians; half axes in mm
	turned := func(p spot) spot {
		sin, cos := math.Sincos(lean)
		return spot{p.x*cos - p.y*sin, p.x*sin + p.y*cos, p.z}
	}
	wing := ellipsoid(0, 0, 0, a, b, c)
	depth := func(p spot) float64 {
		q := turned(p)
		d := wing(q)
		for x := -24.0; x <= 24; x += 24 {
			for z := -20.0; z <= 20; z += 20 {
				if hole := math.Hypot(q.x-x, q.z-z) - 1.5; q.y > 0 && d < mm {
					d = min(d, hole)
				}
			}
		}
		return d
	}
	return &scene{[3]float64{62, 54, 48}, append([]solid{
		{hard, depth, shelled(marrowHU, 1000, mm)},
	}, flesh(61, 53)...)}
}

// TestMarrowOfThinBone: marrow no denser than muscle is bone within compact bone
// that is thinner than a voxel and has holes, without contrast medium.
func TestMarrowOfThinBone(t *testing.T) {
	for _, mm := range []float64{1, 1.5, 2} {
		for _, hu := range []float64{0, 30, 60} {
			s := blade(mm, hu).see(scanner{mm: 3, noise: 15, seed: 6})
			got, want := s.found(segment(t, s.Volume)), s.ml(hard)
			if got[hard] < 0.95*want {
				t.Errorf("%g mm of compact bone around marrow of %g HU: %.1f of %.1f ml are bone", mm, hu, got[hard], want)
			}
			// The surface itself is no farther out than the blur of compact bone of 1 mm.
			if more := got[soft]; more > 0.4*3*s.surface()/1000 {
				t.Errorf("%g mm of compact bone around marrow of %g HU: %.1f ml outside of %.1f ml are bone", mm, hu, more, want)
			}
		}
	}
}

// TestCanalStaysOpen: the spinal canal is a ring in the slices across it, as dense as
// marrow, and no bone; nor is the disc. A spine that leans shows rings in the slices
// of other axes, too.
func TestCanalStaysOpen(t *testing.T) {
	for _, voxel := range []float64{1.5, 3} {
		for _, lean := range []float64{0, 0.2, 0.4} {
			canal := solid{blood, column(0, -20, 9, 8, -1e3, 1e3), even(30)}
			disc := solid{metal, column(0, 2, 18, 12, -3, 3), even(80)}
			sc := spine(boneOf{200, 900, 1.5}, canal, disc)
			if lean > 0 { // a whole canal: vertebrae without holes for nerves
				sc.solids = append([]solid{canal, disc, {hard, column(0, -20, 14, 13, -1e3, 1e3), even(900)}}, sc.solids[3:]...)
			}
			for n := range sc.solids {
				upright := sc.solids[n].depth
				sc.solids[n].depth = func(p spot) float64 { return upright(spot{p.x, p.y + lean*p.z, p.z}) }
			}
			sc.half[1] += 36 * lean
			s := sc.see(scanner{mm: voxel, noise: 15, seed: 7})
			got := s.found(segment(t, s.Volume))
			if got[blood] > 0.1*s.ml(blood) || got[metal] > 0.1*s.ml(metal) {
				t.Errorf("voxels of %g mm, leaning by %g: %.1f of %.1f ml of the spinal canal and %.1f of %.1f ml of the disc are bone",
					voxel, lean, got[blood], s.ml(blood), got[metal], s.ml(metal))
			}
		}
	}
}

// TestGaps: a gap is one voxel wide, between two of the mask, along any axis whose
// voxels are no longer than a pore.
func TestGaps(t *testing.T) {
	for axis := range 3 {
		for _, mm := range []float64{1, 6} {
			spacing := [3]float64{1, 1, 1}
			spacing[axis] = mm
			g := newGrid([3]int{130, 7, 7}, spacing)
			m, at := g.empty(), [3]int{63, 3, 3}
			for _, d := range []int{-1, 1} {
				p := at
				p[axis] += d
				m.set(p[1]+g.ny*p[2], p[0], p[0]+1)
			}
			want := 1
			if mm > 2*poreMM {
				want = 0
			}
			if got := m.gaps(); got.count() != want || got.has(63, 3, 3) != (want == 1) {
				t.Errorf("axis %d, %g mm: %d gaps, want %d", axis, mm, got.count(), want)
			}
			if back := m.turned(axis).turned(axis); back.clone().minus(m).count()+m.clone().minus(back).count() != 0 {
				t.Errorf("axis %d: turning twice gives another mask", axis)
			}
		}
	}
}
