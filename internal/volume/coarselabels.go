package volume

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// CoarseLabels gives a label map in which f[axis] voxels along each axis are one. A new
// voxel is background if more than half of its voxels are, and else the label that
// most of the others have; of labels with equally many, the smaller one. A label that
// would not be there any more gets the new voxel of which it has most, or of several
// the first that no other such label took. At the end of an axis where fewer voxels are
// left, these count. The table is that of m. The result does not depend on the number
// of processors.
func CoarseLabels(m *LabelMap, f [3]int) *LabelMap {
	for axis := range f {
		f[axis] = max(1, min(f[axis], m.Dims[axis]))
	}
	dims := CoarseDims(m.Dims, f)
	out := &LabelMap{Dims: dims, Affine: coarseAffine(m.Affine, f), Table: m.Table, Warnings: m.Warnings, U16: make([]uint16, dims[0]*dims[1]*dims[2])}
	planes := make([]map[uint16]claim, dims[2])
	var next atomic.Int64
	var done sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), dims[2]) {
		done.Go(func() {
			v := vote{m: m, f: f, dims: dims}
			for k := int(next.Add(1)) - 1; k < dims[2]; k = int(next.Add(1)) - 1 {
				planes[k] = v.plane(k, out.U16[k*dims[0]*dims[1]:][:dims[0]*dims[1]])
			}
		})
	}
	done.Wait()
	keepAll(out, planes)
	return out
}

// claim is the new voxel of which a label has most voxels.
type claim struct {
	at, count int
	won       bool // the label has a new voxel somewhere
}

// keepAll gives every label that lost all votes the voxel of its best claim.
func keepAll(out *LabelMap, planes []map[uint16]claim) {
	best := make([]claim, 1<<16)
	for _, plane := range planes { // in order, so that ties go to the first
		for label := range best {
			c, ok := plane[uint16(label)]
			if !ok {
				continue
			}
			b := &best[label]
			b.won = b.won || c.won
			if c.count > b.count {
				b.at, b.count = c.at, c.count
			}
		}
	}
	left := make([]int, 1<<16) // new voxels of each label
	for _, label := range out.U16 {
		left[label]++
	}
	for label := 1; label < len(best); label++ {
		b := best[label]
		if b.count == 0 || b.won {
			continue
		}
		if loser := out.U16[b.at]; loser == 0 || left[loser] > 1 { // nobody loses his last one
			left[loser]--
			left[label]++
			out.U16[b.at] = uint16(label)
		}
	}
}

// vote finds the label of each new voxel.
type vote struct {
	m       *LabelMap
	f, dims [3]int
	labels  []uint16 // of one new voxel, with
	counts  []int    // how many voxels each has
}

// plane fills plane k of the new map and gives the claims of its labels.
func (v *vote) plane(k int, out []uint16) map[uint16]claim {
	claims := map[uint16]claim{}
	for n := range out {
		winner := v.voxel(n%v.dims[0], n/v.dims[0], k)
		out[n] = winner
		for i, label := range v.labels {
			if label == 0 {
				continue
			}
			c := claims[label]
			c.won = c.won || label == winner
			if v.counts[i] > c.count {
				c.at, c.count = k*len(out)+n, v.counts[i]
			}
			claims[label] = c
		}
	}
	return claims
}

// voxel counts the labels of one new voxel and gives the one that wins.
func (v *vote) voxel(x, y, z int) uint16 {
	v.labels, v.counts = v.labels[:0], v.counts[:0]
	d := v.m.Dims
	total := 0
	for k := z * v.f[2]; k < min(d[2], (z+1)*v.f[2]); k++ {
		for j := y * v.f[1]; j < min(d[1], (y+1)*v.f[1]); j++ {
			row := d[0] * (j + d[1]*k)
			for i := row + x*v.f[0]; i < row+min(d[0], (x+1)*v.f[0]); i++ {
				label := uint16(v.m.At(i))
				total++
				found := false
				for n := range v.labels {
					if v.labels[n] == label {
						v.counts[n]++
						found = true
						break
					}
				}
				if !found {
					v.labels, v.counts = append(v.labels, label), append(v.counts, 1)
				}
			}
		}
	}
	winner, most := uint16(0), 0
	for n, label := range v.labels {
		switch count := v.counts[n]; {
		case label == 0:
			if 2*count > total {
				return 0
			}
		case count > most || count == most && label < winner:
			winner, most = label, count
		}
	}
	return winner
}

// coarseAffine is the affine of a grid in which f voxels along each axis are one.
func coarseAffine(a Affine, f [3]int) Affine {
	// The middle of the first new voxel, in voxels of the old grid.
	middle := a.Apply([3]float64{float64(f[0]-1) / 2, float64(f[1]-1) / 2, float64(f[2]-1) / 2})
	for row := range 3 {
		for axis := range f {
			a[row][axis] *= float64(f[axis])
		}
		a[row][3] = middle[row]
	}
	return a
}
