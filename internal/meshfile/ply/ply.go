// Package ply writes and reads PLY, binary little-endian. In: surfaces in world
// RAS millimetres. Out: one mesh in LPS millimetres; each vertex carries its
// structure's sRGB colour and label number. Vertices that touch are parted
// (package weld), because common readers weld. Errors: *volume.Error too_large
// beyond 2³¹ vertices, bad_ply when reading, and those of the writer.
package ply

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"math"

	"github.com/iris-oculus/iris/internal/meshfile/scene"
	"github.com/iris-oculus/iris/internal/meshfile/weld"
	"github.com/iris-oculus/iris/internal/surface"
	"github.com/iris-oculus/iris/internal/volume"
)

// Bytes of one vertex (3 float, 3 uchar, 1 ushort) and one face (1 uchar, 3 int).
const (
	vertexBytes = 17
	faceBytes   = 13
)

// headerFormat is the whole header but for the two counts; Read takes it as
// Write wrote it.
const headerFormat = `ply
format binary_little_endian 1.0
comment IRIS Oculus SPACE=LPS UNIT=mm
element vertex %d
property float x
property float y
property float z
property uchar red
property uchar green
property uchar blue
property ushort label
element face %d
property list uchar int vertex_indices
end_header
`

// Write writes all surfaces as one PLY mesh.
func Write(w io.Writer, s scene.Scene) error {
	meshes := make([]surface.Mesh, len(s.Surfaces))
	vertices, faces := 0, 0
	for i := range s.Surfaces {
		meshes[i] = s.Surfaces[i].Mesh
		vertices += len(meshes[i].Vertices)
		faces += len(meshes[i].Triangles)
	}
	if vertices > math.MaxInt32 {
		return volume.Reject("too_large", "the model has %d vertices: a PLY holds at most %d", vertices, math.MaxInt32)
	}
	meshes = weld.Separate(meshes)
	out := bufio.NewWriterSize(w, 1<<16)
	_, _ = fmt.Fprintf(out, headerFormat, vertices, faces) // bufio keeps the first error for Flush
	b := make([]byte, 0, vertexBytes)
	for i := range meshes {
		color := scene.Color(s.Surfaces[i].Label)
		for _, v := range meshes[i].Vertices {
			b = b[:0]
			for _, x := range scene.LPS(v) {
				b = binary.LittleEndian.AppendUint32(b, math.Float32bits(x))
			}
			b = append(b, color[0], color[1], color[2])
			_, _ = out.Write(binary.LittleEndian.AppendUint16(b, uint16(s.Surfaces[i].Label.ID)))
		}
	}
	base := uint32(0)
	for i := range meshes {
		for _, t := range meshes[i].Triangles {
			b = append(b[:0], 3)
			for _, v := range t {
				b = binary.LittleEndian.AppendUint32(b, base+v)
			}
			_, _ = out.Write(b)
		}
		base += uint32(len(meshes[i].Vertices))
	}
	return out.Flush()
}

// Read reads what Write wrote: one surface per run of vertices with one label,
// in world RAS millimetres, with its label's number and colour.
func Read(data []byte) ([]surface.Surface, error) {
	var vertices, faces uint32
	headed := len(data)
	if headed > 1024 {
		headed = 1024 // the header is shorter, whatever the counts
	}
	if n, err := fmt.Sscanf(string(data[:headed]), headerFormat, &vertices, &faces); n != 2 || err != nil {
		return nil, volume.Reject("bad_ply", "the header is not one that iris writes")
	}
	head := len(fmt.Sprintf(headerFormat, vertices, faces))
	if want := uint64(head) + uint64(vertices)*vertexBytes + uint64(faces)*faceBytes; want != uint64(len(data)) {
		return nil, volume.Reject("bad_ply", "the header counts %d vertices and %d faces: the file has %d bytes, want %d", vertices, faces, len(data), want)
	}
	body := data[head:]
	var out []surface.Surface
	owner := make([]uint32, vertices) // of out
	first := []uint32{}               // vertex of each of out
	for i := range vertices {
		b := body[uint64(i)*vertexBytes:]
		var p [3]float32
		for k := range p {
			p[k] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*k:]))
			if x := float64(p[k]); math.IsNaN(x) || math.IsInf(x, 0) {
				return nil, volume.Reject("bad_ply", "vertex %d is not finite", i)
			}
		}
		id := int(binary.LittleEndian.Uint16(b[15:]))
		if n := len(out); n == 0 || out[n-1].Label.ID != id {
			out = append(out, surface.Surface{Label: volume.Label{ID: id, Color: scene.RGB{b[12], b[13], b[14]}.Hex()}})
			first = append(first, i)
		}
		last := &out[len(out)-1]
		last.Mesh.Vertices = append(last.Mesh.Vertices, scene.LPS(p))
		owner[i] = uint32(len(out) - 1)
	}
	body = body[uint64(vertices)*vertexBytes:]
	for i := range faces {
		b := body[uint64(i)*faceBytes:]
		var t [3]uint32
		for k := range t {
			t[k] = binary.LittleEndian.Uint32(b[1+4*k:])
			if b[0] != 3 || t[k] >= vertices || owner[t[k]] != owner[t[0]] {
				return nil, volume.Reject("bad_ply", "face %d has %d corners, one is vertex %d of %d or of another structure", i, b[0], t[k], vertices)
			}
		}
		of := owner[t[0]]
		for k := range t {
			t[k] -= first[of]
		}
		out[of].Mesh.Triangles = append(out[of].Mesh.Triangles, t)
	}
	return out, nil
}
