package dicom_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"runtime"
	"strings"
	"testing"

	"github.com/iris-oculus/iris/internal/volume/dicom"
	"github.com/iris-oculus/iris/internal/volume/dicom/dicomtest"
	"github.com/iris-oculus/iris/internal/volume/dicom/jpeg/jpegtest"
	"github.com/iris-oculus/iris/internal/volume/dicom/jpegls/jpeglstest"
)

// words sets a slice's pixels, by row and column.
func words(s *dicomtest.Slice, value func(r, c int) int) {
	s.Pixels = nil
	for r := range s.Rows {
		for c := range s.Columns {
			s.Pixels = binary.LittleEndian.AppendUint16(s.Pixels, uint16(value(r, c)))
		}
	}
}

// body is a water disk with fat around it in air, in HU plus offset.
func body(offset int) func(r, c int) int {
	return func(r, c int) int {
		d := (r-8)*(r-8) + (c-8)*(c-8)
		switch {
		case d < 20:
			return offset + 40 + (r+c)%7
		case d < 36:
			return offset - 100 + (r+c)%5
		}
		return offset - 1000
	}
}

func number(tag uint32, vr string, value int) func(*dicomtest.Writer) {
	return func(w *dicomtest.Writer) {
		w.Head(tag, vr, 2)
		w.Buffer.Write(w.Order.AppendUint16(nil, uint16(value)))
	}
}

func text(tag uint32, vr, value string) func(*dicomtest.Writer) {
	return func(w *dicomtest.Writer) { w.Text(tag, vr, value) }
}

// outcome is an error's code, or the codes of the warnings.
func outcome(report dicom.Report, err error) string {
	if err != nil {
		return code(err)
	}
	var codes []string
	for _, w := range report.Warnings {
		codes = append(codes, w.Code)
	}
	return strings.Join(codes, " ")
}

// bodies is a CT of n slices of the body, each changed by change.
func bodies(n int, change func(n int, s *dicomtest.Slice)) dicomtest.Drop {
	return dicomtest.Series(n, 16, 16, func(n int, s *dicomtest.Slice) {
		s.Stored, s.High = 16, 15
		words(s, body(1024))
		if change != nil {
			change(n, s)
		}
	})
}

// What a CT's or a PET's values are taken for. Each of these left Prepare as a
// wrong volume without a word.
func TestValuesAreJudged(t *testing.T) {
	cases := []struct {
		name, want string
		options    dicom.Options
		change     func(n int, s *dicomtest.Slice)
	}{
		{name: "sound"},
		{"no rescale", "missing_rescale not_hounsfield", dicom.Options{}, func(_ int, s *dicomtest.Slice) { s.Slope, s.Intercept = "", "" }},
		{"no rescale, in HU all the same", "missing_rescale", dicom.Options{}, func(_ int, s *dicomtest.Slice) {
			s.Slope, s.Intercept, s.Signed = "", "", true
			words(s, body(0))
		}},
		{"no rescale, but it is an MR", "", dicom.Options{Modality: "MR"}, func(_ int, s *dicomtest.Slice) { s.Slope, s.Intercept = "", "" }},
		{"no intercept", "missing_rescale not_hounsfield", dicom.Options{}, func(_ int, s *dicomtest.Slice) { s.Intercept = "" }},
		{"a slope of 0", "missing_rescale", dicom.Options{}, func(_ int, s *dicomtest.Slice) { s.Slope = "0" }},
		{"no rescale in one slice", "missing_rescale", dicom.Options{}, func(n int, s *dicomtest.Slice) {
			if n == 3 {
				s.Slope, s.Intercept = "", ""
			}
		}},
		{"no intercept in one slice", "missing_rescale", dicom.Options{}, func(n int, s *dicomtest.Slice) {
			if n == 0 {
				s.Intercept = ""
			}
		}},
		{"another intercept in one slice", "uneven_scale", dicom.Options{}, func(n int, s *dicomtest.Slice) {
			if n == 3 {
				s.Intercept = "0"
			}
		}},
		{"another intercept in half of them", "uneven_scale", dicom.Options{}, func(n int, s *dicomtest.Slice) {
			if n > 3 {
				s.Intercept = "0"
			}
		}},
		{"one slice stored on another scale", "uneven_scale", dicom.Options{}, func(n int, s *dicomtest.Slice) {
			if n == 3 {
				words(s, body(2048))
			}
		}},
		{"scales of their own that agree", "", dicom.Options{}, func(n int, s *dicomtest.Slice) {
			s.Intercept = fmt.Sprint(-1024 - 100*n)
			words(s, body(1024+100*n))
		}},
		{"an intercept that was added twice", "not_hounsfield", dicom.Options{}, func(_ int, s *dicomtest.Slice) {
			s.Intercept = "-2048"
			words(s, func(r, c int) int { return body(1024)(r, c) + 31*r + 7*c })
		}},
		{"a rescale type that is not HU", "not_hounsfield", dicom.Options{}, func(_ int, s *dicomtest.Slice) { s.Extra = text(0x00281054, "LO", "Z_EFF") }},
		{"a rescale type in lower case", "", dicom.Options{}, func(_ int, s *dicomtest.Slice) { s.Extra = text(0x00281054, "LO", "hu") }},
		{"a negative slope", "not_hounsfield", dicom.Options{}, func(_ int, s *dicomtest.Slice) {
			s.Slope, s.Intercept = "-1", "1024"
			words(s, func(r, c int) int { return 2048 - body(1024)(r, c) })
		}},
		{"signed values read as unsigned", "not_hounsfield", dicom.Options{}, func(_ int, s *dicomtest.Slice) {
			s.Intercept = "0"
			words(s, body(0))
		}},
		{"signed values of 12 bits read as unsigned", "not_hounsfield", dicom.Options{}, func(_ int, s *dicomtest.Slice) {
			s.Intercept, s.Stored, s.High = "0", 12, 11
			words(s, body(0))
		}},
		{"unsigned values of 12 bits read as signed", "not_hounsfield", dicom.Options{}, func(_ int, s *dicomtest.Slice) {
			s.Signed, s.Stored, s.High = true, 12, 11
			words(s, func(r, c int) int {
				if r == 8 && c > 5 && c < 11 {
					return 1024 + 900 + 50*(c-5) // bone of 950 to 1,150 HU
				}
				return body(1024)(r, c)
			})
		}},
		{"signed values of 12 bits", "", dicom.Options{}, func(_ int, s *dicomtest.Slice) {
			s.Signed, s.Stored, s.High, s.Intercept = true, 12, 11, "0"
			words(s, func(r, c int) int {
				switch {
				case r == 8 && c > 5 && c < 11:
					return 1500
				case c < 2:
					return -2048 & 0xFFF // padding
				}
				return body(0)(r, c) & 0xFFF
			})
		}},
		{"an 8-bit picture", "not_hounsfield", dicom.Options{}, func(_ int, s *dicomtest.Slice) {
			s.Bits, s.Stored, s.High, s.Intercept, s.Pixels = 8, 8, 7, "0", nil
			for i := range 256 {
				s.Pixels = append(s.Pixels, byte(i))
			}
		}},
		{"constant", "empty_volume", dicom.Options{}, func(_ int, s *dicomtest.Slice) { words(s, func(_, _ int) int { return 0 }) }},
		{"constant but for one pixel", "not_hounsfield", dicom.Options{}, func(_ int, s *dicomtest.Slice) {
			words(s, func(r, c int) int { return 5 * (r / 15) * (c / 15) })
		}},
		{"a slice of one value", "blank_slices", dicom.Options{}, func(n int, s *dicomtest.Slice) {
			if n == 3 {
				words(s, func(_, _ int) int { return 0 })
			}
		}},
		{"beyond int16", "saturated", dicom.Options{}, func(_ int, s *dicomtest.Slice) {
			words(s, func(r, c int) int {
				if r == 8 && c == 8 {
					return 60000
				}
				return body(1024)(r, c)
			})
		}},
		{"a table of values", "unsupported_modality_lut", dicom.Options{}, func(_ int, s *dicomtest.Slice) {
			s.Slope, s.Intercept = "", ""
			s.Extra = func(w *dicomtest.Writer) {
				w.Sequence(0x00283000, true, func(w *dicomtest.Writer) { w.Text(0x00283004, "LO", "US") })
			}
		}},
		{"an empty table", "", dicom.Options{}, func(_ int, s *dicomtest.Slice) {
			s.Extra = func(w *dicomtest.Writer) { w.Sequence(0x00283000, true) }
		}},
		{"PET without a slope in one slice", "missing_rescale", dicom.Options{}, func(n int, s *dicomtest.Slice) {
			pet(n, s)
			if n == 2 {
				s.Slope = ""
			}
		}},
		{"PET, a slope for each slice", "", dicom.Options{}, func(n int, s *dicomtest.Slice) { pet(n, s); s.Slope = fmt.Sprint(1 + 0.1*float64(n)) }},
		{"PET in two units", "mixed_units", dicom.Options{}, func(n int, s *dicomtest.Slice) {
			pet(n, s)
			s.Extra = text(0x00541001, "CS", []string{"BQML", "GML"}[n%2])
		}},
		{"PET in units too large for whole numbers", "not_hounsfield", dicom.Options{}, func(n int, s *dicomtest.Slice) { pet(n, s); s.Slope = "0.0001" }},
		{"PET beyond int16", "saturated", dicom.Options{}, func(n int, s *dicomtest.Slice) { pet(n, s); s.Slope = "40" }},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, report, _, err := convert(t, bodies(6, c.change), c.options)
			if got := outcome(report, err); got != c.want {
				t.Errorf("%q (%v %v), want %q", got, err, report.Warnings, c.want)
			}
		})
	}
}

func pet(_ int, s *dicomtest.Slice) {
	s.Modality, s.Class, s.Intercept = "PT", "1.2.840.10008.5.1.4.1.1.128", "0"
}

// Padding becomes air, and the volume is the same as without it.
func TestPaddingBecomesAir(t *testing.T) {
	corner := func(r, c int) bool { return r+c < 6 || r+c > 24 }
	change := func(padding int) func(int, *dicomtest.Slice) {
		return func(_ int, s *dicomtest.Slice) {
			s.Extra = number(0x00280120, "US", 63536)
			words(s, func(r, c int) int {
				if corner(r, c) {
					return padding
				}
				return body(1024)(r, c)
			})
		}
	}
	_, _, want, err := convert(t, bodies(5, change(0)), dicom.Options{}) // 0 is -1024 HU
	if err != nil {
		t.Fatal(err)
	}
	_, report, got, err := convert(t, bodies(5, change(63536)), dicom.Options{})
	if err != nil || outcome(report, err) != "padding_removed" {
		t.Fatalf("%v %v", err, report.Warnings)
	}
	if string(got) != string(want) {
		t.Error("padding did not become air")
	}
}

// A high bit that contradicts the stored bits is believed only if no pixel
// uses the bits below.
func TestHighBit(t *testing.T) {
	sound := func(_ int, s *dicomtest.Slice) { s.Stored, s.High = 12, 11 }
	_, _, want, err := convert(t, bodies(5, sound), dicom.Options{})
	if err != nil {
		t.Fatal(err)
	}
	shifted := func(by int) func(n int, s *dicomtest.Slice) {
		return func(_ int, s *dicomtest.Slice) {
			s.Stored, s.High = 12, 15
			words(s, func(r, c int) int { return body(1024)(r, c) << by })
		}
	}
	for _, c := range []struct {
		name, want string
		change     func(n int, s *dicomtest.Slice)
	}{
		{"really shifted", "", shifted(4)},
		{"not shifted", "high_bit", shifted(0)},
		{"shifted in some slices only", "corrupt_dicom", func(n int, s *dicomtest.Slice) { shifted(4*(n%2))(n, s) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, report, got, err := convert(t, bodies(5, c.change), dicom.Options{})
			if outcome(report, err) != c.want {
				t.Fatalf("%v %v, want %q", err, report.Warnings, c.want)
			}
			if err == nil && string(got) != string(want) {
				t.Error("other voxels than those of the sound series")
			}
		})
	}
}

// In a series of which half is compressed, the streams of the stored bits alone hold
// samples that are not shifted, whatever the others do.
func TestHighBitOfHalfASeries(t *testing.T) {
	_, _, want, err := convert(t, bodies(5, func(_ int, s *dicomtest.Slice) { s.Stored, s.High = 12, 11 }), dicom.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, precision := range []int{12, 16} {
		d := bodies(5, func(n int, s *dicomtest.Slice) {
			s.Stored, s.High = 12, 15
			if n%2 == 1 && precision == 12 {
				jpegOf(s, precision, 1, jpegtest.Options{})
				return
			}
			words(s, func(r, c int) int { return body(1024)(r, c) << 4 })
			if n%2 == 1 {
				jpegOf(s, precision, 1, jpegtest.Options{})
			}
		})
		_, report, got, err := convert(t, d, dicom.Options{})
		if err != nil || len(report.Warnings) > 0 || string(got) != string(want) {
			t.Errorf("streams of %d bits: %v %v, other voxels: %v", precision, err, report.Warnings, string(got) != string(want))
		}
	}
}

// A slice sent twice with its position rounded in two ways is one slice.
func TestNearSlices(t *testing.T) {
	near := func(pixels func(r, c int) int) dicomtest.Drop {
		again := bodies(3, func(_ int, s *dicomtest.Slice) { s.Position = dicomtest.At(-10, -20, 34.02); words(s, pixels) })[2]
		return append(bodies(6, nil), again)
	}
	_, _, want, err := convert(t, bodies(6, nil), dicom.Options{})
	if err != nil {
		t.Fatal(err)
	}
	_, report, got, err := convert(t, near(body(1024)), dicom.Options{})
	if outcome(report, err) != "duplicate_slices" || string(got) != string(want) {
		t.Errorf("%v %v, equal %v", err, report.Warnings, string(got) == string(want))
	}
	// Another one is the seam of two stretches of a scan.
	if _, report, _, err = convert(t, near(body(1030)), dicom.Options{}); outcome(report, err) != "variable_spacing" {
		t.Errorf("a seam: %v %v", err, report.Warnings)
	}
	both := append(bodies(6, nil), bodies(6, func(n int, s *dicomtest.Slice) {
		s.Position = dicomtest.At(-10, -20, 30.02+2*float64(n))
		words(s, body(1030))
	})...)
	if _, report, _, err = convert(t, both, dicom.Options{}); code(err) != "multiple_volumes" {
		t.Errorf("two volumes: %v %v", err, report.Warnings)
	}
}

// A refusal in the second pass says, too, which other series there are.
func TestRefusalsListTheOtherSeries(t *testing.T) {
	d := append(bodies(6, func(_ int, s *dicomtest.Slice) { words(s, func(_, _ int) int { return 7 }) }),
		bodies(4, func(_ int, s *dicomtest.Slice) { other(s) })...)
	_, _, _, err := convert(t, d, dicom.Options{})
	if code(err) != "empty_volume" || !strings.Contains(err.Error(), "series=2: CT, 4 slices, 2.00 mm apart: choose one, for example with series=2") {
		t.Errorf("%v", err)
	}
	if _, _, _, err = convert(t, d, dicom.Options{Series: 2}); err != nil {
		t.Error(err)
	}
}

// A stream whose samples need more bits than the file calls stored is read as the file
// says, and the owner is told, in whichever slice it lies.
func TestStreamsOfMoreBitsThanStored(t *testing.T) {
	const offset = 1024
	full := func(s *dicomtest.Slice) { s.Stored, s.High = 10, 9 }
	for _, c := range []struct {
		name, want string
		change     func(n int, s *dicomtest.Slice)
	}{
		{"all slices", "high_bit", func(_ int, s *dicomtest.Slice) { full(s); jpegOf(s, 16, 1, jpegtest.Options{}) }},
		{"the last slice", "high_bit", func(n int, s *dicomtest.Slice) {
			if s.Stored, s.High = 12, 11; n == 5 {
				full(s)
			}
			jpegOf(s, 16, 1, jpegtest.Options{})
		}},
		{"signed, by a bit of their own", "high_bit", func(_ int, s *dicomtest.Slice) {
			s.Signed, s.Stored, s.High = true, 12, 11
			words(s, func(r, c int) int { return body(offset)(r, c) | 0x1000 })
			jpegOf(s, 16, 1, jpegtest.Options{})
		}},
		{"within the stored bits", "", func(_ int, s *dicomtest.Slice) { s.Stored, s.High = 12, 11; jpegOf(s, 16, 1, jpegtest.Options{}) }},
		{"signed, the sign extended", "", func(_ int, s *dicomtest.Slice) {
			s.Signed, s.Stored, s.High, s.Intercept = true, 12, 11, "0"
			words(s, body(0))
			jpegOf(s, 16, 1, jpegtest.Options{})
		}},
		{"signed, the bits above empty", "", func(_ int, s *dicomtest.Slice) {
			s.Signed, s.Stored, s.High, s.Intercept = true, 12, 11, "0"
			words(s, func(r, c int) int { return body(0)(r, c) & 0xFFF })
			jpegOf(s, 16, 1, jpegtest.Options{})
		}},
		{"padding of the whole word", "padding_removed", func(_ int, s *dicomtest.Slice) {
			s.Stored, s.High, s.Extra = 12, 11, number(0x00280120, "US", 63536)
			words(s, func(r, c int) int {
				if r+c < 6 {
					return 63536
				}
				return body(offset)(r, c)
			})
			jpegOf(s, 16, 1, jpegtest.Options{})
		}},
		{"RLE, with overlays above", "", func(_ int, s *dicomtest.Slice) {
			s.Stored, s.High = 12, 11
			words(s, func(r, c int) int { return body(offset)(r, c) | r&1<<15 })
			pack(s, 70)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, report, got, err := convert(t, bodies(6, c.change), dicom.Options{Modality: "MR"})
			if o := outcome(report, err); o != c.want {
				t.Errorf("%q (%v %v), want %q", o, err, report.Warnings, c.want)
			}
			defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
			_, one, alone, _ := convert(t, bodies(6, c.change), dicom.Options{Modality: "MR"})
			if string(got) != string(alone) || fmt.Sprint(one.Warnings) != fmt.Sprint(report.Warnings) {
				t.Errorf("one worker: other bytes or warnings %v, want %v", one.Warnings, report.Warnings)
			}
		})
	}
}

// A near-lossless encoder that knows of 16 bits leaves samples above the 12 stored ones
// where the image has its brightest pixels. They stay bright: without their upper bits
// metal would be air. (tests/differential)
func TestTheBrightestPixelsOfALossyStreamStayBright(t *testing.T) {
	for _, signed := range []bool{false, true} {
		over, high := 4095+2, 4095
		if signed {
			over, high = 2047+2, 2047
		}
		drop := bodies(6, func(n int, s *dicomtest.Slice) {
			s.Signed, s.Stored, s.High = signed, 12, 11
			m := jpeglstest.Image{Width: s.Columns, Height: s.Rows, Precision: 16}
			for r := range s.Rows {
				for c := range s.Columns {
					v := body(1024)(r, c)
					switch {
					case signed && r == 0:
						v = -2050 & 0xFFFF // below the lowest
					case signed:
						v = max(v-1024, 0)
					}
					if r == 8 && c == 8 {
						v = over
					}
					m.Samples = append(m.Samples, v)
				}
			}
			s.Intercept, s.Syntax = "0", "1.2.840.10008.1.2.4.81"
			stream, _ := jpeglstest.Encode(m, jpeglstest.Options{Near: 2})
			s.Items = append([][]byte{nil}, pieces(stream, 1)...)
		})
		v, report, _, err := convert(t, drop, dicom.Options{Modality: "MR"})
		if o := outcome(report, err); o != "lossy_compression" {
			t.Fatalf("signed %v: %s (%v)", signed, o, err)
		}
		brightest, darkest := v.Voxels[0], v.Voxels[0]
		for _, x := range v.Voxels {
			brightest, darkest = max(brightest, x), min(darkest, x)
		}
		if int(brightest) < high-4 || int(brightest) > high || signed && darkest > -2044 {
			t.Errorf("signed %v: from %d to %d, want up to %d", signed, darkest, brightest, high)
		}
	}
}

// Values in another form than the standard's are read as their VR says, and what cannot
// be read without a guess is refused. (tests/differential)
func TestValuesOfAnotherVR(t *testing.T) {
	const intercept, position, rows = 0x00281052, 0x00200032, 0x00280010
	above := func(pixels []byte) []byte { // overlays in the upper bits
		out := bytes.Clone(pixels)
		for i := 1; i < len(out); i += 4 {
			out[i] |= 0x80
		}
		return out
	}
	plain, _, want, err := convert(t, bodies(6, nil), dicom.Options{})
	if err != nil || plain == nil {
		t.Fatal(err)
	}
	double := func(w *dicomtest.Writer) {
		w.Head(intercept, "FD", 8)
		w.Buffer.Write(binary.LittleEndian.AppendUint64(nil, math.Float64bits(-1024)))
	}
	for _, c := range []struct {
		name, want string
		change     func(s *dicomtest.Slice)
	}{
		{"an intercept as FD", "", func(s *dicomtest.Slice) { s.Intercept, s.Extra = "", double }},
		{"a third spacing", "bad_geometry", func(s *dicomtest.Slice) { s.Spacing += `\1` }},
		{"two positions", "corrupt_dicom", func(s *dicomtest.Slice) { s.Extra = text(position, "DS", dicomtest.At(0, 0, 7)) }},
		{"one position, twice", "", func(s *dicomtest.Slice) { s.Extra = text(position, "DS", s.Position) }},
		{"two sizes", "corrupt_dicom", func(s *dicomtest.Slice) { s.Extra = number(rows, "US", s.Rows+1) }},
		{"no bits stored, and a high bit", "", func(s *dicomtest.Slice) { s.Stored, s.High = 0, 11; s.Pixels = above(s.Pixels) }},
	} {
		_, report, got, err := convert(t, bodies(6, func(_ int, s *dicomtest.Slice) { c.change(s) }), dicom.Options{})
		if o := outcome(report, err); o != c.want || err == nil && !bytes.Equal(got, want) {
			t.Errorf("%s: %q (%v), want %q", c.name, o, err, c.want)
		}
	}
}
