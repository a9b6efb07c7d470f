package weld_test

import (
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/iris-oculus/iris/internal/meshfile/meshtest"
	"github.com/iris-oculus/iris/internal/meshfile/weld"
	"github.com/iris-oculus/iris/internal/surface"
	"github.com/iris-oculus/iris/internal/surface/surfacetest"
)

func cube(x, y, z float32) surface.Mesh {
	return meshtest.Box([3]float32{x, y, z}, [3]float32{x + 1, y + 1, z + 1})
}

func TestSeparateMakesWeldingHarmless(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	var noise []surface.Mesh
	for x := range 6 {
		for y := range 6 {
			for z := range 6 {
				if r.IntN(2) == 0 {
					noise = append(noise, cube(float32(x), float32(y), float32(z)))
				}
			}
		}
	}
	cases := []struct {
		name   string
		meshes []surface.Mesh
	}{
		{"one mesh touching itself along an edge", []surface.Mesh{surfacetest.Join(cube(0, 0, 0), cube(1, 1, 0))}},
		{"one mesh touching itself in a corner", []surface.Mesh{surfacetest.Join(cube(0, 0, 0), cube(1, 1, 1))}},
		{"two meshes sharing a face", []surface.Mesh{cube(0, 0, 0), cube(1, 0, 0)}},
		{"four meshes around an edge", []surface.Mesh{cube(0, 0, 0), cube(1, 0, 0), cube(0, 1, 0), cube(1, 1, 0)}},
		{"both at once", []surface.Mesh{surfacetest.Join(cube(0, 0, 0), cube(1, 1, 0)), surfacetest.Join(cube(1, 0, 0), cube(0, 1, 0))}},
		{"random cubes, a mesh each", noise},
		{"random cubes, one mesh", []surface.Mesh{surfacetest.Join(noise...)}},
		{"far from the origin", []surface.Mesh{cube(1900, -1900, 1900), cube(1901, -1900, 1900)}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var before []surface.Mesh
			vertices := 0
			for _, m := range c.meshes {
				before = append(before, surface.Mesh{Vertices: slices.Clone(m.Vertices), Triangles: slices.Clone(m.Triangles)})
				vertices += len(m.Vertices)
			}
			parted := weld.Separate(c.meshes, 1, weld.Exact)
			if diff := cmp.Diff(before, c.meshes); diff != "" {
				t.Errorf("the input changed: %s", diff)
			}
			welded := meshtest.Welded(parted...)
			if len(welded.Vertices) != vertices {
				t.Errorf("%d of %d vertices remain after welding", len(welded.Vertices), vertices)
			}
			if err := meshtest.Closed(welded); err != nil {
				t.Error(err)
			}
			for i := range parted {
				if was, is := surfacetest.Volume(&before[i]), surfacetest.Volume(&parted[i]); math.Abs(was-is) > 0.25*was {
					t.Errorf("mesh %d: volume %v became %v", i, was, is)
				}
			}
		})
	}
}

// Vertices that touch nothing stay where they are, and nobody keeps normals of
// vertices that moved.
func TestSeparateLeavesAloneWhatTouchesNothing(t *testing.T) {
	in := []surface.Mesh{meshtest.Sphere([3]float32{0, 0, 0}, 10, 2), meshtest.Sphere([3]float32{30, 0, 0}, 10, 2)}
	if diff := cmp.Diff(in, weld.Separate(in, 1, weld.Exact)); diff != "" {
		t.Error(diff)
	}
	if moves := weld.Pinches(in, weld.Exact); moves[0] != nil || moves[1] != nil {
		t.Errorf("%d and %d vertices move", len(moves[0]), len(moves[1]))
	}
	in = []surface.Mesh{cube(0, 0, 0), cube(1, 0, 0)}
	for i := range in {
		in[i].Normals = surface.Normals(&in[i])
	}
	for i, out := range weld.Separate(in, 1, weld.Exact) {
		if out.Normals != nil || in[i].Normals == nil {
			t.Errorf("mesh %d: normals kept %v, of the input %v", i, out.Normals != nil, in[i].Normals != nil)
		}
	}
}

// noise is a mesh of cubes for half the cells of a grid; many touch along edges.
func noise(n int, at, size float32) surface.Mesh {
	r := rand.New(rand.NewPCG(8, 9))
	var cubes []surface.Mesh
	for i := range n * n * n {
		if r.IntN(2) == 0 {
			x, y, z := at+size*float32(i%n), at+size*float32(i/n%n), at+size*float32(i/n/n)
			cubes = append(cubes, meshtest.Box([3]float32{x, y, z}, [3]float32{x + size, y + size, z + size}))
		}
	}
	return surfacetest.Join(cubes...)
}

// A length of 1 µm or of 1 mm, near the origin or far away: what is moved is a
// share of the voxel, however many vertices meet, and rounding to the decimals of
// a text format does not undo it.
func TestTolerancesFollowTheVoxel(t *testing.T) {
	for _, size := range []float32{0.001, 0.025, 1, 40} {
		for _, far := range []float32{0, 500, 8000} { // voxels
			for _, digits := range []int{weld.Exact, weld.Digits(float64(size))} {
				base := [3]float32{far * size, far * size, far * size}
				var in []surface.Mesh
				want := float64(size) * float64(size) * float64(size)
				for i := range 27 { // a block of cubes that share faces, edges and corners
					low := base
					for k, n := range [3]int{i % 3, i / 3 % 3, i / 9} {
						low[k] += size * float32(n)
					}
					in = append(in, meshtest.Box(low, [3]float32{low[0] + size, low[1] + size, low[2] + size}))
				}
				out := weld.Separate(in, float64(size), digits)
				welded := meshtest.Welded(out...)
				if err := meshtest.Closed(welded); err != nil || len(welded.Vertices) != 27*8 {
					t.Errorf("%v mm, %v voxels away, %d digits: %d vertices, %v", size, far, digits, len(welded.Vertices), err)
				}
				// The farther away, the coarser float32 is: 1/100 where it still has 1/1000 of a voxel.
				bound := 0.006 + 0.02*float64(far)/8000
				for i := range out {
					if ratio := surfacetest.Volume(&out[i]) / surfacetest.Volume(&in[i]); math.Abs(ratio-1) > bound || math.Abs(surfacetest.Volume(&in[i])/want-1) > bound {
						t.Errorf("%v mm, %v voxels away, %d digits: cube %d keeps %v of its volume", size, far, digits, i, ratio)
					}
				}
			}
		}
	}
}

func TestPinchesPartAMeshFromItself(t *testing.T) {
	for _, size := range []float32{0.001, 1} {
		for _, digits := range []int{weld.Exact, weld.Digits(float64(size))} {
			in := []surface.Mesh{noise(7, 3*size, size), noise(6, 40*size, size), cube(0, 0, 0)}
			before := slices.Clone(in[0].Vertices)
			moves := weld.Pinches(in, digits)
			for i := range in {
				out := surface.Mesh{Triangles: in[i].Triangles, Vertices: weld.Moved(in[i].Vertices, moves[i], 0)}
				welded := meshtest.Welded(out)
				if err := meshtest.Closed(welded); err != nil || len(welded.Vertices) != len(in[i].Vertices) {
					t.Errorf("%v mm, mesh %d: %d of %d vertices after welding, %v", size, i, len(welded.Vertices), len(in[i].Vertices), err)
				}
				// By stretches it is the same, and the bounds are those of what is written.
				var pieces [][3]float32
				for from := 0; from < len(out.Vertices); from += 100 {
					pieces = append(pieces, weld.Moved(in[i].Vertices[from:min(from+100, len(out.Vertices))], moves[i], from)...)
				}
				if !slices.Equal(pieces, out.Vertices) {
					t.Errorf("mesh %d: other vertices by stretches", i)
				}
				low, high := weld.Bounds(in[i].Vertices, moves[i], func(p [3]float32) [3]float32 { return p })
				for k := range 3 {
					least, greatest := out.Vertices[0][k], out.Vertices[0][k]
					for _, v := range out.Vertices {
						least, greatest = min(least, v[k]), max(greatest, v[k])
					}
					if low[k] != least || high[k] != greatest {
						t.Errorf("mesh %d: bounds %v to %v, want %v to %v along %d", i, low[k], high[k], least, greatest, k)
					}
				}
			}
			if moves[2] != nil || !slices.Equal(before, in[0].Vertices) {
				t.Errorf("a single cube moves: %v, or the input changed", moves[2])
			}
		}
	}
}

// The search works by layers and on every processor: neither shows.
func TestManyVerticesForAnyNumberOfWorkers(t *testing.T) {
	in := []surface.Mesh{noise(24, 0, 1), noise(24, 24, 1)}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	var first []surface.Mesh
	var moves [][]weld.Move
	for _, workers := range []int{1, 2, 5} {
		runtime.GOMAXPROCS(workers)
		out, pinches := weld.Separate(in, 1, weld.Exact), weld.Pinches(in, weld.Exact)
		if first == nil {
			first, moves = out, pinches
			if err := meshtest.Closed(meshtest.Welded(out...)); err != nil {
				t.Error(err)
			}
		}
		for i := range out {
			if !slices.Equal(first[i].Vertices, out[i].Vertices) || !slices.Equal(moves[i], pinches[i]) {
				t.Errorf("mesh %d, %d workers: other positions", i, workers)
			}
		}
	}
}
