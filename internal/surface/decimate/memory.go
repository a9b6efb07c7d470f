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
		// Of what a worker has at hand: copies, costs and marks, and steps that grow;
		// rings with room for those of collapses; triangles in space, the boxes that
		// they are in, and the grid of these.
		vertexAtHand   = 120 + 2*68
		triangleAtHand = 20 + 2*36 + 2*(52+32+4+4) + 2*40 + 8*12
	)
	v, t := min(vertices, largestCube), min(triangles, 2*largestCube)
	return vertices*vertex + triangles*triangle + workers*(v*vertexAtHand+t*triangleAtHand)
}
