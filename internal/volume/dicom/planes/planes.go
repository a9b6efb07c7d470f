// Package planes lays a label map onto the frames of the DICOM series that its volume was
// made from. In: a label map on any grid, in world RAS millimetres, and the series' frames
// (origin). Out: the labels of each frame's pixels. Where the grid is that of the frames,
// permuted, flipped or cut, each pixel has its own voxel. Anywhere else, as where the scan
// was resampled because its gantry was tilted or its slices uneven, a pixel has the voxel
// in which its centre lies, and 0 outside the map.
//
// The only error is that of an affine or an orientation which is none.
package planes

import (
	"errors"
	"math"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/iris-oculus/iris/internal/volume"
	"github.com/iris-oculus/iris/internal/volume/dicom/origin"
)

// snap is how far, in voxels, a corner of the stack of frames may lie from a voxel's
// centre for the grids to be the same. Positions and affines are rounded by their writers
// far below it, and half a voxel is where another one is nearer.
const snap = 0.25

// Planes is a label map on the frames of a series.
type Planes struct {
	Rows, Columns, Frames int

	m    *volume.LabelMap
	same bool // the grids are the same
	// Of the same grid: the voxel of frame 0's first pixel, and which axis a step along
	// columns, rows and frames runs, and in which direction.
	at   [3]int
	axis [3]int
	sign [3]int
	// Of another grid: a voxel index per frame's first pixel, and its steps.
	first     [][3]float64
	col, row  [3]float64
	positions []origin.Slice
}

// Of lays m onto the frames of s.
func Of(m *volume.LabelMap, s *origin.Scan) (*Planes, error) {
	p := &Planes{Rows: s.Rows, Columns: s.Columns, Frames: len(s.Slices), m: m, positions: s.Slices}
	inverse, ok := m.Affine.Inverse()
	across, down, normal, right := axes(s)
	if !ok || !right {
		return nil, errors.New("lay labels onto frames: the grid of the labels or of the frames has axes in one plane")
	}
	// Steps of one column, row and frame, in voxels of the map.
	p.col, p.row = turned(inverse, across, s.Spacing[1]), turned(inverse, down, s.Spacing[0])
	step := turned(inverse, normal, s.Gap)
	p.first = make([][3]float64, len(s.Slices))
	for k := range s.Slices {
		p.first[k] = inverse.Apply(ras(s.Slices[k].Position))
	}
	p.same = p.snapped([3][3]float64{p.col, p.row, step})
	return p, nil
}

// axes are the directions of a step along a row, along a column and to the next frame.
func axes(s *origin.Scan) (across, down, normal [3]float64, ok bool) {
	o := s.Orientation
	across, down = [3]float64{o[0], o[1], o[2]}, [3]float64{o[3], o[4], o[5]}
	across, ok = unit(across)
	along := dot(across, down)
	for a := range down {
		down[a] -= along * across[a]
	}
	down, right := unit(down)
	normal = [3]float64{across[1]*down[2] - across[2]*down[1], across[2]*down[0] - across[0]*down[2], across[0]*down[1] - across[1]*down[0]}
	from, to := s.Slices[0].Position, s.Slices[len(s.Slices)-1].Position
	if dot(normal, [3]float64{to[0] - from[0], to[1] - from[1], to[2] - from[2]}) < 0 {
		normal = [3]float64{-normal[0], -normal[1], -normal[2]}
	}
	return across, down, normal, ok && right
}

func dot(a, b [3]float64) float64 { return a[0]*b[0] + a[1]*b[1] + a[2]*b[2] }

func unit(v [3]float64) ([3]float64, bool) {
	n := math.Sqrt(dot(v, v))
	return [3]float64{v[0] / n, v[1] / n, v[2] / n}, n > 1e-3
}

// ras is a position or direction of LPS in RAS.
func ras(p [3]float64) [3]float64 { return [3]float64{-p[0], -p[1], p[2]} }

// turned is a step of so many mm in voxels.
func turned(inverse volume.Affine, direction [3]float64, mm float64) (out [3]float64) {
	d := ras(direction)
	for r := range out {
		out[r] = mm * (inverse[r][0]*d[0] + inverse[r][1]*d[1] + inverse[r][2]*d[2])
	}
	return out
}

// snapped says whether the frames' pixels are the map's voxels, and sets how.
func (p *Planes) snapped(steps [3][3]float64) bool {
	var used [3]bool
	for n, step := range steps {
		best := 0
		for a := range step {
			if math.Abs(step[a]) > math.Abs(step[best]) {
				best = a
			}
		}
		if used[best] || math.Abs(math.Abs(step[best])-1) > snap {
			return false
		}
		used[best] = true
		p.axis[n], p.sign[n] = best, 1
		if step[best] < 0 {
			p.sign[n] = -1
		}
	}
	for a := range p.at {
		x := math.Round(p.first[0][a])
		if math.Abs(x) > volume.MaxAxis {
			return false
		}
		p.at[a] = int(x)
	}
	// Every corner of every frame lies where the grid has it.
	for k, first := range p.first {
		for corner := range 4 {
			c, r := float64(corner&1*(p.Columns-1)), float64(corner>>1*(p.Rows-1))
			var want [3]float64
			for a := range want {
				want[a] = float64(p.at[a])
			}
			want[p.axis[0]] += c * float64(p.sign[0])
			want[p.axis[1]] += r * float64(p.sign[1])
			want[p.axis[2]] += float64(k * p.sign[2])
			for a := range want {
				is := first[a] + c*p.col[a] + r*p.row[a]
				// Along the stack frames are counted: scanners round their positions.
				if limit := snap; math.Abs(is-want[a]) > limit && (a != p.axis[2] || math.Abs(is-want[a]) > 2*limit) {
					return false
				}
			}
		}
	}
	return true
}

// Same says whether each pixel of the frames is a voxel of the map.
func (p *Planes) Same() bool { return p.same }

// Row fills into with the labels of frame k's row from column c on.
func (p *Planes) Row(k, row, c int, into []uint16) {
	if !p.same {
		p.nearest(k, row, c, into)
		return
	}
	clear(into)
	d := p.m.Dims
	stride := [3]int{1, d[0], d[0] * d[1]}
	at := p.at
	at[p.axis[2]] += k * p.sign[2]
	at[p.axis[1]] += row * p.sign[1]
	along := p.axis[0]
	for a := range at {
		if a != along && (at[a] < 0 || at[a] >= d[a]) {
			return
		}
	}
	at[along] += c * p.sign[0]
	step := stride[along] * p.sign[0]
	x := at[along]
	n := at[0]*stride[0] + at[1]*stride[1] + at[2]*stride[2]
	for i := range into {
		if x >= 0 && x < d[along] {
			if p.m.U8 != nil {
				into[i] = uint16(p.m.U8[n])
			} else {
				into[i] = p.m.U16[n]
			}
		}
		x, n = x+p.sign[0], n+step
	}
}

// nearest is Row of another grid.
func (p *Planes) nearest(k, row, c int, into []uint16) {
	d := p.m.Dims
	var start [3]float64
	for a := range start {
		start[a] = p.first[k][a] + float64(row)*p.row[a] + 0.5
	}
	for i := range into {
		x := float64(c + i)
		u, v, w := math.Floor(start[0]+x*p.col[0]), math.Floor(start[1]+x*p.col[1]), math.Floor(start[2]+x*p.col[2])
		if !(u >= 0 && v >= 0 && w >= 0 && u < float64(d[0]) && v < float64(d[1]) && w < float64(d[2])) {
			into[i] = 0
			continue
		}
		into[i] = uint16(p.m.At(int(u) + d[0]*(int(v)+d[1]*int(w))))
	}
}

// Box is where a label lies in a frame: rows and columns from the first to before the last.
type Box struct {
	Label              int
	Top, Bottom        int
	Left, Right        int
	pixels, generation int
}

// Boxes are the labels of each frame but 0, in order. The work is shared by workers.
func (p *Planes) Boxes() [][]Box {
	out := make([][]Box, p.Frames)
	var next atomic.Int64
	var done sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), p.Frames) {
		done.Go(func() {
			scratch, row := make([]Box, 1<<16), make([]uint16, p.Columns)
			for k := int(next.Add(1)) - 1; k < p.Frames; k = int(next.Add(1)) - 1 {
				out[k] = p.boxes(k, k+1, scratch, row)
			}
		})
	}
	done.Wait()
	return out
}

func (p *Planes) boxes(k, generation int, scratch []Box, row []uint16) (out []Box) {
	var found []int
	for r := range p.Rows {
		p.Row(k, r, 0, row)
		for c := 0; c < len(row); {
			label, from := row[c], c
			for c++; c < len(row) && row[c] == label; c++ {
			}
			if label == 0 {
				continue
			}
			b := &scratch[label]
			if b.generation != generation {
				*b = Box{Label: int(label), Top: r, Left: from, generation: generation}
				found = append(found, int(label))
			}
			b.Bottom, b.Left, b.Right = r+1, min(b.Left, from), max(b.Right, c)
			b.pixels += c - from
		}
	}
	slices.Sort(found)
	for _, label := range found {
		out = append(out, scratch[label])
	}
	return out
}

// Pixels is how many pixels the label has in the frame.
func (b *Box) Pixels() int { return b.pixels }
