package jpeg_test

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/iris-oculus/iris/internal/volume/dicom/codec"
	"github.com/iris-oculus/iris/internal/volume/dicom/jpeg"
	"github.com/iris-oculus/iris/internal/volume/dicom/jpeg/jpegtest"
)

// Lossless streams of public bug reports, rebuilt here: each has one right image.
func TestPublicReportsOfLossless(t *testing.T) {
	cases := []struct {
		report string
		m      jpegtest.Image
		bits   int
		point  int
		stream func(m jpegtest.Image) []byte
	}{
		{"pydicom/pylibjpeg-libjpeg#90: differences of 8 bits that wrap at 256", jpegtest.Picture("noise", 40, 30, 8), 8, 0,
			plain(1, jpegtest.Options{Wrapped: true})},
		{"the same, in words of 16 bits", jpegtest.Picture("noise", 40, 30, 8), 16, 0, plain(1, jpegtest.Options{Wrapped: true})},
		{"the same, 12 bits", jpegtest.Picture("extremes", 40, 30, 12), 16, 0, plain(4, jpegtest.Options{Wrapped: true})},
		{"fo-dicom/fo-dicom#1422, DCMTK's --workaround-cornell: extra bits in category 16", jpegtest.Picture("extremes", 40, 30, 16), 16, 0,
			plain(1, jpegtest.Options{Cornell: true})},
		{"the same among noise", jpegtest.Picture("noise", 300, 200, 16), 16, 0, plain(1, jpegtest.Options{Cornell: true, Tables: jpegtest.Steep})},
		{"comp.protocols.dicom 1999, ilia3101/MLV-App#221: none in GE's", jpegtest.Picture("extremes", 40, 30, 16), 16, 0, plain(1, jpegtest.Options{})},
		{"image-rs/jpeg-decoder#286: an interval of 32 rows and more after it", jpegtest.Picture("smooth", 199, 100, 12), 16, 0,
			plain(1, jpegtest.Options{Restart: 32 * 199})},
		{"rordenlab/dcm2niix#664: restart segments", jpegtest.Picture("smooth", 64, 40, 16), 16, 0, plain(1, jpegtest.Options{Restart: 64})},
		{"rordenlab/dcm2niix#977: a slice that is 0", jpegtest.Picture("zero", 64, 64, 16), 16, 0, plain(1, jpegtest.Options{})},
		{"dcm4che/dcm4che#741: 8 bits stored in 16", jpegtest.Picture("smooth", 64, 64, 8), 16, 0, plain(1, jpegtest.Options{})},
		{"libjpeg-turbo/libjpeg-turbo#768: 15 bits", jpegtest.Picture("smooth", 64, 64, 15), 16, 0, plain(1, jpegtest.Options{})},
		{"NVIDIA/nvImageCodec#50: the table before the frame", jpegtest.Picture("smooth", 64, 64, 12), 16, 0, func(m jpegtest.Image) []byte {
			s := split(plain(1, jpegtest.Options{})(m))
			return bytes.Join([][]byte{s[0], s[2], s[1], s[3]}, nil)
		}},
		{"libjpeg-turbo/libjpeg-turbo#765: a code of ones", jpegtest.Picture("noise", 64, 64, 16), 16, 0, plain(7, jpegtest.Options{Tables: jpegtest.Complete})},
		{"thorfdbg/libjpeg#68, #100: a table of 256 symbols", jpegtest.Picture("noise", 64, 64, 14), 16, 0, plain(5, jpegtest.Options{Tables: jpegtest.Crowded})},
		{"Efferent-Health/fo-dicom.Codecs#97: zeros behind the end", jpegtest.Picture("smooth", 64, 64, 16), 16, 0, func(m jpegtest.Image) []byte {
			return append(plain(1, jpegtest.Options{})(m), make([]byte, 500)...)
		}},
		{"darktable-org/rawspeed#144: no end, and padding", jpegtest.Picture("smooth", 64, 64, 16), 16, 0, func(m jpegtest.Image) []byte {
			return append(plain(1, jpegtest.Options{NoEOI: true})(m), 0)
		}},
		{"DCMTK's --workaround-incpl: half of the end", jpegtest.Picture("smooth", 64, 64, 16), 16, 0, func(m jpegtest.Image) []byte {
			return append(plain(1, jpegtest.Options{NoEOI: true})(m), 0xFF)
		}},
		{"two starts", jpegtest.Picture("smooth", 64, 64, 16), 16, 0, func(m jpegtest.Image) []byte {
			return append([]byte("\xFF\xD8"), plain(1, jpegtest.Options{})(m)...)
		}},
		{"mozilla/pdf.js#8164: the last interval is shorter", jpegtest.Picture("smooth", 20, 25, 12), 16, 0, plain(2, jpegtest.Options{Restart: 80})},
		{"a restart marker behind the last interval", jpegtest.Picture("smooth", 20, 20, 12), 16, 0, func(m jpegtest.Image) []byte {
			return append(plain(2, jpegtest.Options{Restart: 80, NoEOI: true})(m), "\xFF\xD4\xFF\xD9"...)
		}},
		{"cocosip/go-dicom-codec: predictor 6 with a point transform", jpegtest.Picture("smooth", 64, 64, 12), 16, 3, func(m jpegtest.Image) []byte {
			return jpegtest.Lossless(m, 6, 3, jpegtest.Options{})
		}},
	}
	for _, c := range cases {
		lossless(t, c.report, c.stream(c.m), c.m, c.bits, c.point)
	}
}

func plain(predictor int, o jpegtest.Options) func(jpegtest.Image) []byte {
	return func(m jpegtest.Image) []byte { return jpegtest.Lossless(m, predictor, 0, o) }
}

// split cuts a stream before each segment; the last has the image data.
func split(stream []byte) (segments [][]byte) {
	segments = append(segments, stream[:2])
	for at := 2; ; {
		n := 2 + int(stream[at+2])<<8 + int(stream[at+3])
		if stream[at+1] == 0xDA {
			return append(segments, stream[at:])
		}
		segments = append(segments, stream[at:at+n])
		at += n
	}
}

// The same of the DCT.
func TestPublicReportsOfTheDCT(t *testing.T) {
	for _, precision := range []int{8, 12} {
		m, steps := jpegtest.Picture("smooth", 44, 30, precision), jpegtest.Even(6)
		blocks, _ := jpegtest.Transform(m, steps)
		want := jpegtest.Inverse(blocks, steps, m.Columns, m.Rows, precision)
		stream := func(o jpegtest.Options) []byte { return jpegtest.Sequential(m, blocks, steps, o) }
		s := split(stream(jpegtest.Options{})) // start, DQT, SOF, DHT, DHT, SOS
		sos := fmt.Sprintf("\xFF\xDA\x00\x08\x01\x01%c\x00\x3F\x00", 0)
		for report, stream := range map[string][]byte{
			"pydicom/pylibjpeg#73: a sequential scan with another selection":   edit(t, stream(jpegtest.Options{}), sos, sos[:7]+"\x00\x00\x00"),
			"rii-mango/JPEGLosslessDecoderJS#14: announced as lossless":        stream(jpegtest.Options{}),
			"Efferent-Health/fo-dicom.Codecs#37: no end":                       stream(jpegtest.Options{NoEOI: true}),
			"libjxl/libjxl#3570: the quantization table is late":               bytes.Join([][]byte{s[0], s[2], s[3], s[4], s[1], s[5]}, nil),
			"thorfdbg/libjpeg#88: AC codes of 16 bits and 256 symbols":         stream(jpegtest.Options{Tables: jpegtest.Crowded}),
			"SerenityOS/serenity#22994: restart and factors of 2":              stream(jpegtest.Options{Restart: 5, Sampling: 0x22}),
			"SixLabors/ImageSharp#18: progressive without end":                 jpegtest.Progressive(m, blocks, steps, jpegtest.Scripts["both"], jpegtest.Options{NoEOI: true}),
			"grayscale of factors 2 × 1, of which other decoders pad the rows": stream(jpegtest.Options{Sampling: 0x21}),
		} {
			dct(t, report, stream, want, 16)
		}
	}
}

// What cannot be read is refused, not guessed at.
func TestPublicReportsThatAreRefused(t *testing.T) {
	m := jpegtest.Picture("smooth", 44, 30, 16)
	good := jpegtest.Lossless(m, 1, 0, jpegtest.Options{})
	cases := map[string][]byte{
		"fo-dicom/fo-dicom#717: a frame that starts with zeros":                      append([]byte{0, 0}, good...),
		"GE DOC0500644: the first encoder of the LightSpeed, which names table 1":    edit(t, good, "\xFF\xDA\x00\x08\x01\x01\x00", "\xFF\xDA\x00\x08\x01\x01\x11"),
		"thorfdbg/libjpeg#63: rows and columns exchanged":                            edit(t, good, "\x00\x1E\x00\x2C", "\x00\x2C\x00\x1E"),
		"DCMTK's --workaround-incpl: the last byte of the image data is missing":     append(bytes.Clone(good[:len(good)-3]), good[len(good)-2:]...),
		"imazen/zenjpeg#46: a scan of no components":                                 edit(t, good, "\xFF\xDA\x00\x08\x01", "\xFF\xDA\x00\x08\x00"),
		"rordenlab/dcm2niix, SIGSEGV: a frame header of another size than the image": edit(t, good, "\x00\x1E\x00\x2C", "\x10\x00\x10\x00"),
	}
	for report, stream := range cases {
		if err := check(t, stream, limits(m, 16)); err == nil {
			t.Errorf("%s: an image", report)
		}
	}
}

// A damaged stream with category 16 is not rescued by reading it as Cornell's.
func TestDamageIsNotCornell(t *testing.T) {
	m := jpegtest.Picture("noise", 100, 80, 16)
	for i, o := range []jpegtest.Options{{}, {Cornell: true}} {
		good := jpegtest.Lossless(m, 1, 0, o)
		for at := 400; at < len(good)-400; at += 997 {
			bad := bytes.Clone(good)
			bad = append(bad[:at], bad[at+3:]...)
			if _, err := jpeg.Decode(make([]byte, len(m.Samples)*2), bad, codec.Limits{Columns: 100, Rows: 80, Bits: 16}); err == nil {
				t.Errorf("%d: an image without the bytes from %d", i, at)
			}
		}
	}
}
