// Package ply writes PLY, binary little-endian. In: surfaces in world
// RAS millimetres. Out: one mesh in LPS millimetres; each vertex carries its
// structure's sRGB colour and label number. Package weld separates vertices that
// touch, because common readers merge equal positions. Errors: *volume.Error
// too_large beyond 2³¹ vertices, and those of the writer.
package ply

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"slices"

	"github.com/iris-oculus/iris/internal/meshfile/chunk"
	"github.com/iris-oculus/iris/internal/meshfile/scene"
	"github.com/iris-oculus/iris/internal/meshfile/weld"
	"github.com/iris-oculus/iris/internal/volume"
)

// Bytes of one vertex (3 float, 3 uchar, 1 int) and one face (1 uchar, 3 int).
// These types are known to every reader; of 16-bit types meshio knows only the name
// uint16, and others only ushort.
const (
	vertexBytes = 19
	faceBytes   = 13

	pieceElements = 1 << 14
)

// headerFormat is the header, which takes the scene's origin and the two counts.
const headerFormat = `ply
format binary_little_endian 1.0
comment IRIS Oculus SPACE=LPS UNIT=mm%s
element vertex %d
property float x
property float y
property float z
property uchar red
property uchar green
property uchar blue
property int label
element face %d
property list uchar int vertex_indices
end_header
`

// Write writes all surfaces as one PLY mesh.
func Write(w io.Writer, s scene.Scene) error {
	var vertices, faces []int // of each surface
	var base []uint32         // number of its first vertex
	total, triangles := 0, 0
	for i := range s.Surfaces {
		m := &s.Surfaces[i].Mesh
		base = append(base, uint32(total))
		vertices, faces = append(vertices, len(m.Vertices)), append(faces, len(m.Triangles))
		total, triangles = total+len(m.Vertices), triangles+len(m.Triangles)
	}
	if total > math.MaxInt32 {
		return volume.Reject("too_large", "the model has %d vertices: a PLY holds at most %d", total, math.MaxInt32)
	}
	if _, err := fmt.Fprintf(w, headerFormat, s.OriginText(), total, triangles); err != nil {
		return err
	}
	meshes := weld.Separate(s.Meshes(), s.Voxel(), weld.Exact)
	pieces := chunk.Cut(vertices, pieceElements)
	err := chunk.Write(w, len(pieces), func(i int, b []byte) []byte {
		p := pieces[i]
		label := &s.Surfaces[p.Of].Label
		color := scene.Color(*label)
		b = slices.Grow(b, vertexBytes*pieceElements)
		for _, v := range meshes[p.Of].Vertices[p.From:p.To] {
			for _, x := range scene.LPS(v) {
				b = binary.LittleEndian.AppendUint32(b, math.Float32bits(x))
			}
			b = append(b, color[0], color[1], color[2])
			b = binary.LittleEndian.AppendUint32(b, uint32(label.ID))
		}
		return b
	})
	if err != nil {
		return err
	}
	pieces = chunk.Cut(faces, pieceElements)
	return chunk.Write(w, len(pieces), func(i int, b []byte) []byte {
		p := pieces[i]
		b = slices.Grow(b, faceBytes*pieceElements)
		for _, t := range meshes[p.Of].Triangles[p.From:p.To] {
			b = append(b, 3)
			for _, v := range t {
				b = binary.LittleEndian.AppendUint32(b, base[p.Of]+v)
			}
		}
		return b
	})
}
