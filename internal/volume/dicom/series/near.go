package series

import "math"

// Near lists pairs of slices, by index, that lie so close together that they may be
// one slice, sent twice with its position rounded in two ways. If their pixels are
// equal, call Repeat. The slices are in order of depth.
func (s *Series) Near() [][2]int {
	if len(s.Slices) < MinSlices || s.fault != nil || s.syntax != nil || s.mixed {
		return nil
	}
	row, col, spacing, err := s.plane()
	if err != nil {
		return nil
	}
	st := &Stack{Spacing: [3]float64{spacing[1], spacing[0], 1}}
	normal := upward(row, col, st.Spacing)
	s.sort(normal)
	st.rounding, st.tenths = s.rounding(normal)
	same := samePlace * math.Min(spacing[0], spacing[1])
	var gaps, wide []float64
	depths := s.depths(normal)
	for i := 1; i < len(depths); i++ {
		gap := depths[i] - depths[i-1]
		if gap > same {
			gaps = append(gaps, gap)
		}
		if gap > nearMM {
			wide = append(wide, gap)
		}
	}
	if len(wide) > 0 {
		gaps = wide
	}
	if len(gaps) == 0 {
		return nil
	}
	usual, _ := st.frequent(gaps)
	var near [][2]int
	for i := 1; i < len(depths); i++ {
		if gap := depths[i] - depths[i-1]; gap > same && gap <= math.Min(nearMM, nearShare*usual) {
			near = append(near, [2]int{i - 1, i})
		}
	}
	return near
}

func (s *Series) depths(normal vec) []float64 {
	out := make([]float64, len(s.Slices))
	for i, sl := range s.Slices {
		out[i] = vec(sl.geometry.Position).dot(normal)
	}
	return out
}

// Repeat marks one slice of a pair from Near as a repetition of the other. It marks
// the one that is further from its place on the grid.
func (s *Series) Repeat(pair [2]int) {
	o := s.Slices[0].geometry.Orientation
	normal := vec{o[0], o[1], o[2]}.cross(vec{o[3], o[4], o[5]})
	at := func(i int) float64 { return vec(s.Slices[i].geometry.Position).dot(normal) }
	low, high := pair[0], pair[1]
	usual := math.Abs(at(len(s.Slices)-1)-at(0)) / float64(max(1, s.places(normal)-1))
	// The neighbours decide: which of the two leaves whole gaps on both sides.
	off := func(i int) float64 {
		sum := 0.0
		for _, n := range [2]int{low - 1, high + 1} {
			if n >= 0 && n < len(s.Slices) {
				sum += math.Abs(math.Abs(at(n)-at(i)) - usual)
			}
		}
		return sum
	}
	if s.Slices[low].repeat != 0 || off(low) <= off(high) {
		s.Slices[high].repeat = -1
	} else {
		s.Slices[low].repeat = 1
	}
}

// places is how many planes there are when slices closer than nearMM are one.
func (s *Series) places(normal vec) int {
	depths := s.depths(normal)
	n := 1
	for i := 1; i < len(depths); i++ {
		if math.Abs(depths[i]-depths[i-1]) > nearMM {
			n++
		}
	}
	return n
}
