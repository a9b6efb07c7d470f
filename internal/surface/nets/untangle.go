package nets

import (
	"cmp"
	"context"
	"slices"
)

// spot is a vertex of the net: its layer, and its number there.
type spot struct {
	layer  int32
	vertex uint32
}

// quadAt is the quad on the low edge of a cell along an axis.
type quadAt struct {
	spot
	axis uint8
}

// untangle moves vertices until no two triangles of the net cross. bad are the quads
// that cross others, in very thin sheets and at edges where two sheets touch. Their
// vertices move back towards the middles of their cells, a quarter of the way at a
// time. It changes offsets and returns the vertices that moved.
//
// Only a quad that leaves its envelope can cross another one, and only one with
// which it shares a corner: it stays within the four cells of its corners, and so
// does the other one. It is compared where a second sheet is near, see second.
//
// Each round brings vertices nearer to their middles, where every quad is inside its
// envelope. What crosses is rare, so it is put right one after the other.
func (n *Net) untangle(ctx context.Context, offsets []Offset, bad []quadAt) (moved []spot) {
	for len(bad) > 0 && ctx.Err() == nil {
		spots := n.corners(bad)
		for _, s := range spots {
			o := &offsets[n.Start[s.layer]+int(s.vertex)]
			*o = drawnBack(*o)
		}
		moved = append(moved, spots...)
		// A quad may now cross another of which a corner moved.
		bad = slices.DeleteFunc(n.quadsAround(n.corners(n.quadsAround(spots))), func(q quadAt) bool {
			if n.stays(offsets, q) {
				return true
			}
			r := ringOf(n.offsetsOf(offsets, q), int(q.axis))
			return !n.second(q) && !r.folds(n.first(q)) || !n.tangled(offsets, q)
		})
	}
	slices.SortFunc(moved, compareSpots)
	return slices.Compact(moved)
}

// offsetsOf are the offsets of a quad's corners.
func (n *Net) offsetsOf(offsets []Offset, q quadAt) (o [4]Offset) {
	for i, s := range n.quadCorners(q) {
		o[i] = offsets[n.Start[s.layer]+int(s.vertex)]
	}
	return o
}

// first is the corner from which a quad's diagonal goes.
func (n *Net) first(q quadAt) int {
	return int(n.Layers[q.layer].Vertices[q.vertex].Quads >> (turnedShift + q.axis) & 1)
}

// quadCorners are the vertices of a quad in the order of diagonal's corners.
func (n *Net) quadCorners(q quadAt) [4]spot {
	own := q.spot
	switch q.axis {
	case 0:
		return [4]spot{n.step(n.step(own, FaceZ0), FaceY0), n.step(own, FaceZ0), own, n.step(own, FaceY0)}
	case 1:
		return [4]spot{n.step(n.step(own, FaceZ0), FaceX0), n.step(own, FaceX0), own, n.step(own, FaceZ0)}
	default:
		return [4]spot{n.step(n.step(own, FaceY0), FaceX0), n.step(own, FaceY0), own, n.step(own, FaceX0)}
	}
}

// step is the neighbour of a vertex across a face of its cell, which it must have.
func (n *Net) step(s spot, face uint8) spot {
	v := &n.Layers[s.layer].Vertices[s.vertex]
	switch face {
	case FaceX0:
		s.vertex--
	case FaceX1:
		s.vertex++
	case FaceY0:
		s.vertex = uint32(int(s.vertex) + int(v.Y0))
	case FaceY1:
		s.vertex = uint32(int(s.vertex) + int(v.Y1))
	case FaceZ0:
		s.vertex = uint32(n.Start[s.layer] + int(s.vertex) + int(v.Z0) - n.Start[s.layer-1])
		s.layer--
	case FaceZ1:
		s.vertex = uint32(n.Start[s.layer] + int(s.vertex) + int(v.Z1) - n.Start[s.layer+1])
		s.layer++
	}
	return s
}

// corners are the vertices of quads, each once, in order.
func (n *Net) corners(quads []quadAt) []spot {
	var spots []spot
	for _, q := range quads {
		c := n.quadCorners(q)
		spots = append(spots, c[:]...)
	}
	slices.SortFunc(spots, compareSpots)
	return slices.Compact(spots)
}

// quadsAround are the quads at vertices, each once, in order.
func (n *Net) quadsAround(spots []spot) []quadAt {
	var quads []quadAt
	add := func(s spot, axis uint8) {
		if n.Layers[s.layer].Vertices[s.vertex].Quads>>axis&1 != 0 {
			quads = append(quads, quadAt{s, axis})
		}
	}
	has := func(s spot, face uint8) bool { return n.Layers[s.layer].Vertices[s.vertex].Faces&face != 0 }
	for _, s := range spots {
		for axis := range uint8(3) {
			// A cell's four edges along an axis are the low edges of the cell itself
			// and of its neighbours towards high u, high w and both.
			u, w := uint8(FaceX1)<<(2*((axis+1)%3)), uint8(FaceX1)<<(2*((axis+2)%3))
			add(s, axis)
			if has(s, w) {
				add(n.step(s, w), axis)
			}
			if has(s, u) {
				next := n.step(s, u)
				add(next, axis)
				if has(next, w) {
					add(n.step(next, w), axis)
				}
			}
		}
	}
	slices.SortFunc(quads, func(a, b quadAt) int {
		return cmp.Or(compareSpots(a.spot, b.spot), cmp.Compare(a.axis, b.axis))
	})
	return slices.Compact(quads)
}

func compareSpots(a, b spot) int {
	return cmp.Or(cmp.Compare(a.layer, b.layer), cmp.Compare(a.vertex, b.vertex))
}

// drawnBack is three quarters of an offset. Repeated, it ends at the middle of the
// cell.
func drawnBack(o Offset) Offset {
	const quarter = 4
	var out Offset
	for lane := uint(0); lane < 3*OffsetLane; lane += OffsetLane {
		v := int64(o>>lane&OffsetMask) - OffsetZero
		out |= Offset(OffsetZero+v*(quarter-1)/quarter) << lane
	}
	return out
}
