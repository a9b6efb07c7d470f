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

	"github.com/iris-oculus/iris/internal/meshfile/chunk"
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
)

// Write writes all surfaces as one binary STL.
func Write(w io.Writer, s scene.Scene) error {
	count := int64(0)
	for i := range s.Surfaces {
		count += int64(len(s.Surfaces[i].Mesh.Triangles))
	}
	if count > math.MaxUint32 {
		return volume.Reject("too_large", "the model has %d triangles: an STL holds at most %d", count, int64(math.MaxUint32))
	}
	var head [headerBytes + 4]byte
	copy(head[:headerBytes], header+s.OriginText())
	binary.LittleEndian.PutUint32(head[headerBytes:], uint32(count))
	if _, err := w.Write(head[:]); err != nil {
		return err
	}
	meshes := s.Meshes()
	if len(meshes) > 1 {
		meshes = weld.Separate(meshes, s.Voxel(), weld.Exact)
	} else {
		meshes[0].Vertices = weld.Moved(meshes[0].Vertices, weld.Pinches(meshes, weld.Exact)[0], 0)
	}
	lengths := make([]int, len(meshes))
	for i := range meshes {
		lengths[i] = len(meshes[i].Triangles)
	}
	pieces := chunk.Cut(lengths, pieceTriangles)
	return chunk.Write(w, len(pieces), func(i int, b []byte) []byte {
		m := &meshes[pieces[i].Of]
		b = slices.Grow(b, triangleBytes*pieceTriangles)
		for _, t := range m.Triangles[pieces[i].From:pieces[i].To] {
			b = appendTriangle(b, [3][3]float32{scene.LPS(m.Vertices[t[0]]), scene.LPS(m.Vertices[t[1]]), scene.LPS(m.Vertices[t[2]])})
		}
		return b
	})
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
