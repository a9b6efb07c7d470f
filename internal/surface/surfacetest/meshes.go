package surfacetest

import "github.com/iris-oculus/iris/internal/surface"

// Join puts meshes into one mesh without merging their vertices.
func Join(meshes ...surface.Mesh) surface.Mesh {
	var out surface.Mesh
	for _, m := range meshes {
		base := uint32(len(out.Vertices))
		out.Vertices = append(out.Vertices, m.Vertices...)
		for _, t := range m.Triangles {
			out.Triangles = append(out.Triangles, [3]uint32{base + t[0], base + t[1], base + t[2]})
		}
	}
	return out
}

// Reversed is a mesh with the opposite winding, as the wall of a cavity has it.
func Reversed(m surface.Mesh) surface.Mesh {
	out := surface.Mesh{Vertices: m.Vertices}
	for _, t := range m.Triangles {
		out.Triangles = append(out.Triangles, [3]uint32{t[0], t[2], t[1]})
	}
	return out
}
