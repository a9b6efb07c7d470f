// Package surface holds the triangle mesh of one structure. In: a mesh. Out: its
// area, volume, normals, extent and number of parts, and whether it is closed.
// Sub-packages make and change meshes: surface/nets, surface/smooth, surface/build.
//
// Positions are world RAS millimetres. Triangles wind counter-clockwise seen
// from outside. No errors.
package surface

// Mesh is an indexed triangle mesh in world RAS millimetres, owned by whoever
// holds it. The zero value is an empty mesh.
type Mesh struct {
	Vertices  [][3]float32
	Triangles [][3]uint32
	// Normals are the outward unit normals of the vertices, or nil when they have not
	// been computed. Code that moves a vertex sets them to nil.
	Normals [][3]float32
}
