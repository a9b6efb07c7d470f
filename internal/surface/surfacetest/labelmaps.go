// Package surfacetest is for the tests and benchmarks of what makes or changes
// surfaces, as net/http/httptest is for net/http; no program links it. It makes
// label maps: a torso of 112 structures, an enlarged copy of a real segmentation,
// noise. It also judges meshes without the code that the programs judge them with:
// Check examines the topology, Volume takes what a mesh encloses. Positions are
// world RAS millimetres. Every result depends on the arguments alone.
package surfacetest

import (
	"math/rand/v2"

	"github.com/iris-oculus/iris/internal/surface/work"
	"github.com/iris-oculus/iris/internal/volume"
)

// Noise gives every voxel of 1 mm one of the labels 0 to labels at random. No
// other label map of this size has as many boundaries.
func Noise(seed uint64, dims [3]int, labels int) *volume.LabelMap {
	r := rand.New(rand.NewPCG(seed, 1))
	m := &volume.LabelMap{Dims: dims, Affine: volume.Affine{{1, 0, 0, 0}, {0, 1, 0, 0}, {0, 0, 1, 0}}}
	if labels > 255 {
		m.U16 = make([]uint16, m.Len())
		for i := range m.U16 {
			m.U16[i] = uint16(r.IntN(labels + 1))
		}
		return m
	}
	m.U8 = make([]uint8, m.Len())
	for i := range m.U8 {
		m.U8[i] = uint8(r.IntN(labels + 1))
	}
	return m
}

// Enlarge divides each voxel of a uint8 map into factor³ voxels. The eight
// neighbours of a new voxel vote for their labels with trilinear weights; of equal
// sums the first neighbour's label wins.
func Enlarge(m *volume.LabelMap, factor int) *volume.LabelMap {
	out := &volume.LabelMap{Table: m.Table, Affine: m.Affine}
	shift := 0.5/float64(factor) - 0.5 // of the first voxel's centre, in voxels of m
	origin := m.Affine.Apply([3]float64{shift, shift, shift})
	for r := range 3 {
		for c := range 3 {
			out.Affine[r][c] /= float64(factor)
		}
		out.Affine[r][3] = origin[r]
	}
	for axis := range 3 {
		out.Dims[axis] = m.Dims[axis] * factor
	}
	out.U8 = make([]uint8, out.Len())
	work.Share(work.Workers(0, out.Dims[2]), out.Dims[2], func(_, z int) { enlargeSlice(m, out, factor, z) })
	return out
}

// between says between which two voxels of the small map, along one axis, a voxel
// of the enlarged map lies.
type between struct {
	low, high int
	share     float32 // the weight of high; low has the rest
}

func betweenOf(i, factor, n int) between {
	at := max(0, (float32(i)+0.5)/float32(factor)-0.5)
	low := int(at)
	return between{low, min(low+1, n-1), at - float32(low)}
}

func enlargeSlice(m, out *volume.LabelMap, factor, z int) {
	nx, ny := m.Dims[0], m.Dims[1]
	pz := betweenOf(z, factor, m.Dims[2])
	for y := range out.Dims[1] {
		py := betweenOf(y, factor, ny)
		row := out.U8[(z*out.Dims[1]+y)*out.Dims[0]:][:out.Dims[0]]
		for x := range row {
			px := betweenOf(x, factor, nx)
			var labels [8]uint8
			var shares [8]float32
			for c := range 8 {
				cx, sx := px.low, 1-px.share
				cy, sy := py.low, 1-py.share
				cz, sz := pz.low, 1-pz.share
				if c&1 != 0 {
					cx, sx = px.high, px.share
				}
				if c&2 != 0 {
					cy, sy = py.high, py.share
				}
				if c&4 != 0 {
					cz, sz = pz.high, pz.share
				}
				labels[c], shares[c] = m.U8[cx+nx*(cy+ny*cz)], sx*sy*sz
			}
			row[x] = largestShare(&labels, &shares)
		}
	}
}

func largestShare(labels *[8]uint8, shares *[8]float32) uint8 {
	if *labels == [8]uint8{labels[0], labels[0], labels[0], labels[0], labels[0], labels[0], labels[0], labels[0]} {
		return labels[0]
	}
	best, most := labels[0], float32(-1)
	for _, l := range labels {
		sum := float32(0)
		for c, o := range labels {
			if o == l {
				sum += shares[c]
			}
		}
		if sum > most {
			best, most = l, sum
		}
	}
	return best
}
