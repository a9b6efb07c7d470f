package j2k

import (
	"bytes"
	"encoding/binary"
	"slices"
	"strings"
	"testing"

	"github.com/iris-oculus/iris/internal/volume/dicom/codec"
)

// The inputs of public reports about other decoders, rebuilt. These are images.
func TestReportedImages(t *testing.T) {
	same := func(b []byte) []byte { return b }
	lengthOf := func(b []byte) []byte { // Psot of the last tile-part
		at := bytes.LastIndex(b, []byte{0xFF, 0x90, 0, 10})
		return b[at+6 : at+10]
	}
	plain := scene(61, 47, 12, false)
	for _, c := range []struct {
		report string
		im     picture
		o      options
		change func(b []byte) []byte
	}{
		{"uclouvain/openjpeg#789: no end marker", plain, options{levels: 3}, func(b []byte) []byte { return b[:len(b)-2] }},
		{"uclouvain/openjpeg#1291: the same, and tile-parts that do not say how many there are", plain, options{levels: 3, tileX: 30, tileY: 30},
			func(b []byte) []byte {
				for at := 0; at >= 0; {
					if next := bytes.Index(b[at:], []byte{0xFF, 0x90, 0, 10}); next >= 0 {
						at += next + 11
						b[at] = 0
						continue
					}
					break
				}
				return b[:len(b)-2]
			}},
		{"uclouvain/openjpeg#962, GrokImageCompression/grok#320: one tile-part more than TNsot says", plain, options{levels: 3, parts: 4},
			func(b []byte) []byte {
				for at := bytes.Index(b, []byte{0xFF, 0x90, 0, 10}); at >= 0; {
					b[at+11] = 3
					next := bytes.Index(b[at+1:], []byte{0xFF, 0x90, 0, 10})
					if next < 0 {
						break
					}
					at += 1 + next
				}
				return b
			}},
		{"uclouvain/openjpeg#1353: a tile-part longer than the stream", plain, options{levels: 3},
			func(b []byte) []byte {
				l := lengthOf(b)
				binary.BigEndian.PutUint32(l, binary.BigEndian.Uint32(l)+1000)
				return b
			}},
		{"uclouvain/openjpeg#1620: TLM with more tile-parts than there are, of impossible lengths", plain, options{levels: 3},
			func(b []byte) []byte {
				at := bytes.Index(b, []byte{0xFF, 0x90, 0, 10})
				return slices.Concat(b[:at], markerSegment(0xFF55, append([]byte{0, 0x60}, bytes.Repeat([]byte{0xFF}, 300)...)), b[at:])
			}},
		{"uclouvain/openjpeg#162: a tile-part of SOT alone", plain, options{levels: 3},
			func(b []byte) []byte {
				return append(b[:len(b)-2], 0xFF, 0x90, 0, 10, 0, 0, 0, 0, 0, 12, 1, 2, 0xFF, 0xD9)
			}},
		{"uclouvain/openjpeg#55, openpreserve/jhove#997: a tile-part of length 0", plain, options{levels: 3, open: true}, same},
		{"osamu620/OpenHTJ2K#201: the same, padded, with EOC at an odd offset", plain, options{levels: 3, open: true},
			func(b []byte) []byte { return append(b, 0, 0, 0) }},
		{"uclouvain/openjpeg#1558, libvips#4205: tile-parts of different tiles by turns", plain, options{levels: 3, tileX: 20, tileY: 20, parts: 3, interleave: true}, same},
		{"openpreserve/jpylyzer#118: tile-parts in reverse", plain, options{levels: 3, parts: 3},
			func(b []byte) []byte {
				var at []int
				for i := 0; ; i++ {
					next := bytes.Index(b[i:], []byte{0xFF, 0x90, 0, 10})
					if next < 0 {
						break
					}
					i += next
					at = append(at, i)
				}
				at = append(at, len(b)-2)
				return slices.Concat(b[:at[0]], b[at[2]:at[3]], b[at[1]:at[2]], b[at[0]:at[1]], b[at[3]:])
			}},
		{"uclouvain/openjpeg#891, grok#33: precincts without a sample of a sub-band have packets", scene(65, 33, 12, false),
			options{levels: 4, tileX: 33, tileY: 31, x: 31, y: 1, tileX0: 1, precincts: [][2]uint8{{2, 2}, {3, 3}}}, same},
		{"uclouvain/openjpeg#1193: order changes that overlap", plain, options{levels: 3, layers: 3, changes: []span{
			{order: orderCPRL, toRes: 4, toLayer: 1}, {order: orderCPRL, toRes: 4, toLayer: 2}, {order: orderRPCL, toRes: 4, toLayer: 3}}}, same},
		{"SerenityOS#25709: a segment over three layers", plain, options{levels: 1, layers: 9, style: styleBypass}, same},
		{"SerenityOS#25709: bypass and a segment for each pass", plain, options{levels: 1, layers: 3, style: styleBypass | styleTermAll}, same},
		{"aous72/OpenJPH#89: 65535 layers", scene(9, 7, 12, false), options{layers: 65535}, same},
		{"OHIF/image-JPEG2000#8: COC", plain, options{levels: 3, ownStyle: true}, same},
		{"OHIF/image-JPEG2000#2: 16 bits, half of them above 32767", scene(61, 47, 16, false), options{levels: 3}, same},
		{"fo-dicom#738, pydicom#1149: signed samples of 16 bits", scene(61, 47, 16, true), options{levels: 3}, same},
		{"pydicom#2012: 14 bits in words of 16", scene(61, 47, 14, true), options{levels: 3}, same},
		{"cornerstonejs/codecs#63: an image with an offset is smaller than its last coordinate", plain, options{levels: 3, x: 1000, y: 777}, same},
		{"uclouvain/openjpeg#1643: coordinates near 2^32", plain, options{levels: 5, x: 1<<32 - 62, y: 1<<32 - 48, tileX0: 1<<32 - 100, tileY0: 1<<32 - 60, tileX: 50, tileY: 50}, same},
		{"cgohlke/imagecodecs#104: an image of one value", picture{w: 61, h: 47, precision: 12, samples: make([]int, 61*47)}, options{levels: 5}, same},
	} {
		got, _ := decodePicture(t, c.change(encode(c.im, c.o)), c.im)
		if !slices.Equal(got, c.im.samples) {
			t.Errorf("%s: the samples differ", c.report)
		}
	}
}

// And these are not.
func TestReportedFaults(t *testing.T) {
	im := scene(61, 47, 12, false)
	for _, c := range []struct {
		report, want string
		stream       []byte
		limits       codec.Limits
	}{
		{"4thel00z/pdfboss#16: 67 million precincts in 80 bytes", "67108864 precincts", headerOf(8192, 8192, 0, 0), codec.Limits{Columns: 8192, Rows: 8192, Bits: 16}},
		{"uclouvain/openjpeg#885: precincts of no sample", "precincts of one sample", headerOf(61, 47, 1, 0, 0), im.limits()},
		{"pydicom's JPEG2000-embedded-sequence-delimiter.dcm: a width of FEFF DDE0", "4278181344", headerOf(0xFEFFDDE0, 47, 1), im.limits()},
		{"uclouvain/openjpeg#193: more than 65535 tiles", "tiles", encodeTiles(im, 1, 1), codec.Limits{Columns: 300, Rows: 300, Bits: 16}},
		{"pydicom/pylibjpeg-openjpeg#36: one pixel of three components", "3 colour components", []byte("\xff\x4f\xff\x51\x00\x2f\x00\x00\x00\x00\x00\x01\x00\x00\x00\x01" +
			"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x03\x07\x01\x01\x07\x02\x01\x07\x02\x01"),
			codec.Limits{Columns: 1, Rows: 1, Bits: 8}},
	} {
		if err := try(t, c.stream, c.limits); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error = %v, want one with %q", c.report, err, c.want)
		}
	}
}

// encodeTiles is a header of 300 x 300 pixels in tiles of a size.
func encodeTiles(im picture, w, h int) []byte {
	e := encoder{im: im, size: size{image: rect{x1: 300, y1: 300}}, o: options{tileX: w, tileY: h}}
	return append([]byte{0xFF, 0x4F}, markerSegment(markerSIZ, e.sizeBody())...)
}

// TestShiftOfRegion: jasper-software/jasper#421, #280: a region of interest with any
// shift is an error or an image.
func TestShiftOfRegion(t *testing.T) {
	im := scene(61, 47, 12, false)
	b := encode(im, options{levels: 2, roi: 14})
	for shift := range 256 {
		b[find(t, b, markerRGN)+2] = byte(shift)
		_ = try(t, b, im.limits())
	}
}

// headerOf is a stream of w × h samples of 12 bits up to its packets.
func headerOf(w, h int, levels byte, precincts ...byte) []byte {
	b := markerSegment(markerSIZ, (&encoder{im: picture{precision: 12}, size: size{image: rect{x1: w, y1: h}}, o: options{tileX: w, tileY: h}}).sizeBody())
	cod := append([]byte{byte(min(len(precincts), 1)), 0, 0, 1, 0, levels, 4, 4, 0, 1}, precincts...)
	b = slices.Concat([]byte{0xFF, 0x4F}, b, markerSegment(markerCOD, cod), markerSegment(markerQCD, append([]byte{2 << 5}, bytes.Repeat([]byte{13 << 3}, 97)...)))
	return append(append(b, markerSegment(markerSOT, []byte{0, 0, 0, 0, 0, 0, 0, 1})...), 0xFF, 0x93)
}
