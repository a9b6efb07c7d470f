// Package mz3 writes MZ3, the mesh format of Surf Ice and NiiVue
// (https://github.com/neurolabusc/surf-ice/tree/master/mz3). In: surfaces in
// world RAS millimetres. Out: one mesh in RAS millimetres with a colour per
// vertex, compressed with gzip. Where a mesh touches itself its vertices are moved
// apart (weld.Pinches). Errors: *volume.Error too_large beyond 2³¹ vertices, and
// those of the writer.
package mz3

import (
	"encoding/binary"
	"io"
	"math"
	"slices"

	"github.com/iris-oculus/iris/internal/meshfile/chunk"
	"github.com/iris-oculus/iris/internal/meshfile/deflate"
	"github.com/iris-oculus/iris/internal/meshfile/scene"
	"github.com/iris-oculus/iris/internal/meshfile/weld"
	"github.com/iris-oculus/iris/internal/volume"
)

// The header holds magic, attributes, the numbers of faces and vertices, and how many
// bytes to skip after it.
const (
	magic = 23117 // "MZ"

	hasFaces    = 1
	hasVertices = 2
	hasColors   = 4

	pieceElements = 1 << 15
)

// Write writes all surfaces as one MZ3 mesh.
func Write(w io.Writer, s scene.Scene) error {
	vertices, faces := 0, 0
	for i := range s.Surfaces {
		vertices += len(s.Surfaces[i].Mesh.Vertices)
		faces += len(s.Surfaces[i].Mesh.Triangles)
	}
	if max(vertices, faces) > math.MaxInt32 {
		return volume.Reject("too_large", "the model has %d vertices and %d triangles: an MZ3 holds at most %d", vertices, faces, math.MaxInt32)
	}
	pack, err := deflate.NewGzip(w)
	if err != nil {
		return err
	}
	if err := body(pack, s, vertices, faces); err != nil {
		_ = pack.Close() // only to end its goroutines: the first error counts
		return err
	}
	return pack.Close()
}

func body(w io.Writer, s scene.Scene, vertices, faces int) error {
	origin := []byte(s.OriginText()) // lies in the bytes that readers skip
	head := binary.LittleEndian.AppendUint16(nil, magic)
	head = binary.LittleEndian.AppendUint16(head, hasFaces|hasVertices|hasColors)
	for _, word := range []uint32{uint32(faces), uint32(vertices), uint32(len(origin))} {
		head = binary.LittleEndian.AppendUint32(head, word)
	}
	if _, err := w.Write(append(head, origin...)); err != nil {
		return err
	}
	meshes := s.Meshes()
	moves := weld.Pinches(meshes, weld.Exact)
	base := make([]uint32, len(meshes))
	lengths := [2][]int{}
	for i := range meshes {
		if i > 0 {
			base[i] = base[i-1] + uint32(len(meshes[i-1].Vertices))
		}
		lengths[0] = append(lengths[0], len(meshes[i].Vertices))
		lengths[1] = append(lengths[1], len(meshes[i].Triangles))
	}
	pieces := chunk.Cut(lengths[1], pieceElements)
	if err := chunk.Write(w, len(pieces), func(i int, b []byte) []byte {
		p := pieces[i]
		b = slices.Grow(b, 12*pieceElements)
		for _, t := range meshes[p.Of].Triangles[p.From:p.To] {
			for _, v := range t {
				b = binary.LittleEndian.AppendUint32(b, base[p.Of]+v)
			}
		}
		return b
	}); err != nil {
		return err
	}
	pieces = chunk.Cut(lengths[0], pieceElements)
	if err := chunk.Write(w, len(pieces), func(i int, b []byte) []byte {
		p := pieces[i]
		b = slices.Grow(b, 12*pieceElements)
		for _, v := range weld.Moved(meshes[p.Of].Vertices[p.From:p.To], moves[p.Of], p.From) {
			for _, x := range v {
				b = binary.LittleEndian.AppendUint32(b, math.Float32bits(x))
			}
		}
		return b
	}); err != nil {
		return err
	}
	return chunk.Write(w, len(pieces), func(i int, b []byte) []byte {
		p := pieces[i]
		color := scene.Color(s.Surfaces[p.Of].Label)
		for range p.To - p.From {
			b = append(b, color[0], color[1], color[2], 255)
		}
		return b
	})
}
