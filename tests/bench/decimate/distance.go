package main

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"

	"github.com/iris-oculus/iris/internal/surface"
)

// distances is how far the meshes of one folder are from those of another: from the
// vertices of each to the triangles of the other, in the unit of the meshes.
type distances struct {
	Meshes    int     `json:"meshes"`
	Lost      int     `json:"lost"` // meshes of which no triangle is left, in no other figure
	Triangles int     `json:"triangles"`
	RMS       float64 `json:"rms"`       // before → after
	Mean      float64 `json:"mean"`      // before → after
	Hausdorff float64 `json:"hausdorff"` // both ways
	Back      float64 `json:"rms_back"`  // after → before
	Angle     float64 `json:"least_angle"`
	Under5    int     `json:"triangles_under_5_degrees"`
	Volume    float64 `json:"worst_volume"` // share
}

func compare(before, after string) error {
	names, err := filepath.Glob(filepath.Join(after, "*.raw"))
	if err != nil {
		return err
	}
	d := distances{Angle: 180}
	sum, mean, back, n, nb := 0.0, 0.0, 0.0, 0, 0
	for _, name := range names {
		b, err := readRaw(name)
		if err != nil {
			return err
		}
		a, err := readRaw(filepath.Join(before, filepath.Base(name)))
		if err != nil {
			return err
		}
		if len(b.Triangles) == 0 {
			d.Lost++
			continue
		}
		d.Meshes++
		d.Triangles += len(b.Triangles)
		tree := newGrid(&b)
		for _, v := range a.Vertices {
			x := tree.distance(v)
			sum, mean, n = sum+x*x, mean+x, n+1
			d.Hausdorff = max(d.Hausdorff, x)
		}
		tree = newGrid(&a)
		for _, v := range b.Vertices {
			x := tree.distance(v)
			back, nb = back+x*x, nb+1
			d.Hausdorff = max(d.Hausdorff, x)
		}
		for _, t := range b.Triangles {
			angle := leastAngle(&b, t)
			d.Angle = min(d.Angle, angle)
			if angle < 5 {
				d.Under5++
			}
		}
		va, vb := volumeOf(&a), volumeOf(&b)
		d.Volume = max(d.Volume, math.Abs(vb/va-1))
	}
	d.RMS, d.Mean, d.Back = math.Sqrt(sum/float64(n)), mean/float64(n), math.Sqrt(back/float64(nb))
	return json.NewEncoder(os.Stdout).Encode(d)
}

func readRaw(path string) (m surface.Mesh, err error) {
	f, err := os.Open(path)
	if err != nil {
		return m, err
	}
	defer f.Close()
	r := bufio.NewReader(f)
	var n [2]uint32
	if err := binary.Read(r, binary.LittleEndian, &n); err != nil {
		return m, fmt.Errorf("read %s: %w", path, err)
	}
	m.Vertices, m.Triangles = make([][3]float32, n[0]), make([][3]uint32, n[1])
	for _, part := range []any{m.Vertices, m.Triangles} {
		if err := binary.Read(r, binary.LittleEndian, part); err != nil {
			return m, fmt.Errorf("read %s: %w", path, err)
		}
	}
	return m, nil
}

type vec [3]float64

func at(m *surface.Mesh, i uint32) vec {
	v := m.Vertices[i]
	return vec{float64(v[0]), float64(v[1]), float64(v[2])}
}
func (a vec) minus(b vec) vec     { return vec{a[0] - b[0], a[1] - b[1], a[2] - b[2]} }
func (a vec) dot(b vec) float64   { return a[0]*b[0] + a[1]*b[1] + a[2]*b[2] }
func (a vec) times(s float64) vec { return vec{a[0] * s, a[1] * s, a[2] * s} }
func (a vec) plus(b vec) vec      { return vec{a[0] + b[0], a[1] + b[1], a[2] + b[2]} }
func (a vec) cross(b vec) vec {
	return vec{a[1]*b[2] - a[2]*b[1], a[2]*b[0] - a[0]*b[2], a[0]*b[1] - a[1]*b[0]}
}

func volumeOf(m *surface.Mesh) float64 {
	sum, o := 0.0, at(m, 0)
	for _, t := range m.Triangles {
		sum += at(m, t[0]).minus(o).dot(at(m, t[1]).minus(o).cross(at(m, t[2]).minus(o)))
	}
	return sum / 6
}

func leastAngle(m *surface.Mesh, t [3]uint32) float64 {
	least := 180.0
	for k := range 3 {
		p := at(m, t[k])
		a, b := at(m, t[(k+1)%3]).minus(p), at(m, t[(k+2)%3]).minus(p)
		n := a.cross(b)
		least = min(least, math.Atan2(math.Sqrt(n.dot(n)), a.dot(b))*180/math.Pi)
	}
	return least
}

// grid lists triangles by the boxes that they reach into.
type grid struct {
	m     *surface.Mesh
	low   vec
	size  float64
	dims  [3]int
	start []int32
	list  []int32
	seen  []int32
	epoch int32
}

func newGrid(m *surface.Mesh) *grid {
	g := &grid{m: m, seen: make([]int32, len(m.Triangles))}
	high := vec{math.Inf(-1), math.Inf(-1), math.Inf(-1)}
	g.low = vec{math.Inf(1), math.Inf(1), math.Inf(1)}
	for i := range m.Vertices {
		p := at(m, uint32(i))
		for k := range 3 {
			g.low[k], high[k] = min(g.low[k], p[k]), max(high[k], p[k])
		}
	}
	area := 0.0
	for _, t := range m.Triangles {
		n := at(m, t[1]).minus(at(m, t[0])).cross(at(m, t[2]).minus(at(m, t[0])))
		area += math.Sqrt(n.dot(n)) / 2
	}
	g.size = 2 * math.Sqrt(2*area/float64(len(m.Triangles)))
	for {
		n := 1.0
		for k := range 3 {
			g.dims[k] = int((high[k]-g.low[k])/g.size) + 1
			n *= float64(g.dims[k])
		}
		if n < 1<<25 {
			break
		}
		g.size *= 1.5
	}
	g.start = make([]int32, g.dims[0]*g.dims[1]*g.dims[2]+1)
	for pass := range 2 {
		for i, t := range m.Triangles {
			var from, to [3]int
			for k := range 3 {
				a, b, c := at(m, t[0])[k], at(m, t[1])[k], at(m, t[2])[k]
				from[k], to[k] = int((min(a, b, c)-g.low[k])/g.size), int((max(a, b, c)-g.low[k])/g.size)
			}
			for z := from[2]; z <= to[2]; z++ {
				for y := from[1]; y <= to[1]; y++ {
					for x := from[0]; x <= to[0]; x++ {
						box := x + g.dims[0]*(y+g.dims[1]*z)
						if pass == 0 {
							g.start[box+1]++
						} else {
							g.start[box]--
							g.list[g.start[box]] = int32(i)
						}
					}
				}
			}
		}
		if pass == 0 {
			for i := range len(g.start) - 1 {
				g.start[i+1] += g.start[i]
			}
			// Boxes are filled from their ends.
			copy(g.start, g.start[1:])
			g.list = make([]int32, g.start[len(g.start)-1])
		}
	}
	return g
}

func (g *grid) distance(v [3]float32) float64 {
	p := vec{float64(v[0]), float64(v[1]), float64(v[2])}
	var c [3]int
	for k := range 3 {
		c[k] = min(max(int((p[k]-g.low[k])/g.size), 0), g.dims[k]-1)
	}
	g.epoch++
	best := math.Inf(1)
	for r := 0; ; r++ {
		if far := float64(r-1) * g.size; far > 0 && far*far > best {
			return math.Sqrt(best)
		}
		any := false
		for z := c[2] - r; z <= c[2]+r; z++ {
			for y := c[1] - r; y <= c[1]+r; y++ {
				for x := c[0] - r; x <= c[0]+r; x++ {
					if max(z-c[2], c[2]-z, y-c[1], c[1]-y, x-c[0], c[0]-x) != r {
						continue
					}
					if x < 0 || y < 0 || z < 0 || x >= g.dims[0] || y >= g.dims[1] || z >= g.dims[2] {
						continue
					}
					any = true
					box := x + g.dims[0]*(y+g.dims[1]*z)
					for _, t := range g.list[g.start[box]:g.start[box+1]] {
						if g.seen[t] != g.epoch {
							g.seen[t] = g.epoch
							// Of a triangle without area it may be no number; its neighbours have its sides.
							if d := toTriangle(g.m, g.m.Triangles[t], p); d < best {
								best = d
							}
						}
					}
				}
			}
		}
		if !any {
			return math.Sqrt(best)
		}
	}
}

// toTriangle is the squared distance of a point to a triangle (Ericson, "Real-time
// collision detection", 5.1.5).
func toTriangle(m *surface.Mesh, t [3]uint32, p vec) float64 {
	a, b, c := at(m, t[0]), at(m, t[1]), at(m, t[2])
	ab, ac, ap := b.minus(a), c.minus(a), p.minus(a)
	square := func(q vec) float64 { d := p.minus(q); return d.dot(d) }
	d1, d2 := ab.dot(ap), ac.dot(ap)
	if d1 <= 0 && d2 <= 0 {
		return square(a)
	}
	bp := p.minus(b)
	d3, d4 := ab.dot(bp), ac.dot(bp)
	if d3 >= 0 && d4 <= d3 {
		return square(b)
	}
	if vc := d1*d4 - d3*d2; vc <= 0 && d1 >= 0 && d3 <= 0 {
		return square(a.plus(ab.times(d1 / (d1 - d3))))
	}
	cp := p.minus(c)
	d5, d6 := ab.dot(cp), ac.dot(cp)
	if d6 >= 0 && d5 <= d6 {
		return square(c)
	}
	vb := d5*d2 - d1*d6
	if vb <= 0 && d2 >= 0 && d6 <= 0 {
		return square(a.plus(ac.times(d2 / (d2 - d6))))
	}
	va := d3*d6 - d5*d4
	if va <= 0 && d4-d3 >= 0 && d5-d6 >= 0 {
		return square(b.plus(c.minus(b).times((d4 - d3) / (d4 - d3 + d5 - d6))))
	}
	vc := d1*d4 - d3*d2
	n := 1 / (va + vb + vc)
	return square(a.plus(ab.times(vb * n)).plus(ac.times(vc * n)))
}
