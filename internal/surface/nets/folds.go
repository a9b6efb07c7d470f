package nets

// A quad's four vertices lie in the four cells around a voxel edge, each strictly
// inside its own (smoothing sees to that). Seen along that edge the quad
// therefore goes once round it, and has at most one reflex corner. A diagonal
// that misses the reflex corner leaves one of the two triangles the wrong way
// round, a fold; the diagonal through it leaves two proper ones. So choosing the
// diagonal of each quad is all that it takes to have no folds.

// folds says whether the diagonal from corner 0 to corner 2 folds a quad across
// an axis. The corners lie in the cells (-1,-1), (0,-1), (0,0) and (-1,0) along
// the next two axes.
//
// The sides from corner 0 are differences of whole words: adding a bias to each
// lane keeps lanes from borrowing, offsets being within half a voxel.
func folds(o0, o1, o2, o3 Offset, axis int) bool {
	const one, bias = OffsetOne, 2 * OffsetOne
	const biases = bias * (1 | 1<<OffsetLane | 1<<(2*OffsetLane))
	u := uint(OffsetLane * nextAxis[axis])
	w := uint(OffsetLane * nextAxis[axis+1])
	d1, d2, d3 := o1+biases-o0, o2+biases-o0, o3+biases-o0
	u1, w1 := int(d1>>u&OffsetMask)-bias+one, int(d1>>w&OffsetMask)-bias
	u2, w2 := int(d2>>u&OffsetMask)-bias+one, int(d2>>w&OffsetMask)-bias+one
	u3, w3 := int(d3>>u&OffsetMask)-bias, int(d3>>w&OffsetMask)-bias+one
	return u1*w2 <= w1*u2 || u2*w3 <= w2*u3
}

// nextAxis lists the axes after each axis, in turn.
var nextAxis = [4]int{1, 2, 0, 1}
