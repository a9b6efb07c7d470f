// Package obj writes Wavefront OBJ. In: surfaces in world RAS millimetres. Out: text
// in LPS millimetres with as many decimals as the voxels need, one object and group
// per structure, named in UTF-8. Colours are vertex colours (0…1, sRGB), an extension
// that MeshLab, Blender and most others read; a material library would be a second
// file, and an export is one file. Package weld separates vertices that touch,
// because common readers merge equal positions. Errors: those of the writer.
package obj

import (
	"io"
	"strconv"

	"github.com/iris-oculus/iris/internal/meshfile/chunk"
	"github.com/iris-oculus/iris/internal/meshfile/decimal"
	"github.com/iris-oculus/iris/internal/meshfile/scene"
	"github.com/iris-oculus/iris/internal/meshfile/weld"
)

// pieceElements is how many vertices or faces of one object are encoded at a time.
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
			b = decimal.AppendUint(append(b, ' '), base+uint64(v))
		}
		b = append(b, '\n')
	}
	return b
}
