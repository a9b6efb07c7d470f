// Package mz3 writes MZ3, the mesh format of Surf Ice and NiiVue
// (https://github.com/neurolabusc/surf-ice/tree/master/mz3). In: surfaces in
// world RAS millimetres. Out: one mesh in RAS millimetres with a colour per
// vertex, gzip inside. Errors: *volume.Error too_large beyond 2³¹ vertices, and
// those of the writer.
package mz3

import (
	"bufio"
	"encoding/binary"
	"io"
	"math"

	"github.com/klauspost/compress/gzip"

	"github.com/iris-oculus/iris/internal/meshfile/scene"
	"github.com/iris-oculus/iris/internal/volume"
)

// The header: magic, attributes, faces, vertices, bytes skipped after it.
const (
	magic = 23117 // "MZ"

	hasFaces    = 1
	hasVertices = 2
	hasColors   = 4
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
	// A gzip header without name and time: the same scene gives the same bytes.
	pack := gzip.NewWriter(w)
	out := bufio.NewWriterSize(pack, 1<<16)
	b := binary.LittleEndian.AppendUint16(nil, magic)
	b = binary.LittleEndian.AppendUint16(b, hasFaces|hasVertices|hasColors)
	for _, word := range []uint32{uint32(faces), uint32(vertices), 0} {
		b = binary.LittleEndian.AppendUint32(b, word)
	}
	_, _ = out.Write(b) // bufio keeps the first error for Flush
	base := uint32(0)
	for i := range s.Surfaces {
		for _, t := range s.Surfaces[i].Mesh.Triangles {
			b = b[:0]
			for _, v := range t {
				b = binary.LittleEndian.AppendUint32(b, base+v)
			}
			_, _ = out.Write(b)
		}
		base += uint32(len(s.Surfaces[i].Mesh.Vertices))
	}
	for i := range s.Surfaces {
		for _, v := range s.Surfaces[i].Mesh.Vertices {
			b = b[:0]
			for _, x := range v {
				b = binary.LittleEndian.AppendUint32(b, math.Float32bits(x))
			}
			_, _ = out.Write(b)
		}
	}
	for i := range s.Surfaces {
		color := scene.Color(s.Surfaces[i].Label)
		for range s.Surfaces[i].Mesh.Vertices {
			_, _ = out.Write([]byte{color[0], color[1], color[2], 255})
		}
	}
	if err := out.Flush(); err != nil {
		return err
	}
	return pack.Close()
}
