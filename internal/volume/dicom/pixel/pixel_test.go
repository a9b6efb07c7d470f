package pixel_test

import (
	"encoding/binary"
	"errors"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/iris-oculus/iris/internal/volume"
	"github.com/iris-oculus/iris/internal/volume/dicom/header"
	"github.com/iris-oculus/iris/internal/volume/dicom/pixel"
	"github.com/iris-oculus/iris/internal/volume/dicom/syntax"
)

func one(l pixel.Layout, raw uint32, slope, intercept float64) int16 {
	b := make([]byte, 4)
	if l.BigEndian {
		switch l.Bits {
		case 8:
			b[0] = byte(raw)
		case 16:
			binary.BigEndian.PutUint16(b, uint16(raw))
		case 32:
			binary.BigEndian.PutUint32(b, raw)
		}
	} else {
		binary.LittleEndian.PutUint32(b, raw)
	}
	l.Rows, l.Columns = 1, 1
	dst := make([]int16, 1)
	var r pixel.Rescaler
	r.Frame(dst, b[:l.Bits/8], l, slope, intercept)
	return dst[0]
}

func TestFrame(t *testing.T) {
	u12 := pixel.Layout{Bits: 16, Stored: 12}
	s16 := pixel.Layout{Bits: 16, Stored: 16, Signed: true}
	cases := []struct {
		name             string
		layout           pixel.Layout
		raw              uint32
		slope, intercept float64
		want             int16
	}{
		{"HU", u12, 1024, 1, -1024, 0},
		{"garbage above the stored bits", u12, 0xF400, 1, -1024, 0},
		{"stored bits on top", pixel.Layout{Bits: 16, Stored: 12, Shift: 4}, 0x4005, 1, -1024, 0},
		{"signed", s16, 0xF830, 1, 0, -2000},
		{"signed in 12 bits", pixel.Layout{Bits: 16, Stored: 12, Signed: true}, 0x0FFF, 1, 0, -1},
		{"half to even, down", u12, 1, 0.5, 0, 0},
		{"half to even, up", u12, 3, 0.5, 0, 2},
		{"half to even, negative", s16, 0xFFFF, 0.5, 0, 0},
		{"saturates above", u12, 4095, 10, 0, 32767},
		{"saturates below", s16, 0x8000, 2, 0, -32768},
		{"8 bits", pixel.Layout{Bits: 8, Stored: 8}, 200, 2, -200, 200},
		{"8 signed bits", pixel.Layout{Bits: 8, Stored: 8, Signed: true}, 255, 1, 0, -1},
		{"32 bits", pixel.Layout{Bits: 32, Stored: 32}, 70000, 0.1, 0, 7000},
		{"32 signed bits", pixel.Layout{Bits: 32, Stored: 32, Signed: true}, 0xFFFFFFFE, 1, 0, -2},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			for _, c.layout.BigEndian = range []bool{false, true} {
				if got := one(c.layout, c.raw, c.slope, c.intercept); got != c.want {
					t.Errorf("big endian %v: %d, want %d", c.layout.BigEndian, got, c.want)
				}
			}
		})
	}
}

// The table gives what the arithmetic gives, also after the scale has changed.
func TestTableEqualsArithmetic(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	var r pixel.Rescaler
	for range 50 {
		narrow := pixel.Layout{Rows: 1, Columns: 64, Bits: 16, Stored: 1 + rng.IntN(16), Signed: rng.IntN(2) == 0}
		wide := narrow
		wide.Bits, wide.Shift = 32, 0
		slope, intercept := rng.NormFloat64()*3, float64(rng.IntN(3000)-1500)
		raw16, raw32 := make([]byte, 128), make([]byte, 256)
		for i := range 64 {
			v := rng.Uint32() & 0xFFFF
			binary.LittleEndian.PutUint16(raw16[2*i:], uint16(v))
			binary.LittleEndian.PutUint32(raw32[4*i:], v)
		}
		a, b := make([]int16, 64), make([]int16, 64)
		r.Frame(a, raw16, narrow, slope, intercept)
		r.Frame(b, raw32, wide, slope, intercept)
		for i := range a {
			if a[i] != b[i] {
				t.Fatalf("%+v slope %g: table %d, arithmetic %d", narrow, slope, a[i], b[i])
			}
		}
	}
}

func TestSwappedPairs(t *testing.T) {
	l := pixel.Layout{Rows: 1, Columns: 4, Bits: 8, Stored: 8, BigEndian: true, Swapped: true}
	dst := make([]int16, 4)
	new(pixel.Rescaler).Frame(dst, []byte{2, 1, 4, 3}, l, 1, 0)
	for i, v := range dst {
		if int(v) != i+1 {
			t.Fatalf("%v, want 1 2 3 4", dst)
		}
	}
}

func plain() *header.Header {
	return &header.Header{
		TransferSyntax: syntax.ExplicitLE, Rows: 3, Columns: 5, BitsAllocated: 16, BitsStored: 12, HighBit: 11,
		Pixels: header.PixelData{Present: true, Length: 30},
	}
}

func TestOf(t *testing.T) {
	cases := []struct {
		name, want string
		change     func(*header.Header)
	}{
		{"as it is", "", func(*header.Header) {}},
		{"padded to an even length", "", func(h *header.Header) { h.BitsAllocated, h.BitsStored, h.Pixels.Length = 8, 8, 16 }},
		{"one byte short", "bad_pixel_length", func(h *header.Header) { h.Pixels.Length = 29 }},
		{"padded by a row", "", func(h *header.Header) { h.Pixels.Length = 40 }},
		{"more than a row over", "bad_pixel_length", func(h *header.Header) { h.Pixels.Length = 42 }},
		{"65535 rows and columns", "bad_pixel_length", func(h *header.Header) { h.Rows, h.Columns = math.MaxUint16, math.MaxUint16 }},
		{"2³¹-1 frames", "bad_pixel_length", func(h *header.Header) { h.NumberOfFrames = math.MaxInt32 }},
		{"frames that overflow to the right size", "bad_pixel_length", func(h *header.Header) { h.NumberOfFrames = 1<<62 + 1 }},
		{"negative frames", "corrupt_dicom", func(h *header.Header) { h.NumberOfFrames = -1 }},
		{"no rows", "corrupt_dicom", func(h *header.Header) { h.Rows = 0 }},
		{"an axis too long", "too_large", func(h *header.Header) { h.Rows, h.Columns, h.Pixels.Length = 1, 4097, 2*4097 }},
		{"12 bits allocated", "unsupported_image_type", func(h *header.Header) { h.BitsAllocated = 12 }},
		{"more stored than allocated", "corrupt_dicom", func(h *header.Header) { h.BitsStored = 17 }},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			h := plain()
			c.change(h)
			_, err := pixel.Of(h)
			var fault *volume.Error
			errors.As(err, &fault)
			if got := fault; (got == nil) != (c.want == "") || got != nil && got.Code != c.want {
				t.Errorf("%v, want %q", err, c.want)
			}
		})
	}
}

func BenchmarkFrame(b *testing.B) {
	l := pixel.Layout{Rows: 512, Columns: 512, Bits: 16, Stored: 12}
	raw, dst := make([]byte, l.FrameBytes()), make([]int16, l.Rows*l.Columns)
	var r pixel.Rescaler
	b.SetBytes(int64(len(raw)))
	for b.Loop() {
		r.Frame(dst, raw, l, 1, -1024)
	}
}

// A pixel representation that is neither 0 nor 1 says nothing of the sign.
func TestARepresentationThatIsNone(t *testing.T) {
	h := header.Header{Rows: 2, Columns: 2, BitsAllocated: 16, BitsStored: 12, HighBit: 11, NoSign: true, Pixels: header.PixelData{Present: true, Length: 8}}
	var fault *volume.Error
	if _, err := pixel.Of(&h); !errors.As(err, &fault) || fault.Code != "corrupt_dicom" {
		t.Errorf("%v", err)
	}
	h.NoSign = false
	if _, err := pixel.Of(&h); err != nil {
		t.Error(err)
	}
}
