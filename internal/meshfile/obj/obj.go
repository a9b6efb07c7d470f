// Package obj writes and reads Wavefront OBJ. In: surfaces in world RAS
// millimetres. Out: text in LPS millimetres with as many decimals as the voxels
// need, one object and group per structure, named in UTF-8. Colours are vertex
// colours (0…1, sRGB), the extension that MeshLab, Blender and most others read:
// a material library would be a second file, and an export is one file.
// Vertices that touch are parted (package weld), because common readers weld.
// Errors: *volume.Error bad_obj when reading, and those of the writer.
package obj

import (
	"bytes"
	"io"
	"math"
	"strconv"
	"strings"

	"github.com/iris-oculus/iris/internal/meshfile/chunk"
	"github.com/iris-oculus/iris/internal/meshfile/decimal"
	"github.com/iris-oculus/iris/internal/meshfile/scene"
	"github.com/iris-oculus/iris/internal/meshfile/weld"
	"github.com/iris-oculus/iris/internal/surface"
	"github.com/iris-oculus/iris/internal/volume"
)

// Pieces of a file: the vertices of one object, then its faces.
const pieceElements = 1 << 13

// piece is a stretch of the vertices or of the triangles of one object.
type piece struct {
	chunk.Range
	faces bool
}

// Write writes all surfaces as one OBJ.
func Write(w io.Writer, s scene.Scene) error {
	if _, err := io.WriteString(w, "# IRIS Oculus SPACE=LPS UNIT=mm"+s.OriginText()+"\n"); err != nil {
		return err
	}
	voxel := s.Voxel()
	digits := weld.Digits(voxel)
	meshes := weld.Separate(s.Meshes(), voxel, digits)
	names := scene.Words(s.Surfaces)
	colors, base := make([]string, len(meshes)), make([]uint64, len(meshes))
	next := uint64(1) // OBJ counts from 1, over the whole file
	var pieces []piece
	for i := range meshes {
		for _, channel := range scene.Color(s.Surfaces[i].Label) {
			colors[i] += " " + strconv.FormatFloat(float64(channel)/255, 'f', 4, 64)
		}
		colors[i] += "\n"
		base[i] = next
		next += uint64(len(meshes[i].Vertices))
		for _, r := range chunk.Cut([]int{len(meshes[i].Vertices)}, pieceElements) {
			pieces = append(pieces, piece{chunk.Range{Of: i, From: r.From, To: r.To}, false})
		}
		for _, r := range chunk.Cut([]int{len(meshes[i].Triangles)}, pieceElements) {
			pieces = append(pieces, piece{chunk.Range{Of: i, From: r.From, To: r.To}, true})
		}
	}
	return chunk.Write(w, len(pieces), func(i int, b []byte) []byte {
		p := &pieces[i]
		m := &meshes[p.Of]
		if p.faces {
			return appendFaces(b, m.Triangles[p.From:p.To], base[p.Of])
		}
		if p.From == 0 {
			b = append(b, "o "+names[p.Of]+"\ng "+names[p.Of]+"\n"...)
		}
		for _, v := range m.Vertices[p.From:p.To] {
			b = append(b, 'v')
			for _, x := range scene.LPS(v) {
				b = decimal.Append(append(b, ' '), float64(x), digits)
			}
			b = append(b, colors[p.Of]...)
		}
		return b
	})
}

func appendFaces(b []byte, triangles [][3]uint32, base uint64) []byte {
	for _, t := range triangles {
		b = append(b, 'f')
		for _, v := range t {
			b = strconv.AppendUint(append(b, ' '), base+uint64(v), 10)
		}
		b = append(b, '\n')
	}
	return b
}

// maxObjects bounds what Read makes of a file of nothing but "o" lines.
const maxObjects = 1 << 16

// Read reads the lines o, v and f of an OBJ in LPS millimetres and passes over
// the rest: one surface per object, in world RAS millimetres; vertices before
// the first object belong to one without a name. Faces are triangles of absolute
// vertex numbers within their object.
func Read(data []byte) ([]surface.Surface, error) {
	var out []surface.Surface
	first, total := uint64(1), uint64(0) // number of the object's first vertex; vertices so far
	for number := 1; len(data) > 0; number++ {
		var line []byte
		line, data, _ = bytes.Cut(data, []byte{'\n'})
		fields := strings.Fields(string(line))
		if len(fields) == 0 {
			continue
		}
		if fields[0] == "o" || fields[0] == "v" && len(out) == 0 {
			if len(out) == maxObjects {
				return nil, volume.Reject("bad_obj", "line %d: more than %d objects", number, maxObjects)
			}
			out = append(out, surface.Surface{})
			first = total + 1
		}
		last := len(out) - 1
		switch fields[0] {
		case "o":
			out[last].Label.Name = strings.Join(fields[1:], " ")
		case "v":
			p, ok := position(fields[1:])
			if !ok {
				return nil, volume.Reject("bad_obj", "line %d: want three finite coordinates", number)
			}
			out[last].Mesh.Vertices = append(out[last].Mesh.Vertices, scene.LPS(p))
			total++
		case "f":
			t, ok := face(fields[1:], first, total)
			if !ok {
				return nil, volume.Reject("bad_obj", "line %d: want three vertices from %d to %d", number, first, total)
			}
			out[last].Mesh.Triangles = append(out[last].Mesh.Triangles, t)
		}
	}
	return out, nil
}

func position(fields []string) (p [3]float32, ok bool) {
	if len(fields) < 3 {
		return p, false
	}
	for k := range p {
		x, err := strconv.ParseFloat(fields[k], 32)
		if err != nil || math.IsNaN(x) || math.IsInf(x, 0) {
			return p, false
		}
		p[k] = float32(x)
	}
	return p, true
}

func face(fields []string, first, last uint64) (t [3]uint32, ok bool) {
	if len(fields) != 3 {
		return t, false
	}
	for k := range t {
		vertex, _, _ := strings.Cut(fields[k], "/") // texture and normal numbers are not ours
		n, err := strconv.ParseUint(vertex, 10, 32)
		if err != nil || n < first || n > last {
			return t, false
		}
		t[k] = uint32(n - first)
	}
	return t, true
}
