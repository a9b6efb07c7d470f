package decode

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/iris-oculus/iris/internal/volume"
	"github.com/iris-oculus/iris/internal/volume/dicom/codec"
	"github.com/iris-oculus/iris/internal/volume/dicom/dicomtest"
	"github.com/iris-oculus/iris/internal/volume/dicom/syntax"
)

const (
	plainUID    = "1.2.840.10008.1.2.1.98"
	deflatedUID = "1.2.840.10008.1.2.8.1"
	losslessUID = "1.2.840.10008.1.2.4.70"
)

// small is a frame of 4 × 3 words, and its samples.
var small, samples = codec.Limits{Columns: 4, Rows: 3, Bits: 16}, []byte("0123456789abcdefghijklmn")

func packed(b []byte) []byte {
	var out bytes.Buffer
	w, _ := flate.NewWriter(&out, flate.BestCompression)
	_, _ = w.Write(b)
	_ = w.Close()
	return out.Bytes()
}

// box is a box of a JP2 file.
func box(name string, content []byte) []byte {
	return append(append(binary.BigEndian.AppendUint32(nil, uint32(8+len(content))), name...), content...)
}

// segments is a JPEG stream of empty segments with these markers.
func segments(markers ...byte) []byte {
	out := []byte{0xFF, 0xD8}
	for _, m := range markers {
		out = append(out, 0xFF, m, 0, 2)
	}
	return out
}

// The bytes decide what a stream is, and the syntax only where they do not.
func TestKind(t *testing.T) {
	jp2File := append(box("jP  ", []byte("\r\n\x87\n")), box("jp2c", soc)...)
	cases := []struct {
		name   string
		stream []byte
		uid    string
		want   kind
	}{
		{"samples", samples, plainUID, plain},
		{"samples that begin as JPEG does", append([]byte{0xFF, 0xD8, 0xFF}, samples[3:]...), plainUID, plain},
		{"samples under a syntax without fragments", samples, syntax.ExplicitLE, plain},
		{"JPEG under a syntax without fragments", segments(0xC3), syntax.ExplicitLE, jpegs},
		{"RLE", dicomtest.RLE(samples, 16), syntax.RLE, runs},
		{"RLE under another syntax", dicomtest.RLE(samples, 16), losslessUID, runs},
		{"a broken header of RLE", []byte("no header"), syntax.RLE, runs},
		{"JPEG under RLE", segments(0xDB, 0xC0), syntax.RLE, jpegs},
		{"baseline", segments(0xE0, 0xDB, 0xC0), losslessUID, jpegs},
		{"extended", segments(0xDB, 0xC1), losslessUID, jpegs},
		{"progressive", segments(0xC2), losslessUID, jpegs},
		{"lossless", segments(0xC4, 0xC3), losslessUID, jpegs},
		{"lossless behind fill bytes", append([]byte{0xFF, 0xD8, 0xFF, 0xFF}, segments(0xC3)[2:]...), losslessUID, jpegs},
		{"JPEG-LS", segments(0xE8, 0xF7), losslessUID, jpegLS},
		{"a JPEG without a frame", segments(0xDB), losslessUID, jpegs},
		{"a JPEG cut in a segment", []byte{0xFF, 0xD8, 0xFF, 0xC4, 0x10}, losslessUID, jpegs},
		{"JPEG 2000", soc, losslessUID, jpeg2000},
		{"JP2", jp2File, losslessUID, jpeg2000},
		{"JPEG XL", jxl, losslessUID, jpegXL},
		{"JPEG XL in boxes", jxlInside, losslessUID, jpegXL},
		{"deflated", packed(samples), deflatedUID, deflated},
		{"samples of another length", samples[2:], plainUID, unknown},
		{"text", []byte("this is no image"), losslessUID, unknown},
		{"nothing", nil, losslessUID, unknown},
	}
	for _, c := range cases {
		if got := kindOf(c.stream, c.uid, small); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

func TestPlainFrames(t *testing.T) {
	for uid, stream := range map[string][]byte{plainUID: samples, deflatedUID: append(packed(samples), 0), syntax.RLE: dicomtest.RLE(samples, 16)} {
		dst := make([]byte, small.Bytes())
		info, err := Frame(dst, stream, uid, small)
		if err != nil || !bytes.Equal(dst, samples) || info.Precision != 16 || info.Lossy || info.Signed {
			t.Errorf("%s: %q %+v %v", uid, dst, info, err)
		}
		for _, bad := range [][]byte{nil, stream[:len(stream)-9], {1}} {
			if _, err := Frame(dst, bad, uid, small); fault(err) != "corrupt_pixel_data" {
				t.Errorf("%s, %d bytes: %v", uid, len(bad), err)
			}
		}
	}
	if _, err := Frame(make([]byte, small.Bytes()), packed(append(samples, 0)), deflatedUID, small); fault(err) != "corrupt_pixel_data" {
		t.Errorf("more than a frame: %v", err)
	}
}

func fault(err error) string {
	var fault *volume.Error
	if errors.As(err, &fault) {
		return fault.Code
	}
	return fmt.Sprint(err)
}

// with replaces a decoder for a test.
func with(t *testing.T, k kind, d decoder) {
	was := decoders[k]
	decoders[k] = d
	t.Cleanup(func() { decoders[k] = was })
}

// A decoder's error says which syntax and what is wrong; a decoder that breaks off is an
// error of the frame, and a line in the log.
func TestErrors(t *testing.T) {
	var log strings.Builder
	slog.SetDefault(slog.New(slog.NewTextHandler(&log, nil)))
	dst := make([]byte, small.Bytes())
	for _, c := range []struct {
		want string
		d    decoder
	}{
		{"corrupt_pixel_data: the compressed pixels of an image are damaged (JPEG lossless, first-order): it is cut; send the series again",
			func(_, _ []byte, _ codec.Limits) (codec.Info, error) { return codec.Info{}, codec.Corrupt("it is cut") }},
		{"unsupported_transfer_syntax: the image is coded arithmetically; export the series uncompressed (explicit little endian)",
			func(_, _ []byte, _ codec.Limits) (codec.Info, error) {
				return codec.Info{}, codec.Unsupported("the image is coded arithmetically")
			}},
		{"corrupt_pixel_data: the compressed pixels of an image are damaged (JPEG lossless, first-order): its decoder broke off; send the series again",
			func(_, stream []byte, _ codec.Limits) (codec.Info, error) {
				return codec.Info{Precision: int(stream[99])}, nil
			}},
		{"unsupported_transfer_syntax: the images are compressed as JPEG, which is not read; export the series uncompressed (explicit little endian)", nil},
	} {
		with(t, jpegs, c.d)
		if info, err := Frame(dst, segments(0xC3), losslessUID, small); fmt.Sprint(err) != c.want || info != (codec.Info{}) {
			t.Errorf("%+v %v, want %s", info, err, c.want)
		}
	}
	if got := log.String(); !strings.Contains(got, "codec=JPEG") || !strings.Contains(got, "decode_test.go") || strings.Count(got, "level=ERROR") != 1 {
		t.Errorf("log: %s", got)
	}
}
