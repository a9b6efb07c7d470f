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
		splitters[i] = splitter{net: n, meshes: meshes, affine: affine, flip: affine.Det() < 0, next: make([]uint32, len(n.Labels))}
	}
	work.Share(count, len(n.slabs), func(w, s int) {
		if ctx.Err() == nil {
			splitters[w].run(s, offsets)
		}
	})
	return meshes, ctx.Err()
}

// splitter writes one slab's share of every mesh.
type splitter struct {
	net    *Net
	meshes []surface.Mesh
	affine volume.Affine
	flip   bool     // the affine mirrors: turn triangles round
	next   []uint32 // next quad of each label
}

func (p *splitter) run(s int, offsets []Offset) {
	slab := &p.net.slabs[s]
	copy(p.next, slab.quads)
	for z := slab.from; z < slab.to; z++ {
		layer := &p.net.Layers[z]
		if len(layer.Vertices) == 0 {
			continue
		}
		var at []Offset
		if offsets != nil {
			at = offsets[p.net.Start[z]:p.net.Start[z+1]]
		}
		p.place(layer, z, at)
		p.quads(layer, z)
	}
}

// place writes the positions of a layer's vertices into the meshes of their labels.
func (p *splitter) place(layer *Layer, z int, offsets []Offset) {
	a := &p.affine
	for y := range len(layer.Rows) - 1 {
		// Cell c spans padded voxels c to c+1, its middle is voxel index c - 0.5.
		base := a.Apply([3]float64{-0.5, float64(y) - 0.5, float64(z) - 0.5})
		for v := layer.Rows[y]; v < layer.Rows[y+1]; v++ {
			dx, dy, dz := float64(layer.Vertices[v].X), 0.0, 0.0
			if offsets != nil {
				var ox float64
				ox, dy, dz = offsets[v].Voxels()
				dx += ox
			}
			at := [3]float32{
				float32(base[0] + a[0][0]*dx + a[0][1]*dy + a[0][2]*dz),
				float32(base[1] + a[1][0]*dx + a[1][1]*dy + a[1][2]*dz),
				float32(base[2] + a[2][0]*dx + a[2][1]*dy + a[2][2]*dz),
			}
			for _, e := range layer.Entries[layer.First[v]:layer.First[v+1]] {
				vertices := p.meshes[e.Label].Vertices
				for c := range uint32(p.net.sheets(&e)) {
					vertices[e.ID+c] = at
				}
			}
		}
	}
}

func (n *Net) sheets(e *Entry) uint8 {
	if e.Joined == 0 {
		return cycleTables[n.rule][e.Corners].count
	}
	return n.cyclesOf(e).count
}

// corner is one corner of a quad: a vertex and which edge of its cell the quad
// is the middle of (numbered as in cycles.go).
type corner struct {
	layer *Layer
	v     int
	edge  uint8
}

// quads writes the quads of a layer: those on the low edges of its cells. The
// corners of a quad go counter-clockwise seen from the high end of its edge.
func (p *splitter) quads(layer *Layer, z int) {
	var below *Layer
	var shift int // from a vertex's number in this layer to the layer below
	if z > 0 {
		below = &p.net.Layers[z-1]
		shift = len(below.Vertices)
	}
	for v := range layer.Vertices {
		vertex := &layer.Vertices[v]
		if vertex.Quads == 0 {
			continue
		}
		entries := layer.Entries[layer.First[v]:layer.First[v+1]]
		from := LabelAt(entries, 0)
		// The neighbours towards low y, low z and both.
		vy, vz := v+int(vertex.Y0), v+int(vertex.Z0)+shift
		if vertex.Quads&1 != 0 {
			vyz := vz + int(below.Vertices[vz].Y0)
			p.quad(from, LabelAt(entries, 1), vertex.Quads&Turned != 0,
				[4]corner{{below, vyz, 3}, {below, vz, 2}, {layer, v, 0}, {layer, vy, 1}})
		}
		if vertex.Quads&2 != 0 {
			p.quad(from, LabelAt(entries, 2), vertex.Quads&(Turned<<1) != 0,
				[4]corner{{below, vz - 1, 7}, {layer, v - 1, 5}, {layer, v, 4}, {below, vz, 6}})
		}
		if vertex.Quads&4 != 0 {
			p.quad(from, LabelAt(entries, 4), vertex.Quads&(Turned<<2) != 0,
				[4]corner{{layer, vy - 1, 11}, {layer, vy, 10}, {layer, v, 8}, {layer, v - 1, 9}})
		}
	}
}

// LabelAt is the label of a corner, 0 for the background.
func LabelAt(entries []Entry, c int) uint16 {
	for i := range entries {
		if entries[i].Corners>>c&1 != 0 {
			return entries[i].Label
		}
	}
	return 0
}

// quad writes a quad into the meshes of the labels at the low and the high end
// of its edge. turned cuts it from corner 1 to 3 instead of 0 to 2.
func (p *splitter) quad(low, high uint16, turned bool, q [4]corner) {
	if turned {
		q = [4]corner{q[1], q[2], q[3], q[0]}
	}
	if low != 0 {
		p.write(low, p.flip, &q)
	}
	if high != 0 {
		p.write(high, !p.flip, &q)
	}
}

func (p *splitter) write(label uint16, reverse bool, q *[4]corner) {
	var id [4]uint32
	for i := range q {
		id[i] = p.net.local(&q[i], label)
	}
	if reverse {
		id[1], id[3] = id[3], id[1]
	}
	at := p.next[label]
	p.next[label]++
	t := p.meshes[label].Triangles[2*at : 2*at+2]
	t[0] = [3]uint32{id[0], id[1], id[2]}
	t[1] = [3]uint32{id[0], id[2], id[3]}
}

// local is the number of a corner's vertex in the mesh of a label.
func (n *Net) local(c *corner, label uint16) uint32 {
	i := c.layer.First[c.v]
	for c.layer.Entries[i].Label != label {
		i++
	}
	e := &c.layer.Entries[i]
	if e.Joined == 0 {
		return e.ID + uint32(cycleTables[n.rule][e.Corners].ofEdge[c.edge])
	}
	return e.ID + uint32(n.cyclesOf(e).ofEdge[c.edge])
}
