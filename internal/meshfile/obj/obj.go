// Package obj writes and reads Wavefront OBJ. In: surfaces in world RAS
// millimetres. Out: text in LPS millimetres, one object and group per structure,
// colours as vertex colours (0…1, sRGB), the extension that most readers know.
// Vertices that touch are parted (package weld), because common readers weld.
// Errors: *volume.Error bad_obj when reading, and those of the writer.
package obj

import (
	"bufio"
	"bytes"
	"io"
	"math"
	"strconv"
	"strings"

	"github.com/iris-oculus/iris/internal/meshfile/scene"
	"github.com/iris-oculus/iris/internal/meshfile/weld"
	"github.com/iris-oculus/iris/internal/surface"
	"github.com/iris-oculus/iris/internal/volume"
)

// Write writes all surfaces as one OBJ.
func Write(w io.Writer, s scene.Scene) error {
	meshes := make([]surface.Mesh, len(s.Surfaces))
	for i := range s.Surfaces {
		meshes[i] = s.Surfaces[i].Mesh
	}
	meshes = weld.Separate(meshes)
	out := bufio.NewWriterSize(w, 1<<16)
	_, _ = out.WriteString("# IRIS Oculus SPACE=LPS UNIT=mm\n") // bufio keeps the first error for Flush
	var line []byte
	base := uint64(1) // OBJ counts from 1, over the whole file
	for i, name := range scene.FileNames(s.Surfaces) {
		_, _ = out.WriteString("o " + name + "\ng " + name + "\n")
		var color []byte
		for _, channel := range scene.Color(s.Surfaces[i].Label) {
			color = strconv.AppendFloat(append(color, ' '), float64(channel)/255, 'f', 4, 64)
		}
		for _, v := range meshes[i].Vertices {
			line = append(line[:0], 'v')
			for _, x := range scene.LPS(v) {
				line = strconv.AppendFloat(append(line, ' '), float64(x), 'f', -1, 32)
			}
			_, _ = out.Write(append(append(line, color...), '\n'))
		}
		for _, t := range meshes[i].Triangles {
			line = append(line[:0], 'f')
			for _, v := range t {
				line = strconv.AppendUint(append(line, ' '), base+uint64(v), 10)
			}
			_, _ = out.Write(append(line, '\n'))
		}
		base += uint64(len(meshes[i].Vertices))
	}
	return out.Flush()
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
