package meshfile

import (
	"runtime"

	"github.com/iris-oculus/iris/internal/meshfile/glb"
	"github.com/iris-oculus/iris/internal/meshfile/weld"
	"github.com/iris-oculus/iris/internal/surface"
)

// Memory is an upper bound of the bytes that Write allocates for a model of a given
// size, beside the model itself. Formats that hold one mesh need a copy of all
// vertices and tables of them; glb, 3mf, usdz and mz3 need next to nothing. The
// amount that is encoded at a time does not depend on the model.
func Memory(format string, s surface.Size) int64 {
	const (
		piece = 1.0 / 64 // bytes of a vertex or triangle: the closures of pieces of 8,192
	)
	bytes := fixed(s) + int64(piece*float64(s.Vertices+s.Triangles))
	switch format {
	case "stl", "obj", "ply":
		return bytes + weld.SeparateBytes(s)
	default:
		return bytes + weld.PinchesBytes(s)
	}
}

// ViewMemory is Memory for WriteView.
func ViewMemory(s surface.Size) int64 { return fixed(s) + glb.ViewBytes(s) }

// fixed is what every writer takes for each worker and each mesh.
func fixed(s surface.Size) int64 {
	const (
		worker = 16 << 20 // pieces of two buffers, compressors and their blocks, windows of triangles
		// Of a mesh: its names, what a document says of it, pieces that encode it.
		mesh = 16 << 10
	)
	return s.Meshes*mesh + int64(runtime.GOMAXPROCS(0))*worker
}
