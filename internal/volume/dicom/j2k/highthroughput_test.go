package j2k

import (
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/iris-oculus/iris/internal/volume/dicom/codec"
	"github.com/iris-oculus/iris/internal/volume/dicom/j2k/ht/httest"
)

// codeHighThroughput codes a block in HT sets, the last of which codes all bit-planes.
func codeHighThroughput(q []int, w, h int, o options) coded {
	sets := max(o.sets, 1)
	// Of the sets in a block's first contribution only the last may have bytes (B.3).
	c := coded{planes: sets + o.placeholders, marked: o.style&styleHTMixed != 0, first: 3 + 3*o.placeholders}
	if !slices.ContainsFunc(q, func(v int) bool { return v != 0 }) {
		return coded{}
	}
	for i := range sets {
		plane, passes := sets-1-i, 3
		if plane == 0 {
			passes = 1
		}
		cleanup, refinement, _ := httest.Encode(q, w, h, plane, passes, o.style&styleCausal != 0)
		first := codedSegment{passes: 1, data: cleanup, whole: true}
		if i == 0 {
			first.passes += 3 * o.placeholders
		}
		c.segments = append(c.segments, first)
		if passes > 1 {
			c.segments = append(c.segments, codedSegment{passes: 2, data: refinement})
		}
	}
	return c
}

// TestHighThroughput decodes what no encoder at hand writes: several HT sets, empty ones
// before them, their passes in any layer, and blocks of both kinds in one stream.
func TestHighThroughput(t *testing.T) {
	for _, c := range []struct {
		name string
		o    options
	}{
		{"one set", options{}},
		{"causal", options{style: styleCausal, sets: 2}},
		{"every other style", options{style: styleReset | styleSegSym | stylePredTerm, sets: 2}},
		{"three sets", options{sets: 3}},
		{"placeholders", options{placeholders: 2}},
		{"placeholders and sets", options{placeholders: 3, sets: 3}},
		{"layers", options{sets: 3, layers: 5}},
		{"placeholders in layers", options{placeholders: 3, sets: 2, layers: 11}},
		{"placeholders in many layers", options{placeholders: 4, sets: 2, layers: 40}},
		{"first layer empty", options{placeholders: 1, sets: 2, layers: 3, startAtSecond: true}},
		{"passes before their bytes", options{sets: 3, layers: 4, lastLayerHasData: true}},
		{"long lengths", options{sets: 2, placeholders: 1, lengthBits: 5}},
		{"blocks of 4 x 4", options{blockX: 2, blockY: 2, sets: 2}},
		{"mixed", options{style: styleHTMixed, blockX: 2, blockY: 2}},
		{"mixed with sets", options{style: styleHTMixed | styleSegSym | styleCausal, blockX: 3, blockY: 3, sets: 3}},
		{"mixed in layers", options{style: styleHTMixed, blockX: 3, blockY: 2, placeholders: 2, sets: 2, layers: 6}},
		{"region of interest", options{sets: 2, roi: 11}},
		{"tiles", options{sets: 2, tileX: 31, tileY: 17, order: orderRPCL, precincts: [][2]uint8{{4, 4}}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, levels := range []int{0, 3} {
				for _, precision := range []int{4, 8, 12, 16} {
					c.o.levels, c.o.style = levels, c.o.style|styleHT
					if c.o.sets > 1 {
						c.o.layers = max(c.o.layers, 4)
					}
					im := scene(75, 58, precision, precision == 12)
					if precision > 8 && c.o.roi > 0 {
						continue // of more bit-planes than are read
					}
					got, info := decodePicture(t, encode(im, c.o), im)
					if !slices.Equal(got, im.samples) || info.Lossy {
						t.Errorf("%d levels, %d bits: other samples, %+v", levels, precision, info)
					}
				}
			}
		})
	}
}

// TestHighThroughputCut leaves passes out: what is left are the coefficients of the last
// set, in the middle of their intervals.
func TestHighThroughputCut(t *testing.T) {
	im := scene(64, 60, 8, true)
	for _, c := range []struct{ cut, plane, passes int }{{0, 0, 1}, {1, 1, 3}, {2, 1, 2}, {3, 1, 1}, {4, 2, 3}, {5, 2, 2}, {6, 2, 1}} {
		o := options{style: styleHT, sets: 3, cut: c.cut, layers: 2}
		got, info := decodePicture(t, encode(im, o), im)
		_, _, want := httest.Encode(im.samples, 64, 60, c.plane, c.passes, false)
		for i, v := range want {
			if w := max(-128, min(127, int(v)/2)); got[i] != w {
				t.Fatalf("%d passes cut: sample %d = %d, want %d", c.cut, i, got[i], w)
			}
		}
		if info.Lossy != (c.cut > 0) {
			t.Errorf("%d passes cut: lossy = %t", c.cut, info.Lossy)
		}
	}
	// Nothing but placeholders is an image of zeros.
	got, _ := decodePicture(t, encode(im, options{style: styleHT, placeholders: 2, cut: 3}), im)
	if slices.ContainsFunc(got, func(v int) bool { return v != 0 }) {
		t.Error("placeholders have samples")
	}
}

// TestHighThroughputRefused: what the packet header of an HT block may not say.
func TestHighThroughputRefused(t *testing.T) {
	im := scene(20, 16, 8, false)
	plain := encode(im, options{style: styleHT})
	mq := encode(im, options{})
	for _, c := range []struct {
		name, want  string
		stream      []byte
		change      func(b []byte)
		unsupported bool
	}{
		{"an MQ block", "HT", mq, func(b []byte) { b[find(t, b, markerCOD)+8] = styleHT }, false},
		{"mixed, with a segment for each pass", "several segments", mq, func(b []byte) {
			b[find(t, b, markerCOD)+8] = styleHT | styleHTMixed | styleTermAll
		}, true},
		{"31 planes", "31 bit-planes", plain, func(b []byte) { b[find(t, b, markerQCD)+1] = 30 << 3 }, true},
		{"cut", "cut", plain, func(b []byte) {
			i := find(t, b, markerSOT)
			copy(b[i+2:], []byte{0, 0, 0, 40})
			copy(b[i+2+34:], []byte{0xFF, 0xD9})
		}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := slices.Clone(c.stream)
			c.change(b)
			err := try(t, b, im.limits())
			var e *codec.Error
			if !errors.As(err, &e) || !strings.Contains(e.Message, c.want) || e.Unsupported != c.unsupported {
				t.Errorf("error = %v (%+v)", err, e)
			}
		})
	}
}

// highThroughput are streams for the tests that damage them.
var highThroughput = []options{
	{style: styleHT, levels: 2},
	{style: styleHT, placeholders: 2, sets: 3, layers: 4, levels: 1},
	{style: styleHT | styleHTMixed, blockX: 2, blockY: 3, layers: 2},
}

// TestHighThroughputMutations decodes damaged streams: try fails for what is neither an
// image nor an error of this package's kind.
func TestHighThroughputMutations(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	im := scene(40, 29, 12, false)
	for _, o := range highThroughput {
		good := encode(im, o)
		for range 2000 {
			b := slices.Clone(good)
			for range 1 + r.IntN(3) {
				b[r.IntN(len(b))] ^= 1 << r.IntN(8)
			}
			if r.IntN(8) == 0 {
				b = b[:r.IntN(len(b))]
			}
			_ = try(t, b, im.limits())
		}
	}
}
