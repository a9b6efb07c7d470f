package phantom

import "github.com/iris-oculus/iris/internal/volume"

// blur imitates the scanner's point spread with weights 1, 2, 1 along each axis in
// turn. Borders get partial volumes, as in a real scan. The outermost voxels count
// twice.
func blur(v *volume.Volume) {
	nx, ny, nz := v.Dims[0], v.Dims[1], v.Dims[2]
	for row := 0; row < len(v.Voxels); row += nx {
		lines(v.Voxels[row:row+nx], 1, nx, 1)
	}
	for k := range nz {
		lines(v.Voxels[k*nx*ny:(k+1)*nx*ny], nx, ny, nx)
	}
	lines(v.Voxels, nx*ny, nz, nx*ny)
}

// lines blurs `width` neighbouring lines of n voxels, each stride apart.
func lines(v []int16, stride, n, width int) {
	before := make([]int16, width)
	copy(before, v[:width])
	for k := range n {
		here := v[k*stride : k*stride+width]
		next := here
		if k+1 < n {
			next = v[(k+1)*stride : (k+1)*stride+width]
		}
		for i, b := range before {
			h := here[i]
			here[i] = int16((int(b) + 2*int(h) + int(next[i]) + 2) >> 2)
			before[i] = h
		}
	}
}
