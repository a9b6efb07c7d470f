package decimate_test

import (
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/iris-oculus/iris/internal/surface"
	"github.com/iris-oculus/iris/internal/surface/crossings"
	"github.com/iris-oculus/iris/internal/surface/decimate"
	"github.com/iris-oculus/iris/internal/surface/nets"
	"github.com/iris-oculus/iris/internal/surface/smooth"
	"github.com/iris-oculus/iris/internal/surface/surfacetest"
	"github.com/iris-oculus/iris/internal/volume"
	"github.com/iris-oculus/iris/internal/volume/nifti"
)

// labelMap asks each voxel for its label.
func labelMap(dims [3]int, label func(x, y, z int) int) *volume.LabelMap {
	m := &volume.LabelMap{Dims: dims, Affine: volume.Affine{{1, 0, 0, -7}, {0, 1, 0, 11}, {0, 0, 1, 3}}, U8: make([]uint8, dims[0]*dims[1]*dims[2])}
	for i := range m.U8 {
		m.U8[i] = uint8(label(i%dims[0], i/dims[0]%dims[1], i/dims[0]/dims[1]))
	}
	return m
}

// within says whether a voxel lies in a box, from its low corner to before its high one.
func within(x, y, z int, low, high [3]int) bool {
	return x >= low[0] && y >= low[1] && z >= low[2] && x < high[0] && y < high[1] && z < high[2]
}

func pick(inside bool, label int) int {
	if inside {
		return label
	}
	return 0
}

// organs are smooth regions of several labels that touch one another: each voxel takes
// the label whose wave is highest there, or none.
func organs(seed uint64, n, labels int) *volume.LabelMap {
	r := rand.New(rand.NewPCG(seed, 9))
	waves := make([][7]float64, labels+1)
	for i := range waves {
		for k := range waves[i] {
			waves[i][k] = r.Float64()
		}
	}
	return labelMap([3]int{n, n + 3, n - 2}, func(x, y, z int) int {
		best, most := 0, math.Inf(-1)
		for i, w := range waves {
			h := math.Sin(float64(x)*(0.1+0.25*w[0])+6*w[3]) + math.Sin(float64(y)*(0.1+0.25*w[1])+6*w[4]) + math.Sin(float64(z)*(0.1+0.25*w[2])+6*w[5])
			if h > most {
				best, most = i, h
			}
		}
		return best
	})
}

// shapes are those on which decimation went wrong elsewhere, and the hard ones of
// anatomy.
func shapes() map[string]*volume.LabelMap {
	return map[string]*volume.LabelMap{
		"one voxel":            labelMap([3]int{3, 3, 3}, func(x, y, z int) int { return pick(x == 1 && y == 1 && z == 1, 1) }),
		"a vessel of one":      labelMap([3]int{30, 5, 5}, func(x, y, z int) int { return pick(y == 2 && z == 2 && x > 1 && x < 28, 1) }),
		"a vessel of two":      labelMap([3]int{40, 7, 30}, func(x, y, z int) int { d := z - x/2 - 3; return pick(y > 2 && y < 5 && d >= 0 && d < 2, 1) }),
		"a box":                labelMap([3]int{30, 20, 20}, func(x, y, z int) int { return pick(within(x, y, z, [3]int{2, 2, 2}, [3]int{28, 18, 18}), 1) }),
		"the whole volume":     labelMap([3]int{12, 9, 7}, func(_, _, _ int) int { return 3 }),
		"one slice":            labelMap([3]int{20, 20, 1}, func(x, y, _ int) int { return (x/4 + y/5) % 3 }),
		"three boxes in touch": labelMap([3]int{24, 24, 24}, func(x, y, z int) int { return pick(within(x, y, z, [3]int{2, 2, 2}, [3]int{22, 22, 22}), 1+x/12+y/12) }),
		"eight boxes in touch": labelMap([3]int{24, 24, 24}, func(x, y, z int) int { return 1 + x/12 + 2*(y/12) + 4*(z/12) }),
		"comb": labelMap([3]int{60, 14, 24}, func(x, y, z int) int {
			return pick(within(x, y, z, [3]int{2, 2, 2}, [3]int{58, 12, 7}) || within(x, y, z, [3]int{2, 5, 7}, [3]int{58, 8, 22}) && x%3 < 2, 1)
		}),
		"ribs": labelMap([3]int{40, 40, 40}, func(x, y, z int) int {
			r := math.Hypot(float64(x-20), float64(y-20))
			return pick(r > 13 && r < 15 && z%6 < 2 && z > 2 && z < 36, 1+z/12)
		}),
		"a torus": labelMap([3]int{40, 40, 16}, func(x, y, z int) int {
			return pick(math.Hypot(math.Hypot(float64(x)-20, float64(y)-20)-12, float64(z)-8) < 4.5, 1)
		}),
		"a cavity": labelMap([3]int{20, 20, 20}, func(x, y, z int) int {
			return pick(within(x, y, z, [3]int{2, 2, 2}, [3]int{18, 18, 18}) && !within(x, y, z, [3]int{8, 8, 8}, [3]int{12, 11, 10}), 1)
		}),
		"a shell around another": labelMap([3]int{26, 26, 26}, func(x, y, z int) int {
			switch r := math.Sqrt(float64((x-13)*(x-13) + (y-13)*(y-13) + (z-13)*(z-13))); {
			case r < 8:
				return 1
			case r < 9.2:
				return 2
			}
			return 0
		}),
		"voxels that touch at edges and corners": labelMap([3]int{16, 16, 16}, func(x, y, z int) int { return (x/2 + y/2 + z/2) % 2 * (1 + x/4%2) }),
		"two labels that touch at edges":         labelMap([3]int{16, 16, 16}, func(x, y, z int) int { return 1 + (x/4+y/4+z/8)%2 }),
		"noise":                                  surfacetest.Noise(4, [3]int{12, 13, 14}, 3),
		"noise without background":               labelMap([3]int{14, 14, 14}, func(x, y, z int) int { return 1 + int(uint32(x*7919+y*104729+z*1299709)>>3)%4 }),
		"organs":                                 organs(1, 40, 5),
		"more organs":                            organs(2, 36, 12),
	}
}

// goals are the ways to say how light, from little to as much as can be.
var goals = map[string]decimate.Options{
	"a quarter voxel": {Error: 0.25},
	"two voxels":      {Error: 2},
	"half":            {Ratio: 0.5},
	"a hundredth":     {Ratio: 0.01},
	"100 triangles":   {Triangles: 100},
}

func complexOf(t *testing.T, m *volume.LabelMap, smoothing float64, rule nets.Rule) (*nets.Complex, int) {
	t.Helper()
	n, err := nets.Extract(t.Context(), m, nets.Options{Rule: rule})
	if err != nil {
		t.Fatal(err)
	}
	offsets, err := smooth.Offsets(t.Context(), n, smooth.Options{Strength: [3]float64{smoothing, smoothing, smoothing}})
	if err != nil {
		t.Fatal(err)
	}
	c, err := n.Complex(t.Context(), offsets, m.Affine, 0)
	if err != nil {
		t.Fatal(err)
	}
	return c, len(n.Labels)
}

func run(t *testing.T, c *nets.Complex, labels int, o decimate.Options) []surface.Mesh {
	t.Helper()
	if err := decimate.Run(t.Context(), c, labels, o); err != nil {
		t.Fatal(err)
	}
	return c.Split(labels, 0)
}

// checkMeshes wants the meshes to be what they were: closed, manifold, of the same
// topology, outward, and not through themselves.
func checkMeshes(t *testing.T, before, after []surface.Mesh) {
	t.Helper()
	for l := range before {
		if len(before[l].Triangles) == 0 {
			continue
		}
		was, is := surfacetest.Check(&before[l]), surfacetest.Check(&after[l])
		if !is.Manifold() || is.Euler != was.Euler || is.Shells != was.Shells || is.Solids != was.Solids || is.Vertices != len(after[l].Vertices) {
			t.Errorf("label %d: was %+v, is %+v", l, was, is)
		}
		if v := surfacetest.Volume(&after[l]); !(v > 0) {
			t.Errorf("label %d: volume %g", l, v)
		}
		if n := crossings.Count(&after[l]); n > 0 && n > crossings.Count(&before[l]) {
			t.Errorf("label %d: %d pairs of triangles cross", l, n)
		}
	}
}

// border is the triangles that the meshes of two labels have in common.
type border struct {
	triangles int
	area      float64
}

// borders finds, by position alone, which triangles of a mesh are in that of another
// label the other way round.
func borders(meshes []surface.Mesh) map[[2]int]border {
	type key [3][3]float32
	turn := func(k key) key { // so that the least corner is first
		for k[0] != least(k) {
			k[0], k[1], k[2] = k[1], k[2], k[0]
		}
		return k
	}
	owners := map[key][]int{}
	for l := range meshes {
		for _, t := range meshes[l].Triangles {
			v := meshes[l].Vertices
			k := turn(key{v[t[0]], v[t[1]], v[t[2]]})
			owners[k] = append(owners[k], l)
		}
	}
	found := map[[2]int]border{}
	for k, labels := range owners {
		for _, a := range labels {
			for _, b := range owners[turn(key{k[0], k[2], k[1]})] {
				if a < b {
					f := surface.FaceVector(k[0], k[1], k[2])
					one := found[[2]int{a, b}]
					one.triangles++
					one.area += math.Sqrt(f[0]*f[0]+f[1]*f[1]+f[2]*f[2]) / 2
					found[[2]int{a, b}] = one
				}
			}
		}
	}
	return found
}

func least(k [3][3]float32) [3]float32 {
	low := k[0]
	for _, p := range k[1:] {
		for axis := range 3 {
			if p[axis] != low[axis] {
				if p[axis] < low[axis] {
					low = p
				}
				break
			}
		}
	}
	return low
}

// checkBorders wants every two labels that touched to touch as before: their common
// border has lost triangles, and hardly any area.
func checkBorders(t *testing.T, before, after []surface.Mesh, lose float64) {
	t.Helper()
	was, is := borders(before), borders(after)
	for pair, a := range was {
		b := is[pair]
		if b.triangles == 0 || b.area < (1-lose)*a.area || b.area > (1+lose)*a.area {
			t.Errorf("labels %v: border of %d triangles and %.1f mm², was %d and %.1f mm²", pair, b.triangles, b.area, a.triangles, a.area)
		}
	}
	for pair := range is {
		if was[pair].triangles == 0 {
			t.Errorf("labels %v touch and did not before", pair)
		}
	}
}

func TestShapesStayWhatTheyAre(t *testing.T) {
	if testing.Short() {
		t.Skip("the race detector finds nothing here that TestSameForAnyThreads does not show, and takes long")
	}
	for name, m := range shapes() {
		for _, smoothing := range []float64{0, 0.5, 1} {
			for goal, o := range goals {
				if smoothing != 0.5 && o.Ratio != 0.01 && o.Error != 0.25 {
					continue
				}
				t.Run(name+", "+goal, func(t *testing.T) {
					rule := nets.Separated
					if smoothing == 1 {
						rule = nets.Joined
					}
					c, labels := complexOf(t, m, smoothing, rule)
					before, triangles := c.Split(labels, 0), len(c.Triangles)
					after := run(t, c, labels, o)
					checkMeshes(t, before, after)
					if len(c.Triangles) > triangles {
						t.Errorf("%d triangles, had %d", len(c.Triangles), triangles)
					}
					if o.Error == 0.25 {
						checkBorders(t, before, after, 0.15)
						for l := range before {
							v, w := surfacetest.Volume(&before[l]), surfacetest.Volume(&after[l])
							if math.Abs(w/v-1) > 0.01 {
								t.Errorf("label %d: %.2f mm³, was %.2f", l, w, v)
							}
						}
					} else {
						checkBorders(t, before, after, math.Inf(1))
					}
				})
			}
		}
	}
}

// What can become lighter does: these are bounds from above on what is left.
func TestGetsLighter(t *testing.T) {
	for _, c := range []struct {
		name string
		m    *volume.LabelMap
		o    decimate.Options
		most float64
	}{
		{"a box", shapes()["a box"], decimate.Options{Error: 0.25}, 0.15},
		{"organs", organs(3, 60, 5), decimate.Options{Error: 0.25}, 0.45},
		{"organs to a quarter", organs(3, 60, 5), decimate.Options{Ratio: 0.25}, 0.2525},
	} {
		t.Run(c.name, func(t *testing.T) {
			x, labels := complexOf(t, c.m, 0.5, nets.Separated)
			before := x.Split(labels, 0)
			after := run(t, x, labels, c.o)
			n, was := 0, 0
			for l := range after {
				n, was = n+len(after[l].Triangles), was+len(before[l].Triangles)
				if c.o.Triangles > 0 && len(after[l].Triangles) > c.o.Triangles {
					t.Errorf("label %d: %d triangles", l, len(after[l].Triangles))
				}
			}
			t.Logf("%d of %d triangles: %.3f", n, was, float64(n)/float64(was))
			if float64(n) > c.most*float64(was) {
				t.Errorf("%d of %d triangles", n, was)
			}
		})
	}
}

// The same bytes come out for any number of workers.
func TestSameForAnyThreads(t *testing.T) {
	for goal, o := range goals {
		if testing.Short() && o.Error != 0.25 {
			continue
		}
		m := organs(7, 56, 6)
		var want *nets.Complex
		for _, threads := range []int{1, 2, 5} {
			c, labels := complexOf(t, m, 0.5, nets.Separated)
			o.Threads = threads
			if err := decimate.Run(t.Context(), c, labels, o); err != nil {
				t.Fatal(err)
			}
			if want == nil {
				want = c
			} else if !sameComplex(want, c) {
				t.Errorf("%s, %d threads: differs from one", goal, threads)
			}
		}
	}
}

func sameComplex(a, b *nets.Complex) bool {
	if len(a.Vertices) != len(b.Vertices) || len(a.Triangles) != len(b.Triangles) || a.Free != b.Free {
		return false
	}
	for i := range a.Vertices {
		if a.Vertices[i] != b.Vertices[i] {
			return false
		}
	}
	for i := range a.Triangles {
		if a.Triangles[i] != b.Triangles[i] || a.Sides[i] != b.Sides[i] {
			return false
		}
	}
	return true
}

// sharedLabels reads a label map of the shared folder, or skips.
func sharedLabels(t *testing.T, name string) *volume.LabelMap {
	t.Helper()
	root := os.Getenv("IRIS_SHARED")
	if root == "" {
		root = filepath.Join("..", "..", "..", "..", "shared")
	}
	f, err := os.Open(filepath.Join(root, name))
	if err != nil {
		t.Skipf("SKIPPED: %v: set IRIS_SHARED to the folder of shared volumes", err)
	}
	defer f.Close()
	m, err := nifti.ReadLabels(f)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestRealScans(t *testing.T) {
	if testing.Short() {
		t.Skip("the race detector finds nothing here that TestSameForAnyThreads does not show, and takes long")
	}
	for _, name := range []string{"example_seg_fast_force_split", "example_seg_mr"} {
		m := sharedLabels(t, "volumes/totalsegmentator/"+name+".nii.gz")
		spacing := m.Affine.Spacing()
		for _, goal := range []struct {
			decimate.Options
			lose float64
		}{
			{decimate.Options{Error: 0.25 * min(spacing[0], spacing[1], spacing[2])}, 0.25},
			// A ratio bounds no distance, so the rim of a border of one or two voxel faces moves farther.
			{decimate.Options{Ratio: 0.25}, 0.5},
		} {
			c, labels := complexOf(t, m, 0.5, nets.Separated)
			before := c.Split(labels, 0)
			after := run(t, c, labels, goal.Options)
			checkMeshes(t, before, after)
			checkBorders(t, before, after, goal.lose)
		}
	}
}
