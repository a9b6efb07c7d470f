package smooth

import "github.com/iris-oculus/iris/internal/surface/nets"

// A quad is known by the vertex of the cell that has the quad's edge at its low
// corner, and the axis of that edge. Its corners, counter-clockwise seen from the
// high end of the edge, lie in the cells at (-1,-1), (0,-1), (0,0) and (-1,0)
// from that cell along the next two axes.
type quadKey struct {
	z, i int // layer, and vertex within it
	axis int
}

// corners are the vertex numbers of a quad's corners.
func (k quadKey) corners(n *nets.Net) [4]int {
	v := &n.Layers[k.z].Vertices[k.i]
	at := n.Start[k.z] + k.i
	switch y, z := at+int(v.Y0), at+int(v.Z0); k.axis {
	case 0:
		yz := z + int(n.Layers[k.z-1].Vertices[z-n.Start[k.z-1]].Y0)
		return [4]int{yz, z, at, y}
	case 1:
		return [4]int{z - 1, at - 1, at, z}
	default:
		return [4]int{y - 1, y, at, at - 1}
	}
}

// lanes are the offsets along x, y and z in lane units, from nets.OffsetZero.
func lanes(o nets.Offset) [3]int64 {
	return [3]int64{int64(o & nets.OffsetMask), int64(o >> lane & nets.OffsetMask), int64(o >> (2 * lane))}
}
