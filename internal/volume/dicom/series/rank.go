package series

import (
	"math"

	"github.com/iris-oculus/iris/internal/volume/dicom/header"
)

// These are the ranks of series, the best first.
const (
	rankOriginal = iota // a volume as the scanner made it
	rankDerived         // a volume that was computed from another
	rankNone            // projections, screenshots, slices of one place
)

// rank judges a series from its headers. One that lacks a slice or holds a damaged one
// counts as a volume, so that its owner is told of the fault and does not get another
// series.
func (s *Series) rank() int {
	switch {
	case !s.stacked():
		return rankNone
	case s.isDerived():
		return rankDerived
	}
	return rankOriginal
}

// isDerived says whether most images were made from others by their own account.
func (s *Series) isDerived() bool { return 2*s.derived > len(s.Images) }

// placed says whether a slice has a position and an orientation.
func placed(sl Slice) bool {
	const need = header.HasPosition | header.HasOrientation
	return sl.geometry.Has&need == need
}

// orientation is that of more than half of the slices, if they agree so far. It is
// found by the majority vote of Boyer and Moore.
func (s *Series) orientation() (most [6]float64) {
	votes := 0
	for _, sl := range s.Slices {
		switch o := sl.geometry.Orientation; {
		case !placed(sl):
		case votes == 0:
			most, votes = o, 1
		case differ(o[:], most[:], unitTolerance):
			votes--
		default:
			votes++
		}
	}
	return most
}

// stacked says whether more than half of the slices are parallel and lie at
// enough places.
func (s *Series) stacked() bool {
	most := s.orientation()
	normal := vec{most[0], most[1], most[2]}.cross(vec{most[3], most[4], most[5]})
	parallel, places := 0, map[float64]bool{}
	for _, sl := range s.Slices {
		o := sl.geometry.Orientation
		if placed(sl) && !differ(o[:], most[:], unitTolerance) {
			parallel++
			places[math.Round(vec(sl.geometry.Position).dot(normal)*100)] = true
		}
	}
	return 2*parallel > len(s.Slices) && len(places) >= MinSlices
}
