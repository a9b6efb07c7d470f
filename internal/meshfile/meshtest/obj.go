package meshtest

import (
	"bytes"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/iris-oculus/iris/internal/meshfile/scene"
	"github.com/iris-oculus/iris/internal/surface"
)

// maxObjects bounds the memory that ReadOBJ takes for a file of nothing but "o" lines.
const maxObjects = 1 << 16

// ReadOBJ reads the lines o, v and f of an OBJ in LPS millimetres and passes over
// the rest. It gives one surface for each object, in world RAS millimetres;
// vertices before the first object belong to one without a name. Faces must be
// triangles of absolute vertex numbers within their object.
func ReadOBJ(data []byte) ([]surface.Surface, error) {
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
				return nil, fmt.Errorf("line %d: more than %d objects", number, maxObjects)
			}
			out = append(out, surface.Surface{})
			first = total + 1
		}
		last := len(out) - 1
		switch fields[0] {
		case "o":
			out[last].Label.Name = strings.Join(fields[1:], " ")
		case "v":
			p, ok := objPosition(fields[1:])
			if !ok {
				return nil, fmt.Errorf("line %d: want three finite coordinates", number)
			}
			out[last].Mesh.Vertices = append(out[last].Mesh.Vertices, scene.LPS(p))
			total++
		case "f":
			t, ok := objFace(fields[1:], first, total)
			if !ok {
				return nil, fmt.Errorf("line %d: want three vertices from %d to %d", number, first, total)
			}
			out[last].Mesh.Triangles = append(out[last].Mesh.Triangles, t)
		}
	}
	return out, nil
}

// objPosition parses the coordinates of a line v. What follows them is passed over.
func objPosition(fields []string) (p [3]float32, ok bool) {
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

// objFace parses the vertices of a line f, which lie between first and last, and
// counts them from first on.
func objFace(fields []string, first, last uint64) (t [3]uint32, ok bool) {
	if len(fields) != 3 {
		return t, false
	}
	for k := range t {
		vertex, _, _ := strings.Cut(fields[k], "/") // the numbers of texture and normal follow
		n, err := strconv.ParseUint(vertex, 10, 32)
		if err != nil || n < first || n > last {
			return t, false
		}
		t[k] = uint32(n - first)
	}
	return t, true
}
