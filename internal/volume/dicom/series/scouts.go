package series

import "github.com/iris-oculus/iris/internal/volume/dicom/header"

// scoutCosine is the cosine of 60 degrees. A scout is seen from the side, so that the
// angle between its normal and that of the slices is larger.
const scoutCosine = 0.5

// dropScouts leaves out images that lie across the stack: localizers that are
// not marked as such, with which many CT series begin. It also leaves out pictures
// of the stack, such as screenshots that were saved as CT images: they are derived
// images without a position in a series whose slices have one. It does so only for
// one or two images among several times as many slices. More of them are another
// stack, or slices that lost their positions, and the series is refused.
func (s *Series) dropScouts() {
	most := s.orientation()
	normal := vec{most[0], most[1], most[2]}.cross(vec{most[3], most[4], most[5]})
	across := func(sl Slice) bool {
		o := sl.geometry.Orientation
		n := vec{o[0], o[1], o[2]}.cross(vec{o[3], o[4], o[5]})
		cosine := n.dot(normal)
		return placed(sl) && n.length() > unitTolerance && cosine < scoutCosine && cosine > -scoutCosine
	}
	picture := func(sl Slice) bool {
		return sl.geometry.Has&header.HasPosition == 0 && s.Images[sl.Image].derived && !s.isDerived()
	}
	scouts, pictures := 0, 0
	left := make([]bool, len(s.Slices))
	for i, sl := range s.Slices {
		switch {
		case across(sl):
			scouts++
		case picture(sl):
			pictures++
		default:
			continue
		}
		left[i] = true
	}
	n := scouts + pictures
	if n == 0 || n >= MinSlices || len(s.Slices)-n < max(MinSlices, 4*n) {
		return
	}
	images, slices := s.Images, s.Slices
	s.Images, s.Slices, s.scouts, s.pictures = nil, nil, scouts, pictures
	kept := map[int]int{} // image before → image now
	for i, sl := range slices {
		if left[i] {
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

// Pictures is how many derived images were left out because they have no place
// in the patient.
func (s *Series) Pictures() int { return s.pictures }
