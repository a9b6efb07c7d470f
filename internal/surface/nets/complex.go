package nets

import (
	"context"
	"math"
	"math/bits"
	"slices"
	"sort"

	"github.com/iris-oculus/iris/internal/pages"
	"github.com/iris-oculus/iris/internal/surface/work"
	"github.com/iris-oculus/iris/internal/volume"
)

// Complex is the surface of all labels at once: each triangle parts two labels and
// is there once, where the meshes of Split have it once for either label. Whoever
// changes it changes both meshes in the same way, so that no gap opens between them.
//
// Positions are world RAS millimetres. The zero value has no triangles.
type Complex struct {
	Vertices [][3]float32
	// Triangles wind counter-clockwise seen from the label in front.
	Triangles [][3]uint32
	// Sides are the labels behind and in front of each triangle; 0 is the
	// background. Behind is the larger one, to whose mesh the triangle belongs as it
	// is, so that all triangles between two labels face the same way.
	Sides [][2]uint16
	// Vertices from Free on are corners at pinched cells, through which some label
	// passes in several sheets, or along whose border with another cell it does. Each
	// quad has a corner of its own there, so that Pinched can say which sheet it is
	// of. They neither move nor merge. Vertices before Free are one for each other
	// cell; those without triangles stand for nothing.
	Free    int
	Pinched []Pinched // of vertex Free+i
}

// Pinched is the corner of one quad at a pinched cell. Corners are numbered from
// Complex.Free on.
type Pinched struct {
	Cell  uint32    // the first corner at the same cell
	Sheet [2]uint32 // the first corner of the same sheet, of the labels behind and in front
}

// sharing is what the splitters of a complex write to, and know of pinched cells.
type sharing struct {
	to      *Complex
	quads   []int    // first quad of each slab
	pinched []uint64 // a bit for each vertex of the net
	cells   []pinchedCell
}

// pinchedCell is a pinched cell by the number of its vertex in the net.
type pinchedCell struct {
	vertex, first uint32 // first corner, counted from Complex.Free
	edges         uint16 // which of the cell's edges carry quads, in the order of corners
}

// Complex makes the complex of the net. Arguments are those of Split, and so is what
// happens to offsets.
func (n *Net) Complex(ctx context.Context, offsets []Offset, affine volume.Affine, workers int) (*Complex, error) {
	splitters := make([]splitter, work.Workers(workers, len(n.slabs)))
	shared, err := n.newSharing(len(splitters))
	if err != nil {
		return nil, err
	}
	for i := range splitters {
		splitters[i] = n.newSplitter(offsets, affine)
		splitters[i].shared = shared
	}
	return shared.to, n.splitAll(ctx, splitters)
}

// newSharing finds the pinched cells, counts the quads, and makes room for them.
func (n *Net) newSharing(workers int) (*sharing, error) {
	s := &sharing{to: &Complex{Free: n.Len()}, quads: make([]int, len(n.slabs)+1), pinched: make([]uint64, n.Len()/64+1)}
	cells := make([][]pinchedCell, len(n.slabs))
	work.Share(workers, len(n.slabs), func(_, i int) {
		from, to := n.Slab(i)
		for z := from; z < to; z++ {
			l := &n.Layers[z]
			for v := range l.Vertices {
				s.quads[i+1] += bits.OnesCount8(l.Vertices[v].HasQuads())
				entries := l.Entries[l.First[v]:l.First[v+1]]
				if n.isPinched(entries) {
					cells[i] = append(cells[i], pinchedCell{vertex: uint32(n.Start[z] + v), edges: crossingEdges(entries)})
				}
			}
		}
	})
	for i := range n.slabs {
		s.quads[i+1] += s.quads[i]
	}
	s.cells = slices.Concat(cells...)
	corners := 0
	for i := range s.cells {
		c := &s.cells[i]
		c.first = uint32(corners)
		corners += bits.OnesCount16(c.edges)
		s.pinched[c.vertex/64] |= 1 << (c.vertex % 64)
	}
	triangles := 2 * s.quads[len(n.slabs)]
	if triangles > math.MaxInt32 || n.Len()+corners > math.MaxInt32 {
		return nil, tooLarge("vertices or triangles", int64(max(triangles, n.Len()+corners)), math.MaxInt32)
	}
	s.to.Vertices = pages.Make[[3]float32](n.Len() + corners)
	s.to.Triangles, s.to.Sides = pages.Make[[3]uint32](triangles), pages.Make[[2]uint16](triangles)
	s.to.Pinched = make([]Pinched, corners)
	return s, nil
}

// isPinched says whether a label of a cell has several sheets there, or one that
// passes a face of the cell twice.
func (n *Net) isPinched(entries []Entry) bool {
	table := &cycleTables[n.rule]
	for i := range entries {
		c := &table[entries[i].Corners]
		if c.count > 1 || c.pinch != 0 || entries[i].Joined != 0 {
			return true
		}
	}
	return false
}

// crossingEdges are the edges of a cell, numbered as in cycles.go, at whose ends
// different labels are.
func crossingEdges(entries []Entry) (edges uint16) {
	for e, ends := range edgeCorners {
		if LabelAt(entries, int(ends[0])) != LabelAt(entries, int(ends[1])) {
			edges |= 1 << e
		}
	}
	return edges
}

// place writes the position of a vertex of the net.
func (s *sharing) place(v int, at [3]float32) {
	s.to.Vertices[v] = at
	if s.pinched[v/64]>>(v%64)&1 == 0 {
		return
	}
	c := s.cell(uint32(v))
	for i := range bits.OnesCount16(c.edges) {
		s.to.Vertices[s.to.Free+int(c.first)+i] = at
	}
}

func (s *sharing) cell(v uint32) pinchedCell {
	i := sort.Search(len(s.cells), func(i int) bool { return s.cells[i].vertex >= v })
	return s.cells[i]
}

// corner is the vertex of the complex that a quad on an edge of a cell uses: v is the
// cell's vertex in the net, sides are the labels behind and in front of the quad.
func (p *splitter) corner(l *Layer, start, v int, edge uint8, sides [2]uint16) uint32 {
	s, at := p.shared, start+v
	if s.pinched[at/64]>>(at%64)&1 == 0 {
		return uint32(at)
	}
	c := s.cell(uint32(at))
	own := c.first + uint32(bits.OnesCount16(c.edges&(1<<edge-1)))
	corner := &s.to.Pinched[own]
	corner.Cell = c.first
	for side, label := range sides {
		corner.Sheet[side] = own
		if label == 0 {
			continue
		}
		ofEdge := p.net.cyclesOf(l.find(v, label)).ofEdge
		first := slices.Index(ofEdge[:], ofEdge[edge]) // the lowest edge of the same sheet
		corner.Sheet[side] = c.first + uint32(bits.OnesCount16(c.edges&(1<<first-1)))
	}
	return uint32(s.to.Free) + own
}

// quadsOfAll writes the quads of a layer into the complex, see quads.
func (p *splitter) quadsOfAll(z int) {
	layer := &p.net.Layers[z]
	below := layer
	if z > 0 {
		below = &p.net.Layers[z-1]
	}
	down := len(below.Vertices)
	here := p.net.Start[z]
	under := here - down
	for v := range layer.Vertices {
		vertex := &layer.Vertices[v]
		if vertex.Quads == 0 {
			continue
		}
		entries := layer.Entries[layer.First[v]:layer.First[v+1]]
		low := LabelAt(entries, 0)
		vy, vz := v+int(vertex.Y0), v+int(vertex.Z0)+down
		if vertex.Quads&1 != 0 {
			sides := sides(low, LabelAt(entries, 1))
			vyz := vz + int(below.Vertices[vz].Y0)
			turned := p.turned(under+vyz, under+vz, here+v, here+vy, 0, z, v)
			p.writeShared(sides, sides[0] == low, turned, [4]uint32{
				p.corner(below, under, vyz, 3, sides), p.corner(below, under, vz, 2, sides),
				p.corner(layer, here, v, 0, sides), p.corner(layer, here, vy, 1, sides),
			})
		}
		if vertex.Quads&2 != 0 {
			sides := sides(low, LabelAt(entries, 2))
			turned := p.turned(under+vz-1, here+v-1, here+v, under+vz, 1, z, v)
			p.writeShared(sides, sides[0] == low, turned, [4]uint32{
				p.corner(below, under, vz-1, 7, sides), p.corner(layer, here, v-1, 5, sides),
				p.corner(layer, here, v, 4, sides), p.corner(below, under, vz, 6, sides),
			})
		}
		if vertex.Quads&4 != 0 {
			sides := sides(low, LabelAt(entries, 4))
			turned := p.turned(here+vy-1, here+vy, here+v, here+v-1, 2, z, v)
			p.writeShared(sides, sides[0] == low, turned, [4]uint32{
				p.corner(layer, here, vy-1, 11, sides), p.corner(layer, here, vy, 10, sides),
				p.corner(layer, here, v, 8, sides), p.corner(layer, here, v-1, 9, sides),
			})
		}
	}
}

// sides are the labels behind and in front of a quad whose edge runs from low to
// high.
func sides(low, high uint16) [2]uint16 { return [2]uint16{max(low, high), min(low, high)} }

// writeShared puts a quad into the complex, cut as write cuts it. Its corners go
// counter-clockwise seen from the high end of its edge; where the affine mirrors,
// that is seen from the low one. lowBehind: the label behind is at the low end.
func (p *splitter) writeShared(sides [2]uint16, lowBehind, turned bool, q [4]uint32) {
	if lowBehind == p.flip {
		q[1], q[3] = q[3], q[1]
	}
	t, s := p.shared.to.Triangles[2*p.at:2*p.at+2], p.shared.to.Sides[2*p.at:2*p.at+2]
	p.at++
	s[0], s[1] = sides, sides
	if turned {
		t[0], t[1] = [3]uint32{q[1], q[2], q[3]}, [3]uint32{q[1], q[3], q[0]}
	} else {
		t[0], t[1] = [3]uint32{q[0], q[1], q[2]}, [3]uint32{q[0], q[2], q[3]}
	}
}
