package series

import (
	"math"
	"sort"

	"github.com/iris-oculus/iris/internal/volume"
	"github.com/iris-oculus/iris/internal/volume/dicom/header"
)

// Stack is a series as a stack of parallel planes. Plane k lies at Depth[k] along the
// normal and is shifted by Shift[k] within its plane, both in mm from plane 0. If the
// stack is Regular, (Dims, Affine) is the grid of its voxels.
type Stack struct {
	Dims    [3]int        // columns, rows, planes
	Affine  volume.Affine // plane 0's frame, with the mean gap as third axis
	Depth   []float64
	Shift   [][2]float64 // along a row, along a column
	Spacing [3]float64   // between columns, between rows, mean gap; mm
	Even    bool         // the gaps are equal
	Tilted  bool         // the planes are shifted against each other

	rounding float64 // by how much the positions were rounded along the normal, mm
	tenths   bool    // they were rounded to tenths of a millimetre, not to whole ones
}

// Regular says whether the planes lie on one orthogonal grid already.
func (s *Stack) Regular() bool { return s.Even && !s.Tilted }

// These tolerances of the geometry are all far above the 1e-6 of decimal strings.
const (
	// unitTolerance suffices for direction cosines with 4 decimals, the least that
	// files have.
	unitTolerance = 1e-3
	// tiltDegrees is the angle above which a stack counts as tilted (imaging.md §2.1).
	tiltDegrees = 0.5
	// samePlace is the share of a pixel within which two slices have one position.
	samePlace = 0.01
	// nearShare and nearMM bound, as a share of the usual gap and in mm, the distance
	// of two slices that are one slice, sent twice, if their pixels are equal.
	nearShare = 0.05
	nearMM    = 0.1
	// evenMM and evenShare are the tolerance of an even stack, in mm and as a share of
	// the gap; the larger of both counts (imaging.md §2.1).
	evenMM    = 0.02
	evenShare = 0.01
	// minSpacing and maxSpacing bound the spacing of a prepared volume in mm. No
	// scanner resolves a micrometre or leaves gaps of a decimetre.
	minSpacing = 1e-3
	maxSpacing = 100.0
	// farthest is 10 m. No patient lies further from a scanner's centre.
	farthest = 1e4
)

// Stack orders the slices, sets their Plane and computes the grid.
func (s *Series) Stack() (*Stack, error) {
	switch {
	case s.fault != nil:
		return nil, s.fault
	case len(s.Slices) < MinSlices:
		return nil, tooFew("the series", len(s.Slices))
	case s.syntax != nil:
		return nil, s.syntax
	case s.mixed:
		return nil, volume.Reject("mixed_dimensions", "the images of the series have different numbers of rows or columns: it holds more than slices of one scan; send those of one size")
	}
	if err := s.checkSpace(); err != nil {
		return nil, err
	}
	row, col, spacing, err := s.plane()
	if err != nil {
		return nil, err
	}
	st := &Stack{Spacing: [3]float64{spacing[1], spacing[0], 1}}
	normal := upward(row, col, st.Spacing)
	if err := s.order(st, row, col, normal); err != nil {
		return nil, err
	}
	for axis, name := range [3]string{"columns", "rows", "slices"} {
		if mm := st.Spacing[axis]; mm < minSpacing || mm > maxSpacing {
			return nil, volume.Reject("bad_geometry", "the %s of the series lie %g mm apart: want %g to %g mm", name, mm, minSpacing, maxSpacing)
		}
	}
	st.Affine = affine(s.origin(), row, col, normal, st.Spacing)
	st.Dims = [3]int{s.sizes[1], s.sizes[0], len(st.Depth)}
	return st, volume.CheckDims(st.Dims)
}

// plane is the orientation and pixel spacing that all slices share.
func (s *Series) plane() (row, col vec, spacing [2]float64, err error) {
	const need = header.HasPosition | header.HasOrientation | header.HasSpacing
	first := s.Slices[0].geometry
	for _, sl := range s.Slices {
		g := sl.geometry
		switch {
		case g.Has&header.Bad != 0:
			err = volume.Reject("bad_geometry", "a slice's position, orientation, spacing or scale is no number: export the series again")
		case g.Has&need != need:
			err = volume.Reject("missing_geometry", "a slice has no position, orientation or pixel spacing: where it lies in the patient is unknown; send the original slices of the scanner")
		case !(g.Spacing[0] > 0) || !(g.Spacing[1] > 0) || max(g.Spacing[0], g.Spacing[1]) > farthest:
			err = volume.Reject("bad_geometry", "a slice's pixel spacing is not above 0 mm or beyond all bounds: export the series again")
		case vec(g.Position).length() > farthest:
			err = volume.Reject("bad_geometry", "a slice lies more than %g mm from the scanner's centre: export the series again", farthest)
		case differ(g.Orientation[:], first.Orientation[:], unitTolerance):
			err = volume.Reject("mixed_orientation", "the slices of the series do not all have the same orientation: it holds several views; send the slices of one")
		case differ(g.Spacing[:], first.Spacing[:], unitTolerance*first.Spacing[0]):
			err = volume.Reject("mixed_dimensions", "the slices of the series have different pixel spacings: send those of one reconstruction")
		}
		if err != nil {
			return row, col, spacing, err
		}
	}
	o := first.Orientation
	row, col = vec{o[0], o[1], o[2]}, vec{o[3], o[4], o[5]}
	if math.Abs(row.length()-1) > unitTolerance || math.Abs(col.length()-1) > unitTolerance ||
		math.Abs(row.dot(col)) > unitTolerance {
		return row, col, spacing, volume.Reject("bad_geometry", "a slice's rows and columns are not at right angles: export the series again")
	}
	row = row.scaled(1 / row.length())
	col = col.along(row, -col.dot(row)) // exactly at right angles
	return row, col.scaled(1 / col.length()), first.Spacing, nil
}

func differ(a, b []float64, tolerance float64) bool {
	for i := range a {
		if math.Abs(a[i]-b[i]) > tolerance {
			return true
		}
	}
	return false
}

// upward is the normal that points to the positive side of its nearest RAS axis, so
// that the order of planes is the order in which they are written.
func upward(row, col vec, spacing [3]float64) vec {
	n := row.cross(col)
	o := volume.Canonical(affine(vec{}, row, col, n, spacing))
	for axis, from := range o.From {
		if from == 2 && o.Flip[axis] {
			return n.scaled(-1)
		}
	}
	return n
}

// affine is the grid of planes in world RAS: x and y change sign from LPS.
func affine(origin, row, col, normal vec, spacing [3]float64) volume.Affine {
	var a volume.Affine
	for r, sign := range [3]float64{-1, -1, 1} {
		a[r] = [4]float64{
			sign * row[r] * spacing[0], sign * col[r] * spacing[1], sign * normal[r] * spacing[2], sign * origin[r]}
	}
	return a
}

// order sorts the slices along the normal and describes their positions in st.
func (s *Series) order(st *Stack, row, col, normal vec) error {
	s.sort(normal)
	st.rounding, st.tenths = s.rounding(normal)
	origin := s.origin()
	tolerance := samePlace * math.Min(st.Spacing[0], st.Spacing[1])
	for i := range s.Slices {
		d := vec(s.Slices[i].geometry.Position).minus(origin)
		depth := d.dot(normal)
		n := len(st.Depth)
		switch repeat := s.Slices[i].repeat; {
		case repeat > 0: // its plane comes next
			s.Slices[i].Plane = n
			continue
		case repeat == 0 && (n == 0 || depth-st.Depth[n-1] > tolerance):
			st.Depth = append(st.Depth, depth)
			st.Shift = append(st.Shift, [2]float64{d.dot(row), d.dot(col)})
		}
		s.Slices[i].Plane = len(st.Depth) - 1
	}
	if n := len(st.Depth); n < MinSlices {
		return volume.Reject("too_few_slices", "the slices of the series lie at %d positions: a volume needs at least %d; one place at several times is none", n, MinSlices)
	}
	if err := s.checkPasses(st); err != nil {
		return err
	}
	return st.judgeGaps()
}

// origin is the position of plane 0, whose first slice may be a repetition.
func (s *Series) origin() vec {
	for _, sl := range s.Slices {
		if sl.repeat == 0 {
			return sl.geometry.Position
		}
	}
	return s.Slices[0].geometry.Position
}

func (s *Series) sort(normal vec) {
	sort.SliceStable(s.Slices, func(i, j int) bool {
		return vec(s.Slices[i].geometry.Position).dot(normal) < vec(s.Slices[j].geometry.Position).dot(normal)
	})
}

// rounding is how far the writer's rounding may have moved positions along the normal:
// half a millimetre if all of them are whole numbers, half a tenth if they have one
// decimal, else 0. tenths says that they have one decimal.
func (s *Series) rounding(normal vec) (mm float64, tenths bool) {
	const noise = 1e-6
	for _, unit := range []float64{1, 0.1} {
		all := true
		for _, sl := range s.Slices {
			for _, x := range sl.geometry.Position {
				all = all && math.Abs(x-unit*math.Round(x/unit)) < noise
			}
		}
		if all {
			// A quarter more: the grid is fitted to the rounded positions.
			return 1.25 * unit / 2 * (math.Abs(normal[0]) + math.Abs(normal[1]) + math.Abs(normal[2])), unit < 1
		}
	}
	return 0, false
}

// roughSpacing is the mean distance of neighbours, 0 when it is not known.
func (s *Series) roughSpacing() float64 {
	if len(s.Slices) < 2 {
		return 0
	}
	o := s.Slices[0].geometry.Orientation
	normal := vec{o[0], o[1], o[2]}.cross(vec{o[3], o[4], o[5]})
	lo, hi := math.Inf(1), math.Inf(-1)
	for _, sl := range s.Slices {
		d := vec(sl.geometry.Position).dot(normal)
		lo, hi = math.Min(lo, d), math.Max(hi, d)
	}
	return (hi - lo) / float64(len(s.Slices)-1)
}
