package printing

import (
	"cmp"
	"math"
	"math/bits"
	"slices"

	"github.com/iris-oculus/iris/internal/surface"
)

// leafSize is how many triangles a leaf of the hierarchy holds.
const leafSize = 4

// hierarchy is a binary tree of boxes over a mesh's triangles, which are sorted along
// a Morton curve: neighbours in the order are neighbours in space (Lauterbach et al.,
// Fast BVH construction on GPUs, 2009). Box 1 is the root, those below box i are 2i
// and 2i+1, the leaves are the last half of boxes.
type hierarchy struct {
	mesh    *surface.Mesh
	boxes   []box
	octants []uint8 // of each box: those in which normals of its triangles lie, a bit each
	order   []ranked
}

type ranked struct {
	code     uint64
	triangle uint32
}

func newHierarchy(m *surface.Mesh, extent box) *hierarchy {
	h := &hierarchy{mesh: m, order: make([]ranked, len(m.Triangles))}
	var scale [3]float64 // of 21 binary digits an axis
	for axis, size := range extent.size() {
		scale[axis] = (1<<21 - 1) / max(size, math.SmallestNonzeroFloat32)
	}
	for i, t := range m.Triangles {
		code := uint64(0)
		for axis := range 3 {
			middle := (float64(m.Vertices[t[0]][axis]) + float64(m.Vertices[t[1]][axis]) + float64(m.Vertices[t[2]][axis])) / 3
			code |= spread(uint64((middle-float64(extent.low[axis]))*scale[axis])) << axis
		}
		h.order[i] = ranked{code, uint32(i)}
	}
	slices.SortFunc(h.order, func(a, b ranked) int { return cmp.Or(cmp.Compare(a.code, b.code), cmp.Compare(a.triangle, b.triangle)) })
	leaves := (len(h.order) + leafSize - 1) / leafSize
	half := 1 << bits.Len(uint(leaves-1)) // the next power of two
	h.boxes, h.octants = make([]box, 2*half), make([]uint8, 2*half)
	for i := range half {
		b := emptyBox()
		for _, r := range h.leaf(i) {
			for _, v := range m.Triangles[r.triangle] {
				b.add(m.Vertices[v])
			}
			x, y, z := h.corners(r.triangle)
			h.octants[half+i] |= 1 << octant(y.minus(x).cross(z.minus(x)))
		}
		h.boxes[half+i] = b
	}
	for i := half - 1; i > 0; i-- {
		h.boxes[i] = h.boxes[2*i]
		h.boxes[i].join(&h.boxes[2*i+1])
		h.octants[i] = h.octants[2*i] | h.octants[2*i+1]
	}
	return h
}

// octant is the number of the octant that a direction lies in, 0 to 7.
func octant(v vector) (number uint8) {
	for axis, x := range [3]float64{v.x, v.y, v.z} {
		if x < 0 {
			number |= 1 << axis
		}
	}
	return number
}

// facingOctants are those that may hold a normal opposite to the unit normal n. The
// least m·n of unit vectors m in an octant is that of the part of n which points away
// from it. Beside a point of a surface there are none, so that a search from it passes
// over its own side.
func facingOctants(n vector) (octants uint8) {
	for number := range uint8(8) {
		away := 0.0
		for axis, x := range [3]float64{n.x, n.y, n.z} {
			if x != 0 && x < 0 != (number>>axis&1 == 1) {
				away += x * x
			}
		}
		if away >= opposed*opposed {
			octants |= 1 << number
		}
	}
	return octants
}

// leaf is the triangles of leaf i, none beyond the last.
func (h *hierarchy) leaf(i int) []ranked {
	from := min(i*leafSize, len(h.order))
	return h.order[from:min(from+leafSize, len(h.order))]
}

// spread puts two zeros between the lowest 21 binary digits of x.
func spread(x uint64) uint64 {
	x &= 1<<21 - 1
	x = (x | x<<32) & 0x001f00000000ffff
	x = (x | x<<16) & 0x001f0000ff0000ff
	x = (x | x<<8) & 0x100f00f00f00f00f
	x = (x | x<<4) & 0x10c30c30c30c30c3
	x = (x | x<<2) & 0x1249249249249249
	return x
}

// corners of a triangle.
func (h *hierarchy) corners(triangle uint32) (a, b, c vector) {
	t := h.mesh.Triangles[triangle]
	return vectorOf(h.mesh.Vertices[t[0]]), vectorOf(h.mesh.Vertices[t[1]]), vectorOf(h.mesh.Vertices[t[2]])
}
