package j2k

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"math/bits"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/iris-oculus/iris/internal/volume/dicom/codec"
)

// try decodes what may be damaged. The error must be a *codec.Error and say what is
// wrong; memory must stay within what the frame and the stream need.
func try(t testing.TB, stream []byte, l codec.Limits) error {
	t.Helper()
	dst := make([]byte, l.Bytes())
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := Decode(dst, stream, l)
	runtime.ReadMemStats(&after)
	// 64 KiB for the decoder itself; per sample, its coefficient and a place in the list of
	// precincts for each; per byte of the stream, what one packet may ask for.
	if got, limit := after.TotalAlloc-before.TotalAlloc, uint64(256<<10+l.Columns*l.Rows*64+len(stream)*4096); got > limit {
		t.Errorf("allocated %d bytes for %d × %d samples and a stream of %d bytes: limit %d", got, l.Columns, l.Rows, len(stream), limit)
	}
	var e *codec.Error
	if err != nil && (!errors.As(err, &e) || e.Message == "") {
		t.Errorf("error %v is not a codec.Error with a message", err)
	}
	return err
}

// samplesOfStreams is a stream of each kind, for the tests that damage them.
func samplesOfStreams() (streams [][]byte, im picture) {
	im = scene(40, 29, 12, false)
	for _, c := range cases {
		if c.o.blockX != 10 { // one of each kind of block is enough
			streams = append(streams, encode(im, c.o))
		}
	}
	for _, o := range highThroughput {
		streams = append(streams, encode(im, o))
	}
	for _, style := range []int{styleBypass, styleTermAll, styleBypass | styleTermAll, styleCausal | styleReset, styleSegSym, 63} {
		streams = append(streams, encode(im, options{levels: 2, style: style, layers: 2}))
	}
	return append(streams, encode(im, options{levels: 3, irreversible: true, exponent: 14})), im
}

// TestTruncated: a stream that lacks a byte of a packet is an error at every length.
func TestTruncated(t *testing.T) {
	streams, im := samplesOfStreams()
	for _, s := range streams {
		if err := try(t, s[:len(s)-2], im.limits()); err != nil {
			t.Errorf("without the end marker: %v", err)
		}
		step := max(1, len(s)/200)
		for n := len(s) - 3; n >= 0; n -= step {
			if try(t, s[:n], im.limits()) == nil {
				t.Fatalf("%d bytes of %d are an image", n, len(s))
			}
		}
	}
}

// TestMutations changes bytes of valid streams: an error or an image, within bounds.
func TestMutations(t *testing.T) {
	streams, im := samplesOfStreams()
	random := rand.New(rand.NewPCG(1, 2))
	for _, s := range streams {
		for range 60 {
			b := bytes.Clone(s)
			for range 1 + random.IntN(3) {
				at := random.IntN(len(b))
				if random.IntN(2) == 0 { // headers are short, and break most
					at = random.IntN(min(len(b), 120))
				}
				switch random.IntN(3) {
				case 0:
					b[at] = byte(random.Uint32())
				case 1:
					b[at] ^= 1 << random.IntN(8)
				case 2:
					b = append(b[:at], b[min(len(b), at+1+random.IntN(4)):]...)
				}
				if len(b) == 0 {
					break
				}
			}
			_ = try(t, b, im.limits())
		}
	}
}

// find is where the body of the first marker segment of a kind begins.
func find(t *testing.T, stream []byte, marker int) int {
	t.Helper()
	i := bytes.Index(stream, []byte{byte(marker >> 8), byte(marker)})
	if i < 0 {
		t.Fatalf("no marker %#x", marker)
	}
	return i + 4
}

// TestRefusals: what a stream may say that no image has.
func TestRefusals(t *testing.T) {
	im := scene(40, 29, 12, false)
	plain := encode(im, options{levels: 3})
	word := binary.BigEndian.PutUint32
	for _, c := range []struct {
		name        string
		change      func(b []byte) []byte
		want        string
		unsupported bool
	}{
		{"width of 3.7e9", func(b []byte) []byte { word(b[find(t, b, markerSIZ)+2:], 3_700_000_000); return b }, "3700000000", false},
		{"height of 1.6e7", func(b []byte) []byte { word(b[find(t, b, markerSIZ)+6:], 16_000_000); return b }, "16000000", false},
		{"offset beyond the image", func(b []byte) []byte { word(b[find(t, b, markerSIZ)+10:], 1000); return b }, "0 × 29", false},
		{"tile of no width", func(b []byte) []byte { word(b[find(t, b, markerSIZ)+18:], 0); return b }, "first tile", false},
		{"tile beyond the image", func(b []byte) []byte { word(b[find(t, b, markerSIZ)+26:], 41); return b }, "first tile", false},
		{"three components", func(b []byte) []byte { b[find(t, b, markerSIZ)+35] = 3; return b }, "components", false},
		{"no component", func(b []byte) []byte { b[find(t, b, markerSIZ)+35] = 0; return b }, "0 components", false},
		{"38 bits", func(b []byte) []byte { b[find(t, b, markerSIZ)+36] = 37; return b }, "38 bits", false},
		{"subsampled", func(b []byte) []byte { b[find(t, b, markerSIZ)+37] = 2; return b }, "for each sample", true},
		{"no size", func(b []byte) []byte { b[3] = 0x52; return b }, "size", false},
		{"another format", func([]byte) []byte { return []byte("\x89PNG\r\n\x1a\n") }, "not JPEG 2000", false},
		{"nothing", func([]byte) []byte { return nil }, "not JPEG 2000", false},
		{"progression 5", func(b []byte) []byte { b[find(t, b, markerCOD)+1] = 5; return b }, "progression order, 5", false},
		{"no layers", func(b []byte) []byte { b[find(t, b, markerCOD)+3] = 0; return b }, "layer", false},
		{"33 levels", func(b []byte) []byte { b[find(t, b, markerCOD)+5] = 33; return b }, "33 decompositions", false},
		{"more levels than steps", func(b []byte) []byte { b[find(t, b, markerCOD)+5] = 4; return b }, "quantization steps", false},
		{"blocks of 2^11", func(b []byte) []byte { b[find(t, b, markerCOD)+6] = 9; return b }, "code-blocks of 2^11", false},
		{"a wavelet of Part 2", func(b []byte) []byte { b[find(t, b, markerCOD)+9] = 2; return b }, "Part 2", true},
		{"quantization 3", func(b []byte) []byte { b[find(t, b, markerQCD)] = 3; return b }, "quantization, 3", false},
		{"guard bits 0", func(b []byte) []byte { b[find(t, b, markerQCD)] = 0; return b }, "bit-planes", false},
		{"65535 layers", func(b []byte) []byte { word(b[find(t, b, markerCOD)+1:], 0x00FFFF00); return b }, "cut", false},
		{"tile 7", func(b []byte) []byte { b[find(t, b, markerSOT)+1] = 7; return b }, "tile 7", false},
		{"short tile-part", func(b []byte) []byte { word(b[find(t, b, markerSOT)+2:], 13); return b }, "13 bytes", false},
		{"no tile", func(b []byte) []byte { return b[:find(t, b, markerSOT)-4] }, "within its headers", false},
		{"no COD", func(b []byte) []byte { b[find(t, b, markerCOD)-3] = 0x64; return b }, "how it is coded", false},
		{"endless segment", func(b []byte) []byte { b[find(t, b, markerQCD)-2] = 0xFF; return b }, "marker segment", false},
		{"segment of length 1", func(b []byte) []byte { b[find(t, b, markerQCD)-1] = 1; return b }, "marker segment", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := try(t, c.change(bytes.Clone(plain)), im.limits())
			var e *codec.Error
			if !errors.As(err, &e) || !strings.Contains(e.Message, c.want) {
				t.Fatalf("error = %v, want one with %q", err, c.want)
			}
			if want := c.unsupported || c.name == "three components"; e.Unsupported != want && c.want != "components" {
				t.Errorf("unsupported = %t, want %t", e.Unsupported, want)
			}
		})
	}
}

// TestManyParts: a byte for each sample, and a precinct and a code-block with each byte,
// are refused before they fill the memory.
func TestManyParts(t *testing.T) {
	const side = 1500
	b := slices.Concat(headerOf(side, side, 0, 0), bytes.Repeat([]byte{0xE0}, side*side)) // one pass of no bytes each
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	err := try(t, b, codec.Limits{Columns: side, Rows: side, Bits: 16})
	runtime.ReadMemStats(&after)
	if err == nil || !strings.Contains(err.Error(), "more parts") {
		t.Errorf("error = %v", err)
	}
	if got := after.TotalAlloc - before.TotalAlloc; got > 200<<20 {
		t.Errorf("allocated %d bytes for %d samples", got, side*side)
	}
}

// TestTileMissing: an image of which a tile never came is refused.
func TestTileMissing(t *testing.T) {
	im := scene(40, 29, 12, false)
	b := encode(im, options{tileX: 20, tileY: 29})
	last := bytes.LastIndex(b, []byte{0xFF, 0x90})
	if err := try(t, b[:last], im.limits()); err == nil || !strings.Contains(err.Error(), "1 tiles of 2") {
		t.Errorf("error = %v", err)
	}
}

// TestOrderChangesLeaveOut: the packets that no progression order change names are
// missing, and so would be a part of the image.
func TestOrderChangesLeaveOut(t *testing.T) {
	im := scene(40, 29, 12, false)
	b := encode(im, options{levels: 2, changes: []span{{order: orderRLCP, toRes: 3, toLayer: 1}}})
	at := find(t, b, markerPOC)
	b[at+4] = 2
	if err := try(t, b, im.limits()); err == nil || !strings.Contains(err.Error(), "leave packets out") {
		t.Errorf("error = %v", err)
	}
}

// TestOrderChangesWithoutEnd: many changes that name the same packets end soon.
func TestOrderChangesWithoutEnd(t *testing.T) {
	im := scene(200, 200, 8, false)
	o := options{levels: 1, precincts: [][2]uint8{{0, 0}, {1, 1}}, layers: 2}
	for range 9000 {
		o.changes = append(o.changes, span{order: orderCPRL, toRes: 2, toLayer: 1})
	}
	e := encoder{im: im, o: o, size: size{image: rect{0, 0, 200, 200}, tile: rect{0, 0, 200, 200}, tilesX: 1, tiles: 1}}
	e.o.blockX, e.o.blockY = 6, 6
	calls := 0
	d, err := decompose(e.size.area(0), e.params(), 8)
	if err != nil {
		t.Fatal(err)
	}
	s := sequence{area: e.size.area(0), resolutions: d.resolutions, packet: func(*resolution, int, int) error { calls++; return nil }}
	err = s.run(e.params(), math.MaxInt)
	if err == nil || !strings.Contains(err.Error(), "without end") {
		t.Errorf("error = %v", err)
	}
	if calls != 20000 {
		t.Errorf("%d packets, want one for each of 20000 precincts", calls)
	}
}

func FuzzDecode(f *testing.F) {
	streams, im := samplesOfStreams()
	for _, s := range streams {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		l := im.limits()
		if len(b) < 1<<16 {
			_ = try(t, b, l)
		}
	})
}

// TestMorePassesThanSamplesHave: 64 bytes that ask for every bit-plane that a sample of
// 32 bits holds are refused before they are decoded. As many passes as samples of the
// precision have are decoded whatever the bytes are, and more with bytes for them.
func TestMorePassesThanSamplesHave(t *testing.T) {
	const side = 64
	for _, c := range []struct {
		name                              string
		precision, planes, passes, length int
		refused                           bool
	}{
		{"30 bit-planes of 16-bit samples", 16, 30, 88, 64, true},
		{"30 bit-planes of 8-bit samples", 8, 30, 88, 64, true},
		{"one pass too many", 16, 24, 68, 64, true},
		{"all of 22 bit-planes", 16, 22, 64, 64, false},
		{"30 bit-planes of 32-bit samples", 32, 30, 88, 64, false},
		{"30 bit-planes with bytes for them", 16, 30, 88, 1500, false},
	} {
		var head bitWriter
		for range 3 { // the packet is not empty, its code-block is in it, no bit-plane is zero
			head.bit(1)
		}
		writePasses(&head, c.passes)
		const grow = 8
		head.bits(1<<grow-1, grow)
		head.bit(0)
		head.bits(c.length, 3+grow+bits.Len(uint(c.passes))-1)
		body := head.end()
		random := rand.New(rand.NewPCG(1, 2))
		for range c.length {
			body = append(body, byte(random.Uint32()))
		}
		b := headerOf(side, side, 0)
		b[find(t, b, markerSIZ)+36] = byte(c.precision - 1)
		b[find(t, b, markerQCD)+1] = byte(c.planes-1) << 3 // with two guard bits
		err := try(t, append(b, body...), codec.Limits{Columns: side, Rows: side, Bits: 32})
		if refused := err != nil && strings.Contains(err.Error(), "more bit-planes than"); refused != c.refused || !refused && err != nil {
			t.Errorf("%s: %v, refused %v", c.name, err, c.refused)
		}
	}
}
