package tissue

import (
	"fmt"
	"math/rand"
	"slices"
	"testing"
)

// canalShare is how much of a spinal canal may be bone, apart from its surface.
const canalShare = 0.1

// canalMM2 is the surface of the canal that lies in the arches of two vertebrae.
const canalMM2 = 2500

// TestSpinalCanalIsNoBone: over the densities, shells, voxels and noise of scans the
// canal of a spine and the disc are no bone, and the spine has its volume. Where spongy
// bone is as loose as what is no bone at all, vertebra and canal are one hollow in a
// ring of compact bone, and the canal cuts the wall of the vertebra.
func TestSpinalCanalIsNoBone(t *testing.T) {
	type spineCase struct {
		bone             boneOf
		mm, noise, canal float64
	}
	cases := []spineCase{{boneOf{150, 600, 1.5}, 1.5, 20, 30}, {boneOf{155, 520, 0.9}, 3, 30, 45}}
	rng := rand.New(rand.NewSource(5))
	in := func(low, high float64) float64 { return low + (high-low)*rng.Float64() }
	for range 4 {
		cases = append(cases, spineCase{
			boneOf{in(150, 250), in(500, 1800), in(0.8, 4)}, []float64{1.5, 2, 3}[rng.Intn(3)], in(0, 40), in(10, 50),
		})
	}
	if testing.Short() {
		cases = cases[:2]
	}
	for _, c := range cases {
		name := fmt.Sprintf("bone %.0f/%.0f HU, shell %.1f mm, voxels %g mm, noise %.0f, canal %.0f HU",
			c.bone.spongy, c.bone.compact, c.bone.shell, c.mm, c.noise, c.canal)
		s := spine(c.bone,
			solid{blood, column(0, -20, 9, 8, -1e3, 1e3), even(c.canal)}, solid{metal, column(0, 2, 18, 12, -3, 3), even(80)},
		).see(scanner{mm: c.mm, noise: c.noise, seed: 7})
		f, want := s.found(segment(t, s.Volume)), s.ml(hard)
		allowed := boneError * want
		if c.bone.shell < c.mm {
			allowed += surfaceError * c.mm * s.surface() / 1000
		}
		if got := f[hard] + f[soft]; got < want-allowed || got > want+allowed {
			t.Errorf("%s: bone has %.1f ml: want %.1f ± %.1f", name, got, want, allowed)
		}
		if f[blood] > canalShare*s.ml(blood)+surfaceError*c.mm*canalMM2/1000 || f[metal] > canalShare*s.ml(metal) {
			t.Errorf("%s: %.1f of %.1f ml of the spinal canal and %.1f of %.1f ml of the disc are bone",
				name, f[blood], s.ml(blood), f[metal], s.ml(metal))
		}
	}
}

// TestFaces compares with a look at each neighbour of each voxel.
func TestFaces(t *testing.T) {
	rng := rand.New(rand.NewSource(6))
	for _, nx := range []int{3, 64, 130} {
		g := newGrid([3]int{nx, 7, 6}, [3]float64{1, 1, 1})
		m, o := noisy(g, rng, 3), noisy(g, rng, 2)
		c := m.components(false)
		all, against := make([]int, c.count), make([]int, c.count)
		c.each(func(k, row, x0, x1 int) {
			for at := row*nx + x0; at < row*nx+x1; at++ {
				c.neighbours(at, func(n int) {
					if m.at(n) {
						return
					}
					all[k]++
					if o.at(n) {
						against[k]++
					}
				})
			}
		})
		if gotAll, gotAgainst := c.faces(o); !slices.Equal(gotAll, all) || !slices.Equal(gotAgainst, against) {
			t.Errorf("%d voxels wide: %v and %v faces, want %v and %v", nx, gotAll, gotAgainst, all, against)
		}
	}
}
