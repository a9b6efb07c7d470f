package smooth

import (
	"math"

	"github.com/iris-oculus/iris/internal/surface/nets"
)

// Thin structures (skin, vessels, walls) have much surface and little volume, so
// that what smoothing takes at their rims is a good part of them. Their vertices
// keep only so much of their offset that the mesh encloses the volume of the
// voxels. The volume is a cubic in that part t, V(0) is the voxels' own, and the
// largest t within tolerance is looked for among a few.

const (
	// shellTolerance is how much of a shell's volume may go or come.
	shellTolerance = 0.005
	// parts are the values of t that are tried: 1, 7/8 … 1/8, 0.
	parts = 8
)

// keepShells scales the offsets of the vertices of shells. A vertex of two shells
// takes the smaller part, which changes the volume of the other one again; so it
// is measured anew until all hold. Each round takes a part from some shell, and
// at 0 the volume is right.
func keepShells(n *nets.Net, offsets []nets.Offset, shells []bool) {
	part := make([]int, len(n.Labels)) // eighths that each label's vertices keep
	any := false
	for d := range part {
		part[d] = parts
		any = any || d < len(shells) && shells[d]
	}
	if !any {
		return
	}
	full := append([]nets.Offset(nil), offsets...)
	for range parts * len(part) {
		again := false
		for d, v := range volumes(n, offsets, shells) {
			if want := float64(n.Labels[d].Voxels); want > 0 && shells[d] && part[d] > 0 && math.Abs(v/want-1) > shellTolerance {
				part[d]--
				again = true
			}
		}
		if !again {
			return
		}
		scale(n, offsets, full, part)
	}
}

// scale gives every vertex the smallest part that its labels keep of its offset.
func scale(n *nets.Net, offsets, full []nets.Offset, part []int) {
	for z := range n.Layers {
		l := &n.Layers[z]
		for i := range l.Vertices {
			keep := parts
			for _, e := range l.Entries[l.First[i]:l.First[i+1]] {
				keep = min(keep, part[e.Label])
			}
			if keep == parts {
				continue
			}
			at := n.Start[z] + i
			o := lanes(full[at])
			packed := uint64(0)
			for axis, v := range o {
				packed |= uint64(nets.OffsetZero+(v-nets.OffsetZero)*int64(keep)/parts) << (lane * axis)
			}
			offsets[at] = nets.Offset(packed)
		}
	}
}

// volumes are what the meshes of the shells enclose, in voxels, by label.
func volumes(n *nets.Net, offsets []nets.Offset, shells []bool) []float64 {
	sums := make([]float64, len(n.Labels))
	for z := range n.Layers {
		l := &n.Layers[z]
		for y := range len(l.Rows) - 1 {
			for i := int(l.Rows[y]); i < int(l.Rows[y+1]); i++ {
				v := &l.Vertices[i]
				if v.Quads == 0 {
					continue
				}
				entries := l.Entries[l.First[i]:l.First[i+1]]
				low := nets.LabelAt(entries, 0)
				for axis := range 3 {
					if v.Quads>>axis&1 == 0 {
						continue
					}
					high := nets.LabelAt(entries, 1<<axis)
					if !shells[low] && !shells[high] {
						continue
					}
					k := quadKey{z, i, axis}
					six := k.volume(n, offsets, [3]int{int(v.X), y, z})
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

// volume is six times the signed volume between a quad and the grid's origin, in
// cubed lane units. Products of 2²² each stay exact in a float64 of 53 bits but
// for the last, whose rounding is far below a voxel.
func (k quadKey) volume(n *nets.Net, offsets []nets.Offset, cell [3]int) float64 {
	steps := [4][2]int{{-1, -1}, {0, -1}, {0, 0}, {-1, 0}}
	var p [4][3]float64
	for c, at := range k.corners(n) {
		o := lanes(offsets[at])
		where := cell
		where[(k.axis+1)%3] += steps[c][0]
		where[(k.axis+2)%3] += steps[c][1]
		for axis := range 3 {
			p[c][axis] = float64(int64(where[axis])*nets.OffsetOne + o[axis] - nets.OffsetZero)
		}
	}
	return triple(p[0], p[1], p[2]) + triple(p[0], p[2], p[3])
}

func triple(a, b, c [3]float64) float64 {
	return a[0]*(b[1]*c[2]-b[2]*c[1]) + a[1]*(b[2]*c[0]-b[0]*c[2]) + a[2]*(b[0]*c[1]-b[1]*c[0])
}
