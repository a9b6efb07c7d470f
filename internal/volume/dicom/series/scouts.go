package series

// scoutCosine: a scout is seen from the side, so that its normal is at more than
// 60 degrees to that of the slices.
const scoutCosine = 0.5

// dropScouts leaves out images that lie across the stack: localizers that are
// not marked as such, with which many CT series begin. One or two among several
// times as many slices are that; more are another stack, which is refused.
func (s *Series) dropScouts() {
	most := s.orientation()
	normal := vec{most[0], most[1], most[2]}.cross(vec{most[3], most[4], most[5]})
	across := func(sl Slice) bool {
		o := sl.geometry.Orientation
		n := vec{o[0], o[1], o[2]}.cross(vec{o[3], o[4], o[5]})
		cosine := n.dot(normal)
		return placed(sl) && n.length() > unitTolerance && cosine < scoutCosine && cosine > -scoutCosine
	}
	n := 0
	for _, sl := range s.Slices {
		if across(sl) {
			n++
		}
	}
	if n == 0 || n >= MinSlices || len(s.Slices)-n < max(MinSlices, 4*n) {
		return
	}
	images, slices := s.Images, s.Slices
	s.Images, s.Slices, s.scouts = nil, nil, n
	kept := map[int]int{} // image before → image now
	for _, sl := range slices {
		if across(sl) {
			continue
		}
		at, known := kept[sl.Image]
		if !known {
			at = len(s.Images)
			kept[sl.Image] = at
			s.Images = append(s.Images, images[sl.Image])
		}
		sl.Image = at
		s.Slices = append(s.Slices, sl)
	}
	s.sizes, s.mixed = s.Images[0].sizes, false
	for _, im := range s.Images {
		s.mixed = s.mixed || im.sizes != s.sizes
	}
}

// Scouts is how many images were left out because they lie across the stack.
func (s *Series) Scouts() int { return s.scouts }
