package dicom_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/iris-oculus/iris/internal/volume/dicom"
	"github.com/iris-oculus/iris/internal/volume/dicom/dicomtest"
	"github.com/iris-oculus/iris/internal/volume/dicom/jpeg/jpegtest"
	"github.com/iris-oculus/iris/internal/volume/dicom/syntax"
)

const (
	losslessJPEG = "1.2.840.10008.1.2.4.70"
	baselineJPEG = "1.2.840.10008.1.2.4.50"
)

// image is a slice's pixels, of which precision bits are kept.
func image(s dicomtest.Slice, precision int) jpegtest.Image {
	m := jpegtest.Image{Columns: s.Columns, Rows: s.Rows, Precision: precision}
	for i := 0; i < len(s.Pixels); i += s.Bits / 8 {
		v := uint16(s.Pixels[i])
		if s.Bits == 16 {
			v = binary.LittleEndian.Uint16(s.Pixels[i:])
		}
		m.Samples = append(m.Samples, v&uint16(1<<precision-1))
	}
	return m
}

// jpegOf stores a slice as JPEG lossless of some bits, in n fragments.
func jpegOf(s *dicomtest.Slice, precision, fragments int, o jpegtest.Options) {
	stream := jpegtest.Lossless(image(*s, precision), 1, 0, o)
	s.Syntax, s.Items = losslessJPEG, append([][]byte{nil}, pieces(stream, fragments)...)
}

// pieces cuts b into n pieces of even lengths.
func pieces(b []byte, n int) (out [][]byte) {
	if len(b)%2 == 1 {
		b = append(b, 0)
	}
	size := len(b) / n &^ 1
	for range n - 1 {
		out, b = append(out, b[:size]), b[size:]
	}
	return append(out, b)
}

// table32 is an offset table of the items from the second on.
func table32(items [][]byte) (table []byte) {
	at := 0
	for _, item := range items {
		table = binary.LittleEndian.AppendUint32(table, uint32(at))
		at += 8 + len(item)
	}
	return table
}

// Compressed inputs of public bug reports, rebuilt here. Each is the volume of the same
// slices without compression.
func TestPublicReportsOfCompressedScans(t *testing.T) {
	plain := jpegtest.Options{}
	nothing := func(*dicomtest.Slice) {}
	signed := func(s *dicomtest.Slice) { // values from -1024 on
		s.Signed, s.Intercept = true, "0"
		for i := 0; i < len(s.Pixels); i += 2 {
			v := int(binary.LittleEndian.Uint16(s.Pixels[i:])) - 1024
			binary.LittleEndian.PutUint16(s.Pixels[i:], uint16(v))
		}
	}
	cases := []struct {
		report string
		before func(s *dicomtest.Slice) // of both series
		change func(n int, s *dicomtest.Slice)
	}{
		{"rordenlab/dcm2niix#1013, #995: an offset table of two for one image in two fragments", nothing, func(_ int, s *dicomtest.Slice) {
			jpegOf(s, 12, 2, plain)
			s.Items[0] = table32(s.Items[1:])
		}},
		{"rordenlab/dcm2niix#1017: one image in four fragments, no number of frames", nothing, func(_ int, s *dicomtest.Slice) { jpegOf(s, 12, 4, plain) }},
		{"rordenlab/dcm2niix#955: an offset table, no number of frames", nothing, func(_ int, s *dicomtest.Slice) {
			jpegOf(s, 12, 1, plain)
			s.Items[0] = make([]byte, 4)
		}},
		{"rordenlab/dcm2niix#1016: another number of fragments in each file", nothing, func(n int, s *dicomtest.Slice) { jpegOf(s, 12, 1+n, plain) }},
		{"rordenlab/dcm2niix#664: restart intervals", nothing, func(_ int, s *dicomtest.Slice) { jpegOf(s, 12, 1, jpegtest.Options{Restart: s.Columns}) }},
		{"rordenlab/dcm2niix#977: slices of one value", func(s *dicomtest.Slice) {
			if s.Instance == "1.2.3.4.1" {
				clear(s.Pixels)
			}
		}, func(_ int, s *dicomtest.Slice) { jpegOf(s, 12, 1, plain) }},
		{"pydicom/pydicom#2009: signed samples in a stream that knows of no sign", signed, func(_ int, s *dicomtest.Slice) { jpegOf(s, 12, 1, plain) }},
		{"pydicom/pydicom#1149: more stored bits than the stream has, and a sign", func(s *dicomtest.Slice) { signed(s); s.Stored, s.High = 16, 15 },
			func(_ int, s *dicomtest.Slice) { jpegOf(s, 13, 1, plain) }},
		{"pydicom/pydicom#2012: 16 stored bits of 14", func(s *dicomtest.Slice) { s.Stored, s.High = 16, 15 }, func(_ int, s *dicomtest.Slice) { jpegOf(s, 14, 1, plain) }},
		{"dcm4che/dcm4che#741: 8 stored bits of 16 allocated", func(s *dicomtest.Slice) {
			s.Stored, s.High = 8, 7
			for i := 1; i < len(s.Pixels); i += 2 {
				s.Pixels[i] = 0
			}
		}, func(_ int, s *dicomtest.Slice) { jpegOf(s, 8, 1, plain) }},
		{"pydicom/pydicom#1140: a sequence delimiter within a fragment", nothing, func(_ int, s *dicomtest.Slice) {
			jpegOf(s, 12, 1, plain)
			comment := append([]byte{0xFF, 0xD8, 0xFF, 0xFE, 0, 10}, 0xFE, 0xFF, 0xDD, 0xE0, 0, 0, 0, 0)
			s.Items[1] = append(comment, s.Items[1][2:]...)
		}},
		{"fo-dicom/fo-dicom#1339: no delimiter", nothing, func(_ int, s *dicomtest.Slice) { jpegOf(s, 12, 1, plain); s.NoEnd = true }},
		{"fo-dicom/fo-dicom#645, dcm4che/dcm4che#908: compressed under implicit little endian", nothing, func(_ int, s *dicomtest.Slice) {
			jpegOf(s, 12, 1, plain)
			s.Syntax = syntax.ImplicitLE
		}},
		{"uclouvain/openjpeg#789, Efferent-Health/fo-dicom.Codecs#37: no end marker", nothing, func(_ int, s *dicomtest.Slice) { jpegOf(s, 12, 1, jpegtest.Options{NoEOI: true}) }},
		{"dcm4che/dcm4chee-arc-light#752: RLE in fragments", nothing, func(_ int, s *dicomtest.Slice) { pack(s, 70) }},
	}
	for _, c := range cases {
		t.Run(c.report, func(t *testing.T) {
			_, before, want, err := convert(t, dicomtest.Series(5, 9, 8, func(_ int, s *dicomtest.Slice) { c.before(s) }), dicom.Options{Modality: "MR"})
			if err != nil {
				t.Fatal(err)
			}
			d := dicomtest.Series(5, 9, 8, func(n int, s *dicomtest.Slice) { c.before(s); c.change(n, s) })
			_, report, got, err := convert(t, d, dicom.Options{Modality: "MR"})
			if err != nil || !bytes.Equal(got, want) || fmt.Sprint(report.Warnings) != fmt.Sprint(before.Warnings) {
				t.Errorf("%v, other bytes: %v, warnings %v, want %v", err, !bytes.Equal(got, want), report.Warnings, before.Warnings)
			}
		})
	}
	// Bytes behind the fragments: zeros in place of the delimiter (DCMTK/dcmtk#118), a
	// delimiter of undefined length (cornerstonejs/dicomParser#266).
	_, _, want, err := convert(t, dicomtest.Series(5, 9, 8, nil), dicom.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, end := range []string{"", "\x00\x00\x00\x00", strings.Repeat("\x00", 22), "\xFE\xFF\xDD\xE0\xFF\xFF\xFF\xFF"} {
		d := dicomtest.Series(5, 9, 8, func(_ int, s *dicomtest.Slice) { jpegOf(s, 12, 1, plain); s.NoEnd = true })
		for n := range d {
			d[n] = append(d[n], end...)
		}
		if _, _, got, err := convert(t, d, dicom.Options{}); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%q behind the fragments: %v", end, err)
		}
	}
}

// Multi-frame files of public reports.
func TestPublicReportsOfCompressedFrames(t *testing.T) {
	order := []int{0, 1, 2, 3, 4, 5}
	_, _, want, err := convert(t, dicomtest.Series(6, 9, 8, nil), dicom.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var streams [][]byte
	for n := range order {
		s := dicomtest.Axial(n, 9, 8)
		jpegOf(&s, 12, 1, jpegtest.Options{})
		streams = append(streams, s.Items[1])
	}
	var uneven [][]byte
	for n, stream := range streams {
		uneven = append(uneven, pieces(stream, 1+n%3)...)
	}
	for report, items := range map[string][][]byte{
		"pydicom/pydicom#685: a fragment a frame, no table":                        slices.Concat([][]byte{nil}, streams),
		"fo-dicom/fo-dicom#992, dcm4che/dcm4che#1598: fragments of uneven numbers": slices.Concat([][]byte{nil}, uneven),
		"rordenlab/dcm2niix#1021: a table that lists all fragments":                slices.Concat([][]byte{table32(uneven)}, uneven),
		"Enet4/dicom-rs#399: an entry too many":                                    slices.Concat([][]byte{table32(append(slices.Clone(streams), nil))}, streams),
		"cornerstonejs/dicomParser#269: a table of another length":                 slices.Concat([][]byte{table32(streams[:3])}, streams),
		"ImagingDataCommons/libdicom#103: offsets from the start of the element":   slices.Concat([][]byte{shifted(table32(streams), 32)}, streams),
	} {
		s, _ := multi(order, 9, 8)
		s.Syntax, s.Items = losslessJPEG, items
		if _, _, got, err := convert(t, dicomtest.Drop{s.Bytes()}, dicom.Options{}); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s: %v, other bytes: %v", report, err, !bytes.Equal(got, want))
		}
	}
	// rii-mango/JPEGLosslessDecoderJS#15: the first frame without loss, the others with.
	s, _ := multi(order, 16, 16)
	s.Syntax, s.Items = losslessJPEG, [][]byte{nil}
	for n := range order {
		one := dicomtest.Axial(n, 16, 16)
		if jpegOf(&one, 12, 1, jpegtest.Options{}); n > 0 {
			one.Items[1] = lossy(one, 12)
		}
		s.Items = append(s.Items, one.Items[1])
	}
	if _, report, _, err := convert(t, dicomtest.Drop{s.Bytes()}, dicom.Options{}); err != nil || len(report.Warnings) != 1 || report.Warnings[0].Code != "lossy_compression" {
		t.Errorf("one frame of six without loss: %v %v", err, report.Warnings)
	}
}

func shifted(table []byte, by uint32) []byte {
	for n := 0; n < len(table); n += 4 {
		binary.LittleEndian.PutUint32(table[n:], binary.LittleEndian.Uint32(table[n:])+by)
	}
	return table
}

// lossy is a slice as extended or baseline JPEG.
func lossy(s dicomtest.Slice, precision int) []byte {
	m := image(s, precision)
	blocks, _ := jpegtest.Transform(m, jpegtest.Even(1))
	return jpegtest.Sequential(m, blocks, jpegtest.Even(1), jpegtest.Options{})
}

// rii-mango/JPEGLosslessDecoderJS#14: lossy streams in files that call themselves
// lossless are read, and the owner is told of the loss.
func TestLossyUnderALosslessSyntax(t *testing.T) {
	for _, uid := range []string{losslessJPEG, baselineJPEG, syntax.ExplicitLE} {
		smooth := func(_ int, s *dicomtest.Slice) {
			for i := range s.Rows * s.Columns {
				binary.LittleEndian.PutUint16(s.Pixels[2*i:], uint16(1000+20*(i%s.Columns)+10*(i/s.Columns)))
			}
		}
		want, _, _, err := convert(t, dicomtest.Series(4, 16, 24, smooth), dicom.Options{Modality: "MR"})
		if err != nil {
			t.Fatal(err)
		}
		got, report, _, err := convert(t, dicomtest.Series(4, 16, 24, func(n int, s *dicomtest.Slice) {
			smooth(n, s)
			s.Items, s.Syntax = [][]byte{nil, lossy(*s, 12)}, uid
		}), dicom.Options{Modality: "MR"})
		if err != nil || len(report.Warnings) != 1 || report.Warnings[0].Code != "lossy_compression" {
			t.Fatalf("%s: %v %v", uid, err, report.Warnings)
		}
		for i, v := range got.Voxels {
			if d := int(v) - int(want.Voxels[i]); d < -3 || d > 3 {
				t.Fatalf("%s: voxel %d is %d, want %d", uid, i, v, want.Voxels[i])
			}
		}
	}
}
