package nets

// This file tests whether triangles of a net can cross. The test follows Ju and
// Udeshi, "Intersection-free contouring on an octree grid" (2006).
//
// Each vertex lies strictly inside its cell. Cut every cell into six pyramids
// with the vertex as their apex and the cell's faces as their bases. The two
// pyramids on a face make a double pyramid, and the segment between its two
// apexes passes through the face, because the two cells together are convex. So
// the face's four edges, each joined to that segment, cut the double pyramid into
// four tetrahedra. All these tetrahedra fill space and overlap nowhere.
//
// Call the four tetrahedra around one voxel edge its envelope: it is bounded by
// the two ends of the edge and by the sides of the quad that crosses the edge. If
// both triangles of every quad lie within their own envelope, no two triangles of
// the net cross, whatever labels they belong to.
//
// # The test
//
// Let the edge run along h from -1/2 to 1/2, and look at the quad along it: the
// corners a, k, c and one more lie around the origin in turn, and the diagonal
// from a to c passes between the origin and k. Their heights are within the
// edge's, so the triangle on the origin's side meets the edge itself, and all of
// it but the part beyond the edge's plane through k is inside already. The rest is
// inside if the point m, where the diagonal passes below or above the line from
// the origin to k, lies in the triangle of k and the two ends of the edge. With
// the areas A = a×k, C = k×c and B = a×c, m is the part s = B/(A+C) of the way to k,
// at height (C·a + A·c)/(A+C), and the triangle leaves it (1-s)/2 to either side
// of s·k:
//
//	|C·a + A·c - B·k| < (A + C - B) / 2
//
// The right side is positive only if the diagonal passes on the near side of k,
// so that no triangle lies the wrong way round (a fold). Vertices in the middles
// of their cells always pass: their heights are 0 and B is 0.

// margin is how far within its envelope a triangle has to stay, in steps of an
// offset: 1/256 voxel. It leaves room for the rounding of positions to float32 and
// for writers that part vertices of equal position.
const margin = OffsetOne / 256

// diagonal says how the quad of four corners across an axis is cut: from corner 0 to
// corner 2, or else turned, from corner 1 to 3. ok says that it stays within its
// envelope; where neither diagonal does that, the one without a fold is taken. The
// corners lie in the cells (-1,-1), (0,-1), (0,0) and (-1,0) along the next two axes.
//
// Every quad of a net passes here, and which corner is k is as good as random: it is
// chosen by masks, for a branch would be mispredicted every other time.
func diagonal(o0, o1, o2, o3 Offset, axis int) (turned, ok bool) {
	// Lanes are less than 64 bits away; saying so saves a comparison for each shift.
	u := uint(OffsetLane*nextAxis[axis]) & 63
	w := uint(OffsetLane*nextAxis[axis+1]) & 63
	h := uint(OffsetLane*axis) & 63
	// Seen from the edge, half a voxel is added towards each corner's cell.
	const half, low, high = OffsetOne / 2, OffsetZero + OffsetOne/2, OffsetZero - OffsetOne/2
	u0, w0 := int(o0>>u&OffsetMask)-low, int(o0>>w&OffsetMask)-low
	u2, w2 := int(o2>>u&OffsetMask)-high, int(o2>>w&OffsetMask)-high
	areaB := u0*w2 - w0*u2
	other := areaB >> 63 // all ones where k is corner 3 rather than corner 1
	k := o1 ^ (o1^o3)&Offset(other)
	side := half ^ other - other
	uk, wk := int(k>>u&OffsetMask)-OffsetZero+side, int(k>>w&OffsetMask)-OffsetZero-side
	area0, area2 := (u0*wk-w0*uk)^other-other, (uk*w2-wk*u2)^other-other
	areaB = areaB ^ other - other
	off := area2*(int(o0>>h&OffsetMask)-OffsetZero) + area0*(int(o2>>h&OffsetMask)-OffsetZero) - areaB*(int(k>>h&OffsetMask)-OffsetZero)
	if room := (half-margin)*(area0+area2) - half*areaB; off < room && -off < room {
		return false, true
	}
	r := ringOf([4]Offset{o0, o1, o2, o3}, axis)
	if off, room := r.leaves(1); off < room && -off < room {
		return true, true
	}
	return r.folds(0), false
}

// ring is the corners of a quad as seen from the middle of its edge: along the two
// axes after the edge's, and along the edge.
type ring [4][3]int

func ringOf(o [4]Offset, axis int) (r ring) {
	steps := [4][2]int{{-1, -1}, {1, -1}, {1, 1}, {-1, 1}}
	for i, o := range o {
		r[i] = [3]int{
			int(o>>(OffsetLane*nextAxis[axis])&OffsetMask) - OffsetZero + steps[i][0]*OffsetOne/2,
			int(o>>(OffsetLane*nextAxis[axis+1])&OffsetMask) - OffsetZero + steps[i][1]*OffsetOne/2,
			int(o>>(OffsetLane*axis)&OffsetMask) - OffsetZero,
		}
	}
	return r
}

// beyond is the corner k that the diagonal from corner first leaves on its far
// side, the diagonal's ends before and after k, and the areas A, C and B.
func (r *ring) beyond(first int) (a, k, c, areaA, areaC, areaB int) {
	area := func(i, j int) int { return r[i][0]*r[j][1] - r[i][1]*r[j][0] }
	a, k, c = first, first+1, (first+2)%4
	if area(a, c) < 0 {
		a, k, c = c, (first+3)%4, a
	}
	return a, k, c, area(a, k), area(k, c), area(a, c)
}

// leaves is the test above, both sides times A + C: how far the diagonal from corner
// first passes above or below the line to k, and how much room there is.
func (r *ring) leaves(first int) (off, room int) {
	const half = OffsetOne / 2
	a, k, c, areaA, areaC, areaB := r.beyond(first)
	return areaC*r[a][2] + areaA*r[c][2] - areaB*r[k][2], (half-margin)*(areaA+areaC) - half*areaB
}

// folds says whether the diagonal from corner first passes on the far side of k, so
// that one triangle lies the wrong way round. Then the other diagonal does not.
func (r *ring) folds(first int) bool {
	_, _, _, areaA, areaC, areaB := r.beyond(first)
	return areaB >= areaA+areaC
}

// nextAxis lists the axes after each axis, in turn.
var nextAxis = [4]int{1, 2, 0, 1}
