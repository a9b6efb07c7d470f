package meshtest

import (
	"encoding/binary"
	"fmt"
	"math"
	"regexp"
	"strconv"

	"github.com/iris-oculus/iris/internal/meshfile/scene"
	"github.com/iris-oculus/iris/internal/surface"
	"github.com/iris-oculus/iris/internal/volume"
)

// Bytes of one vertex (3 float, 3 uchar, 1 int) and one face (1 uchar, 3 int).
const (
	plyVertexBytes = 19
	plyFaceBytes   = 13
)

// plyHeader matches the header that package ply writes, and finds its two counts.
var plyHeader = regexp.MustCompile(`\Aply
format binary_little_endian 1\.0
comment IRIS Oculus SPACE=LPS UNIT=mm(?: ORIGIN_RAS_MM=[0-9.,-]{1,200})?
element vertex (0|[1-9][0-9]*)
property float x
property float y
property float z
property uchar red
property uchar green
property uchar blue
property int label
element face (0|[1-9][0-9]*)
property list uchar int vertex_indices
end_header
`)

// ReadPLY reads what package ply writes: one surface for each run of vertices with
// one label, in world RAS millimetres from the scene's origin, with its label's
// number and colour.
func ReadPLY(data []byte) ([]surface.Surface, error) {
	match := plyHeader.FindSubmatch(data[:min(len(data), 1024)])
	if match == nil {
		return nil, fmt.Errorf("the header is not one that iris writes")
	}
	vertices, err := strconv.ParseUint(string(match[1]), 10, 32)
	if err != nil {
		return nil, fmt.Errorf("vertices: %w", err)
	}
	faces, err := strconv.ParseUint(string(match[2]), 10, 32)
	if err != nil {
		return nil, fmt.Errorf("faces: %w", err)
	}
	body := data[len(match[0]):]
	if want := vertices*plyVertexBytes + faces*plyFaceBytes; want != uint64(len(body)) {
		return nil, fmt.Errorf("%d bytes follow the header: want %d for %d vertices and %d faces", len(body), want, vertices, faces)
	}
	var out []surface.Surface
	owner := make([]uint32, vertices) // the surface of each vertex, by its number in out
	first := []uint32{}               // the first vertex of each surface
	for i := range vertices {
		b := body[i*plyVertexBytes:]
		var p [3]float32
		for k := range p {
			p[k] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*k:]))
			if x := float64(p[k]); math.IsNaN(x) || math.IsInf(x, 0) {
				return nil, fmt.Errorf("vertex %d is not finite", i)
			}
		}
		id := int(int32(binary.LittleEndian.Uint32(b[15:])))
		if n := len(out); n == 0 || out[n-1].Label.ID != id {
			out = append(out, surface.Surface{Label: volume.Label{ID: id, Color: scene.RGB{b[12], b[13], b[14]}.Hex()}})
			first = append(first, uint32(i))
		}
		last := &out[len(out)-1]
		last.Mesh.Vertices = append(last.Mesh.Vertices, scene.LPS(p))
		owner[i] = uint32(len(out) - 1)
	}
	body = body[vertices*plyVertexBytes:]
	for i := range faces {
		b := body[i*plyFaceBytes:]
		var t [3]uint32
		for k := range t {
			t[k] = binary.LittleEndian.Uint32(b[1+4*k:])
			if b[0] != 3 || uint64(t[k]) >= vertices || owner[t[k]] != owner[t[0]] {
				return nil, fmt.Errorf("face %d has %d corners, one is vertex %d of %d or of another structure", i, b[0], t[k], vertices)
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
