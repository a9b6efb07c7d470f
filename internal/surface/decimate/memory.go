package decimate

// Bytes is an upper bound of what Run holds at any one time beside a complex of so many
// vertices and triangles, of which one copy is its own, while so many workers decimate.
func Bytes(vertices, triangles, workers int64) int64 {
	const (
		// Of a vertex: its cube, number and place in lists; what is kept of it by its
		// cube; what that becomes.
		vertex = 3*4 + (4 + 12 + 2 + 44) + (12 + 2 + 44)
		// Of a triangle: its places in the lists of cubes, which grow.
		triangle = 4 + 2*4 + 4*4
		// Of what a worker has at hand: copies, rings with room for those of collapses,
		// costs, orders and marks; triangles in space and the boxes that they are in.
		vertexAtHand   = 2 * 100
		triangleAtHand = 2*(12+4+4) + 3*12 + 2*64 + 16*4
	)
	v, t := min(vertices, largestCube), min(triangles, 2*largestCube)
	return vertices*vertex + triangles*triangle + workers*(v*vertexAtHand+t*triangleAtHand)
}
