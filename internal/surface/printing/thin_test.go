package printing_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/iris-oculus/iris/internal/meshfile/meshtest"
	"github.com/iris-oculus/iris/internal/surface"
	"github.com/iris-oculus/iris/internal/surface/build"
	"github.com/iris-oculus/iris/internal/surface/printing"
	"github.com/iris-oculus/iris/internal/surface/surfacetest"
	"github.com/iris-oculus/iris/internal/volume"
)

func thinOf(t *testing.T, minWall float64, meshes ...surface.Mesh) printing.Thin {
	t.Helper()
	return examined(t, minWall, surfaceOf("x", meshes...)).Structures[0].Thin
}

// turned is a mesh turned about two axes and moved.
func turned(m surface.Mesh, angle float64) surface.Mesh {
	out := surface.Mesh{Triangles: m.Triangles}
	s, c := math.Sincos(angle)
	for _, v := range m.Vertices {
		x, y, z := float64(v[0]), float64(v[1]), float64(v[2])
		x, y = c*x-s*y, s*x+c*y
		y, z = c*y-s*z, s*y+c*z
		out.Vertices = append(out.Vertices, [3]float32{float32(x + 30), float32(y - 40), float32(z + 50)})
	}
	return out
}

// prism is the solid between two outlines of as many corners, at z = 0 and height.
// The outline winds counter-clockwise.
func prism(outline [][2]float32, height float32) surface.Mesh {
	var m surface.Mesh
	n := uint32(len(outline))
	for _, z := range []float32{0, height} {
		for _, p := range outline {
			m.Vertices = append(m.Vertices, [3]float32{p[0], p[1], z})
		}
	}
	for i := range n {
		j := (i + 1) % n
		m.Triangles = append(m.Triangles, [3]uint32{i, j, n + j}, [3]uint32{i, n + j, n + i})
		if i > 0 && j > 0 { // convex outlines: fans
			m.Triangles = append(m.Triangles, [3]uint32{0, j, i}, [3]uint32{n, n + i, n + j})
		}
	}
	return m
}

// tube is a wall of so many flat sides between two radii, open at both ends.
func tube(inner, outer float64, sides int, height float32) surface.Mesh {
	var m surface.Mesh
	for _, z := range []float32{0, height} {
		for _, r := range []float64{inner, outer} {
			for i := range sides {
				s, c := math.Sincos(2 * math.Pi * float64(i) / float64(sides))
				m.Vertices = append(m.Vertices, [3]float32{float32(r * c), float32(r * s), z})
			}
		}
	}
	n := uint32(sides)
	quad := func(a, b, c, d uint32) {
		m.Triangles = append(m.Triangles, [3]uint32{a, b, c}, [3]uint32{a, c, d})
	}
	for i := range n {
		j := (i + 1) % n
		quad(n+i, n+j, 3*n+j, 3*n+i)     // outside
		quad(j, i, 2*n+i, 2*n+j)         // inside
		quad(i, j, n+j, n+i)             // below
		quad(3*n+i, 3*n+j, 2*n+j, 2*n+i) // above
	}
	return m
}

func TestPlate(t *testing.T) {
	plate := meshtest.Box([3]float32{-10, -10, 5}, [3]float32{10, 10, 6})
	for _, angle := range []float64{0, 0.3, math.Pi / 4, 2} {
		m := plate
		if angle != 0 {
			m = turned(plate, angle)
		}
		for _, c := range []struct {
			minWall float64
			places  int
		}{{0.8, 0}, {0.999, 0}, {1, 0}, {1.01, 1}, {2, 1}} {
			thin := thinOf(t, c.minWall, m)
			if thin.Places != c.places {
				t.Errorf("turned by %.2f, under %g mm: %d places, want %d", angle, c.minWall, thin.Places, c.places)
				continue
			}
			if c.places == 0 {
				continue
			}
			// Both faces of 20×20 mm; the rim is 20 mm from the other rim.
			if p := thin.Listed[0]; !near(p.ThicknessMM, 1, 1e-5) || !near(thin.SurfaceCM2, 8, 1e-5) || !near(p.SurfaceCM2, 8, 1e-5) {
				t.Errorf("turned by %.2f: %+v", angle, thin)
			} else if angle == 0 && (!near(p.At[2], 5.5, 1e-9) || p.SizeMM != [3]float64{20, 20, 1}) {
				t.Errorf("%+v", p)
			}
		}
	}
}

// Edges at right angles are no thin walls, however large the least wall is.
func TestEdgesAreNoWalls(t *testing.T) {
	for name, m := range map[string]surface.Mesh{
		"a cube":          meshtest.Box([3]float32{}, [3]float32{20, 20, 20}),
		"a turned cube":   turned(meshtest.Box([3]float32{}, [3]float32{20, 20, 20}), 0.7),
		"a hexagonal bar": prism([][2]float32{{10, 0}, {5, 8.66}, {-5, 8.66}, {-10, 0}, {-5, -8.66}, {5, -8.66}}, 30),
		"a thick tube":    tube(20, 36, 48, 20),
		"a sphere":        meshtest.Sphere([3]float32{}, 8, 4),
	} {
		if thin := thinOf(t, 15, m); thin.Places != 0 {
			t.Errorf("%s: %+v", name, thin)
		}
	}
}

func TestTubeWall(t *testing.T) {
	const inner, outer, sides = 4.0, 5.0, 32
	m := tube(inner, outer, sides, 30)
	want := (outer - inner) * math.Cos(math.Pi/sides) // between two flat sides
	if thin := thinOf(t, 0.99*want, m); thin.Places != 0 {
		t.Errorf("%+v", thin)
	}
	for _, minWall := range []float64{1.1, 3, 6} {
		thin := thinOf(t, minWall, m)
		if thin.Places != 1 || !near(thin.Listed[0].ThicknessMM, want, 1e-5) {
			t.Errorf("under %g mm: %+v, want %g", minWall, thin, want)
			continue
		}
		at := thin.Listed[0].At
		if r := math.Hypot(at[0], at[1]); r < inner || r > outer || at[2] < 0 || at[2] > 30 {
			t.Errorf("at %v, which is not within the wall", at)
		}
	}
}

// A ball is as thick as its diameter and a rod as its own, to what the flat sides lack.
func TestBallAndRod(t *testing.T) {
	ball := thinOf(t, 0.7, meshtest.Sphere([3]float32{7, 8, 9}, 0.3, 4))
	if ball.Places != 1 || !near(ball.Listed[0].ThicknessMM, 0.6, 0.006) || ball.Listed[0].ThicknessMM > 0.6 {
		t.Errorf("ball: %+v", ball)
	}
	var outline [][2]float32
	for i := range 40 {
		s, c := math.Sincos(2 * math.Pi * float64(i) / 40)
		outline = append(outline, [2]float32{float32(0.4 * c), float32(0.4 * s)})
	}
	rod := thinOf(t, 1, prism(outline, 20))
	want := 0.8 * math.Cos(math.Pi/40)
	if rod.Places != 1 || rod.Listed[0].ThicknessMM > want+1e-5 || rod.Listed[0].ThicknessMM < 0.96*want {
		t.Errorf("rod: %+v, want %g", rod, want)
	}
	if thin := thinOf(t, 0.96*want, prism(outline, 20)); thin.Places != 0 {
		t.Errorf("rod: %+v", thin)
	}
}

// The edge of a knife is thin, up to where it is as thick as asked for.
func TestKnife(t *testing.T) {
	// 10 mm at its back, 50 mm long: two sides of 11.4°.
	knife := prism([][2]float32{{0, 0}, {50, -5}, {50, 5}}, 30)
	thin := thinOf(t, 1, knife)
	if thin.Places != 1 {
		t.Fatalf("%+v", thin)
	}
	p := thin.Listed[0]
	if p.ThicknessMM > 0.45 || p.At[0] > 2.2 { // of 8 points along its side

		t.Errorf("thinnest %g mm at %v, want it at the edge", p.ThicknessMM, p.At)
	}
}

// What is between two solids is no wall.
func TestGapIsNoWall(t *testing.T) {
	a, b := meshtest.Box([3]float32{0, 0, 0}, [3]float32{20, 20, 5}), meshtest.Box([3]float32{0, 0, 5.2}, [3]float32{20, 20, 10})
	if thin := thinOf(t, 2, a, b); thin.Places != 0 {
		t.Errorf("%+v", thin)
	}
	shell := []surface.Mesh{meshtest.Box([3]float32{0, 0, 0}, [3]float32{20, 20, 20}), surfacetest.Reversed(meshtest.Box([3]float32{0.7, 3, 3}, [3]float32{17, 17, 17}))}
	thin := thinOf(t, 1, shell...)
	if thin.Places != 1 || !near(thin.Listed[0].ThicknessMM, 0.7, 1e-5) || !near(thin.Listed[0].At[0], 0.35, 1e-5) {
		t.Errorf("beside a cavity: %+v", thin)
	}
}

// Each thin tooth of a comb is a place of its own, and the back of the comb none.
func TestComb(t *testing.T) {
	m := &volume.LabelMap{Dims: [3]int{60, 40, 20}, Affine: volume.Affine{{0.5, 0, 0, 100}, {0, 0.5, 0, 200}, {0, 0, 0.5, -300}}}
	m.U8 = make([]uint8, m.Len())
	for i := range m.U8 {
		x, y, z := i%60, i/60%40, i/2400
		if z >= 2 && z < 18 && x >= 2 && x < 58 && (y >= 2 && y < 12 || y >= 12 && y < 38 && (x-2)%10 == 4) {
			m.U8[i] = 1
		}
	}
	for _, smoothing := range []float64{0, 0.5} {
		made, err := build.Surfaces(t.Context(), m, build.Options{Smoothing: smoothing})
		if err != nil {
			t.Fatal(err)
		}
		r, err := printing.Examine(t.Context(), made, [3]float64{}, printing.Options{MinWall: 0.8})
		if err != nil {
			t.Fatal(err)
		}
		thin := r.Structures[0].Thin
		if thin.Places != 6 { // x = 6, 16, …, 56 of teeth of 0.5 mm
			t.Errorf("smoothing %g: %d places, want 6 teeth", smoothing, thin.Places)
		}
		for _, p := range thin.Listed {
			voxel := (p.At[0] - 100) / 0.5
			tooth := math.Round((voxel-6)/10)*10 + 6
			if math.Abs(voxel-tooth) > 0.3 || p.At[1] < 200+11*0.5 || p.ThicknessMM > 0.6 || smoothing == 0 && !near(p.ThicknessMM, 0.5, 1e-5) {
				t.Errorf("smoothing %g: %+v", smoothing, p)
			}
		}
	}
}

// Slanted walls of voxels are not called much thicker than they are.
func TestSlantedVoxels(t *testing.T) {
	const thick = 3.0 // voxels of 1 mm
	for name, n := range map[string][3]float64{"edgewise": {1, 1, 0}, "cornerwise": {1, 1, 1}, "steep": {1, 2.2, 0.4}} {
		length := math.Sqrt(n[0]*n[0] + n[1]*n[1] + n[2]*n[2])
		m := &volume.LabelMap{Dims: [3]int{50, 50, 50}, Affine: volume.Affine{{1, 0, 0, 0}, {0, 1, 0, 0}, {0, 0, 1, 0}}}
		m.U8 = make([]uint8, m.Len())
		for i := range m.U8 {
			x, y, z := float64(i%50)-24.6, float64(i/50%50)-24.3, float64(i/2500)-24.2
			if math.Abs(x*n[0]+y*n[1]+z*n[2])/length < thick/2 && math.Sqrt(x*x+y*y+z*z) < 20 {
				m.U8[i] = 1
			}
		}
		for _, smoothing := range []float64{0, 0.5} {
			made, err := build.Surfaces(t.Context(), m, build.Options{Smoothing: smoothing})
			if err != nil {
				t.Fatal(err)
			}
			all, most := made[0].Measure.SurfaceCM2, 1.3*thick
			if smoothing == 0 {
				most = 1.5 * thick
			}
			if thin := examined(t, most, made...).Structures[0].Thin; thin.SurfaceCM2 < 0.8*all {
				t.Errorf("%s, smoothing %g: of a wall of %g mm only %.0f %% is thinner than %g", name, smoothing, thick, 100*thin.SurfaceCM2/all, most)
			}
			if thin := examined(t, 0.6*thick, made...).Structures[0].Thin; thin.SurfaceCM2 > 0.1*all {
				t.Errorf("%s, smoothing %g: of a wall of %g mm %.0f %% is thinner than %g", name, smoothing, thick, 100*thin.SurfaceCM2/all, 0.6*thick)
			}
		}
	}
}

// The hierarchy finds what a look at every triangle finds.
func TestThinnestByHand(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 20 {
		// Two sheets of bumps, above one another: the wall is thinnest where they say.
		const n = 12
		var m surface.Mesh
		height := func(top bool) [][3]float32 {
			var out [][3]float32
			for i := range n * n {
				z := -3 + 0.3*r.Float32()
				if top {
					z += 4
				}
				out = append(out, [3]float32{float32(i % n), float32(i / n), z})
			}
			return out
		}
		m.Vertices = append(height(false), height(true)...)
		for y := range uint32(n - 1) {
			for x := range uint32(n - 1) {
				a, b, c, d := y*n+x, y*n+x+1, (y+1)*n+x+1, (y+1)*n+x
				m.Triangles = append(m.Triangles, [3]uint32{a, c, b}, [3]uint32{a, d, c}, [3]uint32{n*n + a, n*n + b, n*n + c}, [3]uint32{n*n + a, n*n + c, n*n + d})
			}
		}
		thin := thinOf(t, 8, m)
		least := math.Inf(1)
		for i := range m.Vertices[:n*n] {
			for j := range m.Vertices[n*n:] {
				a, b := m.Vertices[i], m.Vertices[n*n+j]
				least = min(least, math.Sqrt(float64((a[0]-b[0])*(a[0]-b[0])+(a[1]-b[1])*(a[1]-b[1])+(a[2]-b[2])*(a[2]-b[2]))))
			}
		}
		if thin.Places != 1 || thin.Listed[0].ThicknessMM < 0.97*least || thin.Listed[0].ThicknessMM > 1.05*least {
			t.Errorf("%d places, thinnest %+v, want about %g", thin.Places, thin.Listed, least)
		}
	}
}
