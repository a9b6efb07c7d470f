// Package nets turns a label map into one closed mesh per label.
//
// In: voxels of uint8 or uint16 labels, x fastest, 0 for background, and an
// optional remap of labels. Out: a Net, the shared vertices between all labels,
// and from it (Split) one oriented 2-manifold triangle mesh for each label, in
// world RAS millimetres; the two labels on either side of a boundary share its
// positions exactly. The same bytes come out for any number of workers.
//
// # Surface nets on bit planes
//
// The volume is padded by one layer of background on all sides, so that every
// surface closes at the border. A cell is the cube between eight
// padded voxel centres; cell (x,y,z) has its low corner at padded voxel (x,y,z).
// A cell whose corners are not all alike is active and holds one vertex. A voxel
// edge whose two ends differ is crossed by one quad, whose corners are the
// vertices of the four cells around that edge; all four are active.
//
// Activity is found 8 voxels at a time with 64-bit words and kept as one bit a
// cell, 64 cells a word. The number of a vertex is the number of active cells
// before it, so the vertex of any neighbouring cell is found by a popcount. No
// table over cells and no map is needed, and a stretch of one label costs one
// comparison for 64 cells.
//
// Errors are *volume.Error with code too_large (more surface than the limits allow,
// which noise has and structures have not), or the context's error.
package nets

import (
	"github.com/iris-oculus/iris/internal/volume"
)

// Face bits of Vertex.Faces: the faces of a cell that are crossed, which are
// also the directions in which its vertex has a neighbour.
const (
	FaceX0 = 1 << iota
	FaceX1
	FaceY0
	FaceY1
	FaceZ0
	FaceZ1
)

// Vertex is the vertex of one active cell. Its neighbours are given by differences of
// vertex numbers: along x they are -1 and +1 where Faces has their bit; along y and z
// they are in the four fields, with 0 for no neighbour.
type Vertex struct {
	X      uint16 // cell
	Y0, Y1 int16  // within one layer two rows are less than 2·4097 vertices long
	Faces  uint8
	Quads  uint8 // bit a: the edge along axis a at the cell's low corner carries a quad, see quadBits
	Z0, Z1 int32
}

// Vertex.Quads holds the quads in its lowest bits, and above them, for each, whether
// Split cuts it from corner 1 to 3 rather than from 0 to 2, see envelope.go.
const (
	quadBits    = 1<<turnedShift - 1
	turnedShift = 3
)

// HasQuads are the axes along which a vertex's low edges carry quads, a bit each.
func (v *Vertex) HasQuads() uint8 { return v.Quads & quadBits }

// Entry is one label at one vertex.
type Entry struct {
	ID      uint32 // number of its first own vertex in the label's mesh
	Label   uint16 // dense label
	Corners uint8  // corners of the cell that carry the label
	Joined  uint8  // ambiguous faces whose rule is the other one, see cycles.go
}

// Layer is one layer of cells, its vertices in order of y, then x.
type Layer struct {
	Vertices []Vertex
	Rows     []uint32 // first vertex of each row of cells; one more at the end
	First    []uint32 // first entry of each vertex; one more at the end
	Entries  []Entry
}

// Net is the shared surface of all labels of a map.
type Net struct {
	Dims   [3]int
	Layers []Layer // one for each layer of cells: Dims[2] + 1
	Start  []int   // number of each layer's first vertex; one more at the end
	Labels []Tally // by dense label; 0 is background

	rule  Rule
	slabs []slab
}

// Len is the number of vertices.
func (n *Net) Len() int { return n.Start[len(n.Start)-1] }

// Tally holds the counts that extraction makes of one label.
type Tally struct {
	Vertices, Quads int64    // of the label's own mesh
	Voxels          int64    // voxels that carry the label
	Sum             [3]int64 // sums of their voxel indices
}

// slab is the range of layers that one piece of work covers.
type slab struct {
	from, to int
	// vertices and quads of each label before this slab, in scan order.
	vertices, quads []uint32
}

// Slabs is the number of slabs into which the layers were cut. Code that walks the
// net takes each as one piece of work.
func (n *Net) Slabs() int { return len(n.slabs) }

// Slab is the range of a slab's layers.
func (n *Net) Slab(i int) (from, to int) { return n.slabs[i].from, n.slabs[i].to }

// Holds says whether a label has entries in a slab.
func (n *Net) Holds(i, label int) bool {
	after := n.Labels[label].Vertices
	if i+1 < len(n.slabs) {
		after = int64(n.slabs[i+1].vertices[label])
	}
	return after > int64(n.slabs[i].vertices[label])
}

// MaxVertices is how many vertices a net may have on a grid of these dims: one
// in 32 cells, twice what a segmented CT of full size has, above a floor that lets
// small volumes be anything, pure noise included.
func MaxVertices(dims [3]int) int {
	const floor = 1 << 22
	return floor + dims[0]*dims[1]*dims[2]/32
}

func tooLarge(what string, got, limit int64) error {
	return volume.Reject("too_large", "the structures have more surface than a scan of this size should (%d %s, and at most %d are accepted): choose fewer structures; noise makes no model", got, what, limit)
}
