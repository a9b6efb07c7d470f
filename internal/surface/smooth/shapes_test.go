package smooth_test

import (
	"math"
	"testing"

	"github.com/iris-oculus/iris/internal/surface"
	"github.com/iris-oculus/iris/internal/surface/nets"
	"github.com/iris-oculus/iris/internal/surface/smooth"
	"github.com/iris-oculus/iris/internal/surface/surfacetest"
	"github.com/iris-oculus/iris/internal/volume"
)

// The analytic shapes of shared/research/meshing.md §4.6, centred off the grid.
var centre = [3]float64{50.37, 49.81, 50.13}

type shape struct {
	name     string
	spacing  [3]float64
	distance func(x, y, z float64) float64 // signed, mm, from the centre
	volume   float64

	// What the mesh may be off: mean distance of its vertices in mm, volume as a
	// part of the true one, mean angle of its normals in degrees.
	mean, part, angle float64
	// inward is how many triangles may face inwards: along the rim of the slab,
	// where the voxels leave crumbs that no true normal fits.
	inward int
}

func ballCap(r, h float64) float64 { return math.Pi * h * h * (3*r - h) / 3 }

var shapes = []shape{
	{"sphere", [3]float64{1, 1, 1}, sphere, 4. / 3 * math.Pi * 30.2 * 30.2 * 30.2, 0.042, 0.0005, 2.1, 0},
	{"anisotropic sphere", [3]float64{0.8, 0.8, 3}, sphere, 4. / 3 * math.Pi * 30.2 * 30.2 * 30.2, 0.138, 0.001, 6.6, 0},
	{"torus", [3]float64{1, 1, 1}, func(x, y, z float64) float64 {
		return math.Hypot(math.Hypot(x, y)-30.3, z) - 7.6
	}, 2 * math.Pi * math.Pi * 30.3 * 7.6 * 7.6, 0.049, 0.001, 2.7, 0},
	{"tilted slab", [3]float64{1, 1, 1}, func(x, y, z float64) float64 {
		return max(math.Abs(0.48*x+0.6*y+0.64*z)-2.1, math.Sqrt(x*x+y*y+z*z)-35)
	}, 4./3*math.Pi*35*35*35 - 2*ballCap(35, 35-2.1), 0.055, 0.0074, 6.2, 29},
}

func sphere(x, y, z float64) float64 { return math.Sqrt(x*x+y*y+z*z) - 30.2 }

func (s shape) labels() *volume.LabelMap {
	m := &volume.LabelMap{}
	for axis := range 3 {
		m.Dims[axis] = int(101 / s.spacing[axis])
		m.Affine[axis][axis] = s.spacing[axis]
	}
	m.U8 = make([]uint8, m.Len())
	i := 0
	for z := range m.Dims[2] {
		for y := range m.Dims[1] {
			for x := range m.Dims[0] {
				if s.at(float64(x)*s.spacing[0], float64(y)*s.spacing[1], float64(z)*s.spacing[2]) < 0 {
					m.U8[i] = 1
				}
				i++
			}
		}
	}
	return m
}

func (s shape) at(x, y, z float64) float64 {
	return s.distance(x-centre[0], y-centre[1], z-centre[2])
}

// score measures a mesh against the shape: mean distance of the vertices, mean
// angle between a triangle's normal and the shape's at its middle, and how many
// triangles face inwards.
func (s shape) score(m *surface.Mesh) (mean, angle float64, inward int) {
	for _, p := range m.Vertices {
		mean += math.Abs(s.at(float64(p[0]), float64(p[1]), float64(p[2])))
	}
	mean /= float64(len(m.Vertices))
	for _, t := range m.Triangles {
		var p [3][3]float64
		for i, v := range t {
			for axis := range 3 {
				p[i][axis] = float64(m.Vertices[v][axis])
			}
		}
		var u, w, mid, gradient [3]float64
		for axis := range 3 {
			u[axis], w[axis] = p[1][axis]-p[0][axis], p[2][axis]-p[0][axis]
			mid[axis] = (p[0][axis] + p[1][axis] + p[2][axis]) / 3
		}
		const step = 1e-4
		for axis := range 3 {
			a, b := mid, mid
			a[axis] += step
			b[axis] -= step
			gradient[axis] = (s.at(a[0], a[1], a[2]) - s.at(b[0], b[1], b[2])) / (2 * step)
		}
		normal := [3]float64{u[1]*w[2] - u[2]*w[1], u[2]*w[0] - u[0]*w[2], u[0]*w[1] - u[1]*w[0]}
		length := math.Sqrt(normal[0]*normal[0] + normal[1]*normal[1] + normal[2]*normal[2])
		if length == 0 {
			continue
		}
		cos := (normal[0]*gradient[0] + normal[1]*gradient[1] + normal[2]*gradient[2]) / length
		a := math.Acos(max(-1, min(1, cos))) * 180 / math.Pi
		angle += a
		if a > 90 {
			inward++
		}
	}
	return mean, angle / float64(len(m.Triangles)), inward
}

func mesh(t testing.TB, m *volume.LabelMap, o smooth.Options) surface.Mesh {
	t.Helper()
	n, err := nets.Extract(t.Context(), m, nets.Options{})
	if err != nil {
		t.Fatal(err)
	}
	offsets, err := smooth.Offsets(t.Context(), n, o)
	if err != nil {
		t.Fatal(err)
	}
	ms, err := n.Split(t.Context(), offsets, m.Affine, 0)
	if err != nil {
		t.Fatal(err)
	}
	return ms[1]
}

// strength is the default one, stronger along thick slices.
func strength(spacing [3]float64) [3]float64 {
	s := [3]float64{0.5, 0.5, 0.5}
	if spacing[2] > 2*spacing[0] {
		s[2] = 0.7
	}
	return s
}

func TestAnalyticShapes(t *testing.T) {
	for _, s := range shapes {
		t.Run(s.name, func(t *testing.T) {
			labels := s.labels()
			m := mesh(t, labels, smooth.Options{Strength: strength(s.spacing)})
			mean, angle, inward := s.score(&m)
			part := surfacetest.Volume(&m)/s.volume - 1
			t.Logf("mean %.4f mm, volume %+.3f %%, normals %.2f°, inward %d of %d", mean, 100*part, angle, inward, len(m.Triangles))
			if mean > s.mean || math.Abs(part) > s.part || angle > s.angle || inward > s.inward {
				t.Errorf("want at most %.4f mm, %.3f %%, %.1f°, %d inward", s.mean, 100*s.part, s.angle, s.inward)
			}
			if r := surfacetest.Check(&m); !r.Manifold() {
				t.Errorf("%+v", r)
			}
		})
	}
}
