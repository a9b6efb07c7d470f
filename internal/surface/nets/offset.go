package nets

// Offset is where a vertex lies from the middle of its cell, in voxels along the
// axes of the grid: three fixed-point lanes of one word, 21 bits each, x lowest.
// A lane holds OffsetZero for 0 and OffsetOne more for each voxel. It is the form
// that smoothing computes in (surface/smooth); the middle of the cell is
// OffsetMiddle.
type Offset uint64

const (
	OffsetLane   = 21
	OffsetOne    = 1 << 10
	OffsetZero   = 1 << 14
	OffsetMask   = 1<<OffsetLane - 1
	OffsetMiddle = OffsetZero * (1 | 1<<OffsetLane | 1<<(2*OffsetLane))
)

// Voxels is the offset along each axis.
func (o Offset) Voxels() (x, y, z float64) {
	const step = 1.0 / OffsetOne
	x = float64(int64(o&OffsetMask)-OffsetZero) * step
	y = float64(int64(o>>OffsetLane&OffsetMask)-OffsetZero) * step
	z = float64(int64(o>>(2*OffsetLane))-OffsetZero) * step
	return x, y, z
}
