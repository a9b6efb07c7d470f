package j2k

import (
	"encoding/binary"
	"math"
	"slices"
	"testing"

	"github.com/iris-oculus/iris/internal/volume/dicom/codec"
)

// scene is a picture with flat parts, edges, slopes and noise, from a fixed generator.
func scene(w, h, precision int, signed bool) picture {
	im := picture{w: w, h: h, precision: precision, signed: signed}
	state := uint32(1)
	top := float64(int(1)<<precision - 1)
	for y := range h {
		for x := range w {
			state = state*1664525 + 1013904223
			v := 0.5 + 0.3*math.Sin(float64(x)/7)*math.Cos(float64(y)/9) + 0.05*float64(state>>24)/256
			if (x/13+y/11)%3 == 0 {
				v = 0.1
			}
			n := int(max(0, min(1, v)) * top)
			if signed {
				n -= 1 << (precision - 1)
			}
			im.samples = append(im.samples, n)
		}
	}
	return im
}

func (im picture) limits() codec.Limits {
	bits := 8
	for bits < im.precision {
		bits *= 2
	}
	return codec.Limits{Columns: im.w, Rows: im.h, Bits: bits}
}

// decodePicture decodes into samples, with the signedness that the stream says.
func decodePicture(t *testing.T, stream []byte, im picture) ([]int, codec.Info) {
	t.Helper()
	l := im.limits()
	dst := make([]byte, l.Bytes())
	info, err := Decode(dst, stream, l)
	if err != nil {
		t.Fatalf("decode: %v", err)
	}
	if info.Precision != im.precision || info.Signed != im.signed {
		t.Errorf("info = %+v, want precision %d, signed %t", info, im.precision, im.signed)
	}
	out := make([]int, im.w*im.h)
	for i := range out {
		switch v := dst[i*l.Bits/8:]; {
		case l.Bits == 8 && im.signed:
			out[i] = int(int8(v[0]))
		case l.Bits == 8:
			out[i] = int(v[0])
		case l.Bits == 16 && im.signed:
			out[i] = int(int16(binary.LittleEndian.Uint16(v)))
		case l.Bits == 16:
			out[i] = int(binary.LittleEndian.Uint16(v))
		case im.signed:
			out[i] = int(int32(binary.LittleEndian.Uint32(v)))
		default:
			out[i] = int(binary.LittleEndian.Uint32(v))
		}
	}
	return out, info
}

// cases are the ways to write a stream without loss.
var cases = []struct {
	name string
	o    options
}{
	{"no wavelet", options{}},
	{"five levels", options{levels: 5}},
	{"more levels than pixels", options{levels: 32}},
	{"blocks of 4 x 4", options{levels: 2, blockX: 2, blockY: 2}},
	{"blocks of 1024 x 4", options{levels: 2, blockX: 10, blockY: 2}},
	{"blocks of 4 x 1024", options{levels: 2, blockX: 2, blockY: 10}},
	{"precincts", options{levels: 3, precincts: [][2]uint8{{3, 4}, {4, 3}, {5, 5}}}},
	{"precincts of one sample", options{levels: 1, precincts: [][2]uint8{{0, 0}, {1, 1}}}},
	{"image offset", options{levels: 3, x: 5, y: 13}},
	{"tiles", options{levels: 2, tileX: 31, tileY: 17}},
	{"tiles of one pixel", options{levels: 1, tileX: 2, tileY: 1, tileX0: 3, tileY0: 4, x: 4, y: 4}},
	{"tile and image offset", options{levels: 3, tileX: 32, tileY: 32, tileX0: 7, tileY0: 3, x: 9, y: 30}},
	{"tile-parts", options{levels: 3, tileX: 40, tileY: 40, parts: 3}},
	{"tile-parts mixed", options{levels: 3, tileX: 40, tileY: 40, parts: 3, interleave: true}},
	{"last tile-part open", options{levels: 3, open: true}},
	{"RLCP", options{levels: 3, layers: 3, order: orderRLCP, precincts: [][2]uint8{{4, 4}}}},
	{"RPCL", options{levels: 3, layers: 3, order: orderRPCL, precincts: [][2]uint8{{4, 4}}, x: 3, y: 1}},
	{"PCRL", options{levels: 3, layers: 3, order: orderPCRL, precincts: [][2]uint8{{4, 3}}, x: 3, y: 1}},
	{"CPRL", options{levels: 3, layers: 3, order: orderCPRL, precincts: [][2]uint8{{3, 4}}, x: 3, y: 1, tileX: 50, tileY: 50}},
	{"order changes", options{levels: 2, layers: 4, changes: []span{
		{order: orderRLCP, toRes: 2, toLayer: 2}, {order: orderLRCP, toRes: 3, toLayer: 3}, {order: orderCPRL, toRes: 3, toLayer: 4},
	}, precincts: [][2]uint8{{4, 4}}}},
	{"layers", options{levels: 3, layers: 7}},
	{"layers beyond the passes", options{levels: 1, layers: 300}},
	{"passes before their bytes", options{levels: 2, layers: 5, lastLayerHasData: true}},
	{"first layer empty", options{levels: 2, layers: 3, startAtSecond: true}},
	{"long lengths", options{levels: 2, layers: 2, lengthBits: 9}},
	{"SOP and EPH", options{levels: 3, sop: true, eph: true, layers: 2}},
	{"SOP and EPH not announced", options{levels: 3, sop: true, eph: true, hideMarkers: true}},
	{"PPT", options{levels: 3, apart: true, sop: true, eph: true, tileX: 40, tileY: 40, parts: 2}},
	{"PPM", options{levels: 3, apart: true, mainPacked: true, sop: true, eph: true, tileX: 40, tileY: 40, parts: 2}},
	{"PPM, tile-parts mixed", options{levels: 3, apart: true, mainPacked: true, tileX: 40, tileY: 40, parts: 2, interleave: true}},
	{"COC and QCC", options{levels: 3, ownStyle: true, precincts: [][2]uint8{{5, 5}}}},
	{"COC and QCC of tiles", options{levels: 3, tileStyle: true, tileX: 33, tileY: 50, parts: 2}},
	{"region of interest", options{levels: 2, roi: 11}},
}

func TestDecode(t *testing.T) {
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			im := scene(75, 58, 8, false)
			got, info := decodePicture(t, encode(im, c.o), im)
			if !slices.Equal(got, im.samples) || info.Lossy {
				t.Errorf("the samples differ, or the stream is said to be lossy (%t)", info.Lossy)
			}
		})
	}
}

func TestDecodeStyles(t *testing.T) {
	im := scene(70, 43, 12, false)
	for style := range 64 {
		got, _ := decodePicture(t, encode(im, options{levels: 2, style: style, blockX: 4, blockY: 5, layers: 1 + style%3}), im)
		if !slices.Equal(got, im.samples) {
			t.Errorf("code-block style %#02x: the samples differ", style)
		}
	}
}

func TestDecodePrecisions(t *testing.T) {
	for precision := 1; precision <= 24; precision++ {
		for _, signed := range []bool{false, true} {
			im := scene(33, 21, precision, signed)
			got, _ := decodePicture(t, encode(im, options{levels: 2}), im)
			if !slices.Equal(got, im.samples) {
				t.Errorf("%d bits, signed %t: the samples differ", precision, signed)
			}
		}
	}
}

func TestDecodeIrreversible(t *testing.T) {
	for _, o := range []options{
		{levels: 3, exponent: 16}, {levels: 5, exponent: 16, x: 3, y: 7, tileX: 30, tileY: 21},
		{levels: 3, exponent: 18, derived: true}, {levels: 0, exponent: 16}, {levels: 32, exponent: 16},
		{levels: 2, exponent: 16, style: 63}, {levels: 1, tileX: 2, tileY: 1, tileX0: 3, tileY0: 4, x: 4, y: 4, exponent: 16},
	} {
		o.irreversible = true
		im := scene(75, 58, 12, false)
		got, info := decodePicture(t, encode(im, o), im)
		far := 0
		for i, v := range got {
			far = max(far, v-im.samples[i], im.samples[i]-v)
		}
		if far > 1 || !info.Lossy { // steps of 1/3 of a unit at most
			t.Errorf("%+v: a sample is off by %d, lossy %t", o, far, info.Lossy)
		}
	}
}

// TestLossy: a stream of the reversible wavelet has lost something if passes are missing
// that would have had samples to code. Kakadu leaves the others out.
func TestLossy(t *testing.T) {
	dense := picture{w: 40, h: 30, precision: 12}
	for i := range dense.w * dense.h {
		dense.samples = append(dense.samples, 100+1700*(i*7%3%2)+i%5) // far from the middle, 2048
	}
	for _, c := range []struct {
		name  string
		im    picture
		o     options
		lossy bool
	}{
		{"all passes", dense, options{}, false},
		{"the last pass missing, empty", dense, options{cut: 1}, false},
		{"the last bit-plane missing", dense, options{cut: 3}, true},
		{"the last pass missing, not empty", scene(40, 30, 12, false), options{levels: 3, cut: 1}, true},
		{"a region of interest", dense, options{roi: 12}, false},
		{"a region of interest, cut", dense, options{roi: 12, cut: 40}, true},
	} {
		got, info := decodePicture(t, encode(c.im, c.o), c.im)
		if info.Lossy != c.lossy {
			t.Errorf("%s: lossy = %t, want %t", c.name, info.Lossy, c.lossy)
		}
		if !c.lossy && !slices.Equal(got, c.im.samples) {
			t.Errorf("%s: the samples differ", c.name)
		}
	}
	// Some encoders leave out empty bit-planes of a few small blocks (pydicom's
	// MR_small_jp2klossless.dcm), which is no loss.
	im := scene(64, 64, 12, false)
	for upTo, lossy := range map[int]bool{4: false, 16: false, 64: true, 4096: true} {
		if _, info := decodePicture(t, encode(im, options{levels: 5, cut: 6, cutUpTo: upTo}), im); info.Lossy != lossy {
			t.Errorf("bit-planes of blocks up to %d samples are missing: lossy = %t, want %t", upTo, info.Lossy, lossy)
		}
	}
}
