// Package surface holds the triangle mesh of one structure and what can be said
// of it: checks, area, volume. Sub-packages make and change meshes:
// surface/nets, surface/smooth, surface/decimate.
//
// Positions are world RAS millimetres. Triangles wind counter-clockwise seen
// from outside.
package surface

// Mesh is an indexed triangle mesh in world RAS millimetres, owned by whoever
// holds it. The zero value is an empty mesh.
type Mesh struct {
	Vertices  [][3]float32
	Triangles [][3]uint32
	// Normals are the outward unit normals of the vertices, nil when they have not
	// been taken. Whoever moves a vertex drops them.
	Normals [][3]float32
}
