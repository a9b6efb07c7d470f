package smooth

import (
	"math"
	"math/bits"
	"slices"

	"github.com/iris-oculus/iris/internal/surface/nets"
	"github.com/iris-oculus/iris/internal/surface/work"
)

// The filter keeps the volume of what is large beside a voxel. Of thin and small
// structures (skin, vessels, ribs at 3 mm) it takes a few per cent, or adds them
// between neighbours that it pulls apart. So their volume is measured and put
// right: as in a balloon, the surface of each moves along its normals by the
// missing volume over its area. Neighbours push against each other, so it takes a
// few rounds.

const (
	// risk is the number of voxels for each quad of its surface below which a
	// structure may be off by more than keepWithin. A plate of h voxels has h/3, a
	// tube or ball of radius r about r/4. None of the real volumes in the tests with
	// more is off by 1 %.
	risk = 4
	// keepWithin is how far a structure may be from the volume of its voxels, as a
	// share of it.
	keepWithin = 0.0075
	// pushes is how often a structure is pushed before it is left as it is: it may
	// have no room to grow inside its cells, or neighbours that push back.
	pushes = 8
	// slope is the area of a surface for each of its quads: a staircase has 3/2 of
	// the area of the slope that it follows, on average over all slopes.
	slope = 2. / 3
)

// keeper puts back the volume of structures at risk.
type keeper struct {
	net     *nets.Net
	offsets []nets.Offset
	labels  []balloon
	measure []bool // labels to measure in the next round
	workers int
}

// balloon is what a keeper knows of one label.
type balloon struct {
	watched bool    // at risk, and not given up
	pushes  int     // how often it was pushed so far
	missing float64 // part of the volume, at most: as measured, and what neighbours took since
	push    float64 // how far outwards the surface should move, in voxels
}

func newKeeper(n *nets.Net, offsets []nets.Offset, shells []bool, workers int) *keeper {
	k := &keeper{net: n, offsets: offsets, workers: workers}
	k.labels, k.measure = make([]balloon, len(n.Labels)), make([]bool, len(n.Labels))
	for d := 1; d < len(k.labels); d++ {
		t := n.Labels[d]
		k.labels[d].watched = t.Voxels > 0 && (t.Voxels < risk*t.Quads || d < len(shells) && shells[d])
		k.labels[d].missing = math.Inf(1)
	}
	return k
}

// run pushes until every structure at risk is within tolerance or given up.
func (k *keeper) run() {
	for {
		stale := false
		for d := range k.labels {
			l := &k.labels[d]
			k.measure[d] = l.watched && l.missing > keepWithin
			stale = stale || k.measure[d]
		}
		if !stale || !k.push() {
			return
		}
		moved := k.sum(func(d int) bool { return k.labels[d].push != 0 }, k.move)
		for d := range moved {
			if k.labels[d].push == 0 {
				k.labels[d].missing += moved[d] / max(1, float64(k.net.Labels[d].Voxels))
			}
		}
	}
}

// push measures labels and decides how far each must move; false when none must.
func (k *keeper) push() bool {
	volumes := k.sum(func(d int) bool { return k.measure[d] }, k.volumes)
	any := false
	for d := range k.labels {
		l := &k.labels[d]
		l.push = 0
		if !k.measure[d] {
			continue
		}
		t := k.net.Labels[d]
		lacks := float64(t.Voxels) - volumes[d]
		part := math.Abs(lacks) / float64(t.Voxels)
		switch {
		case part <= keepWithin:
		case l.pushes == pushes:
			l.watched = false
		default:
			l.push = lacks / (float64(t.Quads) * slope)
			l.pushes++
			any = true
		}
		l.missing = part
	}
	return any
}

// sum adds up what do finds of each label in each slab, in order of the slabs.
// It leaves out the slabs that hold none of the labels that matter.
func (k *keeper) sum(matters func(label int) bool, do func(c chunk) []float64) []float64 {
	var labels []int
	for d := range k.labels {
		if matters(d) {
			labels = append(labels, d)
		}
	}
	parts := make([][]float64, k.net.Slabs())
	work.Share(k.workers, len(parts), func(_, s int) {
		if slices.ContainsFunc(labels, func(d int) bool { return k.net.Holds(s, d) }) {
			from, to := k.net.Slab(s)
			parts[s] = do(chunk{from, to})
		}
	})
	sums := make([]float64, len(k.labels))
	for _, part := range parts {
		for d, v := range part {
			sums[d] += v
		}
	}
	return sums
}

// move pushes the vertices of a chunk along the outward normals of their labels.
// It returns by how much, at most, that changes the volume of each label.
func (k *keeper) move(c chunk) []float64 {
	moved := make([]float64, len(k.labels))
	for z := c.from; z < c.to; z++ {
		l := &k.net.Layers[z]
		offsets := k.offsets[k.net.Start[z]:][:len(l.Vertices)]
		for i := range offsets {
			entries := l.Entries[l.First[i]:l.First[i+1]]
			var x, y, z float64
			for j := range entries {
				if p := k.labels[entries[j].Label].push; p != 0 {
					n := &normals[entries[j].Corners]
					x, y, z = x+p*n[0], y+p*n[1], z+p*n[2]
				}
			}
			if x == 0 && y == 0 && z == 0 {
				continue
			}
			far := math.Sqrt(x*x+y*y+z*z) * slope
			for j := range entries {
				moved[entries[j].Label] += far
			}
			o := lanes(offsets[i])
			offsets[i] = nets.Offset(pushed(o[0], x) | pushed(o[1], y)<<lane | pushed(o[2], z)<<(2*lane))
		}
	}
	return moved
}

// pushed is the lane that lies so many voxels from another one, within reach.
func pushed(from int64, by float64) uint64 {
	// Truncation rounds what is positive down, so half and a large number are added.
	const large = 1 << 20
	steps := int64(min(max(by, -1), 1)*nets.OffsetOne+large+0.5) - large
	return uint64(nets.OffsetZero + min(max(from+steps, -reach), reach))
}

// normals are the outward unit normals of a label at a cell, by the corners that
// it has: from their middle to the cell's.
var normals = buildNormals()

func buildNormals() (t [256][3]float64) {
	for set := 1; set < 255; set++ {
		n := &t[set]
		for c := range 8 {
			if set>>c&1 != 0 {
				for axis := range 3 {
					n[axis] += 0.5 - float64(c>>axis&1)
				}
			}
		}
		if length := math.Sqrt(n[0]*n[0] + n[1]*n[1] + n[2]*n[2]); length > 0 {
			for axis := range 3 {
				n[axis] /= length
			}
		}
	}
	return t
}

// lanes are an offset's lanes, in lane units from the middle of the cell.
func lanes(o nets.Offset) [3]int64 {
	return [3]int64{int64(o&nets.OffsetMask) - nets.OffsetZero, int64(o>>lane&nets.OffsetMask) - nets.OffsetZero, int64(o>>(2*lane)) - nets.OffsetZero}
}

// volumes is what a chunk adds to the volume of each label to measure, in voxels.
//
// The volume under a closed surface is the sum over its triangles of the area of
// each seen along z times the mean height of its corners. A quad's four corners
// lie around its voxel edge, see nets/envelope.go for their order.
func (k *keeper) volumes(c chunk) []float64 {
	sums := make([]float64, len(k.labels))
	for z := c.from; z < c.to; z++ {
		l := &k.net.Layers[z]
		for i := range l.Vertices {
			v := &l.Vertices[i]
			if v.Quads == 0 {
				continue
			}
			entries := l.Entries[l.First[i]:l.First[i+1]]
			if !k.any(entries) {
				continue
			}
			low := nets.LabelAt(entries, 0)
			for quads := v.HasQuads(); quads != 0; quads &= quads - 1 {
				axis := bits.TrailingZeros8(quads)
				high := nets.LabelAt(entries, 1<<axis)
				if k.measure[low] || k.measure[high] {
					six := k.column(z, i, axis)
					sums[low] += six
					sums[high] -= six
				}
			}
		}
	}
	const unit = 6 * float64(nets.OffsetOne) * float64(nets.OffsetOne) * float64(nets.OffsetOne)
	for d := range sums {
		sums[d] /= unit
	}
	return sums
}

func (k *keeper) any(entries []nets.Entry) bool {
	for i := range entries {
		if k.measure[entries[i].Label] {
			return true
		}
	}
	return false
}

// column is six times the volume between a quad and the plane z = 0 of the grid,
// in cubed lane units: exact in integers.
func (k *keeper) column(z, i, axis int) float64 {
	v := &k.net.Layers[z].Vertices[i]
	at := k.net.Start[z] + i
	y, d := at+int(v.Y0), at+int(v.Z0)
	b := k.offsets
	var side [3]uint64 // corners 1, 2 and 3 as seen from corner 0
	var first nets.Offset
	low := int64(z) // layer of corner 0
	switch axis {
	case 0:
		first = b[d+int(k.net.Layers[z-1].Vertices[d-k.net.Start[z-1]].Y0)]
		side = [3]uint64{uint64(b[d]), uint64(b[at]), uint64(b[y])}
		low--
	case 1:
		first = b[d-1]
		side = [3]uint64{uint64(b[at-1]), uint64(b[at]), uint64(b[d])}
		low--
	default:
		first = b[y-1]
		side = [3]uint64{uint64(b[y]), uint64(b[at]), uint64(b[at-1])}
	}
	steps := &cornerSteps[axis]
	x1, y1, z1 := sides(side[0] + steps[0] - uint64(first))
	x2, y2, z2 := sides(side[1] + steps[1] - uint64(first))
	x3, y3, z3 := sides(side[2] + steps[2] - uint64(first))
	// Twice the area of each triangle seen along z, times the sum of its heights.
	height := 3 * (low*nets.OffsetOne + int64(first>>(2*lane)) - nets.OffsetZero)
	return float64((x1*y2-y1*x2)*(height+z1+z2) + (x2*y3-y2*x3)*(height+z2+z3))
}

// sideBias keeps the lanes of a difference of offsets positive.
const sideBias = 4 * nets.OffsetOne

// cornerSteps lead from the cell of a quad's corner 0 to those of the others, by
// axis, in packed lanes, with the bias.
var cornerSteps = buildCornerSteps()

func buildCornerSteps() (t [3][3]uint64) {
	for axis := range 3 {
		u, w := uint(lane*((axis+1)%3)), uint(lane*((axis+2)%3))
		const one = nets.OffsetOne
		t[axis] = [3]uint64{sideBias*every + one<<u, sideBias*every + one<<u + one<<w, sideBias*every + one<<w}
	}
	return t
}

// sides unpacks a biased difference.
func sides(d uint64) (x, y, z int64) {
	return int64(d&nets.OffsetMask) - sideBias, int64(d>>lane&nets.OffsetMask) - sideBias, int64(d>>(2*lane)) - sideBias
}
