package nets

import (
	"context"
	"math"

	"github.com/iris-oculus/iris/internal/surface"
	"github.com/iris-oculus/iris/internal/surface/pages"
	"github.com/iris-oculus/iris/internal/surface/work"
	"github.com/iris-oculus/iris/internal/volume"
)

// Split makes the mesh of every label of the net, by dense label; those of the
// background and of labels without voxels are empty. offsets places the vertices
// (nil: the middles of their cells, which is the exact voxel staircase with its
// corners cut), affine maps voxels to world RAS.
//
// Vertices and triangles of a mesh come in order of z, y, x. Quad q is triangles
// 2q and 2q+1, both labels of a boundary cut it along the same diagonal.
func (n *Net) Split(ctx context.Context, offsets []Offset, affine volume.Affine, workers int) ([]surface.Mesh, error) {
	meshes := make([]surface.Mesh, len(n.Labels))
	for l := 1; l < len(meshes); l++ {
		t := n.Labels[l]
		if t.Vertices > math.MaxInt32 || 2*t.Quads > math.MaxInt32 {
			return nil, tooLarge("vertices or triangles in one structure", max(t.Vertices, 2*t.Quads), math.MaxInt32)
		}
		meshes[l].Vertices = pages.Make[[3]float32](int(t.Vertices))
		meshes[l].Triangles = pages.Make[[3]uint32](int(2 * t.Quads))
	}
	count := work.Workers(workers, len(n.slabs))
	splitters := make([]splitter, count)
	for i := range splitters {
		splitters[i] = splitter{net: n, meshes: meshes, offsets: offsets, affine: affine, flip: affine.Det() < 0, next: make([]uint32, len(n.Labels))}
	}
	work.Share(count, len(n.slabs), func(w, s int) {
		if ctx.Err() == nil {
			splitters[w].run(s)
		}
	})
	return meshes, ctx.Err()
}

// splitter writes one slab's share of every mesh.
type splitter struct {
	net     *Net
	meshes  []surface.Mesh
	offsets []Offset
	affine  volume.Affine
	flip    bool     // the affine mirrors: turn triangles round
	next    []uint32 // next quad of each label
}

func (p *splitter) run(s int) {
	slab := &p.net.slabs[s]
	copy(p.next, slab.quads)
	for z := slab.from; z < slab.to; z++ {
		if len(p.net.Layers[z].Vertices) > 0 {
			p.place(z)
			p.quads(z)
		}
	}
}

// place writes the positions of a layer's vertices into the meshes of their labels.
func (p *splitter) place(z int) {
	layer := &p.net.Layers[z]
	a := &p.affine
	for y := range len(layer.Rows) - 1 {
		// Cell c spans padded voxels c to c+1, its middle is voxel index c - 0.5.
		base := a.Apply([3]float64{-0.5, float64(y) - 0.5, float64(z) - 0.5})
		for v := layer.Rows[y]; v < layer.Rows[y+1]; v++ {
			dx, dy, dz := float64(layer.Vertices[v].X), 0.0, 0.0
			if p.offsets != nil {
				var ox float64
				ox, dy, dz = p.offsets[p.net.Start[z]+int(v)].Voxels()
				dx += ox
			}
			at := [3]float32{
				float32(base[0] + a[0][0]*dx + a[0][1]*dy + a[0][2]*dz),
				float32(base[1] + a[1][0]*dx + a[1][1]*dy + a[1][2]*dz),
				float32(base[2] + a[2][0]*dx + a[2][1]*dy + a[2][2]*dz),
			}
			entries := layer.Entries[layer.First[v]:layer.First[v+1]]
			for i := range entries {
				e := &entries[i]
				vertices := p.meshes[e.Label].Vertices[e.ID:]
				for c := range p.net.sheets(e) {
					vertices[c] = at
				}
			}
		}
	}
}

// sheets is how many own vertices an entry has.
func (n *Net) sheets(e *Entry) uint8 {
	if e.Joined == 0 {
		return cycleTables[n.rule][e.Corners].count
	}
	return n.cyclesOf(e).count
}

// quads writes the quads of a layer: those on the low edges of its cells. The
// corners of a quad go counter-clockwise seen from the high end of its edge; each
// has its own number for that edge, as in cycles.go.
func (p *splitter) quads(z int) {
	layer := &p.net.Layers[z]
	below := layer // there are no quads along x or y in the lowest layer
	if z > 0 {
		below = &p.net.Layers[z-1]
	}
	down := len(below.Vertices) // from a vertex's number in this layer to the layer below
	start := p.net.Start[z]
	for v := range layer.Vertices {
		vertex := &layer.Vertices[v]
		if vertex.Quads == 0 {
			continue
		}
		entries := layer.Entries[layer.First[v]:layer.First[v+1]]
		q := quad{low: LabelAt(entries, 0)}
		// The neighbours towards low y and low z.
		vy, vz := v+int(vertex.Y0), v+int(vertex.Z0)+down
		if vertex.Quads&1 != 0 {
			q.high = LabelAt(entries, 1)
			q.at = [4]place{{below, vz + int(below.Vertices[vz].Y0), 3}, {below, vz, 2}, {layer, v, 0}, {layer, vy, 1}}
			p.write(&q, p.turned(start-down+q.at[0].v, start-down+vz, start+v, start+vy, 0))
		}
		if vertex.Quads&2 != 0 {
			q.high = LabelAt(entries, 2)
			q.at = [4]place{{below, vz - 1, 7}, {layer, v - 1, 5}, {layer, v, 4}, {below, vz, 6}}
			p.write(&q, p.turned(start-down+vz-1, start+v-1, start+v, start-down+vz, 1))
		}
		if vertex.Quads&4 != 0 {
			q.high = LabelAt(entries, 4)
			q.at = [4]place{{layer, vy - 1, 11}, {layer, vy, 10}, {layer, v, 8}, {layer, v - 1, 9}}
			p.write(&q, p.turned(start+vy-1, start+vy, start+v, start+v-1, 2))
		}
	}
}

// quad is the quad between the labels at the low and the high end of its edge.
type quad struct {
	low, high uint16
	at        [4]place
}

// place is a corner of a quad: a vertex of a layer, and the quad's edge there.
type place struct {
	layer *Layer
	v     int
	edge  uint8
}

// turned says whether a quad of these vertices, of the whole net, must be cut
// from corner 1 to 3 rather than from 0 to 2.
func (p *splitter) turned(a, b, c, d, axis int) bool {
	o := p.offsets
	return o != nil && folds(o[a], o[b], o[c], o[d], axis)
}

// write puts a quad into the meshes of its two labels.
func (p *splitter) write(q *quad, turned bool) {
	if q.low != 0 {
		p.triangles(q, q.low, p.flip, turned)
	}
	if q.high != 0 {
		p.triangles(q, q.high, !p.flip, turned)
	}
}

func (p *splitter) triangles(q *quad, label uint16, reverse, turned bool) {
	a, b, c, d := p.net.local(&q.at[0], label), p.net.local(&q.at[1], label), p.net.local(&q.at[2], label), p.net.local(&q.at[3], label)
	if reverse {
		b, d = d, b
	}
	at := p.next[label]
	p.next[label]++
	t := p.meshes[label].Triangles[2*at : 2*at+2]
	if turned {
		t[0], t[1] = [3]uint32{b, c, d}, [3]uint32{b, d, a}
	} else {
		t[0], t[1] = [3]uint32{a, b, c}, [3]uint32{a, c, d}
	}
}

// local is the number of a corner's vertex in the mesh of a label.
func (n *Net) local(c *place, label uint16) uint32 {
	i := c.layer.First[c.v]
	e := &c.layer.Entries[i]
	for e.Label != label {
		i++
		e = &c.layer.Entries[i]
	}
	if e.Joined == 0 {
		return e.ID + uint32(cycleTables[n.rule][e.Corners].ofEdge[c.edge])
	}
	return e.ID + uint32(n.cyclesOf(e).ofEdge[c.edge])
}

// LabelAt is the label of a corner of the cell with these entries, 0 for the
// background.
func LabelAt(entries []Entry, corner int) uint16 {
	for i := range entries {
		if entries[i].Corners>>corner&1 != 0 {
			return entries[i].Label
		}
	}
	return 0
}
