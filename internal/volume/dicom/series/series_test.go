package series_test

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/iris-oculus/iris/internal/volume"
	"github.com/iris-oculus/iris/internal/volume/dicom/header"
	"github.com/iris-oculus/iris/internal/volume/dicom/series"
	"github.com/iris-oculus/iris/internal/volume/dicom/syntax"
)

// slice is the header of an axial CT slice at a position.
func slice(x, y, z float64) *header.Header {
	return &header.Header{
		TransferSyntax: syntax.ExplicitLE, SOPClass: "1.2.840.10008.5.1.4.1.1.2", Series: "1.2", Modality: "CT",
		Photometric: "MONOCHROME2", Rows: 4, Columns: 6, Samples: 1, BitsAllocated: 16, BitsStored: 12, HighBit: 11,
		Pixels: header.PixelData{Present: true, Length: 48},
		Root: header.Frame{Position: [3]float64{x, y, z}, Orientation: [6]float64{1, 0, 0, 0, 1, 0}, Spacing: [2]float64{0.5, 0.5},
			Has: header.HasPosition | header.HasOrientation | header.HasSpacing},
	}
}

func stackOf(headers ...*header.Header) (*series.Series, *series.Stack, error) {
	var b series.Builder
	for n, h := range headers {
		b.Add(n, h, nil)
	}
	s, err := b.Choose(series.Choice{})
	if err != nil {
		return nil, nil, err
	}
	st, err := s.Stack()
	return s, st, err
}

func code(err error) string {
	var fault *volume.Error
	if errors.As(err, &fault) {
		return fault.Code
	}
	return fmt.Sprint(err)
}

// pile is a slice at each depth.
func pile(depths ...float64) []*header.Header {
	var out []*header.Header
	for _, z := range depths {
		out = append(out, slice(0, 0, z))
	}
	return out
}

// What the gaps between slices are taken for.
func TestGaps(t *testing.T) {
	cases := []struct {
		name   string
		depths []float64
		want   string // a code, or even, uneven
	}{
		{"even", []float64{0, 5, 10, 15}, "even"},
		{"jitter of 0.008 mm", []float64{0, 5.008, 9.995, 15}, "even"},
		{"jitter within 1 %", []float64{0, 5.03, 10, 15}, "even"},
		{"jitter over 1 % and 0.02 mm", []float64{0, 5.4, 10, 15, 20}, "uneven"},
		{"one missing", []float64{0, 5, 15, 20}, "missing_slices"},
		{"three missing in two places", []float64{0, 5, 15, 20, 35, 40}, "missing_slices"},
		{"missing among jitter", []float64{0, 5.01, 10.02, 20.01, 25}, "missing_slices"},
		{"first of two gaps is double", []float64{0, 10, 15}, "missing_slices"},
		{"growing gaps", []float64{0, 1.1, 2.9, 5.8, 10}, "uneven"},
		{"two at one place", []float64{0, 5, 5.001, 10}, "even"},
		{"all at one place", []float64{5, 5, 5, 5}, "too_few_slices"},
		{"rounded to a tenth", []float64{0, 0.6, 1.3, 1.9, 2.5, 3.1, 3.8, 4.4, 5, 5.6, 6.3}, "even"},
		{"rounded to a tenth, one missing", []float64{0, 0.6, 1.3, 1.9, 3.1, 3.8, 4.4, 5, 5.6, 6.3}, "missing_slices"},
		{"a third of a millimetre, rounded to a tenth", []float64{0, 0.3, 0.6, 0.9, 1.2, 1.6, 1.9, 2.2, 2.5, 2.8, 3.1, 3.4, 3.8}, "even"},
		{"the same, one missing", []float64{0, 0.3, 0.6, 0.9, 1.2, 1.9, 2.2, 2.5, 2.8, 3.1, 3.4, 3.8}, "missing_slices"},
		{"three planes of it, one missing", []float64{0, 0.3, 0.9}, "missing_slices"},
		{"rounded to a millimetre", []float64{0, 5, 10, 14, 19, 24, 29}, "even"},
		{"whole millimetres that vary", []float64{0, 3, 7, 12, 15, 20}, "uneven"},
		{"gaps that drift", []float64{0, 5.01, 10.01, 15.01, 20.01, 25.01, 30.06, 35.11, 40.16, 45.21, 50.26, 55.31, 60.36, 65.41}, "uneven"},
		{"one short gap", []float64{0, 2.5, 5, 7.5, 7.75, 10.25, 12.75, 15.25}, "uneven"},
		{"thin below, thick above, a short gap between", []float64{0, 2.5, 5, 7.5, 7.75, 15.25, 22.75, 30.25, 37.75}, "uneven"},
		{"thin below, thick above", []float64{0, 2.5, 5, 7.5, 10, 17.5, 25, 32.5}, "uneven"},
		{"thin below, thick above, the step between them whole", []float64{0, 2.5, 5, 7.5, 12.5, 20, 27.5, 35}, "uneven"},
		{"missing among the thick ones", []float64{0, 2.5, 5, 7.5, 10, 17.5, 25, 32.5, 47.5, 55, 62.5, 70}, "missing_slices"},
		{"missing and a short gap", []float64{0, 2.5, 5, 7.5, 7.75, 10.25, 12.75, 15.25, 20.25, 22.75, 25.25}, "missing_slices"},
		{"every second missing in the midst", []float64{0, 2, 4, 6, 8, 12, 16, 20, 22, 24, 26, 28}, "missing_slices"},
		{"a hole that is no multiple", []float64{0, 2, 4, 6, 8, 12.9, 14.9, 16.9, 18.9}, "missing_slices"},
		{"two stacks, the one shifted", []float64{0, 0.7, 2.5, 3.2, 5, 5.7, 7.5, 8.2}, "multiple_volumes"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, st, err := stackOf(pile(c.depths...)...)
			got := code(err)
			if err == nil {
				got = map[bool]string{true: "even", false: "uneven"}[st.Even]
			}
			if got != c.want {
				t.Errorf("%s (%v), want %s", got, err, c.want)
			}
		})
	}
}

// The message counts what is missing and says where.
func TestMissingSlicesAreCounted(t *testing.T) {
	_, _, err := stackOf(pile(0, 2, 4, 10, 12)...)
	if code(err) != "missing_slices" || !strings.Contains(err.Error(), "slices are missing: 2, the first of them after slice 3 of 5") {
		t.Errorf("%v", err)
	}
}

// Spacing is (last − first)/(n − 1) along the normal; order of arrival is nothing.
func TestStackFromPositionsOnly(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 20 {
		headers := pile(0, 1.26, 2.5, 3.76, 5.01)
		rng.Shuffle(len(headers), func(i, j int) { headers[i], headers[j] = headers[j], headers[i] })
		s, st, err := stackOf(headers...)
		if err != nil || math.Abs(st.Spacing[2]-5.01/4) > 1e-12 || !st.Regular() || st.Dims != [3]int{6, 4, 5} {
			t.Fatalf("%v %+v", err, st)
		}
		for k, sl := range s.Slices {
			if z := headers[s.Images[sl.Image].File].Root.Position[2]; sl.Plane != k || math.Abs(z-1.25*float64(k)) > 0.02 {
				t.Fatalf("plane %d is slice at %g", k, z)
			}
		}
	}
}

// Tilt is told from positions: above half a degree, whatever its direction.
func TestTilt(t *testing.T) {
	for _, c := range []struct {
		degrees float64
		want    bool
	}{{0, false}, {0.1, false}, {-0.3, false}, {3, true}, {-16.5, true}, {18.5, true}} {
		var headers []*header.Header
		for n := range 20 {
			z := 5 * float64(n)
			headers = append(headers, slice(0, z*math.Tan(c.degrees*math.Pi/180), z))
		}
		if _, st, err := stackOf(headers...); err != nil || st.Tilted != c.want {
			t.Errorf("%g°: %v, %v", c.degrees, st, err)
		}
	}
}

// A file at fault matters when it is of the series that is taken, or of no
// series that is known.
func TestDamage(t *testing.T) {
	broken := volume.Reject("truncated", "cut")
	add := func(b *series.Builder, uid string, err error, zs ...float64) {
		for _, z := range zs {
			h := slice(0, 0, z)
			h.Series = uid
			b.Add(0, h, err)
		}
	}
	cases := []struct {
		name, want string
		fill       func(b *series.Builder)
	}{
		{"in the series", "truncated", func(b *series.Builder) { add(b, "a", nil, 0, 1, 2, 3); add(b, "a", broken, 4) }},
		{"in a smaller one", "<nil>", func(b *series.Builder) {
			add(b, "a", nil, 0, 1, 2, 3)
			add(b, "b", nil, 0, 1, 2)
			add(b, "b", broken, 3)
		}},
		{"in no known one", "truncated", func(b *series.Builder) { add(b, "a", nil, 0, 1, 2, 3); b.Add(9, nil, broken) }},
		{"in a report", "<nil>", func(b *series.Builder) {
			add(b, "a", nil, 0, 1, 2, 3)
			b.Add(9, &header.Header{SOPClass: "1.2.840.10008.5.1.4.1.1.88.11"}, broken)
		}},
		{"alone", "truncated", func(b *series.Builder) { add(b, "a", broken, 0) }},
		{"more frames than memory", "too_large", func(b *series.Builder) {
			for n := range 6 {
				h := slice(0, 0, 0)
				h.Rows, h.Columns, h.BitsAllocated, h.BitsStored, h.NumberOfFrames, h.Pixels.Length = 1, 1, 8, 8, 20_000, 20_000
				h.SliceStep = 0.01
				h.Series = fmt.Sprint(n)
				b.Add(n, h, nil)
			}
		}},
		{"frames that are not described", "corrupt_dicom", func(b *series.Builder) {
			h := slice(0, 0, 0)
			h.NumberOfFrames, h.PerFrame = 3, make([]header.Frame, 2)
			b.Add(0, h, nil)
		}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var b series.Builder
			c.fill(&b)
			s, err := b.Choose(series.Choice{})
			if err == nil {
				_, err = s.Stack()
			}
			if code(err) != c.want {
				t.Errorf("%v, want %s", err, c.want)
			}
		})
	}
}

// The list is cut, and holds no text of the files.
func TestListing(t *testing.T) {
	var b series.Builder
	for n := range 30 {
		for z := range 3 {
			h := slice(0, 0, float64(z))
			h.Series = fmt.Sprintf("ZZPHI.%d", n)
			b.Add(0, h, nil)
		}
	}
	_, err := b.Choose(series.Choice{})
	text := fmt.Sprint(err)
	if code(err) != "multiple_series" || strings.Contains(text, "ZZPHI") || !strings.Contains(text, "and 10 more") {
		t.Errorf("%v", err)
	}
	if s, err := b.Choose(series.Choice{Number: 30}); err != nil || s.UID != "ZZPHI.29" {
		t.Errorf("the last one: %v", err)
	}
}
