package pixel_test

import (
	"encoding/binary"
	"testing"

	"github.com/iris-oculus/iris/internal/volume/dicom/header"
	"github.com/iris-oculus/iris/internal/volume/dicom/pixel"
	"github.com/iris-oculus/iris/internal/volume/dicom/syntax"
)

// field is a frame of 16 × 16 words: the outer two columns on each side are
// edge, one pixel in the middle is spot, the rest is inner.
func field(edge, spot, inner uint16) []byte {
	raw := make([]byte, 2*16*16)
	for i := range 16 * 16 {
		v := inner
		if x := i % 16; x < 2 || x > 13 {
			v = edge
		}
		if i == 8*16+8 {
			v = spot
		}
		binary.LittleEndian.PutUint16(raw[2*i:], v)
	}
	return raw
}

func padded(signed bool, stored int, value, limit int) *header.Header {
	h := &header.Header{TransferSyntax: syntax.ExplicitLE, Rows: 16, Columns: 16, BitsAllocated: 16, BitsStored: stored,
		HighBit: stored - 1, Signed: signed, Pixels: header.PixelData{Present: true, Length: 512}}
	h.Root = header.Frame{Slope: 1, Intercept: -1024, Has: header.HasSlope | header.HasIntercept}
	h.Padding = header.Padding{Word: uint32(uint16(value)), Set: true}
	if limit != 0 {
		h.PaddingLimit = header.Padding{Word: uint32(uint16(limit)), Set: true}
	}
	return h
}

// Padding becomes air where it would be taken for tissue, and only if it is padding.
func TestPadding(t *testing.T) {
	const inner = 1064 // 40 HU
	signed := func(v int16) uint16 { return uint16(v) }
	cases := []struct {
		name                string
		h                   *header.Header
		edge, spot          uint16
		wantEdge, wantSpot  int16
		padded, clippedWant int64
	}{
		{"unsigned -2000", padded(false, 16, 63536, 0), 63536, inner, -1024, 40, 64, 0},
		{"beyond tissue, inside the body too", padded(false, 16, 63536, 0), 63536, 63536, -1024, -1024, 65, 0},
		{"signed -2000 reads as air", padded(true, 16, -2000, 0), signed(-2000), inner, -3024, 40, 0, 0},
		{"0 with an intercept is air", padded(false, 12, 0, 0), 0, inner, -1024, 40, 0, 0},
		{"the value of bone, at the border", padded(false, 12, 4095, 0), 4095, 4095, -1024, 3071, 64, 0},
		{"the value of tissue, scattered", padded(false, 12, 1064+1, 0), inner, 1065, 40, 41, 0, 0},
		{"a range", padded(false, 16, 63536, 65535), 65000, inner, -1024, 40, 64, 0},
		{"a range written backwards", padded(false, 16, 65535, 63536), 65000, inner, -1024, 40, 64, 0},
		{"a range that holds tissue is none", padded(false, 16, 0, 4000), 2000, inner, 976, 40, 0, 0},
		{"wider than the stored bits", padded(false, 12, 63536, 0), 63536, inner, -1024, 40, 64, 0},
		{"declared and absent", padded(false, 16, 63536, 0), inner, inner, 40, 40, 0, 0},
		{"not declared", func() *header.Header { h := padded(false, 16, 0, 0); h.Padding.Set = false; return h }(), 63536, inner, 32767, 40, 0, 64},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			l, err := pixel.Of(c.h)
			if err != nil {
				t.Fatal(err)
			}
			r, dst := pixel.Rescaler{Background: pixel.BackgroundOf("CT")}, make([]int16, 256)
			counts := r.Frame(dst, field(c.edge, c.spot, inner), l, 1, -1024)
			if dst[0] != c.wantEdge || dst[8*16+8] != c.wantSpot || dst[5*16+5] != 40 {
				t.Errorf("edge %d, spot %d, inner %d: want %d, %d, 40", dst[0], dst[8*16+8], dst[5*16+5], c.wantEdge, c.wantSpot)
			}
			if counts.Padded != c.padded || counts.Clipped != c.clippedWant {
				t.Errorf("counts %+v, want %d padded, %d clipped", counts, c.padded, c.clippedWant)
			}
		})
	}
}

// What is beyond int16 is counted, in every size of sample and byte order.
func TestClippedAreCounted(t *testing.T) {
	for _, c := range []struct {
		name             string
		l                pixel.Layout
		slope, intercept float64
		want             int64
	}{
		{"16 bits", pixel.Layout{Bits: 16, Stored: 16}, 1, -1024, 1},
		{"16 bits, big endian", pixel.Layout{Bits: 16, Stored: 16, BigEndian: true}, 1, -1024, 1},
		{"a large slope", pixel.Layout{Bits: 16, Stored: 16}, 100, 0, 2},
		{"a large negative slope", pixel.Layout{Bits: 16, Stored: 16}, -100, 0, 2},
		{"32 bits", pixel.Layout{Bits: 32, Stored: 32}, 1, -1024, 1},
		{"within", pixel.Layout{Bits: 16, Stored: 16}, 0.1, 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.l.Rows, c.l.Columns = 1, 3
			raw := make([]byte, 3*c.l.Bits/8)
			for i, v := range []uint32{100, 1000, 40000} {
				switch {
				case c.l.Bits == 32:
					binary.LittleEndian.PutUint32(raw[4*i:], v)
				case c.l.BigEndian:
					binary.BigEndian.PutUint16(raw[2*i:], uint16(v))
				default:
					binary.LittleEndian.PutUint16(raw[2*i:], uint16(v))
				}
			}
			var r pixel.Rescaler
			if got := r.Frame(make([]int16, 3), raw, c.l, c.slope, c.intercept).Clipped; got != c.want {
				t.Errorf("%d, want %d", got, c.want)
			}
		})
	}
}
