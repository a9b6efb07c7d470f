// Package stl writes binary STL. In: surfaces in world RAS millimetres. Out: one
// solid of all their triangles in LPS millimetres, as the header says; STL has no
// structures, colours or shared vertices. Package weld separates vertices that touch,
// because readers merge equal positions. Errors: *volume.Error too_large beyond
// 2³²−1 triangles, and those of the writer.
package stl

import (
	"encoding/binary"
	"io"
	"math"
	"slices"

	"github.com/klauspost/compress/zip"

	"github.com/iris-oculus/iris/internal/meshfile/chunk"
	"github.com/iris-oculus/iris/internal/meshfile/deflate"
	"github.com/iris-oculus/iris/internal/meshfile/scene"
	"github.com/iris-oculus/iris/internal/meshfile/weld"
	"github.com/iris-oculus/iris/internal/surface"
	"github.com/iris-oculus/iris/internal/volume"
)

// A binary STL has a header of free text that must not begin with "solid", a count,
// and per triangle a normal, three corners and two bytes of attributes.
const (
	headerBytes   = 80
	triangleBytes = 50

	header = "IRIS Oculus SPACE=LPS UNIT=mm"

	pieceTriangles = 1 << 14
	entryTriangles = 1 << 13 // of a piece in a zip, which is compressed by itself
)

// Write writes all surfaces as one binary STL.
func Write(w io.Writer, s scene.Scene) error {
	head, err := head(&s)
	if err != nil {
		return err
	}
	if _, err := w.Write(head); err != nil {
		return err
	}
	meshes := separate(&s)
	pieces := chunk.Cut(lengths(meshes), pieceTriangles)
	return chunk.Write(w, len(pieces), func(i int, b []byte) []byte {
		m := &meshes[pieces[i].Of]
		b = slices.Grow(b, triangleBytes*pieceTriangles)
		for _, t := range m.Triangles[pieces[i].From:pieces[i].To] {
			b = appendTriangle(b, [3][3]float32{scene.LPS(m.Vertices[t[0]]), scene.LPS(m.Vertices[t[1]]), scene.LPS(m.Vertices[t[2]])})
		}
		return b
	})
}

// head is what a file begins with.
func head(s *scene.Scene) ([]byte, error) {
	count := int64(0)
	for i := range s.Surfaces {
		count += int64(len(s.Surfaces[i].Mesh.Triangles))
	}
	if count > math.MaxUint32 {
		return nil, volume.Reject("too_large", "the model has %d triangles: an STL holds at most %d", count, int64(math.MaxUint32))
	}
	out := make([]byte, headerBytes, headerBytes+4)
	copy(out, header+s.OriginText())
	return binary.LittleEndian.AppendUint32(out, uint32(count)), nil
}

// lengths are how many triangles the meshes have.
func lengths(meshes []surface.Mesh) []int {
	out := make([]int, len(meshes))
	for i := range meshes {
		out[i] = len(meshes[i].Triangles)
	}
	return out
}

// WriteEntry writes all surfaces as one binary STL into a zip. A corner that stands in
// the file a little before is not searched for: it is known by its vertex.
func WriteEntry(pack *zip.Writer, name string, s scene.Scene) error {
	head, err := head(&s)
	if err != nil {
		return err
	}
	meshes := separate(&s)
	pieces := chunk.Cut(lengths(meshes), entryTriangles)
	return deflate.Entry(pack, name, len(pieces), func(i int, p *deflate.Piece) {
		if i == 0 {
			p.Plain = append(p.Plain, head...)
		}
		m := &meshes[pieces[i].Of]
		var seen seen
		for _, t := range m.Triangles[pieces[i].From:pieces[i].To] {
			p.Plain = appendTriangle(p.Plain, [3][3]float32{scene.LPS(m.Vertices[t[0]]), scene.LPS(m.Vertices[t[1]]), scene.LPS(m.Vertices[t[2]])})
			seen.corners(p, t)
		}
	})
}

// seen remembers where vertices stand in a piece: of the vertices whose numbers have
// the same last bits, the one that came last.
type seen [1 << 10]struct {
	vertex uint32 // number + 1
	at     int
}

// corners says of a triangle that was appended which of its corners stand before.
func (s *seen) corners(p *deflate.Piece, t [3]uint32) {
	const normal, corner = 12, 12
	at := len(p.Plain) - triangleBytes + normal
	for _, v := range t {
		last := &s[v%uint32(len(s))]
		if last.vertex == v+1 {
			p.Repeat(at, corner, last.at)
		}
		last.vertex, last.at = v+1, at
		at += corner
	}
}

// separate gives the scene's meshes without vertices of equal position.
func separate(s *scene.Scene) []surface.Mesh {
	meshes := s.Meshes()
	if len(meshes) > 1 {
		meshes = weld.Separate(meshes, s.Voxel(), weld.Exact)
	} else {
		meshes[0].Vertices = weld.Moved(meshes[0].Vertices, weld.Pinches(meshes, weld.Exact)[0], 0)
	}
	return meshes
}

func appendTriangle(b []byte, corners [3][3]float32) []byte {
	n := surface.FaceVector(corners[0], corners[1], corners[2])
	length := math.Sqrt(n[0]*n[0] + n[1]*n[1] + n[2]*n[2])
	scale := 0.0 // a triangle without area has no normal: the format asks for zeros
	if length > 0 {
		scale = 1 / length
	}
	for _, x := range n {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(float32(x*scale)+0)) // +0: no negative zero
	}
	for _, corner := range corners {
		for _, x := range corner {
			b = binary.LittleEndian.AppendUint32(b, math.Float32bits(x))
		}
	}
	return append(b, 0, 0)
}
