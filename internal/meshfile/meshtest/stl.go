package meshtest

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/iris-oculus/iris/internal/meshfile/scene"
	"github.com/iris-oculus/iris/internal/surface"
)

// A binary STL has a header of free text, the number of triangles in 4 bytes, and
// for each triangle a normal, three corners and two bytes of attributes.
const (
	stlHeaderBytes   = 80
	stlTriangleBytes = 50
)

// ReadSTL reads a binary STL in LPS millimetres as one mesh in world RAS
// millimetres; equal positions become one vertex.
func ReadSTL(data []byte) (surface.Mesh, error) {
	if len(data) < stlHeaderBytes+4 {
		return surface.Mesh{}, fmt.Errorf("the file has %d bytes: want at least %d", len(data), stlHeaderBytes+4)
	}
	count := uint64(binary.LittleEndian.Uint32(data[stlHeaderBytes:]))
	data = data[stlHeaderBytes+4:]
	if count*stlTriangleBytes != uint64(len(data)) {
		return surface.Mesh{}, fmt.Errorf("the header counts %d triangles: %d bytes follow, want %d", count, len(data), count*stlTriangleBytes)
	}
	positions := newPositions(int(count) / 2) // a closed mesh has about half as many vertices as triangles
	triangles := make([][3]uint32, count)
	for i := range triangles {
		corners := data[i*stlTriangleBytes+12:]
		for k := range 3 {
			var p [3]float32
			for axis := range p {
				p[axis] = math.Float32frombits(binary.LittleEndian.Uint32(corners[12*k+4*axis:]))
				if x := float64(p[axis]); math.IsNaN(x) || math.IsInf(x, 0) {
					return surface.Mesh{}, fmt.Errorf("a position of triangle %d is not a finite number", i)
				}
			}
			triangles[i][k] = positions.number(scene.LPS(p))
		}
	}
	return surface.Mesh{Vertices: positions.points, Triangles: triangles}, nil
}
