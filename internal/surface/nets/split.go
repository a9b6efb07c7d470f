package nets

import (
	"context"
	"math"
	"slices"

	"github.com/iris-oculus/iris/internal/pages"
	"github.com/iris-oculus/iris/internal/surface"
	"github.com/iris-oculus/iris/internal/surface/work"
	"github.com/iris-oculus/iris/internal/volume"
)

// Split makes the mesh of every label of the net, by dense label; those of the
// background and of labels without voxels are empty. offsets places the vertices
// (nil: the middles of their cells, which is the exact voxel staircase with its
// corners cut), affine maps voxels to world RAS. Offsets are within their cells;
// those of vertices at which triangles would cross are changed, see untangle.go.
//
// Vertices and triangles of a mesh come in order of z, y, x. Quad q is triangles
// 2q and 2q+1, both labels of a boundary cut it along the same diagonal.
func (n *Net) Split(ctx context.Context, offsets []Offset, affine volume.Affine, workers int) ([]surface.Mesh, error) {
	meshes, err := n.newMeshes()
	if err != nil {
		return nil, err
	}
	splitters := make([]splitter, work.Workers(workers, len(n.slabs)))
	for i := range splitters {
		splitters[i] = n.newSplitter(offsets, affine)
		splitters[i].meshes, splitters[i].next = meshes, make([]uint32, len(n.Labels))
	}
	return meshes, n.splitAll(ctx, splitters)
}

func (n *Net) newSplitter(offsets []Offset, affine volume.Affine) splitter {
	return splitter{net: n, cycles: &cycleTables[n.rule], offsets: offsets, affine: affine, flip: affine.Det() < 0}
}

// splitAll has all slabs written, and what is tangled moved.
func (n *Net) splitAll(ctx context.Context, splitters []splitter) error {
	tangled, later := make([][]quadAt, len(n.slabs)), make([][]quadAt, len(n.slabs))
	work.Share(len(splitters), len(n.slabs), func(w, s int) {
		if ctx.Err() == nil {
			tangled[s], later[s] = splitters[w].run(s)
		}
	})
	offsets := splitters[0].offsets
	work.Share(len(splitters), len(n.slabs), func(_, s int) {
		for _, q := range later[s] {
			if ctx.Err() == nil && n.tangled(offsets, q) {
				tangled[s] = append(tangled[s], q)
			}
		}
	})
	for _, s := range n.untangle(ctx, offsets, slices.Concat(tangled...)) {
		splitters[0].placeAgain(s)
	}
	return ctx.Err()
}

// newMeshes allocates all meshes in two blocks that they share, because most of
// them are too small for a huge page of their own.
func (n *Net) newMeshes() ([]surface.Mesh, error) {
	vertices, triangles := 0, 0
	for _, t := range n.Labels[1:] {
		if t.Vertices > math.MaxInt32 || 2*t.Quads > math.MaxInt32 {
			return nil, tooLarge("vertices or triangles in one structure", max(t.Vertices, 2*t.Quads), math.MaxInt32)
		}
		vertices, triangles = vertices+int(t.Vertices), triangles+int(2*t.Quads)
	}
	v, f := pages.Make[[3]float32](vertices), pages.Make[[3]uint32](triangles)
	meshes := make([]surface.Mesh, len(n.Labels))
	for l := 1; l < len(meshes); l++ {
		i, j := n.Labels[l].Vertices, 2*n.Labels[l].Quads
		meshes[l] = surface.Mesh{Vertices: v[:i:i], Triangles: f[:j:j]}
		v, f = v[i:], f[j:]
	}
	return meshes, nil
}

// splitter writes one slab's share of every mesh, or of the complex.
type splitter struct {
	net     *Net
	cycles  *[256]cycles // of the net's rule
	meshes  []surface.Mesh
	shared  *sharing // where it writes a complex instead of meshes
	offsets []Offset
	affine  volume.Affine
	flip    bool     // the affine mirrors, so that triangles must be turned round
	next    []uint32 // next quad of each label
	at      int      // next quad of the complex
	// suspects are the quads of the layer at hand that leave their envelopes.
	suspects []quadAt
}

// run writes a slab, and returns the suspects that are tangled and those that have
// still to be looked at, because their neighbours belong to another slab.
func (p *splitter) run(s int) (tangled, later []quadAt) {
	slab := &p.net.slabs[s]
	if p.shared != nil {
		p.at = p.shared.quads[s]
	} else {
		copy(p.next, slab.quads)
	}
	var before []quadAt // suspects of the layer below
	for z := slab.from; z < slab.to; z++ {
		p.suspects = nil
		if len(p.net.Layers[z].Vertices) > 0 {
			p.place(z)
			if p.shared != nil {
				p.quadsOfAll(z)
			} else {
				p.quads(z)
			}
		}
		// Their neighbours lie one layer up or down, and are at hand now.
		if z-1 > slab.from {
			for _, q := range before {
				if p.net.tangled(p.offsets, q) {
					tangled = append(tangled, q)
				}
			}
		} else {
			later = append(later, before...)
		}
		before = p.suspects
	}
	return tangled, append(later, before...)
}

// place writes the positions of a layer's vertices into the meshes of their labels.
func (p *splitter) place(z int) {
	layer := &p.net.Layers[z]
	for y := range len(layer.Rows) - 1 {
		p.placeRow(layer, z, y, layer.Rows[y], layer.Rows[y+1])
	}
}

// placeAgain writes the position of a vertex that has moved.
func (p *splitter) placeAgain(s spot) {
	at := p.net.cell(s)
	p.placeRow(&p.net.Layers[s.layer], at[2], at[1], s.vertex, s.vertex+1)
}

// placeRow writes the positions of some vertices of one row.
func (p *splitter) placeRow(layer *Layer, z, y int, from, to uint32) {
	a := &p.affine
	// Cell c spans padded voxels c to c+1, its middle is voxel index c - 0.5.
	base := a.Apply([3]float64{-0.5, float64(y) - 0.5, float64(z) - 0.5})
	for v := from; v < to; v++ {
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
		if p.shared != nil {
			p.shared.place(p.net.Start[z]+int(v), at)
			continue
		}
		entries := layer.Entries[layer.First[v]:layer.First[v+1]]
		for i := range entries {
			e := &entries[i]
			vertices := p.meshes[e.Label].Vertices
			vertices[e.ID] = at
			if p.cycles[e.Corners].count != 1 || e.Joined != 0 {
				for c := uint32(1); c < uint32(p.net.sheets(e)); c++ {
					vertices[e.ID+c] = at
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
// cell has its own number for that edge, as in cycles.go.
func (p *splitter) quads(z int) {
	layer := &p.net.Layers[z]
	below := layer // there are no quads along x or y in the lowest layer
	if z > 0 {
		below = &p.net.Layers[z-1]
	}
	down := len(below.Vertices)    // from a vertex's number in this layer to the layer below
	here := p.net.Start[z]         // from its number in this layer to that in the net
	under := p.net.Start[z] - down // the same for the layer below
	for v := range layer.Vertices {
		vertex := &layer.Vertices[v]
		if vertex.Quads == 0 {
			continue
		}
		entries := layer.Entries[layer.First[v]:layer.First[v+1]]
		sides := [2]uint16{LabelAt(entries, 0)}
		// The neighbours towards low y and low z.
		vy, vz := v+int(vertex.Y0), v+int(vertex.Z0)+down
		if vertex.Quads&1 != 0 {
			sides[1] = LabelAt(entries, 1)
			vyz := vz + int(below.Vertices[vz].Y0)
			turned := p.turned(under+vyz, under+vz, here+v, here+vy, 0, z, v)
			for side, label := range sides {
				if label != 0 {
					p.write(label, side == 1, turned, [4]uint32{
						p.number(below.find(vyz, label), 3), p.number(below.find(vz, label), 2),
						p.number(layer.find(v, label), 0), p.number(layer.find(vy, label), 1),
					})
				}
			}
		}
		if vertex.Quads&2 != 0 {
			sides[1] = LabelAt(entries, 2)
			turned := p.turned(under+vz-1, here+v-1, here+v, under+vz, 1, z, v)
			for side, label := range sides {
				if label != 0 {
					p.write(label, side == 1, turned, [4]uint32{
						p.number(below.find(vz-1, label), 7), p.number(layer.find(v-1, label), 5),
						p.number(layer.find(v, label), 4), p.number(below.find(vz, label), 6),
					})
				}
			}
		}
		if vertex.Quads&4 != 0 {
			sides[1] = LabelAt(entries, 4)
			turned := p.turned(here+vy-1, here+vy, here+v, here+v-1, 2, z, v)
			for side, label := range sides {
				if label != 0 {
					p.write(label, side == 1, turned, [4]uint32{
						p.number(layer.find(vy-1, label), 11), p.number(layer.find(vy, label), 10),
						p.number(layer.find(v, label), 8), p.number(layer.find(v-1, label), 9),
					})
				}
			}
		}
	}
}

// turned says whether the quad with these corners is cut from corner 1 to 3 rather
// than from 0 to 2, and notes it in the quad's vertex. A quad that leaves its envelope
// either way, where a second sheet may be near, becomes a suspect.
func (p *splitter) turned(a, b, c, d, axis, z, v int) bool {
	o := p.offsets
	if o == nil {
		return false
	}
	turned, ok := diagonal(o[a], o[b], o[c], o[d], axis)
	if turned {
		p.net.Layers[z].Vertices[v].Quads |= 1 << (turnedShift + axis)
	}
	if !ok {
		if q := (quadAt{spot{int32(z), uint32(v)}, uint8(axis)}); p.net.second(q) {
			p.suspects = append(p.suspects, q)
		}
	}
	return turned
}

// write puts a quad into the mesh of a label. Seen from the label at the high end
// of its edge it goes the other way round.
func (p *splitter) write(label uint16, high, turned bool, q [4]uint32) {
	if high != p.flip {
		q[1], q[3] = q[3], q[1]
	}
	at := p.next[label]
	p.next[label]++
	t := p.meshes[label].Triangles[2*at : 2*at+2]
	if turned {
		t[0], t[1] = [3]uint32{q[1], q[2], q[3]}, [3]uint32{q[1], q[3], q[0]}
	} else {
		t[0], t[1] = [3]uint32{q[0], q[1], q[2]}, [3]uint32{q[0], q[2], q[3]}
	}
}

// find is the entry of a label at a vertex, which has one.
func (l *Layer) find(v int, label uint16) *Entry {
	i := l.First[v]
	for l.Entries[i].Label != label {
		i++
	}
	return &l.Entries[i]
}

// number is the vertex of an entry that a quad on one of its cell's edges uses.
func (p *splitter) number(e *Entry, edge uint8) uint32 {
	if e.Joined != 0 {
		return e.ID + uint32(p.net.cyclesOf(e).ofEdge[edge])
	}
	return e.ID + uint32(p.cycles[e.Corners].ofEdge[edge])
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
