package smooth

import (
	"slices"

	"github.com/iris-oculus/iris/internal/surface/nets"
	"github.com/iris-oculus/iris/internal/surface/work"
)

// A quad is folded when, seen along its voxel edge, one of its two triangles
// turns the wrong way round whichever diagonal cuts it. The four vertices of the
// quad lie in the four cells around that edge. If each stays inside its own cell
// the quad goes once round the edge, has at most one reflex corner, and the
// diagonal through that corner leaves two proper triangles. So a fold needs a
// vertex outside its cell, and putting its corners back inside cures it. That can
// fold a quad beside it, which is then cured in turn; as every cure puts back at
// least one more vertex for good, there is an end.

// inside is the largest offset of a vertex put back into its cell.
const inside = nets.OffsetOne/2 - 1

// unfold chooses the diagonals of all quads, in the net, and puts back the
// vertices of folded ones.
func unfold(n *nets.Net, offsets []nets.Offset, chunks []chunk, workers int) {
	folded := make([][]quadKey, len(chunks))
	work.Share(workers, len(chunks), func(_, c int) {
		for z := chunks[c].from; z < chunks[c].to; z++ {
			for i := range n.Layers[z].Vertices {
				folded[c] = cut4(n, offsets, z, i, folded[c])
			}
		}
	})
	for queue := slices.Concat(folded...); len(queue) > 0; {
		var moved []quadKey
		for _, k := range queue {
			for _, at := range k.corners(n) {
				if o := nets.Offset(clamp(uint64(offsets[at]), inside)); o != offsets[at] {
					offsets[at] = o
				}
			}
			moved = append(moved, k)
		}
		queue = queue[:0:0]
		for _, k := range moved {
			for _, v := range around(n, k) {
				queue = cut4(n, offsets, v.z, v.i, queue)
			}
		}
	}
}

// cut4 chooses the diagonal of each quad of a vertex, and lists those that are
// folded either way.
func cut4(n *nets.Net, offsets []nets.Offset, z, i int, folded []quadKey) []quadKey {
	v := &n.Layers[z].Vertices[i]
	for axis := range 3 {
		if v.Quads>>axis&1 == 0 {
			continue
		}
		k := quadKey{z, i, axis}
		p := k.project(n, offsets)
		v.Quads &^= nets.Turned << axis
		if cross(p[0], p[1], p[2]) > 0 && cross(p[0], p[2], p[3]) > 0 {
			continue
		}
		if cross(p[1], p[2], p[3]) > 0 && cross(p[1], p[3], p[0]) > 0 {
			v.Quads |= nets.Turned << axis
			continue
		}
		folded = append(folded, k)
	}
	return folded
}

// point is a quad's corner seen along the quad's axis, in lane units.
type point struct{ u, w int64 }

// project is a quad's corners seen along its axis.
func (k quadKey) project(n *nets.Net, offsets []nets.Offset) (p [4]point) {
	cells := [4]point{{-nets.OffsetOne, -nets.OffsetOne}, {0, -nets.OffsetOne}, {0, 0}, {-nets.OffsetOne, 0}}
	for c, at := range k.corners(n) {
		o := lanes(offsets[at])
		p[c] = point{cells[c].u + o[(k.axis+1)%3], cells[c].w + o[(k.axis+2)%3]}
	}
	return p
}

// cross is twice the area of a triangle, positive counter-clockwise.
func cross(a, b, c point) int64 {
	return (b.u-a.u)*(c.w-a.w) - (b.w-a.w)*(c.u-a.u)
}

// around lists vertices that hold every quad which shares a corner with quad k.
// A quad with corner u is held by u, by its neighbour towards high x, y or z, or
// by the cell diagonal to it in two of these.
func around(n *nets.Net, k quadKey) (keys []quadKey) {
	add := func(z, at int) { keys = append(keys, quadKey{z: z, i: at - n.Start[z]}) }
	for c, at := range k.corners(n) {
		z := k.z
		// The corners below: of a quad along x the first two, along y first and last.
		if (k.axis == 0 && c < 2) || (k.axis == 1 && (c == 0 || c == 3)) {
			z--
		}
		v := &n.Layers[z].Vertices[at-n.Start[z]]
		add(z, at)
		if v.Faces&nets.FaceX1 != 0 {
			add(z, at+1)
		}
		if v.Y1 != 0 {
			y := at + int(v.Y1)
			add(z, y)
			if n.Layers[z].Vertices[y-n.Start[z]].Faces&nets.FaceX1 != 0 {
				add(z, y+1)
			}
		}
		if v.Z1 != 0 {
			up := at + int(v.Z1)
			add(z+1, up)
			w := &n.Layers[z+1].Vertices[up-n.Start[z+1]]
			if w.Faces&nets.FaceX1 != 0 {
				add(z+1, up+1)
			}
			if w.Y1 != 0 {
				add(z+1, up+int(w.Y1))
			}
		}
	}
	return keys
}
