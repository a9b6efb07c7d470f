package jpeg_test

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"github.com/iris-oculus/iris/internal/volume/dicom/codec"
	"github.com/iris-oculus/iris/internal/volume/dicom/jpeg"
	"github.com/iris-oculus/iris/internal/volume/dicom/jpeg/jpegtest"
)

func limits(m jpegtest.Image, bits int) codec.Limits {
	return codec.Limits{Columns: m.Columns, Rows: m.Rows, Bits: bits}
}

// lossless decodes a stream and compares every bit with the image.
func lossless(t *testing.T, name string, stream []byte, m jpegtest.Image, bits, point int) {
	t.Helper()
	want := m.Bytes(bits, point)
	got := bytes.Repeat([]byte{0xA5}, len(want))
	info, err := jpeg.Decode(got, stream, limits(m, bits))
	if err != nil {
		t.Errorf("%s: %v", name, err)
		return
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s: another image", name)
	}
	if want := (codec.Info{Precision: m.Precision, Lossy: point > 0}); info != want {
		t.Errorf("%s: %+v, want %+v", name, info, want)
	}
}

func TestLosslessEverySelection(t *testing.T) {
	for precision := 2; precision <= 16; precision++ {
		for predictor := 1; predictor <= 7; predictor++ {
			for point := range precision {
				for i, kind := range jpegtest.Kinds {
					m := jpegtest.Picture(kind, 23, 11, precision)
					o := jpegtest.Options{Tables: jpegtest.Tables((i + point) % 3)}
					bits := 16
					if precision <= 8 && point%2 == 0 {
						bits = 8
					}
					name := fmt.Sprintf("%s of %d bits, predictor %d, point transform %d", kind, precision, predictor, point)
					lossless(t, name, jpegtest.Lossless(m, predictor, point, o), m, bits, point)
				}
			}
		}
	}
}

func TestLosslessEverySize(t *testing.T) {
	sizes := [][2]int{{1, 1}, {1, 2}, {2, 1}, {1, 9}, {9, 1}, {2, 2}, {3, 3}, {4, 5}, {5, 4}, {7, 7}, {8, 8}, {63, 2}, {255, 3}, {3, 255}}
	for _, size := range sizes {
		for _, kind := range jpegtest.Kinds {
			for predictor := 1; predictor <= 7; predictor++ {
				for _, bits := range []int{16, 32} {
					m := jpegtest.Picture(kind, size[0], size[1], 16)
					for _, tables := range []jpegtest.Tables{jpegtest.Optimal, jpegtest.Flat, jpegtest.Steep} {
						name := fmt.Sprintf("%s, %d × %d, predictor %d, tables %d", kind, size[0], size[1], predictor, tables)
						lossless(t, name, jpegtest.Lossless(m, predictor, 0, jpegtest.Options{Tables: tables}), m, bits, 0)
					}
				}
			}
		}
	}
}

func TestLosslessEveryWriter(t *testing.T) {
	m := jpegtest.Picture("smooth", 31, 40, 12)
	writers := map[string]jpegtest.Options{
		"an interval of one row":           {Restart: 31},
		"an interval of three rows":        {Restart: 3 * 31, Extras: true},
		"an interval of the image":         {Restart: 40 * 31},
		"an interval of more":              {Restart: 50 * 31},
		"table 1":                          {TableID: 1},
		"table 3":                          {TableID: 3, Tables: jpegtest.Steep},
		"comments and fill bytes":          {Extras: true},
		"sampling factors of 2":            {Sampling: 0x22},
		"sampling factors of 4 and 1":      {Sampling: 0x41},
		"number of rows behind":            {DNL: true},
		"number of rows behind, intervals": {DNL: true, Restart: 31, Extras: true},
		"no end":                           {NoEOI: true},
		"no end, intervals":                {NoEOI: true, Restart: 62},
	}
	for name, o := range writers {
		for predictor := 1; predictor <= 7; predictor++ {
			stream := jpegtest.Lossless(m, predictor, 0, o)
			lossless(t, name, stream, m, 16, 0)
			lossless(t, name+", padded", append(stream, 0), m, 16, 0)
			lossless(t, name+", then other bytes", append(stream, "\xFF\xD8\xFF\xC3 another image"...), m, 16, 0)
		}
	}
}

// An image of 16 bits whose rows jump between the extremes needs category 16, which has
// no extra bits.
func TestCategory16(t *testing.T) {
	m := jpegtest.Image{Columns: 4, Rows: 2, Precision: 16, Samples: []uint16{0, 0x8000, 0, 0xFFFF, 0x7FFF, 0xFFFF, 0, 0x8000}}
	for predictor := 1; predictor <= 7; predictor++ {
		for _, tables := range []jpegtest.Tables{jpegtest.Optimal, jpegtest.Flat, jpegtest.Steep} {
			lossless(t, fmt.Sprintf("predictor %d", predictor), jpegtest.Lossless(m, predictor, 0, jpegtest.Options{Tables: tables}), m, 16, 0)
		}
	}
}

// T.81 H.1.2, by hand: 2 × 2 samples of 2 bits, 3 0 / 1 2, predictor 1.
func TestLosslessByHand(t *testing.T) {
	// Differences: 3-2 = 1, 0-3 = -3, 1-3 = -2, 2-1 = 1. Codes: category 1 is 0, category 2
	// is 10. So 0 1, 10 00, 10 01, 0 1: 0110 0010 0101, filled with ones.
	stream := []byte("\xFF\xD8" +
		"\xFF\xC3\x00\x0B\x02\x00\x02\x00\x02\x01\x00\x11\x00" +
		"\xFF\xC4\x00\x15\x00\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01\x02" +
		"\xFF\xDA\x00\x08\x01\x00\x00\x01\x00\x00\x62\x5F\xFF\xD9")
	got := make([]byte, 4)
	if _, err := jpeg.Decode(got, stream, codec.Limits{Columns: 2, Rows: 2, Bits: 8}); err != nil {
		t.Fatal(err)
	}
	if want := []byte{3, 0, 1, 2}; !bytes.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// check decodes what may be damaged: an error or an image, never both.
func check(t *testing.T, stream []byte, l codec.Limits) error {
	t.Helper()
	dst := bytes.Repeat([]byte{0xA5}, l.Bytes()+16)
	info, err := jpeg.Decode(dst[:l.Bytes():l.Bytes()], stream, l)
	var e *codec.Error
	if (err == nil) == (info == codec.Info{}) || err != nil && !errors.As(err, &e) {
		t.Fatalf("%+v, %v", info, err)
	}
	return err
}

func BenchmarkLossless(b *testing.B) {
	for _, predictor := range []int{1, 2, 4, 5, 6, 7} {
		b.Run(fmt.Sprint(predictor), func(b *testing.B) {
			m := jpegtest.Picture("smooth", 512, 512, 12)
			stream, dst := jpegtest.Lossless(m, predictor, 0, jpegtest.Options{}), make([]byte, 2*512*512)
			b.SetBytes(int64(len(dst)))
			for b.Loop() {
				if _, err := jpeg.Decode(dst, stream, limits(m, 16)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
