package smooth

import "github.com/iris-oculus/iris/internal/surface/nets"

// A quad's four vertices lie in the four cells around a voxel edge, each inside
// its own (see reach). Seen along that edge the quad therefore goes once round
// it, and has at most one reflex corner. A diagonal that misses the reflex corner
// would leave one of the two triangles the wrong way round, a fold; the diagonal
// through it leaves two proper ones. So choosing the diagonal of each quad is
// all that it takes to have no folds, and needs no vertex to move.

// turnFolded turns the diagonal of each quad that the usual one would fold.
func (c chunk) turnFolded(n *nets.Net, offsets []nets.Offset) {
	for z := c.from; z < c.to; z++ {
		vertices := n.Layers[z].Vertices
		for i := range vertices {
			v := &vertices[i]
			quads := v.Quads & (nets.Turned - 1)
			v.Quads = quads
			for axis := range 3 {
				if quads>>axis&1 != 0 && folded(n, offsets, quadKey{z, i, axis}) {
					v.Quads |= nets.Turned << axis
				}
			}
		}
	}
}

// folded says whether the diagonal from corner 0 to corner 2 folds a quad.
func folded(n *nets.Net, offsets []nets.Offset, k quadKey) bool {
	p := k.project(n, offsets)
	return cross(p[0], p[1], p[2]) <= 0 || cross(p[0], p[2], p[3]) <= 0
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
