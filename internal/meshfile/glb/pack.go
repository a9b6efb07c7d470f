package glb

import (
	"encoding/binary"
	"slices"

	"github.com/iris-oculus/iris/internal/meshfile/meshopt"
	"github.com/iris-oculus/iris/internal/meshfile/scene"
	"github.com/iris-oculus/iris/internal/surface"
)

// A vertex's place takes three numbers of 16 bits and two bytes that fill a multiple
// of four, its normal three of 8 bits and one byte.
const (
	positionStride = 8
	normalStride   = 4
	normalBits     = 8
)

// packedMesh is what a document says of an encoded mesh.
type packedMesh struct {
	vertices int // that are used
	extent   extent
	lengths  [3]int // in bytes, of positions, normals and triangles
	bytes    []byte // the three, each filled up to a multiple of four; nil: not kept
}

// encoder encodes one mesh after the other.
type encoder struct {
	sorter   meshopt.Sorter
	list     *meshopt.Triangles
	vertices meshopt.Vertices
	block    []byte
}

// mostVertexBytes is more than the encoded positions and normals of n vertices take:
// beside 16 bytes stand at most 2 bits, a block is filled up to whole groups of 16
// vertices, and each of the two views has a header and an element at its end.
func mostVertexBytes(n int) int { return (positionStride + normalStride) * (n + n/64 + 32) }

// ViewBytes bounds what WriteView allocates for meshes of a size, beside what does not
// depend on it: the numbers and the order of the vertices of the meshes at hand and
// what they become, the codes of all triangles, and the meshes that are kept.
func ViewBytes(s surface.Size) int64 {
	const (
		vertex   = (positionStride + normalStride) * 65 / 64
		triangle = 1 + 4 // a code and a number
		order    = 3 * 4 // of a vertex: its number in the window and in order, and its place there
	)
	all, atHand := vertex*s.Vertices+triangle*s.Triangles, vertex*s.Worked+triangle*s.Triangles
	bytes := s.Worked*order + meshopt.TrianglesBytes(s.Triangles) + atHand + min(all, maxKept)
	if all > maxKept {
		bytes += 2 * atHand // encoded again, in two buffers of each worker
	}
	return bytes + s.Meshes*(positionStride+normalStride)*64
}

// encode appends the compressed views of a mesh.
func (e *encoder) encode(b []byte, m *surface.Mesh, g *grid) ([]byte, packedMesh) {
	if e.list == nil {
		e.list = meshopt.NewTriangles()
	}
	e.list.Reset(len(m.Triangles))
	order := e.sorter.Order(len(m.Vertices), m.Triangles, e.list.Add)
	p := packedMesh{vertices: len(order), extent: none}
	b = slices.Grow(b, mostVertexBytes(p.vertices)+e.list.Len()+4)
	start := len(b)
	end := func(n int) {
		p.lengths[n] = len(b) - start
		for (len(b)-start)%4 != 0 {
			b = append(b, 0)
		}
		start = len(b)
	}
	b = e.attribute(b, positionStride, order, func(block []byte, v uint32) []byte {
		q := g.point(m.Vertices[v])
		p.extent.add(q)
		return binary.LittleEndian.AppendUint64(block, uint64(q[0])|uint64(q[1])<<16|uint64(q[2])<<32)
	})
	end(0)
	normals := surface.Normals(m)
	b = e.attribute(b, normalStride, order, func(block []byte, v uint32) []byte {
		n := meshopt.Octahedral(scene.Facing(normals[v]), normalBits)
		return append(block, n[:]...)
	})
	end(1)
	b = e.list.End(b)
	end(2)
	return b, p
}

// attribute appends the compressed view of one attribute of the vertices in order.
func (e *encoder) attribute(b []byte, stride int, order []uint32, element func(block []byte, v uint32) []byte) []byte {
	e.vertices.Reset(stride)
	for len(order) > 0 {
		n := min(len(order), e.vertices.Block())
		e.block = e.block[:0]
		for _, v := range order[:n] {
			e.block = element(e.block, v)
		}
		b = e.vertices.Append(b, e.block)
		order = order[n:]
	}
	return e.vertices.End(b)
}
