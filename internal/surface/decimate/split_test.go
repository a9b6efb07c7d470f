package decimate

import (
	"math/rand/v2"
	"testing"

	"github.com/iris-oculus/iris/internal/surface/nets"
	"github.com/iris-oculus/iris/internal/surface/smooth"
	"github.com/iris-oculus/iris/internal/surface/surfacetest"
	"github.com/iris-oculus/iris/internal/volume"
)

// Collapses are undone anywhere, in an order of nobody's choice, at all three reaches:
// each label keeps its shape, and triangles come back.
func TestUndoAnywhere(t *testing.T) {
	for seed := range uint64(2) {
		for _, try := range []int{0, 2, wide, wider} {
			m := surfacetest.Noise(seed, [3]int{14, 13, 12}, 3)
			if seed%2 == 0 {
				m = stripes(26)
			}
			n, err := nets.Extract(t.Context(), m, nets.Options{})
			if err != nil {
				t.Fatal(err)
			}
			offsets, err := smooth.Offsets(t.Context(), n, smooth.Options{Strength: [3]float64{0.5, 0.5, 0.5}})
			if err != nil {
				t.Fatal(err)
			}
			c, err := n.Complex(t.Context(), offsets, m.Affine, 1)
			if err != nil {
				t.Fatal(err)
			}
			before := c.Split(len(n.Labels), 1)
			s := newState(c, len(n.Labels), Options{Ratio: 0.05, Threads: 1})
			s.plan(0)
			q := s.newCubes(0)
			r := rand.New(rand.NewPCG(seed, uint64(try)))
			results := make([]kept, len(q.vertices.start)-1)
			went, came := 0, 0
			for cube := range results {
				b := newBlock(s)
				b.q, b.cube = q, uint32(cube)
				b.fill(q.vertices.of(cube))
				b.decimate()
				b.work.finder.moved = make([]bool, len(b.v))
				fewest := b.triangles()
				went += len(b.tri) - fewest
				var pairs [][2]int32
				for range 1 + fewest/20 {
					if i := r.IntN(len(b.tri)); b.tri[i].v[0] != gone {
						pairs = append(pairs, [2]int32{int32(i), -1})
					}
				}
				b.undo(pairs, try)
				came += b.triangles() - fewest
				results[cube] = b.empty(q.vertices.of(cube))
			}
			s.compact(q, results)
			if came <= 0 || came > went {
				t.Errorf("seed %d, try %d: %d triangles went, %d came back", seed, try, went, came)
			}
			for l, after := range c.Split(len(n.Labels), 1) {
				if len(before[l].Triangles) == 0 {
					continue
				}
				was, is := surfacetest.Check(&before[l]), surfacetest.Check(&after)
				if !is.Manifold() || is.Euler != was.Euler || is.Shells != was.Shells || is.Solids != was.Solids {
					t.Errorf("seed %d, try %d, label %d: was %+v, is %+v", seed, try, l, was, is)
				}
			}
		}
	}
}

// stripes are curved sheets of three labels, and what is between them.
func stripes(n int) *volume.LabelMap {
	m := &volume.LabelMap{Dims: [3]int{n, n, n}, Affine: volume.Affine{{1, 0, 0, 0}, {0, 1, 0, 0}, {0, 0, 1, 0}}, U8: make([]uint8, n*n*n)}
	for i := range m.U8 {
		x, y, z := i%n, i/n%n, i/n/n
		m.U8[i] = uint8((x*x/7 + y*y/9 + z*z/11) / (n / 2) % 4)
	}
	return m
}
