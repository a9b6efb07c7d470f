package surface

// Size bounds how large the meshes of a model are.
type Size struct {
	Meshes, Vertices, Triangles int64
	Worked                      int64 // vertices of the meshes that writers work on at a time
	Pinched                     int64 // vertices at the position of another one of the same mesh
	Touching                    int64 // vertices at the position of another one of any mesh
}
