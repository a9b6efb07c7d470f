// Package scene holds what every mesh format writes: the surfaces of one scan with
// their names, colours and axes. In: surfaces in world RAS millimetres. Out:
// unique names, sRGB and linear colours, and positions in the axes of a format. No
// errors.
package scene

import (
	"math"
	"strconv"
	"strings"

	"github.com/iris-oculus/iris/internal/surface"
	"github.com/iris-oculus/iris/internal/volume"
)

// Scene is the surfaces of one scan and where they come from. Surfaces are in
// world RAS millimetres, owned by the caller and only read here.
type Scene struct {
	Surfaces   []surface.Surface
	Provenance volume.Provenance
	Spacing    [3]float64 // mm between voxel centres of the label map
	// Origin is the point, in world RAS mm, from which positions are counted. It is
	// zero unless the scan lies so far from the scanner's origin that float32 could
	// not tell neighbouring vertices apart. Each format states it in its own way.
	Origin [3]float64
	// Translucent are the names of structures through which the others are to be seen. GLB
	// alone says so.
	Translucent []string
	// Provisional says that this is a first look, in whose place a model comes. GLB alone
	// says so.
	Provisional bool
}

// Voxel is the shortest distance between voxels in mm. Tolerances are given as shares
// of it. Where the scene has no spacing it is the mean length of some edges of the
// meshes.
func (s *Scene) Voxel() float64 {
	least := math.Inf(1)
	for _, x := range s.Spacing {
		if x > 0 {
			least = min(least, x)
		}
	}
	if !math.IsInf(least, 1) {
		return least
	}
	const sample = 1000 // triangles of each surface
	sum, n := 0.0, 0
	for i := range s.Surfaces {
		m := &s.Surfaces[i].Mesh
		for at := 0; at < len(m.Triangles); at += 1 + len(m.Triangles)/sample {
			a, b := m.Vertices[m.Triangles[at][0]], m.Vertices[m.Triangles[at][1]]
			square := 0.0
			for k := range a {
				d := float64(a[k]) - float64(b[k])
				square += d * d
			}
			sum, n = sum+math.Sqrt(square), n+1
		}
	}
	if !(sum > 0) {
		return 1
	}
	return sum / float64(n)
}

// Meshes are the meshes of the surfaces.
func (s *Scene) Meshes() []surface.Mesh {
	meshes := make([]surface.Mesh, len(s.Surfaces))
	for i := range s.Surfaces {
		meshes[i] = s.Surfaces[i].Mesh
	}
	return meshes
}

// OriginText gives a scene's origin as " ORIGIN_RAS_MM=x,y,z", and "" when it is zero.
// A reader adds it, in world RAS millimetres, to get the scanner's coordinates.
func (s *Scene) OriginText() string {
	if s.Origin == [3]float64{} {
		return ""
	}
	var numbers []string
	for _, x := range s.Origin {
		numbers = append(numbers, strconv.FormatFloat(x, 'f', -1, 64))
	}
	return " ORIGIN_RAS_MM=" + strings.Join(numbers, ",")
}
