package volume

// Limits of DESIGN.md §6. Everything read from a file is compared with them
// before memory is allocated.
const (
	MaxVoxels        = 1 << 29   // voxels in one grid
	MaxAxis          = 4096      // voxels along one axis
	MaxObjectBytes   = 5 << 30   // an uploaded object
	MaxPreparedBytes = 950 << 20 // a prepared volume, gzip
	MaxEntries       = 20_000    // entries of an archive
	MaxExpandedBytes = 8 << 30   // what an archive or stream may expand to
	MaxRatio         = 200       // expanded : compressed, once past RatioFloor
	RatioFloor       = 64 << 20  // bytes below which the ratio is not judged
)

// GoodFaith is how many voxels are decoded before memory for all of them is allocated,
// so that a small file with a false header does not cost the memory of a large volume.
const GoodFaith = 4 << 20

// CheckDims refuses a grid beyond the limits, before anything is allocated.
func CheckDims(dims [3]int) error {
	n := int64(1)
	for axis, d := range dims {
		if d < 1 {
			return Reject("bad_dims", "axis %d has %d voxels: want 1 to %d", axis+1, d, MaxAxis)
		}
		if d > MaxAxis {
			return Reject("too_large", "axis %d has %d voxels: want 1 to %d", axis+1, d, MaxAxis)
		}
		n *= int64(d)
	}
	if n > MaxVoxels {
		return Reject("too_large", "the grid has %d voxels: at most %d are accepted", n, int64(MaxVoxels))
	}
	return nil
}
