package nets

// A cell is the cube between eight voxel centres. Corner c lies at
// (c&1, c>>1&1, c>>2). Seen by one label, a cell is the 8-bit set of its corners
// that carry the label; an edge of the cube crosses the label's surface when
// exactly one of its ends is in the set, and each crossing edge is the middle of
// one quad. On a face of the cube the crossing edges pair into links (2 crossing
// edges: one link; 4: two links), and the links close into cycles around the
// cell. Every cycle is one sheet of the surface passing through the cell and
// gets a vertex of its own: that is what makes each label's mesh a manifold.
//
// Edges 0-3 run along x with (y,z) = 00,10,01,11, edges 4-7 along y with (x,z),
// edges 8-11 along z with (x,y). Faces are x=0, x=1, y=0, y=1, z=0, z=1.

// Rule decides a face whose diagonal corners carry the label and whose other
// two do not: whether the label passes through the middle of the face.
type Rule uint8

const (
	// Separated keeps diagonal voxels apart: pieces are the 6-connected ones.
	Separated Rule = iota
	// Joined lets diagonal voxels of a face touch: pieces are the 18-connected
	// ones, but that a contact of a single edge of a voxel stays apart, for it
	// would be a pinch on either side (see pinched in emit.go).
	Joined
)

const noCycle = 0xff

// cycles are the sheets of one label through one cell.
type cycles struct {
	count  uint8     // number of cycles, 0 to 4
	ofEdge [12]uint8 // the cycle of each crossing edge, else noCycle
	pinch  uint8     // ambiguous faces whose two links lie in one cycle
	_      [2]uint8  // sixteen bytes: a table of them is indexed by a shift
}

var (
	edgeCorners [12][2]uint8
	edgeBetween [8][8]uint8
	faceRings   = [6][4]uint8{{0, 2, 6, 4}, {1, 3, 7, 5}, {0, 1, 5, 4}, {2, 3, 7, 6}, {0, 1, 3, 2}, {4, 5, 7, 6}}

	// cycleTables hold the cycles of every corner set under either rule.
	cycleTables = buildCycleTables()
)

func buildCycleTables() (t [2][256]cycles) {
	for axis := range uint8(3) {
		step := uint8(1) << axis
		for i := range uint8(4) {
			// The two bits of i go to the two axes other than axis, in order.
			low, high := uint8(1), uint8(4)
			switch axis {
			case 0:
				low = 2
			case 2:
				high = 2
			}
			from := (i&1)*low + (i>>1)*high
			e := 4*axis + i
			edgeCorners[e] = [2]uint8{from, from | step}
			edgeBetween[from][from|step], edgeBetween[from|step][from] = e, e
		}
	}
	for corners := range 256 {
		t[Separated][corners] = traceCycles(uint8(corners), 0)
		t[Joined][corners] = traceCycles(uint8(corners), 0x3f)
	}
	return t
}

// traceCycles finds the cycles of a corner set. On an ambiguous face the links
// go around the corners of the set (Separated), or, where joined has the face's
// bit, around the other two.
func traceCycles(corners, joined uint8) cycles {
	var parent [12]uint8
	for e := range parent {
		parent[e] = uint8(e)
	}
	root := func(e uint8) uint8 {
		for parent[e] != e {
			e = parent[e]
		}
		return e
	}
	link := func(a, b uint8) { parent[root(a)] = root(b) }
	inside := func(c uint8) bool { return corners>>c&1 == 1 }

	var ambiguous uint8
	for f, ring := range faceRings {
		var crossing []uint8
		for i, a := range ring {
			if b := ring[(i+1)%4]; inside(a) != inside(b) {
				crossing = append(crossing, edgeBetween[a][b])
			}
		}
		switch len(crossing) {
		case 2:
			link(crossing[0], crossing[1])
		case 4:
			ambiguous |= 1 << f
			for i, c := range ring {
				if inside(c) != (joined>>f&1 == 1) {
					link(edgeBetween[ring[(i+3)%4]][c], edgeBetween[c][ring[(i+1)%4]])
				}
			}
		}
	}

	var result cycles
	var number [12]uint8
	for e := range number {
		number[e] = noCycle
	}
	for e, ends := range edgeCorners {
		if inside(ends[0]) == inside(ends[1]) {
			result.ofEdge[e] = noCycle
			continue
		}
		r := root(uint8(e))
		if number[r] == noCycle {
			number[r] = result.count
			result.count++
		}
		result.ofEdge[e] = number[r]
	}
	for f, ring := range faceRings {
		// Opposite edges of the ring always belong to different links.
		if ambiguous>>f&1 == 1 && result.ofEdge[edgeBetween[ring[0]][ring[1]]] == result.ofEdge[edgeBetween[ring[2]][ring[3]]] {
			result.pinch |= 1 << f
		}
	}
	return result
}
