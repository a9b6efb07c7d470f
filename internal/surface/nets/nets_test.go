package nets

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"testing"

	"github.com/iris-oculus/iris/internal/surface"
	"github.com/iris-oculus/iris/internal/surface/surfacetest"
	"github.com/iris-oculus/iris/internal/volume"
)

var unit = volume.Affine{{1, 0, 0, 0}, {0, 1, 0, 0}, {0, 0, 1, 0}}

func meshes(t *testing.T, m *volume.LabelMap, o Options) (*Net, []surface.Mesh) {
	t.Helper()
	n, err := Extract(t.Context(), m, o)
	if err != nil {
		t.Fatal(err)
	}
	ms, err := n.Split(t.Context(), nil, m.Affine, o.Threads)
	if err != nil {
		t.Fatal(err)
	}
	return n, ms
}

// checkAll wants every label that has voxels to have a manifold mesh that
// encloses a positive volume, and every other to have none.
func checkAll(t *testing.T, m *volume.LabelMap, n *Net, ms []surface.Mesh) {
	t.Helper()
	voxels := make([]int64, len(ms))
	for i := range m.Len() {
		voxels[m.At(i)]++
	}
	for l := 1; l < len(ms); l++ {
		if n.Labels[l].Voxels != voxels[l] {
			t.Errorf("label %d: %d voxels, want %d", l, n.Labels[l].Voxels, voxels[l])
		}
		if voxels[l] == 0 {
			if len(ms[l].Triangles) != 0 {
				t.Errorf("label %d: a mesh without voxels", l)
			}
			continue
		}
		if r := surfacetest.Check(&ms[l]); !r.Manifold() || r.Vertices != len(ms[l].Vertices) {
			t.Errorf("label %d: %+v", l, r)
		}
		if v := surfacetest.Volume(&ms[l]); v <= 0 {
			t.Errorf("label %d: volume %g", l, v)
		}
	}
}

func TestNoiseIsManifold(t *testing.T) {
	count := uint64(1000)
	if testing.Short() {
		count = 100
	}
	for seed := range count {
		r := rand.New(rand.NewPCG(seed, 2))
		dims := [3]int{1 + r.IntN(70), 1 + r.IntN(14), 1 + r.IntN(14)}
		m := surfacetest.Noise(seed, dims, 1+r.IntN(6))
		for _, rule := range []Rule{Separated, Joined} {
			n, ms := meshes(t, m, Options{Rule: rule, Threads: 1 + int(seed)%3})
			checkAll(t, m, n, ms)
			if t.Failed() {
				t.Fatalf("seed %d, dims %v, rule %d", seed, dims, rule)
			}
		}
	}
}

func TestSameBytesForAnyWorkers(t *testing.T) {
	for _, labels := range []int{5, 300} {
		m := surfacetest.Noise(7, [3]int{67, 31, 90}, labels)
		_, want := meshes(t, m, Options{Threads: 1})
		for _, threads := range []int{2, 3, 8} {
			_, got := meshes(t, m, Options{Threads: threads})
			if !reflect.DeepEqual(want, got) {
				t.Errorf("%d labels, %d threads: differs from one", labels, threads)
			}
		}
	}
}

func TestShapes(t *testing.T) {
	full := func(dims [3]int, label uint8) *volume.LabelMap {
		m := &volume.LabelMap{Dims: dims, Affine: unit}
		m.U8 = make([]uint8, m.Len())
		for i := range m.U8 {
			m.U8[i] = label
		}
		return m
	}
	one := full([3]int{5, 4, 3}, 0)
	one.U8[1+5*(2+4*1)] = 9
	borders := full([3]int{66, 9, 8}, 0)
	for i := range borders.U8 {
		x, y, z := i%66, i/66%9, i/66/9
		switch {
		case x == 0:
			borders.U8[i] = 1
		case x == 65:
			borders.U8[i] = 2
		case y == 0:
			borders.U8[i] = 3
		case y == 8:
			borders.U8[i] = 4
		case z == 0:
			borders.U8[i] = 5
		case z == 7:
			borders.U8[i] = 255
		}
	}
	for name, m := range map[string]*volume.LabelMap{
		"one voxel": one, "a voxel that is the volume": full([3]int{1, 1, 1}, 1), "full": full([3]int{130, 5, 4}, 3),
		"one slice": surfacetest.Noise(3, [3]int{40, 30, 1}, 3), "one row": surfacetest.Noise(4, [3]int{1, 64, 1}, 2), "63": full([3]int{63, 2, 2}, 1),
		"64": full([3]int{64, 2, 2}, 1), "six borders": borders, "empty": full([3]int{4, 4, 4}, 0), "many labels": surfacetest.Noise(5, [3]int{30, 20, 10}, 900),
	} {
		t.Run(name, func(t *testing.T) {
			for _, rule := range []Rule{Separated, Joined} {
				n, ms := meshes(t, m, Options{Rule: rule})
				checkAll(t, m, n, ms)
			}
		})
	}
}

// The middle-of-cell mesh encloses exactly the voxels' volume: cutting the
// corners of the staircase takes as much as it adds. Nor does a sheared or
// mirrored grid change that, or turn the mesh inside out.
func TestVolumeIsVoxels(t *testing.T) {
	for _, a := range []volume.Affine{unit, {{-0.8, 0, 0.3, 10}, {0.1, 0.8, 0, -5}, {0, 0.2, 3, 7}}, {{0, -1, 0, 0}, {0, 0, 2, 0}, {1, 0, 0, 0}}} {
		m := &volume.LabelMap{Dims: [3]int{20, 20, 20}, Affine: a, U8: make([]uint8, 8000)}
		count := 0
		for i := range m.U8 {
			x, y, z := i%20-10, i/20%20-10, i/400-10
			if x*x+y*y+z*z < 64 {
				m.U8[i] = 1
				count++
			}
		}
		_, ms := meshes(t, m, Options{})
		want := float64(count) * a.VoxelML() * 1000
		if got := surfacetest.Volume(&ms[1]); got < 0.995*want || got > 1.005*want {
			t.Errorf("det %g: volume %g, want %g", a.Det(), got, want)
		}
	}
}

// Whatever faces two cells agree to flip, each flipped face's links end in
// different cycles, and faces that were well stay so: the two-sided rule always
// leaves an edge-manifold. This is the whole proof: all corner sets, all subsets.
func TestFlipsAlwaysResolve(t *testing.T) {
	for rule, table := range cycleTables {
		for set := range 256 {
			pinch := table[set].pinch
			for flip := uint8(0); flip < 64; flip++ {
				if flip&^pinch != 0 {
					continue
				}
				joined := flip
				if Rule(rule) == Joined {
					joined ^= 0x3f
				}
				if c := traceCycles(uint8(set), joined); c.pinch&^(pinch&^flip) != 0 {
					t.Errorf("rule %d set %08b flips %06b: faces %06b remain", rule, set, flip, c.pinch)
				}
			}
		}
	}
}

func BenchmarkExtract(b *testing.B) {
	m := surfacetest.Noise(1, [3]int{256, 256, 32}, 3)
	for i := range m.U8 { // blocks of 4 voxels
		x, y, z := i%256, i/256%256, i/65536
		m.U8[i] = m.U8[x&^7+256*(y&^7+256*(z&^7))]
	}
	for _, threads := range []int{1, 2} {
		b.Run(fmt.Sprint(threads), func(b *testing.B) {
			for b.Loop() {
				if _, err := Extract(b.Context(), m, Options{Threads: threads}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
