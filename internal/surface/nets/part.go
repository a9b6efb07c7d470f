package nets

import (
	"github.com/iris-oculus/iris/internal/pages"
	"github.com/iris-oculus/iris/internal/surface"
	"github.com/iris-oculus/iris/internal/surface/work"
)

// Split makes the mesh of every label below labels, by label, closed where the
// complex is that of a net. Triangles keep their order, vertices come in the order of
// their first use. Meshes of labels that part no triangle are empty, and so is that of
// the background.
func (c *Complex) Split(labels, workers int) []surface.Mesh {
	// Triangles of each label, as twice their number and the side that the label has.
	start := make([]int, labels+1)
	for _, s := range c.Sides {
		for _, label := range s {
			if label != 0 {
				start[int(label)+1]++ // label+1 of 65535 would be 0
			}
		}
	}
	for l := range labels {
		start[l+1] += start[l]
	}
	members := pages.Make[uint32](start[labels])
	next := append([]int(nil), start[:labels]...)
	for t, s := range c.Sides {
		for side, label := range s {
			if label != 0 {
				members[next[label]] = uint32(2*t + side)
				next[label]++
			}
		}
	}
	meshes, triangles := make([]surface.Mesh, labels), pages.Make[[3]uint32](len(members))
	count := work.Workers(workers, labels)
	parters := make([]parter, count)
	work.Share(count, labels, func(w, l int) {
		from, to := start[l], start[l+1]
		if from < to {
			meshes[l] = parters[w].part(c, members[from:to], triangles[from:to:to])
		}
	})
	return meshes
}

// parter numbers the vertices of one mesh after the other.
type parter struct {
	numbers  []uint32 // of each vertex of the complex, plus one; 0: not used by the mesh
	used     []uint32
	vertices pages.Arena[[3]float32]
}

// part makes the mesh of a label from its triangles.
func (p *parter) part(c *Complex, members []uint32, triangles [][3]uint32) surface.Mesh {
	if p.numbers == nil {
		p.numbers = pages.Make[uint32](len(c.Vertices))
	}
	p.used = p.used[:0]
	for i, m := range members {
		t, side := c.Triangles[m/2], m&1
		for k, v := range t {
			if int(v) >= c.Free {
				v = uint32(c.Free) + c.Pinched[int(v)-c.Free].Sheet[side]
			}
			if p.numbers[v] == 0 {
				p.used = append(p.used, v)
				p.numbers[v] = uint32(len(p.used))
			}
			t[k] = p.numbers[v] - 1
		}
		if side == 1 {
			t[1], t[2] = t[2], t[1]
		}
		triangles[i] = t
	}
	vertices := p.vertices.Take(len(p.used))
	for i, v := range p.used {
		vertices[i] = c.Vertices[v]
		p.numbers[v] = 0
	}
	return surface.Mesh{Vertices: vertices, Triangles: triangles}
}
