package surface_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/iris-oculus/iris/internal/surface"
	"github.com/iris-oculus/iris/internal/surface/surfacetest"
)

// tetra is a tetrahedron of volume 1/6 at a place, outward.
func tetra(at float32) surface.Mesh {
	return surface.Mesh{
		Vertices:  [][3]float32{{at, 0, 0}, {at + 1, 0, 0}, {at, 1, 0}, {at, 0, 1}},
		Triangles: [][3]uint32{{0, 2, 1}, {0, 1, 3}, {0, 3, 2}, {1, 2, 3}},
	}
}

func TestCheck(t *testing.T) {
	sound := surfacetest.Report{Vertices: 4, Triangles: 4, Edges: 6, Shells: 1, Solids: 1, Euler: 2}
	open := tetra(0)
	open.Triangles = open.Triangles[:3]
	turned := tetra(0)
	turned.Triangles[3] = [3]uint32{1, 3, 2}
	twoAtAVertex := surfacetest.Join(tetra(0), tetra(5))
	for i := range twoAtAVertex.Triangles {
		for c, v := range twoAtAVertex.Triangles[i] {
			if v == 4 {
				twoAtAVertex.Triangles[i][c] = 0
			}
		}
	}
	fin := tetra(0)
	fin.Vertices = append(fin.Vertices, [3]float32{2, 2, 2})
	fin.Triangles = append(fin.Triangles, [3]uint32{1, 2, 4})
	outside := tetra(0)
	outside.Triangles[2][1] = 9
	flat := tetra(0)
	flat.Triangles = append(flat.Triangles, [3]uint32{1, 1, 2})

	for _, c := range []struct {
		name   string
		mesh   surface.Mesh
		want   surfacetest.Report
		closed bool
	}{
		{"sound", tetra(0), sound, true},
		{"inside out", surfacetest.Reversed(tetra(0)), surfacetest.Report{Vertices: 4, Triangles: 4, Edges: 6, Shells: 1, Euler: 2}, true},
		{"two", surfacetest.Join(tetra(0), tetra(5)), surfacetest.Report{Vertices: 8, Triangles: 8, Edges: 12, Shells: 2, Solids: 2, Euler: 4}, true},
		{"open", open, surfacetest.Report{Vertices: 4, Triangles: 3, Edges: 6, Boundary: 3, Shells: 1, Euler: 1, Genus: 1, Solids: 0}, false},
		{"one triangle turned", turned, surfacetest.Report{Vertices: 4, Triangles: 4, Edges: 6, Misoriented: 3, Shells: 1, Euler: 2}, false},
		{"two fans at a vertex", twoAtAVertex, surfacetest.Report{Vertices: 7, Triangles: 8, Edges: 12, Fans: 1, Shells: 1, Euler: 3}, true},
		{"a fin", fin, surfacetest.Report{Vertices: 5, Triangles: 5, Edges: 8, Boundary: 2, NonManifold: 1, Misoriented: 1, Shells: 1, Euler: 2}, false},
		{"out of range", outside, surfacetest.Report{Triangles: 4, OutOfRange: 1}, false},
		{"degenerate", flat, surfacetest.Report{Vertices: 4, Triangles: 5, Degenerate: 1}, false},
		{"empty", surface.Mesh{}, surfacetest.Report{}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := surfacetest.Check(&c.mesh)
			switch c.name {
			case "degenerate": // its edge {1,2} has three sides; only the count of it matters
				if got.Degenerate != 1 || got.Manifold() {
					t.Errorf("%+v", got)
				}
				return
			case "open", "one triangle turned", "two fans at a vertex", "a fin":
				c.want.Solids, c.want.Genus = got.Solids, got.Genus // these mean nothing here
			}
			if d := cmp.Diff(c.want, got); d != "" {
				t.Error(d)
			}
			if got.OutOfRange == 0 {
				totals, _ := new(surface.Surveyor).Survey(&c.mesh)
				if totals.Closed != c.closed {
					t.Errorf("closed: %v", totals.Closed)
				}
				if totals.Shells != got.Shells {
					t.Errorf("%d shells, want %d", totals.Shells, got.Shells)
				}
				if c.closed && totals.Solids != got.Solids {
					t.Errorf("%d solids, want %d", totals.Solids, got.Solids)
				}
				if v := surfacetest.Volume(&c.mesh); c.closed && math.Abs(totals.Volume-v) > 1e-9 {
					t.Errorf("volume %g, want %g", totals.Volume, v)
				}
			}
			if sane := c.name == "sound" || c.name == "two" || c.name == "inside out"; got.Manifold() != sane {
				t.Errorf("manifold: %v", got.Manifold())
			}
		})
	}
}

// torus is a ring of n by n quads around z: one handle.
func torus(n uint32, big, small float64) surface.Mesh {
	var m surface.Mesh
	for i := range n {
		for j := range n {
			u, v := 2*math.Pi*float64(i)/float64(n), 2*math.Pi*float64(j)/float64(n)
			r := big + small*math.Cos(v)
			m.Vertices = append(m.Vertices, [3]float32{float32(r * math.Cos(u)), float32(r * math.Sin(u)), float32(small * math.Sin(v))})
			at := func(i, j uint32) uint32 { return i%n*n + j%n }
			a, b, c, d := at(i, j), at(i+1, j), at(i+1, j+1), at(i, j+1)
			m.Triangles = append(m.Triangles, [3]uint32{a, b, c}, [3]uint32{a, c, d})
		}
	}
	return m
}

func TestTorus(t *testing.T) {
	m := torus(200, 30, 8)
	totals, _ := new(surface.Surveyor).Survey(&m)
	if r := surfacetest.Check(&m); !r.Manifold() || r.Genus != 1 {
		t.Errorf("%+v", r)
	}
	for _, c := range []struct {
		what      string
		got, want float64
	}{
		{"volume", surfacetest.Volume(&m), 2 * math.Pi * math.Pi * 30 * 64},
		{"area", totals.Area, 4 * math.Pi * math.Pi * 30 * 8},
	} {
		if math.Abs(c.got/c.want-1) > 0.001 {
			t.Errorf("%s %g, want %g", c.what, c.got, c.want)
		}
	}
	low, high := surface.Extent(&m)
	if d := cmp.Diff([2][3]float64{{-38, -38, -8}, {38, 38, 8}}, [2][3]float64{low, high}); d != "" {
		t.Error(d)
	}
}

// A mesh whose quads are taken apart is the same to a surveyor, and so is one that
// comes after another.
func TestSurveyOfQuadsAndTriangles(t *testing.T) {
	m := surfacetest.Join(torus(40, 30, 8), surfacetest.Reversed(torus(20, 30, 4)), tetra(100))
	apart := surface.Mesh{Vertices: m.Vertices, Triangles: slices.Clone(m.Triangles)}
	rand.New(rand.NewPCG(1, 2)).Shuffle(len(apart.Triangles), func(i, j int) {
		apart.Triangles[i], apart.Triangles[j] = apart.Triangles[j], apart.Triangles[i]
	})
	var s surface.Surveyor
	quads, normals := s.Survey(&m)
	triangles, others := s.Survey(&apart)
	if quads.Shells != 3 || quads.Solids != 2 || !quads.Closed {
		t.Errorf("%+v", quads)
	}
	close := cmpopts.EquateApprox(1e-12, 0)
	if d := cmp.Diff(quads, triangles, close); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(normals, others, cmpopts.EquateApprox(0, 1e-5)); d != "" {
		t.Error(d)
	}
	for name, whole := range map[string]surface.Mesh{"quads": m, "triangles": apart} {
		whole.Triangles = whole.Triangles[1:]
		if open, _ := s.Survey(&whole); open.Closed {
			t.Errorf("%s: a mesh without one of its triangles is called closed", name)
		}
	}
	flat := surface.Mesh{Vertices: m.Vertices, Triangles: [][3]uint32{{0, 1, 0}, {0, 0, 2}}}
	if out, _ := s.Survey(&flat); out.Closed {
		t.Error("two triangles that are lines are called closed")
	}
}

// Far from the origin a volume loses no digits but those of its float32 vertices.
func TestVolumeFarAway(t *testing.T) {
	m := tetra(1 << 20)
	if got := surfacetest.Volume(&m); math.Abs(got-1./6) > 1e-9 {
		t.Errorf("volume %g", got)
	}
}
