package smooth

import (
	"math"
	"math/bits"

	"github.com/iris-oculus/iris/internal/surface/nets"
)

// A step works on all three axes at once: the lanes of a nets.Offset are 21 bits
// apart, and sums of words are sums of lanes as long as each lane's result stays
// within 0 and 2²¹, whatever borrows pass through on the way.
//
// With n neighbours, D their sum minus n times the vertex itself, and z the lane
// value of 0, 2A b = 2b + (2/n)·D. A missing neighbour is replaced by the vertex
// itself, which adds nothing to D, so six loads need no branch. 2/n is m/64 with
// m rounded down, which moves eigenvalues by 2 % at most, inward, and keeps 0 at 0.
//
//	|b| ≤ bound = 1.25 voxel, hence |D| ≤ 12·1.25·1024 = 15360 < 2¹⁴
//	D + 2¹⁴ is 15 bits, m at most 42 is 6: the product fits a lane
//
// b is clamped to its bound after each step; on real surfaces it stays below 1.
const (
	lane  = nets.OffsetLane
	every = 1 | 1<<lane | 1<<(2*lane) // 1 in each lane
	bound = nets.OffsetOne * 5 / 4

	// reach is how far a vertex may end from the middle of its cell: not quite to
	// the cell's faces, see nets/envelope.go.
	reach = nets.OffsetOne/2 - 1

	shift      = 6
	positive   = 1 << 14 // added to D
	round      = 1 << (shift - 1) * every
	kept       = (1<<(21-shift) - 1) * every
	roundHalf  = 1 << shift * every
	keptHalf   = (1<<(20-shift) - 1) * every
	topBits    = 1 << (lane - 1) * every
	stepAbove  = (1<<(lane-1) - 1 - (nets.OffsetZero + bound)) * every
	stepBelow  = (1<<(lane-1) - (nets.OffsetZero - bound)) * every
	reachAbove = (1<<(lane-1) - 1 - (nets.OffsetZero + reach)) * every
	reachBelow = (1<<(lane-1) - (nets.OffsetZero - reach)) * every
)

// stencil holds what a step needs of a vertex beside its neighbours: m, and the
// constant part of each lane.
type stencil struct{ m, c uint64 }

// direction is d of a vertex with these crossed faces: the mean direction to its
// neighbours, in voxels.
func direction(faces int) (d [3]float64) {
	n := bits.OnesCount(uint(faces))
	if n == 0 {
		return d
	}
	for axis := range 3 {
		low, high := faces>>(2*axis)&1, faces>>(2*axis+1)&1
		d[axis] = float64(high-low) / float64(n)
	}
	return d
}

// constant packs c·d of each axis, in lane units, plus a number in each lane.
func constant(axes [3][]float64, k, faces, plus int) uint64 {
	d := direction(faces)
	sum := uint64(0)
	for axis, c := range axes {
		v := plus
		if k < len(c) {
			v += int(math.Round(c[k] * d[axis] * nets.OffsetOne))
		}
		sum += uint64(v) << (lane * axis)
	}
	return sum
}

// startTable is b of the highest degree, c·d.
func startTable(axes [3][]float64, degree int) (t [64]uint64) {
	for faces := range t {
		t[faces] = constant(axes, degree, faces, nets.OffsetZero)
	}
	return t
}

// stepTable is the stencils of step k. The constant takes back what positive
// added: positive·m/64 in a step, half of it in the last one.
func stepTable(axes [3][]float64, k int) (t [64]stencil) {
	for faces := 1; faces < 64; faces++ {
		m := 2 << shift / bits.OnesCount(uint(faces))
		plus := -positive * m >> shift
		if k == 0 {
			plus = nets.OffsetZero - positive*m>>(shift+1)
		}
		t[faces] = stencil{m: uint64(m), c: constant(axes, k, faces, plus)}
	}
	return t
}

// start sets b of the highest degree, and 0 above it.
func (c chunk) start(n *nets.Net, table *[64]uint64, next, last []nets.Offset) {
	for z := c.from; z < c.to; z++ {
		base := n.Start[z]
		for i := range n.Layers[z].Vertices {
			next[base+i] = nets.Offset(table[n.Layers[z].Vertices[i].Faces&63])
			last[base+i] = nets.OffsetMiddle
		}
	}
}

// step writes b[k] over b[k+2].
func (c chunk) step(n *nets.Net, table *[64]stencil, next, last []nets.Offset) {
	for z := c.from; z < c.to; z++ {
		base := n.Start[z]
		vertices := n.Layers[z].Vertices
		out := last[base:][:len(vertices)]
		own, after := window(next, base)
		for i := range vertices {
			v := &vertices[i]
			at := base + i
			before := own
			own, after = after, following(next, at)
			t := &table[v.Faces&63]
			d := along(v, before, own, after) + across(v, next, at) - 6*own + positive*every
			b := 2*own - uint64(out[i]) + ((d*t.m+round)>>shift)&kept + t.c
			if ((b+stepAbove)|^(b+stepBelow))&topBits != 0 {
				b = clamp(b, bound)
			}
			out[i] = nets.Offset(b)
		}
	}
}

// finish writes the offset, c[0]·d + A b[1] - b[2], over b[2].
func (c chunk) finish(n *nets.Net, table *[64]stencil, next, last []nets.Offset) {
	for z := c.from; z < c.to; z++ {
		base := n.Start[z]
		vertices := n.Layers[z].Vertices
		out := last[base:][:len(vertices)]
		own, after := window(next, base)
		for i := range vertices {
			v := &vertices[i]
			at := base + i
			before := own
			own, after = after, following(next, at)
			t := &table[v.Faces&63]
			d := along(v, before, own, after) + across(v, next, at) - 6*own + positive*every
			b := own - uint64(out[i]) + ((d*t.m+roundHalf)>>(shift+1))&keptHalf + t.c
			if ((b+reachAbove)|^(b+reachBelow))&topBits != 0 {
				b = clamp(b, reach)
			}
			out[i] = nets.Offset(b)
		}
	}
}

// Vertices are walked in order, so the neighbours along x are the words before
// and after in b: a window of three slides along. window is where it stands
// before the first vertex of a layer.
func window(b []nets.Offset, base int) (own, after uint64) {
	if base > 0 {
		own = uint64(b[base-1])
	}
	if base < len(b) {
		after = uint64(b[base])
	}
	return own, after
}

func following(b []nets.Offset, at int) uint64 {
	if at+1 < len(b) {
		return uint64(b[at+1])
	}
	return 0
}

// along is the sum of the two neighbours along x.
func along(v *nets.Vertex, before, own, after uint64) uint64 {
	low, high := own, own
	if v.Faces&nets.FaceX0 != 0 {
		low = before
	}
	if v.Faces&nets.FaceX1 != 0 {
		high = after
	}
	return low + high
}

// across is the sum of the four neighbours along y and z.
func across(v *nets.Vertex, b []nets.Offset, at int) uint64 {
	return uint64(b[at+int(v.Y0)] + b[at+int(v.Y1)] + b[at+int(v.Z0)] + b[at+int(v.Z1)])
}

// clamp holds each lane within limit of zero.
func clamp(b uint64, limit uint64) uint64 {
	low, high := nets.OffsetZero-limit, nets.OffsetZero+limit
	x, y, z := b&nets.OffsetMask, b>>lane&nets.OffsetMask, b>>(2*lane)
	x, y, z = min(max(x, low), high), min(max(y, low), high), min(max(z, low), high)
	return x | y<<lane | z<<(2*lane)
}
