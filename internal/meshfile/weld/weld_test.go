package weld_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/iris-oculus/iris/internal/meshfile/meshtest"
	"github.com/iris-oculus/iris/internal/meshfile/weld"
	"github.com/iris-oculus/iris/internal/surface"
)

func TestPositionsNumbersEveryPointOnce(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	set, seen := weld.NewPositions(1), map[[3]float32]uint32{}
	for range 20_000 {
		p := [3]float32{float32(r.IntN(20)) - 10, float32(r.IntN(20)) / 7, float32(r.IntN(20)) * 1e-3}
		number, isNew := set.Add(p)
		before, known := seen[p]
		if known == isNew || known && before != number {
			t.Fatalf("%v: number %d, new %v; before %d, %v", p, number, isNew, before, known)
		}
		seen[p] = number
	}
	if len(set.Points()) != len(seen) {
		t.Errorf("%d points, want %d", len(set.Points()), len(seen))
	}
	zero, _ := set.Add([3]float32{0, 0, 0})
	if minus, isNew := set.Add([3]float32{float32(math.Copysign(0, -1)), 0, 0}); isNew || minus != zero {
		t.Error("-0 and 0 are one position")
	}
}

// join puts meshes into one mesh without merging vertices.
func join(meshes ...surface.Mesh) surface.Mesh {
	var out surface.Mesh
	for _, m := range meshes {
		base := uint32(len(out.Vertices))
		out.Vertices = append(out.Vertices, m.Vertices...)
		for _, t := range m.Triangles {
			out.Triangles = append(out.Triangles, [3]uint32{base + t[0], base + t[1], base + t[2]})
		}
	}
	return out
}

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
		{"one mesh touching itself along an edge", []surface.Mesh{join(cube(0, 0, 0), cube(1, 1, 0))}},
		{"one mesh touching itself in a corner", []surface.Mesh{join(cube(0, 0, 0), cube(1, 1, 1))}},
		{"two meshes sharing a face", []surface.Mesh{cube(0, 0, 0), cube(1, 0, 0)}},
		{"four meshes around an edge", []surface.Mesh{cube(0, 0, 0), cube(1, 0, 0), cube(0, 1, 0), cube(1, 1, 0)}},
		{"both at once", []surface.Mesh{join(cube(0, 0, 0), cube(1, 1, 0)), join(cube(1, 0, 0), cube(0, 1, 0))}},
		{"random cubes, a mesh each", noise},
		{"random cubes, one mesh", []surface.Mesh{join(noise...)}},
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
			parted := weld.Separate(c.meshes)
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
				if was, is := meshtest.Volume(before[i]), meshtest.Volume(parted[i]); math.Abs(was-is) > 0.25*was {
					t.Errorf("mesh %d: volume %v became %v", i, was, is)
				}
			}
		})
	}
}

// Normals of vertices that moved are dropped, on the copy only.
func TestSeparateDropsNormals(t *testing.T) {
	in := []surface.Mesh{cube(0, 0, 0), cube(1, 0, 0), cube(9, 9, 9)}
	for i := range in {
		in[i].Normals = surface.Normals(&in[i])
	}
	out := weld.Separate(in)
	for i, moved := range []bool{true, true, false} {
		if (out[i].Normals == nil) != moved || in[i].Normals == nil {
			t.Errorf("mesh %d: normals kept %v, of the input %v", i, out[i].Normals != nil, in[i].Normals != nil)
		}
	}
}

func TestSeparateLeavesAloneWhatTouchesNothing(t *testing.T) {
	in := []surface.Mesh{meshtest.Sphere([3]float32{0, 0, 0}, 10, 2), meshtest.Sphere([3]float32{30, 0, 0}, 10, 2)}
	out := weld.Separate(in)
	if diff := cmp.Diff(in, out); diff != "" {
		t.Error(diff)
	}
	if &out[0].Vertices[0] != &in[0].Vertices[0] {
		t.Error("nothing touches, so nothing needs a copy")
	}
}
