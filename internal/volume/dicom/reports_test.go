package dicom_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/iris-oculus/iris/internal/volume/dicom"
	"github.com/iris-oculus/iris/internal/volume/dicom/dicomtest"
)

// at moves slice n of a pile to a depth.
func at(depths ...float64) func(n int, s *dicomtest.Slice) {
	return func(n int, s *dicomtest.Slice) { s.Position = dicomtest.At(-10, -20, depths[n]) }
}

// steps is n depths whose gaps gap gives.
func steps(n int, gap func(k int) float64) []float64 {
	out := []float64{0}
	for k := range n - 1 {
		out = append(out, out[k]+gap(k))
	}
	return out
}

// Inputs of public bug reports, rebuilt here, and what becomes of each.
func TestPublicReports(t *testing.T) {
	scout := dicomtest.Axial(0, 12, 20)
	scout.Orientation, scout.Instance = `0\1\0\0\0\-1`, "1.2.3.4.99"
	mr := func(_ int, s *dicomtest.Slice) {
		s.Modality, s.Class, s.Slope, s.Intercept = "MR", "1.2.840.10008.5.1.4.1.1.4", "", ""
	}
	irregular := steps(12, func(k int) float64 { return map[bool]float64{true: 1.42798, false: 1.90399}[k == 6] })
	mixed := steps(20, func(k int) float64 { return map[bool]float64{true: 6, false: 3}[k > 9] })
	lost := steps(20, func(k int) float64 { return map[bool]float64{true: 3.19999988, false: 1.59999994}[k == 9] })
	cases := []struct {
		report, want string
		drop         dicomtest.Drop
	}{
		// A CT series begins with a localizer that no tag names.
		{"dgobbi/vtk-dicom#98", "localizers_left_out", append(dicomtest.Drop{scout.Bytes()}, bodies(6, nil)...)},
		{"OHIF/Viewers#3360", "duplicate_slices", append(bodies(6, nil), bodies(2, nil)...)},
		// PET of a tracer in slopes of 1e-8: whole numbers would erase it.
		{"rordenlab/dcm2niix#978", "not_hounsfield", bodies(6, func(n int, s *dicomtest.Slice) {
			pet(n, s)
			s.Slope = fmt.Sprintf("%ge-08", 1.02+0.02*float64(n))
		})},
		// One half of a series has a slope of its own.
		{"Kitware/VolView#292", "uneven_scale", bodies(6, func(n int, s *dicomtest.Slice) {
			if n > 2 {
				s.Slope = "0.4"
			}
		})},
		// The least value of int16 is a value like any other.
		{"icometrix/dicom2nifti#144", "", bodies(6, func(n int, s *dicomtest.Slice) {
			mr(n, s)
			s.Signed = true
			words(s, func(r, c int) int { return map[bool]int{true: -32768, false: 100 + r*c}[r < 3] })
		})},
		{"moloney/dcmstack#49", "saturated", bodies(6, func(n int, s *dicomtest.Slice) {
			pet(n, s)
			words(s, func(r, c int) int { return 200 * r * c })
		})},
		{"rordenlab/dcm2niix#251", "saturated", bodies(6, func(n int, s *dicomtest.Slice) {
			mr(n, s)
			words(s, func(r, c int) int { return 34101 * (r + c) / 30 })
		})},
		// Signed samples of 12 bits.
		{"rordenlab/dcm2niix#688", "", bodies(6, func(_ int, s *dicomtest.Slice) {
			s.Signed, s.Stored, s.High, s.Intercept = true, 12, 11, "0"
			words(s, func(r, c int) int { return body(0)(r, c) & 0x0FFF })
		})},
		// Three slices of a body, a quarter of a metre apart, are no volume.
		{"SimpleITK/SimpleITK#2292", "bad_geometry", bodies(3, at(70, -187.5, -445))},
		{"Slicer/Slicer#7339", "variable_spacing", bodies(12, at(irregular...))},
		// 3 mm below, 6 mm above, as in LUNG1-014.
		{"brianmanderson/Dicom_RT_and_Images_to_Mask#44", "variable_spacing", bodies(20, at(mixed...))},
		{"bjw34032 in moloney/dcmstack#55", "missing_slices", bodies(20, at(lost...))},
		// Slices of one PET have times of their own.
		{"UCL/STIR#336", "", bodies(6, func(n int, s *dicomtest.Slice) {
			pet(n, s)
			s.Extra = text(0x00080032, "TM", fmt.Sprintf("1200%02d", n))
		})},
		{"fo-dicom/fo-dicom#497", "series_joined", bodies(6, func(n int, s *dicomtest.Slice) {
			s.Study, s.Series = fmt.Sprint("1.9.", n), fmt.Sprint("1.8.", n)
		})},
		{"medInria/medInria-public#156", "series_joined", bodies(6, func(n int, s *dicomtest.Slice) { s.Series = fmt.Sprint("1.8.", n) })},
		{"icometrix/dicom2nifti#36", "", bodies(12, at(steps(12, func(k int) float64 { return 2.5 + 0.001*float64(k%3) })...))},
		// An abdomen in two contrast phases, at positions of their own.
		{"rordenlab/dcm2niix#590", "multiple_volumes", bodies(12, func(n int, s *dicomtest.Slice) {
			s.Extra = text(0x00200012, "IS", fmt.Sprint(1+n%2))
			at(steps(12, func(k int) float64 { return 1 + 0.5*float64(k%2) })...)(n, s)
		})},
		{"erling6232/imagedata#94", "multiple_volumes", append(bodies(6, nil), bodies(6, func(_ int, s *dicomtest.Slice) { words(s, body(1100)) })...)},
		// GE's numbers for table positions, of which users of a splitter complained.
		{"rordenlab/dcm2niix#48", "", bodies(12, func(n int, s *dicomtest.Slice) { s.Extra = text(0x00200012, "IS", fmt.Sprint(1+n/4)) })},
	}
	for _, c := range cases {
		t.Run(strings.ReplaceAll(c.report, "/", " "), func(t *testing.T) {
			_, report, _, err := convert(t, c.drop, dicom.Options{})
			if got := outcome(report, err); got != c.want {
				t.Errorf("%q (%v %v), want %q", got, err, report.Warnings, c.want)
			}
		})
	}
}

// An enhanced MR whose slices come in three packages, each a stack of its own,
// interleaved into one even volume, is that volume (Slicer, dcm2niix#839).
func TestPackagesAreOneVolume(t *testing.T) {
	classic := bodies(9, nil)
	_, _, want, err := convert(t, classic, dicom.Options{Modality: "MR"})
	if err != nil {
		t.Fatal(err)
	}
	s := dicomtest.Axial(0, 16, 16)
	s.Stored, s.High = 16, 15
	s.Class, s.Frames, s.Position, s.Pixels, s.Modality = "1.2.840.10008.5.1.4.1.1.4.1", "9", "", nil, "MR"
	var frames []func(*dicomtest.Writer)
	for n := range 9 {
		place := n%3*3 + n/3 // package by package
		one := dicomtest.Axial(place, 16, 16)
		words(&one, body(1024))
		s.Pixels = append(s.Pixels, one.Pixels...)
		frames = append(frames, func(w *dicomtest.Writer) {
			w.Sequence(0x00209111, true, func(w *dicomtest.Writer) { w.Text(0x00209056, "SH", fmt.Sprint(n/3)) })
			w.Sequence(0x00209113, true, func(w *dicomtest.Writer) { w.Text(0x00200032, "DS", one.Position) })
		})
	}
	s.Extra = func(w *dicomtest.Writer) { w.Sequence(0x52009230, false, frames...) }
	_, report, got, err := convert(t, dicomtest.Drop{s.Bytes()}, dicom.Options{})
	if err != nil || len(report.Warnings) > 0 || string(got) != string(want) {
		t.Errorf("%v %v, equal %v", err, report.Warnings, string(got) == string(want))
	}
}

// The frames of an enhanced file carry their marks one by one.
func TestPhasesOfAnEnhancedFile(t *testing.T) {
	s := dicomtest.Axial(0, 16, 16)
	s.Stored, s.High = 16, 15
	s.Class, s.Frames, s.Position, s.Pixels = "1.2.840.10008.5.1.4.1.1.2.1", "8", "", nil
	var frames []func(*dicomtest.Writer)
	for n := range 8 {
		one := dicomtest.Axial(n, 16, 16)
		words(&one, body(1024+n%2))
		s.Pixels = append(s.Pixels, one.Pixels...)
		frames = append(frames, func(w *dicomtest.Writer) {
			w.Sequence(0x00209111, true, func(w *dicomtest.Writer) {
				w.Head(0x00209128, "UL", 4)
				w.Buffer.Write(w.Order.AppendUint32(nil, uint32(1+n%2)))
			})
			w.Sequence(0x00209113, true, func(w *dicomtest.Writer) { w.Text(0x00200032, "DS", one.Position) })
		})
	}
	s.Extra = func(w *dicomtest.Writer) { w.Sequence(0x52009230, false, frames...) }
	if _, report, _, err := convert(t, dicomtest.Drop{s.Bytes()}, dicom.Options{}); code(err) != "multiple_volumes" {
		t.Errorf("%v %v", err, report.Warnings)
	}
}

// A head in thin slices below and thick ones above keeps its content where it
// was, and one short gap where they meet does not set the spacing of the rest.
func TestShortGapDoesNotRule(t *testing.T) {
	depths := steps(24, func(k int) float64 {
		switch {
		case k < 14:
			return 2.5
		case k == 14:
			return 0.25
		}
		return 7.5
	})
	var d dicomtest.Drop
	for n, z := range depths {
		d = append(d, placed(n, [3]float64{-5, 3, z}, [3]float64{1, 0, 0}, [3]float64{0, 1, 0}, 24, 20, [2]float64{0.5, 0.5}).Bytes())
	}
	v, _, _, err := convert(t, d, dicom.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if gap := v.Affine.Spacing()[2]; math.Abs(gap-2.5) > 1e-6 {
		t.Errorf("planes are %g mm apart, want 2.5", gap)
	}
	if wrong, judged := wrongVoxels(v, 1.5); wrong > 0 {
		t.Errorf("%d of %d voxels are wrong", wrong, judged)
	}
}

// Complete scans as hospitals have them, each of which was refused or warned of
// without a reason.
func TestOrdinaryScans(t *testing.T) {
	trigger := func(n int, s *dicomtest.Slice) {
		s.Extra = text(0x00181060, "DS", []string{"612", "598", "612", "598"}[n/3])
	}
	unspecified := func(_ int, s *dicomtest.Slice) { s.Extra = text(0x00281054, "LO", "US") }
	fine := func(n int, s *dicomtest.Slice) {
		s.Position = dicomtest.At(-10, -20, math.Round(3.125*float64(n))/10)
	}
	shot := dicomtest.Axial(0, 12, 20)
	shot.ImageType, shot.Instance, shot.Position, shot.Orientation = `DERIVED\SECONDARY\SCREEN SAVE`, "1.2.3.4.98", "", ""
	cases := []struct {
		name, want string
		drop       dicomtest.Drop
	}{
		{"a heart, three slices a beat, two pairs of beats alike", "", bodies(12, trigger)},
		{"Hounsfield units of an unspecified type", "", bodies(6, unspecified)},
		{"0.3125 mm apart, positions with one decimal", "", bodies(20, fine)},
		{"a screenshot in the series, saved as a CT image", "pictures_left_out", append(bodies(12, nil), shot.Bytes())},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, report, _, err := convert(t, c.drop, dicom.Options{})
			if got := outcome(report, err); got != c.want {
				t.Errorf("%s (%v), want %q", got, err, c.want)
			}
		})
	}
}

// An image at the end of a stack whose header lost its series, or became one in colour,
// leaves no gap. Its owner hears of it. (tests/differential)
func TestAnImageThatLeftItsSeriesIsToldOf(t *testing.T) {
	last := func(change func(s *dicomtest.Slice)) dicomtest.Drop {
		return bodies(6, func(n int, s *dicomtest.Slice) {
			if n == 5 {
				change(s)
			}
		})
	}
	for _, c := range []struct {
		name, want string
		drop       dicomtest.Drop
	}{
		{"no series", "other_series", last(func(s *dicomtest.Slice) { s.Series = "" })},
		{"another series", "other_series", last(func(s *dicomtest.Slice) { s.Series += ".1" })},
		{"another series, cut short", "other_series", last(func(s *dicomtest.Slice) { s.Series += ".1"; s.Pixels = nil })},
		{"colour", "pictures_left_out", last(func(s *dicomtest.Slice) { s.Photometric = "YBR_FULL" })},
		{"a PET image beside the CT", "", last(func(s *dicomtest.Slice) { pet(0, s); other(s) })},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, report, _, err := convert(t, c.drop, dicom.Options{})
			if got := outcome(report, err); got != c.want {
				t.Errorf("%q (%v), want %q", got, err, c.want)
			}
		})
	}
}

// The owner who asks for the CT of a PET/CT hears of no other series: none could
// be chosen by number.
func TestOtherModalitiesAreNoOtherSeries(t *testing.T) {
	pets := bodies(6, func(n int, s *dicomtest.Slice) {
		pet(n, s)
		other(s)
	})
	_, report, _, err := convert(t, append(bodies(6, nil), pets...), dicom.Options{Modality: "CT"})
	if got := outcome(report, err); got != "" {
		t.Errorf("%s (%v)", got, err)
	}
}
