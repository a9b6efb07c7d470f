package picture

import (
	"math"

	"github.com/iris-oculus/iris/internal/surface"
)

// view is an orthographic camera: unit vectors in world RAS.
type view struct {
	name                string
	right, down, toward [3]float32 // in the picture, and to the viewer
}

// The three views, side by side. The viewer stands before the patient, at the
// patient's left side, and behind.
var views = [3]view{
	{"ANTERIOR", [3]float32{-1, 0, 0}, [3]float32{0, 0, -1}, [3]float32{0, 1, 0}},
	{"LEFT", [3]float32{0, -1, 0}, [3]float32{0, 0, -1}, [3]float32{-1, 0, 0}},
	{"POSTERIOR", [3]float32{1, 0, 0}, [3]float32{0, 0, -1}, [3]float32{0, -1, 0}},
}

func dot3(a, b [3]float32) float32 { return a[0]*b[0] + a[1]*b[1] + a[2]*b[2] }

// sample describes the nearest surface along one ray.
type sample struct {
	depth  float32 // along toward; the largest is nearest
	facing float32 // cosine between normal and the way to the viewer
	shade  float32 // light it reflects, 0…1 and a little more
	owner  int32   // surface, from 1; 0: nothing
}

// film holds the samples of a view on a grid. origin is the position of its corner in
// mm along the view's right and down.
type film struct {
	width, height int
	samples       []sample
	origin        [2]float32
	scale         float32 // samples per mm
}

func newFilm(width, height int, origin [2]float32, scale float32) *film {
	return &film{width: width, height: height, samples: make([]sample, width*height), origin: origin, scale: scale}
}

// Light of the scene, in the view's axes (right, down, toward): a key light from
// above the viewer's left shoulder, a fill from the other side, the rest ambient.
var (
	keyLight  = unit([3]float32{-0.45, -0.65, 0.75})
	fillLight = unit([3]float32{0.8, 0.1, 0.5})
	halfway   = unit([3]float32{keyLight[0], keyLight[1], keyLight[2] + 1}) // between key and viewer
)

const (
	ambient    = 0.26
	keyShare   = 0.86
	fillShare  = 0.16
	glossShare = 0.12
)

func unit(v [3]float32) [3]float32 {
	l := float32(math.Sqrt(float64(dot3(v, v))))
	return [3]float32{v[0] / l, v[1] / l, v[2] / l}
}

// corner is a vertex on the film.
type corner struct{ x, y, depth, facing, shade float32 }

func (f *film) project(v *view, p, n [3]float32) corner {
	local := [3]float32{dot3(n, v.right), dot3(n, v.down), dot3(n, v.toward)}
	gloss := max(0, dot3(local, halfway))
	for range 4 { // to the 16th power
		gloss *= gloss
	}
	return corner{
		x:      (dot3(p, v.right) - f.origin[0]) * f.scale,
		y:      (dot3(p, v.down) - f.origin[1]) * f.scale,
		depth:  dot3(p, v.toward),
		facing: local[2],
		shade:  ambient + keyShare*max(0, dot3(local, keyLight)) + fillShare*max(0, dot3(local, fillLight)) + glossShare*gloss,
	}
}

// draw adds one surface. Of equal depths the surface drawn first stays.
func (f *film) draw(v *view, m *surface.Mesh, normals [][3]float32, owner int32) {
	corners := make([]corner, len(m.Vertices))
	for i := range m.Vertices {
		corners[i] = f.project(v, m.Vertices[i], normals[i])
	}
	for _, t := range m.Triangles {
		f.fill(&corners[t[0]], &corners[t[1]], &corners[t[2]], owner)
	}
}

// fill sets the samples whose centres lie in a triangle that faces the viewer.
func (f *film) fill(a, b, c *corner, owner int32) {
	// Triangles are counter-clockwise seen from outside. In a picture, whose y runs
	// down, the area of one that faces the viewer is negative.
	area := (b.x-a.x)*(c.y-a.y) - (b.y-a.y)*(c.x-a.x)
	if !(area < 0) {
		return
	}
	inverse := 1 / area
	// Centres lie at half numbers.
	x0, x1 := between(min(a.x, b.x, c.x), max(a.x, b.x, c.x), f.width)
	y0, y1 := between(min(a.y, b.y, c.y), max(a.y, b.y, c.y), f.height)
	for y := y0; y < y1; y++ {
		py := float32(y) + 0.5
		row := f.samples[y*f.width : (y+1)*f.width]
		for x := x0; x < x1; x++ {
			px := float32(x) + 0.5
			wb := ((px-a.x)*(c.y-a.y) - (py-a.y)*(c.x-a.x)) * inverse
			wc := ((b.x-a.x)*(py-a.y) - (b.y-a.y)*(px-a.x)) * inverse
			wa := 1 - wb - wc
			if wa < 0 || wb < 0 || wc < 0 {
				continue
			}
			s := &row[x]
			depth := wa*a.depth + wb*b.depth + wc*c.depth
			if s.owner == 0 || depth > s.depth {
				*s = sample{depth, wa*a.facing + wb*b.facing + wc*c.facing, wa*a.shade + wb*b.shade + wc*c.shade, owner}
			}
		}
	}
}

// between is the range of samples whose centres may lie from low to high.
func between(low, high float32, size int) (from, to int) {
	from = int(min(max(low-0.5, 0), float32(size)))
	to = int(min(max(high+1.5, 0), float32(size)))
	return from, to
}
