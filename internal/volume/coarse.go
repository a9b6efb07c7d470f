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
	spacing := v.Affine.Spacing()
	var f, dims [3]int
	for axis := range f {
		// Spacings are rounded in headers: 0.99999 mm is meant to be 1.
		const slack = 1e-3
		f[axis] = max(1, min(v.Dims[axis], int(math.Ceil(least/spacing[axis]-slack))))
		dims[axis] = (v.Dims[axis] + f[axis] - 1) / f[axis]
	}
	if f == [3]int{1, 1, 1} {
		return v
	}
	out := &Volume{Dims: dims, Affine: coarseAffine(v.Affine, f), Voxels: make([]int16, dims[0]*dims[1]*dims[2])}
	var next atomic.Int64
	var done sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), dims[2]) {
		done.Go(func() {
			sums := make([]int64, dims[0]*dims[1])
			for k := int(next.Add(1)) - 1; k < dims[2]; k = int(next.Add(1)) - 1 {
				coarsePlane(v, f, dims, k, sums, out.Voxels[k*len(sums):][:len(sums)])
			}
		})
	}
	done.Wait()
	return out
}

// coarsePlane makes plane k of a coarse volume. sums is scratch for a plane.
func coarsePlane(v *Volume, f, dims [3]int, k int, sums []int64, out []int16) {
	clear(sums)
	nx, ny := v.Dims[0], v.Dims[1]
	deep := min(f[2], v.Dims[2]-k*f[2])
	for z := k * f[2]; z < k*f[2]+deep; z++ {
		for y := range ny {
			row := v.Voxels[nx*(y+ny*z):][:nx]
			into := sums[y/f[1]*dims[0]:][:dims[0]]
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
	for j := range dims[1] {
		high := min(f[1], ny-j*f[1])
		for i := range dims[0] {
			n := int64(deep * high * min(f[0], nx-i*f[0]))
			out[j*dims[0]+i] = int16(rounded(sums[j*dims[0]+i], n))
		}
	}
}

// rounded is sum / n, half away from zero.
func rounded(sum, n int64) int64 {
	if sum < 0 {
		return -((-2*sum + n) / (2 * n))
	}
	return (2*sum + n) / (2 * n)
}
