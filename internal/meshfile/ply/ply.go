// Package ply writes and reads PLY, binary little-endian. In: surfaces in world
// RAS millimetres. Out: one mesh in LPS millimetres; each vertex carries its
// structure's sRGB colour and label number. Vertices that touch are parted
// (package weld), because common readers weld. Errors: *volume.Error too_large
// beyond 2³¹ vertices, bad_ply when reading, and those of the writer.
package ply

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"github.com/iris-oculus/iris/internal/meshfile/chunk"
	"github.com/iris-oculus/iris/internal/meshfile/scene"
	"github.com/iris-oculus/iris/internal/meshfile/weld"
	"github.com/iris-oculus/iris/internal/surface"
	"github.com/iris-oculus/iris/internal/volume"
)

// Bytes of one vertex (3 float, 3 uchar, 1 int) and one face (1 uchar, 3 int).
// Only types that every reader knows are used: meshio knows uint16 and not ushort,
// others the reverse, and all of them int.
const (
	vertexBytes = 19
	faceBytes   = 13

	pieceElements = 1 << 14
)

// headerFormat is the whole header but for the origin and the two counts; Read
// takes it as Write wrote it.
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

// Read reads what Write wrote: one surface per run of vertices with one label,
// in world RAS millimetres from the scene's origin, with its label's number and colour.
func Read(data []byte) ([]surface.Surface, error) {
	var vertices, faces uint32
	headed := len(data)
	if headed > 1024 {
		headed = 1024 // the header is shorter, whatever the counts
	}
	text, origin := string(data[:headed]), ""
	if _, after, found := strings.Cut(text, " UNIT=mm"); found {
		origin, _, _ = strings.Cut(after, "\n")
		text = strings.Replace(text, " UNIT=mm"+origin, " UNIT=mm", 1)
	}
	if n, err := fmt.Sscanf(text, fmt.Sprintf(strings.ReplaceAll(headerFormat, "%d", "%%d"), ""), &vertices, &faces); n != 2 || err != nil {
		return nil, volume.Reject("bad_ply", "the header is not one that iris writes")
	}
	head := len(fmt.Sprintf(headerFormat, origin, vertices, faces))
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
		id := int(int32(binary.LittleEndian.Uint32(b[15:])))
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
