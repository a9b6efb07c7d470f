package series

import (
	"math"
	"slices"

	"github.com/iris-oculus/iris/internal/volume"
)

// judgeGaps finds out whether a stack is even, tilted, or has gaps that vary. It
// refuses one that lacks slices, because their content is not known.
func (st *Stack) judgeGaps() error {
	last := len(st.Depth) - 1
	st.Spacing[2] = st.Depth[last] / float64(last)
	st.Even = st.even(st.Depth)
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
	if err := st.missing(); err != nil {
		return err
	}
	return st.interleaved()
}

// even compares each depth with the even grid that fits all of them best. The
// tolerance bounds how far a plane is from its place on that grid, not how much two
// gaps differ, so that positions rounded to a tenth of a millimetre are even and gaps
// that drift are not.
func (st *Stack) even(depth []float64) bool {
	n := float64(len(depth))
	mean, slope := 0.0, 0.0
	for k, d := range depth {
		mean += d / n
		slope += (float64(k) - (n-1)/2) * d
	}
	slope /= n * (n*n - 1) / 12
	low, high := math.Inf(1), math.Inf(-1)
	for k, d := range depth {
		off := d - mean - slope*(float64(k)-(n-1)/2)
		low, high = math.Min(low, off), math.Max(high, off)
	}
	tolerance := st.tolerance(slope)
	if st.tenths {
		tolerance = max(tolerance, min(st.rounding, slope/fifth))
	}
	return (high-low)/2 <= tolerance
}

// fifth bounds the tolerance to a fifth of a gap where positions were rounded. Slices
// a third of a millimetre apart, with positions of one decimal, are off by up to a
// sixth of a gap. In a stack that lacks a slice some plane is off by a quarter at
// least; three planes have that least value.
const fifth = 5

// tolerance is how far a plane may lie from its place, because of jitter or of the
// rounding of its position.
func (st *Stack) tolerance(gap float64) float64 {
	return max(evenMM, evenShare*gap, min(st.rounding, gap/10))
}

// same says whether two gaps are equal, each between two planes.
func (st *Stack) same(a, b float64) bool { return math.Abs(a-b) <= 2*st.tolerance(min(a, b)) }

// gaps are the distances of neighbouring planes.
func (st *Stack) gaps() []float64 {
	var out []float64
	for k := 1; k < len(st.Depth); k++ {
		out = append(out, st.Depth[k]-st.Depth[k-1])
	}
	return out
}

// frequent is the mean of the most frequent gap, and how often it occurs. Of several
// that occur equally often it is the smallest.
func (st *Stack) frequent(gaps []float64) (gap float64, count int) {
	sorted := slices.Sorted(slices.Values(gaps))
	for from, to := 0, 0; from < len(sorted); from++ {
		for to < len(sorted) && st.same(sorted[from], sorted[to]) {
			to++
		}
		if to-from > count {
			sum := 0.0
			for _, g := range sorted[from:to] {
				sum += g
			}
			gap, count = sum/float64(to-from), to-from
		}
	}
	return gap, count
}

// rule is the number of equal gaps in a row that make a stretch. As many do not come
// about by accident.
const rule = 3

// stretches gives, for each gap, the mean gap of the stretch to which it belongs, and 0
// for a gap outside of any.
func (st *Stack) stretches(gaps []float64) []float64 {
	out := make([]float64, len(gaps))
	for from := 0; from < len(gaps); {
		to := from
		sum := 0.0
		for to < len(gaps) && st.same(gaps[from], gaps[to]) {
			sum += gaps[to]
			to++
		}
		if to-from >= rule {
			for k := from; k < to; k++ {
				out[k] = sum / float64(to-from)
			}
		}
		from = to
	}
	return out
}

// missing refuses a stack with a gap that is a whole multiple of the gaps around it.
// A head may be scanned in thin slices below and thick ones above, so a stretch of
// wide gaps is accepted, and so is the step between two stretches.
func (st *Stack) missing() error {
	gaps := st.gaps()
	stretch := st.stretches(gaps)
	base, count := st.frequent(gaps)
	alone := 0 // gaps outside of other stretches
	for k := range gaps {
		if stretch[k] == 0 || st.same(stretch[k], base) {
			alone++
		}
	}
	if 2*count < alone {
		base = st.commonDivisor(gaps)
	}
	lost, at, rule := 0, -1, base
	for k, gap := range gaps {
		below, above := neighbour(stretch, k, -1), neighbour(stretch, k, 1)
		local := max(below, above)
		if local == 0 {
			local = base
		}
		switch {
		case local == 0 || st.same(gap, local) || stretch[k] > 0 && !st.between(stretch[k], below, above):
			continue
		case gap <= local && !st.same(below, above): // the step from one rule to another
			continue
		}
		times := math.Round(gap / local)
		whole := math.Abs(gap-times*local) <= (times+1)*st.tolerance(local)
		hole := gap > holeShare*local && below > 0 && above > 0 && st.same(below, above)
		if times < 2 || !whole && !hole {
			continue
		}
		if lost += int(times) - 1; at < 0 {
			at, rule = k+1, local
		}
	}
	if lost == 0 {
		return nil
	}
	return volume.Reject("missing_slices", "slices are missing: %d, the first of them after slice %d of %d (a gap of %.2f mm where %.2f mm is the rule): send the whole series",
		lost, at, len(st.Depth), gaps[at-1], rule)
}

// holeShare is how many times as wide as the gaps of the even stack around it a gap
// must be for a slice to be missing there, whether it is a whole multiple or not.
const holeShare = 1.75

// between says whether a stretch of gaps lies between two stretches of smaller gaps
// that are equal to each other. Then slices are missing throughout it.
func (st *Stack) between(own, below, above float64) bool {
	return below > 0 && above > 0 && st.same(below, above) && own > below
}

// neighbour is the gap of the nearest other stretch in a direction, or 0 for none.
func neighbour(stretch []float64, k, step int) float64 {
	for i := k + step; i >= 0 && i < len(stretch); i += step {
		if stretch[i] > 0 && stretch[i] != stretch[k] {
			return stretch[i]
		}
	}
	return 0
}

// commonDivisor is the smallest gap if all others are small multiples of it, and 0 if
// the gaps vary smoothly.
func (st *Stack) commonDivisor(gaps []float64) float64 {
	base := slices.Min(gaps)
	sum, n := 0.0, 0
	for _, gap := range gaps {
		if st.same(gap, base) {
			sum, n = sum+gap, n+1
		}
	}
	base = sum / float64(n)
	for _, gap := range gaps {
		times := math.Round(gap / base)
		if times > 10 || math.Abs(gap-times*base) > times*st.tolerance(base) {
			return 0
		}
	}
	return base
}

// turnShare is the least difference between the gaps above even and odd planes, as a
// share of the mean gap, at which two stacks are taken to be interleaved. Smaller
// differences are jitter.
const turnShare = 0.25

// interleaved refuses a stack of which every second plane makes an even stack. It
// holds two scans of one region that are shifted against each other.
func (st *Stack) interleaved() error {
	if len(st.Depth) < 2*MinSlices {
		return nil
	}
	var halves [2][]float64
	for k, d := range st.Depth {
		halves[k%2] = append(halves[k%2], d)
	}
	var sum, n [2]float64
	for k, gap := range st.gaps() {
		sum[k%2] += gap
		n[k%2]++
	}
	turn := math.Abs(sum[0]/n[0] - sum[1]/n[1])
	if turn > turnShare*st.Spacing[2] && st.even(halves[0]) && st.even(halves[1]) {
		return volume.Reject("multiple_volumes", "every second slice of the series makes an even stack of its own: it holds two volumes of one region (phases or passes); send the slices of one of them")
	}
	return nil
}
