package dicom_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/iris-oculus/iris/internal/volume"
	"github.com/iris-oculus/iris/internal/volume/dicom"
	"github.com/iris-oculus/iris/internal/volume/dicom/dicomtest"
	"github.com/iris-oculus/iris/internal/volume/dicom/syntax"
	"github.com/iris-oculus/iris/internal/volume/drop"
	"github.com/iris-oculus/iris/internal/volume/nifti"
)

func convert(t testing.TB, files drop.Files, o dicom.Options) (*volume.Volume, dicom.Report, []byte, error) {
	t.Helper()
	var out bytes.Buffer
	report, err := dicom.Convert(t.Context(), files, &out, o)
	if err != nil {
		return nil, report, nil, err
	}
	v, err := nifti.ReadVolume(bytes.NewReader(out.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	return v, report, out.Bytes(), nil
}

func code(err error) string {
	var fault *volume.Error
	if errors.As(err, &fault) {
		return fault.Code
	}
	return fmt.Sprint(err)
}

// field is a smooth scalar of a point in LPS mm; linear, so that linear
// resampling reproduces it.
func field(p [3]float64) float64 { return 2*p[0] - 3*p[1] + 4*p[2] - 170 }

// placed is a slice whose pixels are the field where they lie.
func placed(n int, origin, row, col [3]float64, rows, columns int, spacing [2]float64) dicomtest.Slice {
	s := dicomtest.Axial(n, rows, columns)
	s.Signed, s.Stored, s.High, s.Intercept = true, 16, 15, "0"
	s.Position = dicomtest.At(origin[0], origin[1], origin[2])
	s.Orientation = fmt.Sprintf(`%.9f\%.9f\%.9f\%.9f\%.9f\%.9f`, row[0], row[1], row[2], col[0], col[1], col[2])
	s.Spacing = fmt.Sprintf(`%g\%g`, spacing[0], spacing[1])
	s.Pixels = nil
	for r := range rows {
		for c := range columns {
			var p [3]float64
			for a := range 3 {
				p[a] = origin[a] + float64(r)*spacing[0]*col[a] + float64(c)*spacing[1]*row[a]
			}
			v := uint16(int16(math.Round(field(p))))
			s.Pixels = append(s.Pixels, byte(v), byte(v>>8))
		}
	}
	return s
}

// wrongVoxels counts voxels off the field by more than tolerance, fill left out.
func wrongVoxels(v *volume.Volume, tolerance float64) (wrong, judged int) {
	for k := range v.Dims[2] {
		for j := range v.Dims[1] {
			for i := range v.Dims[0] {
				got := v.Voxels[i+v.Dims[0]*(j+v.Dims[1]*k)]
				if got == -1024 {
					continue
				}
				p := v.Affine.Apply([3]float64{float64(i), float64(j), float64(k)})
				judged++
				if math.Abs(float64(got)-field([3]float64{-p[0], -p[1], p[2]})) > tolerance {
					wrong++
				}
			}
		}
	}
	return wrong, judged
}

// Whatever the orientation, every voxel ends where the scanner saw it, and the
// axes come out closest to RAS.
func TestConvertKeepsWorldPositions(t *testing.T) {
	s := math.Sqrt(0.5)
	orientations := []struct {
		name     string
		row, col [3]float64
	}{
		{"axial", [3]float64{1, 0, 0}, [3]float64{0, 1, 0}},
		{"axial, prone", [3]float64{-1, 0, 0}, [3]float64{0, -1, 0}},
		{"axial, rows are columns", [3]float64{0, 1, 0}, [3]float64{1, 0, 0}},
		{"sagittal", [3]float64{0, 1, 0}, [3]float64{0, 0, -1}},
		{"coronal", [3]float64{1, 0, 0}, [3]float64{0, 0, -1}},
		{"oblique", [3]float64{0.8, 0.6, 0}, [3]float64{-0.6 * s, 0.8 * s, s}},
	}
	for _, o := range orientations {
		for _, step := range []float64{2, -2} { // slices up and down
			t.Run(fmt.Sprint(o.name, step), func(t *testing.T) {
				normal := [3]float64{
					o.row[1]*o.col[2] - o.row[2]*o.col[1], o.row[2]*o.col[0] - o.row[0]*o.col[2], o.row[0]*o.col[1] - o.row[1]*o.col[0]}
				var d dicomtest.Drop
				for n := range 6 {
					origin := [3]float64{-12, 7, 30}
					for a := range 3 {
						origin[a] += step * float64(n) * normal[a]
					}
					d = append(d, placed(n, origin, o.row, o.col, 5, 7, [2]float64{1.5, 0.5}).Bytes())
				}
				v, report, _, err := convert(t, d, dicom.Options{Modality: "MR"})
				if err != nil {
					t.Fatal(err)
				}
				if wrong, judged := wrongVoxels(v, 1); wrong > 0 || judged != 5*7*6 {
					t.Errorf("%d of %d voxels are elsewhere", wrong, judged)
				}
				if !volume.Canonical(v.Affine).Identity() || len(report.Warnings) > 0 {
					t.Errorf("affine %v, warnings %v", v.Affine, report.Warnings)
				}
			})
		}
	}
}

// A tilted or unevenly spaced stack lands on a rectangular grid with its
// contents where they were, with a warning.
func TestConvertResamples(t *testing.T) {
	cases := []struct {
		name   string
		shift  [3]float64 // mm a slice within the plane: tilt
		depths []float64
		want   []string
	}{
		{"tilt up", [3]float64{0, 0.9, 0}, []float64{0, 2, 4, 6, 8}, []string{"tilt_corrected"}},
		{"tilt down", [3]float64{0, -0.9, 0}, []float64{0, 2, 4, 6, 8}, []string{"tilt_corrected"}},
		{"tilt to the side", [3]float64{0.7, 0, 0}, []float64{0, 2, 4, 6, 8}, []string{"tilt_corrected"}},
		{"variable", [3]float64{}, []float64{0, 1, 2.3, 4, 6.2}, []string{"variable_spacing"}},
		{"both", [3]float64{0, 0.6, 0}, []float64{0, 1, 2.3, 4, 6.2}, []string{"tilt_corrected", "variable_spacing"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var d dicomtest.Drop
			for n, z := range c.depths {
				origin := [3]float64{-5 + c.shift[0]*z, 3 + c.shift[1]*z, 40 + z}
				d = append(d, placed(n, origin, [3]float64{1, 0, 0}, [3]float64{0, 1, 0}, 24, 20, [2]float64{0.5, 0.5}).Bytes())
			}
			v, report, _, err := convert(t, d, dicom.Options{})
			if err != nil {
				t.Fatal(err)
			}
			wrong, judged := wrongVoxels(v, 1.5)
			if wrong > 0 || judged < 24*20*3 {
				t.Errorf("%d of %d voxels are wrong", wrong, judged)
			}
			if skew := v.Affine.Skew(); skew > 1e-6 {
				t.Errorf("the grid is sheared by %g", skew)
			}
			var codes []string
			for _, w := range report.Warnings {
				codes = append(codes, w.Code)
			}
			if strings.Join(codes, " ") != strings.Join(c.want, " ") {
				t.Errorf("warnings %v, want %v", codes, c.want)
			}
			if !report.Source.Resampled || len(report.Source.Slices) != len(c.depths) {
				t.Errorf("source %+v", report.Source)
			}
		})
	}
}

// A viewer's files beside the slices are one warning, also those that begin or
// read like DICOM.
func TestConvertPassesStrangersOver(t *testing.T) {
	strangers := dicomtest.Drop{
		[]byte("MZ\x90\x00"), []byte("a viewer's manual"), bytes.Repeat([]byte{8, 0, 5, 0}, 999),
		append([]byte("\x02\x00\x00\x00\x10\x00\x00\x00settings"), make([]byte, 200)...),
		[]byte("SQLite format 3\x001.2.840.10008.5.1.4.1.1.2"),
	}
	_, report, _, err := convert(t, append(strangers, dicomtest.Series(4, 4, 4, nil)...), dicom.Options{})
	if err != nil || len(report.Warnings) != 1 || report.Warnings[0].Message != "files that are no DICOM images were passed over: 5" {
		t.Errorf("%v %v", err, report.Warnings)
	}
	if _, _, _, err = convert(t, strangers, dicom.Options{}); code(err) != "no_image_series" {
		t.Errorf("%v", err)
	}
}

// The order of files, repeated files and strangers change no byte.
func TestConvertOrderChangesNothing(t *testing.T) {
	d := dicomtest.Series(40, 9, 8, nil)
	_, _, want, err := convert(t, d, dicom.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for seed := range uint64(5) {
		rng := rand.New(rand.NewPCG(seed, 1))
		mixed := append(dicomtest.Drop{}, d...)
		mixed = append(mixed, d[3], d[17], d[3], []byte("a viewer's manual"))
		rng.Shuffle(len(mixed), func(i, j int) { mixed[i], mixed[j] = mixed[j], mixed[i] })
		_, report, got, err := convert(t, mixed, dicom.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("seed %d: other bytes", seed)
		}
		if len(report.Warnings) != 2 || report.Warnings[0].Code != "strangers" || report.Warnings[1].Code != "duplicate_slices" {
			t.Errorf("warnings %v", report.Warnings)
		}
	}
}

func TestConvertEverySyntax(t *testing.T) {
	var want []byte
	for _, ts := range []string{syntax.ExplicitLE, syntax.ImplicitLE, syntax.ExplicitBE, syntax.Deflated, syntax.GEPrivate} {
		d := dicomtest.Series(5, 7, 6, func(_ int, s *dicomtest.Slice) { s.Syntax = ts })
		_, _, got, err := convert(t, d, dicom.Options{})
		if err != nil {
			t.Fatal(ts, err)
		}
		if want == nil {
			want = got
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s: other bytes", ts)
		}
	}
}

// An enhanced file of frames in any order is the classic series.
func TestConvertMultiFrame(t *testing.T) {
	classic := dicomtest.Series(6, 7, 6, nil)
	_, _, want, err := convert(t, classic, dicom.Options{})
	if err != nil {
		t.Fatal(err)
	}
	order := []int{3, 0, 5, 1, 4, 2}
	s := dicomtest.Axial(0, 7, 6)
	s.Class, s.Frames, s.Position, s.Pixels = "1.2.840.10008.5.1.4.1.1.2.1", "6", "", nil
	var frames []func(*dicomtest.Writer)
	for _, n := range order {
		s.Pixels = append(s.Pixels, dicomtest.Axial(n, 7, 6).Pixels...)
		position := dicomtest.Axial(n, 7, 6).Position
		frames = append(frames, func(w *dicomtest.Writer) {
			w.Sequence(0x00209113, true, func(w *dicomtest.Writer) { w.Text(0x00200032, "DS", position) })
		})
	}
	s.Extra = func(w *dicomtest.Writer) { w.Sequence(0x52009230, false, frames...) }
	_, report, got, err := convert(t, dicomtest.Drop{s.Bytes()}, dicom.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Error("other bytes than the classic series")
	}
	if f := report.Source.Slices[0].Frame; f != 2 {
		t.Errorf("the lowest slice is frame %d, want 2", f)
	}
}

func other(s *dicomtest.Slice) { s.Series, s.Instance = s.Series+".9", s.Instance+".9" }

func TestConvertRefuses(t *testing.T) {
	series := func(n int, change func(int, *dicomtest.Slice)) dicomtest.Drop {
		return dicomtest.Series(n, 4, 4, change)
	}
	cases := []struct {
		name, want string
		drop       dicomtest.Drop
	}{
		{"nothing", "empty_archive", nil},
		{"text only", "no_image_series", dicomtest.Drop{[]byte("hello")}},
		{"an archive inside", "nested_archive", dicomtest.Drop{[]byte("PK\x03\x04…")}},
		{"a report", "no_image_series", series(1, func(_ int, s *dicomtest.Slice) { s.Pixels, s.Class = nil, "1.2.840.10008.5.1.4.1.1.88.11" })},
		{"a slice that lost its pixels", "truncated", append(series(4, nil), series(5, func(_ int, s *dicomtest.Slice) { s.Pixels = nil })[4])},
		{"screenshots", "no_ct_series", series(5, func(_ int, s *dicomtest.Slice) { s.Class, s.Position = "1.2.840.10008.5.1.4.1.1.7", "" })},
		{"ultrasound", "no_ct_series", series(5, func(_ int, s *dicomtest.Slice) { s.Class, s.Modality = "1.2.840.10008.5.1.4.1.1.6.1", "US" })},
		{"localizers", "localizer_only", series(5, func(_ int, s *dicomtest.Slice) { s.ImageType = `ORIGINAL\PRIMARY\LOCALIZER` })},
		{"mosaics", "unsupported_image_type", series(5, func(_ int, s *dicomtest.Slice) { s.ImageType = `ORIGINAL\PRIMARY\M\ND\MOSAIC` })},
		{"two slices", "too_few_slices", series(2, nil)},
		{"one position", "too_few_slices", series(5, func(_ int, s *dicomtest.Slice) { s.Position = dicomtest.At(0, 0, 0) })},
		{"a slice missing", "missing_slices", append(series(3, nil), series(6, nil)[4:]...)},
		{"another matrix", "mixed_dimensions", append(series(4, nil), dicomtest.Axial(4, 3, 4).Bytes())},
		{"another orientation", "mixed_orientation", series(6, func(n int, s *dicomtest.Slice) {
			if n > 2 {
				s.Orientation = `0\1\0\0\0\-1`
			}
		})},
		{"no position", "missing_geometry", series(4, func(_ int, s *dicomtest.Slice) { s.Position = "" })},
		{"no spacing", "missing_geometry", series(4, func(_ int, s *dicomtest.Slice) { s.Spacing = "" })},
		{"spacing of 0", "bad_geometry", series(4, func(_ int, s *dicomtest.Slice) { s.Spacing = `0\0.5` })},
		{"spacing NaN", "bad_geometry", series(4, func(_ int, s *dicomtest.Slice) { s.Spacing = `nan\nan` })},
		{"rows not at right angles", "bad_geometry", series(4, func(_ int, s *dicomtest.Slice) { s.Orientation = `1\0\0\0.1\1\0` })},
		{"no direction", "bad_geometry", series(4, func(_ int, s *dicomtest.Slice) { s.Orientation = `0\0\0\0\0\0` })},
		{"light-years away", "bad_geometry", series(4, func(_ int, s *dicomtest.Slice) { s.Position = `1e300\0\0` })},
		{"slope is text", "bad_geometry", series(4, func(_ int, s *dicomtest.Slice) { s.Slope = "one" })},
		{"compressed as JPEG XL", "unsupported_transfer_syntax", series(4, func(_ int, s *dicomtest.Slice) { s.Syntax = "1.2.840.10008.1.2.4.110" })},
		{"compressed in an unknown way", "unsupported_transfer_syntax", series(4, func(_ int, s *dicomtest.Slice) { s.Syntax = "1.2.3.4" })},
		{"endless pixels, no fragments", "corrupt_pixel_data", series(4, func(_ int, s *dicomtest.Slice) { s.PixelLength = dicomtest.Endless })},
		{"two equal series", "multiple_series", append(series(4, nil), series(4, func(_ int, s *dicomtest.Slice) { other(s) })...)},
		{"two volumes in one", "multiple_volumes", append(series(4, nil), series(4, func(_ int, s *dicomtest.Slice) { s.Intercept = "0" })...)},
		{"cut in the pixels", "truncated", cut(series(5, nil), 3, 10)},
		{"cut in the header", "truncated", cut(series(5, nil), 3, 120)},
		{"cut before the series is known", "truncated", dicomtest.Drop(append(series(5, nil), dicomtest.Axial(5, 4, 4).Bytes()[:200]))},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, _, _, err := convert(t, c.drop, dicom.Options{})
			if code(err) != c.want {
				t.Errorf("%v, want %s", err, c.want)
			}
			if err != nil && strings.Contains(err.Error(), "ZZPHI") {
				t.Errorf("a patient's name in %q", err)
			}
		})
	}
}

func cut(d dicomtest.Drop, n, bytes int) dicomtest.Drop {
	d[n] = d[n][:len(d[n])-bytes]
	return d
}

func TestConvertChoosesASeries(t *testing.T) {
	two := append(dicomtest.Series(4, 4, 4, nil), dicomtest.Series(4, 4, 4, func(n int, s *dicomtest.Slice) {
		other(s)
		s.Modality, s.Class, s.Intercept = "MR", "1.2.840.10008.5.1.4.1.1.4", "0"
		s.Position = dicomtest.At(0, 0, 5*float64(n))
	})...)
	_, _, _, err := convert(t, two, dicom.Options{})
	want := "series=1: CT, 4 slices, 2.00 mm apart; series=2: MR, 4 slices, 5.00 mm apart"
	if code(err) != "multiple_series" || !strings.Contains(err.Error(), want) {
		t.Fatalf("%v, want %s", err, want)
	}
	for n, modality := range []string{"CT", "MR"} {
		_, report, _, err := convert(t, two, dicom.Options{Series: n + 1})
		if err != nil || report.Modality != modality || report.Warnings[0].Code != "other_series" {
			t.Errorf("series %d: %v %+v", n+1, err, report)
		}
		if _, report, _, err = convert(t, two, dicom.Options{Modality: modality}); err != nil || report.Modality != modality {
			t.Errorf("modality %s: %v", modality, err)
		}
	}
	if _, _, _, err := convert(t, two, dicom.Options{Series: 3}); code(err) != "bad_option" {
		t.Errorf("series 3 of 2: %v", err)
	}
	larger := append(two, dicomtest.Series(5, 4, 4, func(_ int, s *dicomtest.Slice) { other(s); other(s) })...)
	v, _, _, err := convert(t, larger, dicom.Options{})
	if err != nil || v.Dims[2] != 5 {
		t.Errorf("the largest of three: %v", err)
	}
}

// A drop that is cancelled ends, with its goroutines joined.
func TestConvertStops(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	d := dicomtest.Series(40, 9, 8, nil)
	_, err := dicom.Convert(ctx, d, stopAfter{cancel}, dicom.Options{})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want cancelled", err)
	}
	full := errors.New("disk full")
	if _, err := dicom.Convert(t.Context(), d, failing{full}, dicom.Options{}); !errors.Is(err, full) {
		t.Errorf("%v, want %v", err, full)
	}
}

type stopAfter struct{ cancel func() }

func (s stopAfter) Write(p []byte) (int, error) { s.cancel(); return len(p), nil }

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }
