package volume

import (
	"math"
	"runtime"
	"sync"
	"sync/atomic"
)

// Coarse gives a volume in voxels whose edges are at least so many millimetres: along
// each axis, the fewest of v's voxels that reach it are made one, of their mean value.
// A mean over the whole of the new voxel keeps fine structures from turning into
// patterns, as leaving out voxels would. At the end of an axis where fewer are left,
// their mean stands for the new voxel. Where no axis is finer, v itself is given.
// The result does not depend on the number of processors.
func Coarse(v *Volume, least float64) *Volume {
	f := CoarseFactors(v.Dims, v.Affine, least, math.MaxInt)
	if f == [3]int{1, 1, 1} {
		return v
	}
	out := coarseVolume(v.Dims, v.Affine, f)
	var next atomic.Int64
	var done sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), out.Dims[2]) {
		done.Go(func() {
			sums := make([]int64, out.Dims[0]*out.Dims[1])
			for k := int(next.Add(1)) - 1; k < out.Dims[2]; k = int(next.Add(1)) - 1 {
				_ = out.coarsePlane(v.Dims, f, k, sums, func(y, z int) ([]int16, error) {
					return v.Voxels[v.Dims[0]*(y+v.Dims[1]*z):][:v.Dims[0]], nil
				})
			}
		})
	}
	done.Wait()
	return out
}

// CoarseFrom is Coarse, by CoarseFactors, of a grid whose voxels come row by row, so that
// they are never in memory all at once: next fills a row with the next ones, x fastest. Its
// error ends the work.
func CoarseFrom(dims [3]int, a Affine, f [3]int, next func(row []int16) error) (*Volume, error) {
	out := coarseVolume(dims, a, f)
	sums, row := make([]int64, out.Dims[0]*out.Dims[1]), make([]int16, dims[0])
	for k := range out.Dims[2] {
		err := out.coarsePlane(dims, f, k, sums, func(int, int) ([]int16, error) { return row, next(row) })
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// CoarseFactors says how many voxels along each axis make one of at least so many
// millimetres; of more, where there would be more than most of them.
func CoarseFactors(dims [3]int, a Affine, least float64, most int) (f [3]int) {
	const (
		slack = 1e-3 // spacings are rounded in headers: 0.99999 mm is meant to be 1
		step  = 1.05
	)
	spacing := a.Spacing()
	for {
		for axis := range f {
			f[axis] = int(max(1, min(float64(dims[axis]), math.Ceil(least/spacing[axis]-slack))))
		}
		if d := CoarseDims(dims, f); d[0]*d[1]*d[2] <= max(1, most) {
			return f
		}
		least *= step
	}
}

// CoarseDims is the grid in which f voxels along each axis are one.
func CoarseDims(dims, f [3]int) [3]int {
	for axis := range dims {
		dims[axis] = (dims[axis] + f[axis] - 1) / f[axis]
	}
	return dims
}

// coarseVolume is a volume of zeros on a grid in which f voxels along each axis are one.
func coarseVolume(dims [3]int, a Affine, f [3]int) *Volume {
	v := &Volume{Dims: CoarseDims(dims, f), Affine: coarseAffine(a, f)}
	v.Voxels = make([]int16, v.Len())
	return v
}

// coarsePlane makes plane k of a coarse volume from the rows of a grid of dims, which it
// asks for in order. sums is scratch for a plane.
func (v *Volume) coarsePlane(dims, f [3]int, k int, sums []int64, row func(y, z int) ([]int16, error)) error {
	clear(sums)
	deep := min(f[2], dims[2]-k*f[2])
	for z := k * f[2]; z < k*f[2]+deep; z++ {
		for y := range dims[1] {
			row, err := row(y, z)
			if err != nil {
				return err
			}
			into := sums[y/f[1]*v.Dims[0]:][:v.Dims[0]]
			for i := range into {
				sum := int64(0)
				for _, x := range row[:min(f[0], len(row))] {
					sum += int64(x)
				}
				into[i] += sum
				row = row[min(f[0], len(row)):]
			}
		}
	}
	out := v.Voxels[k*len(sums):][:len(sums)]
	for j := range v.Dims[1] {
		high := min(f[1], dims[1]-j*f[1])
		for i := range v.Dims[0] {
			n := int64(deep * high * min(f[0], dims[0]-i*f[0]))
			out[j*v.Dims[0]+i] = int16(rounded(sums[j*v.Dims[0]+i], n))
		}
	}
	return nil
}

// rounded is sum / n, half away from zero.
func rounded(sum, n int64) int64 {
	if sum < 0 {
		return -((-2*sum + n) / (2 * n))
	}
	return (2*sum + n) / (2 * n)
}
