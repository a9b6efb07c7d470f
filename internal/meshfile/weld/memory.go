package weld

import "github.com/iris-oculus/iris/internal/surface"

// roundBytes is the memory of a round for each vertex that it moves: the vertex's
// number in a list that grows, its part of ringMeans or of moves, and the tables in
// which positions are compared.
const roundBytes = 160

// SeparateBytes bounds what Separate takes for meshes of a given size. Each vertex has
// a copy, its kind, its number in the list of groups and its part of the tables of
// groups. Beside them stand the normals of the meshes in work and one round of
// pinched vertices; later rounds move next to nothing.
func SeparateBytes(s surface.Size) int64 {
	const (
		vertex = 12 + 1 + 4 + bins*4/stretch + 1
		table  = 4*4 + 28 + 4   // up to four slots, a point and its number
		normal = 2 * 12         // that of the mesh before may not be gone
		least  = bins * (4 + 8) // counters and the groups of layers
	)
	return s.Vertices*(vertex+table) + s.Worked*normal + s.Pinched*roundBytes + s.Meshes*48 + least
}

// PinchesBytes bounds what Pinches allocates for meshes of a given size: a hash, two sets
// of bits and a mark for each vertex, and one and a half rounds of those that touch.
func PinchesBytes(s surface.Size) int64 {
	const sets = hashBits/8 + 2*(seenBits+twiceBits)/8 + 1 // sets are rounded up to a power of two
	return s.Worked*sets + s.Pinched*roundBytes*3/2 + s.Meshes*64
}
