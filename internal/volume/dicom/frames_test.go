package dicom_test

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/iris-oculus/iris/internal/volume/dicom"
	"github.com/iris-oculus/iris/internal/volume/dicom/dicomtest"
	"github.com/iris-oculus/iris/internal/volume/dicom/syntax"
)

const (
	encapsulatedUID   = "1.2.840.10008.1.2.1.98"
	deflatedFramesUID = "1.2.840.10008.1.2.8.1"
)

// pack stores a slice's pixels as RLE, in fragments of some bytes behind an empty table.
func pack(s *dicomtest.Slice, fragment int) {
	s.Syntax = syntax.RLE
	stream := dicomtest.RLE(s.Pixels, s.Bits)
	s.Items = [][]byte{nil}
	for len(stream) > 0 {
		n := min(fragment, len(stream))
		s.Items, stream = append(s.Items, stream[:n]), stream[n:]
	}
}

func deflate(b []byte) []byte {
	var out bytes.Buffer
	w, _ := flate.NewWriter(&out, flate.BestSpeed)
	_, _ = w.Write(b)
	_ = w.Close()
	if out.Len()%2 == 1 {
		out.WriteByte(0)
	}
	return out.Bytes()
}

// However the frames are stored, the volume is the same.
func TestConvertEncapsulated(t *testing.T) {
	kinds := []struct {
		name   string
		change func(s *dicomtest.Slice)
	}{
		{"12 of 16 bits", func(*dicomtest.Slice) {}},
		{"8 bits", func(s *dicomtest.Slice) { s.Bits, s.Stored, s.High, s.Pixels = 8, 8, 7, s.Pixels[:7*6] }},
		{"32 bits", func(s *dicomtest.Slice) {
			var wide []byte
			for i := 0; i < len(s.Pixels); i += 2 {
				wide = append(wide, s.Pixels[i], s.Pixels[i+1], 0, 0)
			}
			s.Bits, s.Stored, s.High, s.Pixels = 32, 32, 31, wide
		}},
		{"signed, of 12 bits", func(s *dicomtest.Slice) { s.Signed = true }},
		{"signed, of 16 bits", func(s *dicomtest.Slice) {
			s.Signed, s.Stored, s.High = true, 16, 15
			for i := 0; i < len(s.Pixels); i += 2 {
				v := binary.LittleEndian.Uint16(s.Pixels[i:])
				binary.LittleEndian.PutUint16(s.Pixels[i:], v-1024)
			}
		}},
		{"a high bit that lies", func(s *dicomtest.Slice) { s.High = 15 }},
		{"samples shifted up", func(s *dicomtest.Slice) {
			for i := 0; i < len(s.Pixels); i += 2 {
				binary.LittleEndian.PutUint16(s.Pixels[i:], binary.LittleEndian.Uint16(s.Pixels[i:])<<4)
			}
			s.High = 15
		}},
		{"overlays in the upper bits", func(s *dicomtest.Slice) {
			for i := 1; i < len(s.Pixels); i += 2 {
				s.Pixels[i] |= byte(i<<4) & 0xF0
			}
		}},
	}
	forms := []struct {
		name   string
		change func(s *dicomtest.Slice)
	}{
		{"RLE", func(s *dicomtest.Slice) { pack(s, 1<<20) }},
		{"RLE in fragments of 30 bytes", func(s *dicomtest.Slice) { pack(s, 30) }},
		{"RLE in fragments of 7 bytes, no table, no delimiter", func(s *dicomtest.Slice) {
			pack(s, 7)
			s.Items, s.NoEnd = s.Items[1:], true
			s.Items[0] = bytes.Clone(append(s.Items[0], bytes.Join(s.Items[1:11], nil)...)) // the header in one
			s.Items = append(s.Items[:1], s.Items[11:]...)
		}},
		{"encapsulated uncompressed", func(s *dicomtest.Slice) { s.Syntax, s.Items = encapsulatedUID, [][]byte{nil, s.Pixels} }},
		{"encapsulated uncompressed in two", func(s *dicomtest.Slice) {
			s.Syntax, s.Items = encapsulatedUID, [][]byte{{0, 0, 0, 0}, s.Pixels[:20], s.Pixels[20:]}
		}},
		{"deflated frames", func(s *dicomtest.Slice) { s.Syntax, s.Items = deflatedFramesUID, [][]byte{nil, deflate(s.Pixels)} }},
		{"a syntax without fragments, and RLE", func(s *dicomtest.Slice) { pack(s, 1<<20); s.Syntax = syntax.ExplicitLE }},
		{"a syntax without fragments, and plain ones", func(s *dicomtest.Slice) { s.Items = [][]byte{nil, s.Pixels} }},
		// Archives that expand images leave the transfer syntax as it was.
		{"RLE by its syntax, and samples of a known length", func(s *dicomtest.Slice) { s.Syntax = syntax.RLE }},
	}
	for _, kind := range kinds {
		_, before, want, err := convert(t, dicomtest.Series(5, 7, 6, func(_ int, s *dicomtest.Slice) { kind.change(s) }), dicom.Options{Modality: "MR"})
		if err != nil {
			t.Fatal(kind.name, err)
		}
		for _, form := range forms {
			t.Run(kind.name+", "+form.name, func(t *testing.T) {
				_, report, got, err := convert(t, dicomtest.Series(5, 7, 6, func(_ int, s *dicomtest.Slice) { kind.change(s); form.change(s) }), dicom.Options{Modality: "MR"})
				if err != nil || !bytes.Equal(got, want) || fmt.Sprint(report.Warnings) != fmt.Sprint(before.Warnings) {
					t.Errorf("%v, other bytes: %v; warnings %v, want %v", err, !bytes.Equal(got, want), report.Warnings, before.Warnings)
				}
			})
		}
	}
}

// multi is an enhanced file of the slices of a series, in some order, and the stream of
// each frame.
func multi(order []int, rows, columns int) (s dicomtest.Slice, streams [][]byte) {
	s = dicomtest.Axial(0, rows, columns)
	s.Syntax, s.Class, s.Position, s.Pixels = syntax.RLE, "1.2.840.10008.5.1.4.1.1.2.1", "", nil
	s.Frames = fmt.Sprint(len(order))
	var frames []func(*dicomtest.Writer)
	for _, n := range order {
		one := dicomtest.Axial(n, rows, columns)
		streams = append(streams, dicomtest.RLE(one.Pixels, 16))
		frames = append(frames, func(w *dicomtest.Writer) {
			w.Sequence(0x00209113, true, func(w *dicomtest.Writer) { w.Text(0x00200032, "DS", one.Position) })
		})
	}
	s.Extra = func(w *dicomtest.Writer) { w.Sequence(0x52009230, false, frames...) }
	return s, streams
}

// offsets is a table of the streams' items, each of which is some fragments.
func offsets(streams [][]byte, fragments int) (table []byte) {
	at := 0
	for _, stream := range streams {
		table = binary.LittleEndian.AppendUint32(table, uint32(at))
		at += len(stream) + 8*fragments
	}
	return table
}

func halves(streams [][]byte) (out [][]byte) {
	for _, stream := range streams {
		out = append(out, stream[:64], stream[64:])
	}
	return out
}

// The frames of one file, in any order and however they are divided into fragments, are
// the classic series.
func TestConvertEncapsulatedMultiFrame(t *testing.T) {
	_, _, want, err := convert(t, dicomtest.Series(6, 7, 6, nil), dicom.Options{})
	if err != nil {
		t.Fatal(err)
	}
	order := []int{3, 0, 5, 1, 4, 2}
	_, streams := multi(order, 7, 6)
	extended := func(s *dicomtest.Slice) {
		was := s.Extra
		var table []byte
		for n := range streams {
			table = binary.LittleEndian.AppendUint64(table, uint64(binary.LittleEndian.Uint32(offsets(streams, 2)[4*n:])))
		}
		s.Extra = func(w *dicomtest.Writer) {
			was(w)
			w.Head(0x7FE00001, "OV", uint32(len(table)))
			w.Buffer.Write(table)
		}
	}
	for name, items := range map[string][][]byte{
		"no table":                              append([][]byte{nil}, streams...),
		"a table":                               append([][]byte{offsets(streams, 1)}, streams...),
		"a wrong table":                         append([][]byte{offsets(streams, 2)}, streams...),
		"two fragments each, a table":           append([][]byte{offsets(streams, 2)}, halves(streams)...),
		"two fragments each":                    append([][]byte{nil}, halves(streams)...),
		"two fragments each, an extended table": append([][]byte{nil}, halves(streams)...),
	} {
		s, _ := multi(order, 7, 6)
		s.Items = items
		if strings.Contains(name, "extended") {
			extended(&s)
		}
		_, report, got, err := convert(t, dicomtest.Drop{s.Bytes()}, dicom.Options{})
		if err != nil || !bytes.Equal(got, want) || len(report.Warnings) > 0 {
			t.Errorf("%s: %v, other bytes: %v, warnings %v", name, err, !bytes.Equal(got, want), report.Warnings)
		}
	}
	s, _ := multi(order, 7, 6)
	for name, items := range map[string][][]byte{
		"one frame too few": append([][]byte{nil}, streams[:5]...), "one too many": append(append([][]byte{nil}, streams...), streams[0]),
	} {
		s.Items = items
		if _, _, _, err := convert(t, dicomtest.Drop{s.Bytes()}, dicom.Options{}); code(err) != "corrupt_pixel_data" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A frame that cannot be decoded refuses the scan, whichever it is and however many
// workers there are. The first of several counts.
func TestConvertDamagedFrameForAnyWorkers(t *testing.T) {
	for _, workers := range []int{1, 2, 7} {
		was := runtime.GOMAXPROCS(workers)
		defer runtime.GOMAXPROCS(was)
		for damaged := range 12 {
			d := dicomtest.Series(12, 7, 6, func(n int, s *dicomtest.Slice) {
				pack(s, 1<<20)
				switch {
				case n == damaged:
					s.Items[1] = s.Items[1][:90]
				case n > damaged:
					s.Items[1] = []byte("nothing of sense, too short for a header")
				}
			})
			_, _, _, err := convert(t, d, dicom.Options{})
			if code(err) != "corrupt_pixel_data" || !strings.Contains(err.Error(), "segment") || !strings.Contains(err.Error(), "RLE lossless") {
				t.Errorf("%d workers, slice %d: %v", workers, damaged, err)
			}
		}
		_, _, _, err := convert(t, cut(dicomtest.Series(12, 7, 6, func(n int, s *dicomtest.Slice) { pack(s, 1<<20) }), 5, 40), dicom.Options{})
		if code(err) != "truncated" {
			t.Errorf("%d workers, a slice cut: %v", workers, err)
		}
	}
}

// The number of workers changes no byte and no warning, also where slices are repeated.
func TestConvertEncapsulatedForAnyWorkers(t *testing.T) {
	d := dicomtest.Series(40, 9, 8, func(n int, s *dicomtest.Slice) {
		if n%3 > 0 {
			pack(s, 50)
		}
	})
	d = append(d, d[7], d[8], d[39])
	var want []byte
	var said string
	for _, workers := range []int{1, 2, 3, 16} {
		was := runtime.GOMAXPROCS(workers)
		_, report, got, err := convert(t, d, dicom.Options{})
		runtime.GOMAXPROCS(was)
		if err != nil {
			t.Fatal(err)
		}
		if want == nil {
			want, said = got, fmt.Sprint(report.Warnings)
		}
		if !bytes.Equal(got, want) || fmt.Sprint(report.Warnings) != said || !strings.Contains(said, "duplicate_slices") {
			t.Errorf("%d workers: other bytes: %v, warnings %v, want %v", workers, !bytes.Equal(got, want), report.Warnings, said)
		}
	}
}

// A person is told that the images were compressed with loss, whatever they are stored
// as now.
func TestConvertLossy(t *testing.T) {
	for values, want := range map[[2]string]bool{
		{"01", ""}: true, {"01 ", ""}: true, {"00", ""}: false, {"", ""}: false, {"01", "1"}: true,
		{"", "12.5"}: true, {"", `1\8.0`}: true, {"", "1.0"}: false, {"", "unknown"}: false, {"00", "2.3"}: false,
	} {
		for _, packed := range []bool{true, false} {
			d := dicomtest.Series(5, 7, 6, func(n int, s *dicomtest.Slice) {
				s.Extra = func(w *dicomtest.Writer) {
					w.Text(0x00282110, "CS", values[0])
					w.Text(0x00282112, "DS", values[1])
				}
				if packed {
					pack(s, 1<<20)
				}
			})
			_, report, _, err := convert(t, d, dicom.Options{})
			got := len(report.Warnings) == 1 && report.Warnings[0].Code == "lossy_compression"
			if err != nil || got != want || !want && len(report.Warnings) > 0 {
				t.Errorf("%q: %v %v", values, err, report.Warnings)
			}
		}
	}
}
