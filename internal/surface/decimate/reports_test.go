package decimate_test

import (
	"math"
	"testing"

	"github.com/iris-oculus/iris/internal/surface"
	"github.com/iris-oculus/iris/internal/surface/crossings"
	"github.com/iris-oculus/iris/internal/surface/decimate"
	"github.com/iris-oculus/iris/internal/surface/nets"
	"github.com/iris-oculus/iris/internal/surface/surfacetest"
	"github.com/iris-oculus/iris/internal/volume"
)

// ball is a ball of a radius in voxels around the middle of a volume of n³.
func ball(n int, radius float64) *volume.LabelMap {
	middle := float64(n-1) / 2
	return labelMap([3]int{n, n, n}, func(x, y, z int) int {
		dx, dy, dz := float64(x)-middle, float64(y)-middle, float64(z)-middle
		return pick(dx*dx+dy*dy+dz*dz < radius*radius, 1)
	})
}

// decimated is a map's meshes before and after.
func decimated(t *testing.T, m *volume.LabelMap, o decimate.Options) (before, after []surface.Mesh) {
	t.Helper()
	c, labels := complexOf(t, m, 0.5, nets.Separated)
	before = c.Split(labels, 0)
	after = run(t, c, labels, o)
	checkMeshes(t, before, after)
	return before, after
}

// isl-org/Open3D#4083 and cnr-isti-vclab/PyMeshLab#331: decimating a closed mesh to a
// few triangles leaves holes. checkMeshes wants it closed.
func TestReportHoles(t *testing.T) {
	for _, few := range []int{10, 100} {
		decimated(t, shapes()["a box"], decimate.Options{Triangles: few})
	}
}

// pyvista/fast-simplification#39: holes in flat parts at a ratio of 0.01.
func TestReportHolesInFlatParts(t *testing.T) {
	plate := labelMap([3]int{60, 50, 5}, func(x, y, z int) int { return pick(within(x, y, z, [3]int{2, 2, 2}, [3]int{58, 48, 3}), 1) })
	decimated(t, plate, decimate.Options{Ratio: 0.01})
}

// sp4cerat/Fast-Quadric-Mesh-Simplification#35 and cnr-isti-vclab/meshlab#264:
// triangles come out the wrong way round. Those of a ball all face outward.
func TestReportInvertedTriangles(t *testing.T) {
	for _, ratio := range []float64{0.3, 0.05, 0.01} {
		_, after := decimated(t, ball(36, 15), decimate.Options{Ratio: ratio})
		m := &after[1]
		low, high := surface.Extent(m)
		for _, f := range m.Triangles {
			n := surface.FaceVector(m.Vertices[f[0]], m.Vertices[f[1]], m.Vertices[f[2]])
			out := 0.0
			for axis := range 3 {
				out += n[axis] * (float64(m.Vertices[f[0]][axis]) - (low[axis]+high[axis])/2)
			}
			if out <= 0 {
				t.Errorf("ratio %g: a triangle of the ball faces inward", ratio)
			}
		}
	}
}

// zeux/meshoptimizer#699 and libigl/libigl#2043: edges of more than two triangles come
// out, or vertices of more than one fan that are there are taken for one.
func TestReportNonManifold(t *testing.T) {
	for _, name := range []string{"voxels that touch at edges and corners", "two labels that touch at edges", "more organs"} {
		decimated(t, shapes()[name], decimate.Options{Ratio: 0.05})
	}
}

// zeux/meshoptimizer#655, CGAL/cgal#2192 and fangq/iso2mesh#6: surfaces pass through
// themselves, or one through another around it.
func TestReportCrossings(t *testing.T) {
	nested := labelMap([3]int{34, 34, 34}, func(x, y, z int) int {
		switch r := math.Sqrt(float64((x-17)*(x-17) + (y-17)*(y-17) + (z-17)*(z-17))); {
		case r < 8:
			return 1
		case r > 9 && r < 10.5:
			return 2
		case r > 11.5 && r < 13:
			return 3
		}
		return 0
	})
	for _, o := range []decimate.Options{{Error: 0.25}, {Error: 3}, {Ratio: 0.02}} {
		_, after := decimated(t, nested, o)
		var all surface.Mesh
		for i := range after {
			first := uint32(len(all.Vertices))
			all.Vertices = append(all.Vertices, after[i].Vertices...)
			for _, f := range after[i].Triangles {
				all.Triangles = append(all.Triangles, [3]uint32{first + f[0], first + f[1], first + f[2]})
			}
		}
		if n := crossings.Count(&all); n > 0 {
			t.Errorf("%+v: %d pairs of triangles cross", o, n)
		}
	}
}

// cnr-isti-vclab/vcglib#181: where planes do not determine a vertex, it flies away. On a
// plate and a tube nothing leaves the box that there was by more than the error.
func TestReportSpikes(t *testing.T) {
	tube := labelMap([3]int{50, 20, 20}, func(x, y, z int) int {
		return pick(x > 2 && x < 47 && math.Hypot(float64(y)-9.5, float64(z)-9.5) < 6, 1)
	})
	for name, m := range map[string]*volume.LabelMap{"tube": tube, "box": shapes()["a box"], "ribs": shapes()["ribs"]} {
		before, after := decimated(t, m, decimate.Options{Error: 0.5})
		for l := range before {
			if len(before[l].Triangles) == 0 {
				continue
			}
			low, high := surface.Extent(&before[l])
			lowAfter, highAfter := surface.Extent(&after[l])
			for axis := range 3 {
				if lowAfter[axis] < low[axis]-0.5 || highAfter[axis] > high[axis]+0.5 {
					t.Errorf("%s, label %d: reaches from %v to %v, was %v to %v", name, l, lowAfter, highAfter, low, high)
				}
			}
		}
	}
}

// cnr-isti-vclab/vcglib#14: positions that are no numbers. Voxels may be of a micrometre
// or a metre, and triangles may have no area.
func TestReportNotANumber(t *testing.T) {
	for _, voxel := range []float64{1e-3, 1, 1e3} {
		m := organs(5, 30, 4)
		for axis := range 3 {
			m.Affine[axis] = [4]float64{0, 0, 0, 0}
			m.Affine[axis][axis] = voxel
		}
		c, labels := complexOf(t, m, 0.5, nets.Separated)
		// Some triangles without area: a vertex moves onto its neighbour.
		for i := 0; i < len(c.Triangles); i += 97 {
			if f := c.Triangles[i]; int(f[0]) < c.Free && int(f[1]) < c.Free {
				c.Vertices[f[0]] = c.Vertices[f[1]]
			}
		}
		before := c.Split(labels, 0)
		after := run(t, c, labels, decimate.Options{Error: 0.5 * voxel})
		for l := range after {
			if len(after[l].Triangles) == 0 {
				continue
			}
			was, is := surfacetest.Check(&before[l]), surfacetest.Check(&after[l])
			if !is.Manifold() || is.Euler != was.Euler {
				t.Errorf("voxels of %g mm, label %d: was %+v, is %+v", voxel, l, was, is)
			}
			for _, v := range after[l].Vertices {
				for _, x := range v {
					if math.IsNaN(float64(x)) || math.IsInf(float64(x), 0) {
						t.Fatalf("voxels of %g mm, label %d: vertex %v", voxel, l, v)
					}
				}
			}
		}
	}
}

// nmwsharp/geometry-central#131: small parts end as two triangles on one another, or
// vanish. Each of 27 voxels that stand alone is there and has a volume.
func TestReportSmallParts(t *testing.T) {
	dots := labelMap([3]int{12, 12, 12}, func(x, y, z int) int { return pick(x%4 == 1 && y%4 == 1 && z%4 == 1, 1) })
	for _, o := range []decimate.Options{{Error: 0.25}, {Error: 5}, {Ratio: 0.001}, {Triangles: 10}} {
		before, after := decimated(t, dots, o)
		if r := surfacetest.Check(&after[1]); r.Solids != 27 {
			t.Errorf("%+v: %d solids", o, r.Solids)
		}
		if was, is := surfacetest.Volume(&before[1]), surfacetest.Volume(&after[1]); math.Abs(is/was-1) > 0.05 {
			t.Errorf("%+v: %.3f mm³, was %.3f", o, is, was)
		}
	}
}

// Slicer/Slicer#4604 and #7224: structures that are decimated one by one come apart.
func TestReportGaps(t *testing.T) {
	for _, name := range []string{"three boxes in touch", "eight boxes in touch", "a shell around another", "organs"} {
		before, after := decimated(t, shapes()[name], decimate.Options{Ratio: 0.2})
		checkBorders(t, before, after, 0.2)
	}
}

// seung-lab/zmesh#15: vertices stand twice at one place, and hardly anything goes.
func TestReportNothingGoes(t *testing.T) {
	before, after := decimated(t, organs(8, 40, 4), decimate.Options{Ratio: 0.25})
	was, is := 0, 0
	for l := range before {
		was, is = was+len(before[l].Triangles), is+len(after[l].Triangles)
	}
	if float64(is) > 0.26*float64(was) {
		t.Errorf("%d of %d triangles are left", is, was)
	}
}
