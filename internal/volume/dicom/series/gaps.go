package series

import (
	"math"

	"github.com/iris-oculus/iris/internal/volume"
)

// judgeGaps tells an even stack from a tilted one, from one whose gaps vary,
// and from one that lacks slices, which is refused: nobody knows what was there.
func (st *Stack) judgeGaps() error {
	last := len(st.Depth) - 1
	mean := st.Depth[last] / float64(last)
	st.Spacing[2], st.Even = mean, true
	smallest := math.Inf(1)
	for k := range last {
		gap := st.Depth[k+1] - st.Depth[k]
		smallest = math.Min(smallest, gap)
		if math.Abs(gap-mean) > tolerance(mean) {
			st.Even = false
		}
	}
	// A slice is out of line when it lies further from the normal through plane
	// 0 than half a pixel and the angle of tolerance allow.
	slope := math.Tan(tiltDegrees * math.Pi / 180)
	for k := range st.Depth {
		off := math.Hypot(st.Shift[k][0], st.Shift[k][1])
		if off > math.Min(st.Spacing[0], st.Spacing[1])/2+slope*st.Depth[k] {
			st.Tilted = true
		}
	}
	if st.Even {
		return nil
	}
	return st.missing(smallest)
}

func tolerance(gap float64) float64 { return math.Max(evenMM, evenShare*gap) }

// missing refuses gaps that are whole multiples of the base gap.
func (st *Stack) missing(smallest float64) error {
	base, n := 0.0, 0
	for k := 1; k < len(st.Depth); k++ {
		if gap := st.Depth[k] - st.Depth[k-1]; gap-smallest <= 2*tolerance(smallest) {
			base, n = base+gap, n+1
		}
	}
	base /= float64(n)
	lost, at := 0, -1
	for k := 1; k < len(st.Depth); k++ {
		gap := st.Depth[k] - st.Depth[k-1]
		times := math.Round(gap / base)
		if math.Abs(gap-times*base) > times*tolerance(base) {
			return nil // the gaps vary smoothly
		}
		if times > 1 {
			lost += int(times) - 1
			if at < 0 {
				at = k
			}
		}
	}
	if lost == 0 {
		return nil
	}
	return volume.Reject("missing_slices", "slices are missing: %d, the first of them after slice %d of %d (gaps of %.2f mm and more where %.2f mm is the rule): send the whole series",
		lost, at, len(st.Depth), 2*base, base)
}
