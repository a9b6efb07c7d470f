package rle_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/iris-oculus/iris/internal/volume/dicom/codec"
	"github.com/iris-oculus/iris/internal/volume/dicom/rle"
)

// picture is an image with long runs, short ones and noise.
func picture(l codec.Limits, seed uint64) []byte {
	r := rand.New(rand.NewPCG(seed, uint64(l.Columns)))
	samples := make([]byte, l.Bytes())
	for i := 0; i < len(samples); {
		n, b := 1+r.IntN(300), byte(r.Uint32())
		noise := r.IntN(2) == 0
		for ; n > 0 && i < len(samples); n-- {
			samples[i] = b
			if noise {
				samples[i] = byte(r.Uint32())
			}
			i++
		}
	}
	return samples
}

func TestEveryWriter(t *testing.T) {
	writers := map[string]options{
		"one run through the image":            {},
		"literal runs only":                    {literal: true},
		"no-operations":                        {noops: true},
		"segments of odd length":               {odd: true},
		"a last run longer than the image":     {overlong: true},
		"unused bytes between the segments":    {gap: 6},
		"literal, longer than the image, odd":  {literal: true, overlong: true, odd: true},
		"no-operations and unused odd padding": {noops: true, odd: true, gap: 3},
	}
	sizes := [][2]int{{1, 1}, {1, 7}, {7, 1}, {2, 2}, {127, 3}, {128, 3}, {129, 3}, {257, 5}, {64, 64}}
	for name, o := range writers {
		for _, size := range sizes {
			for _, bits := range []int{8, 16, 32} {
				for _, rows := range []bool{false, true} {
					l := codec.Limits{Columns: size[0], Rows: size[1], Bits: bits}
					if o.row = 0; rows {
						o.row = l.Columns
					}
					want := picture(l, 1)
					got := make([]byte, len(want))
					info, err := rle.Decode(got, encode(want, bits, o), l)
					if err != nil || !bytes.Equal(got, want) {
						t.Errorf("%s, %d × %d of %d bits: another image, %v", name, size[0], size[1], bits, err)
					}
					if (info != codec.Info{Precision: bits}) {
						t.Errorf("info: %+v", info)
					}
				}
			}
		}
	}
}

// PS3.5 G.3.1 and G.5: the example of two runs and of a header, byte by byte.
func TestByHand(t *testing.T) {
	header := func(offsets ...uint32) []byte {
		h := make([]byte, 64)
		binary.LittleEndian.PutUint32(h, uint32(len(offsets)))
		for i, o := range offsets {
			binary.LittleEndian.PutUint32(h[4+4*i:], o)
		}
		return h
	}
	// The high bytes are 3, 3, 3, 3; the low bytes are 1, 2, 9, 9.
	stream := append(header(64, 66), 0xFD, 3, 1, 1, 2, 0xFF, 9, 0)
	got := make([]byte, 8)
	if _, err := rle.Decode(got, stream, codec.Limits{Columns: 2, Rows: 2, Bits: 16}); err != nil {
		t.Fatal(err)
	}
	if want := []byte{1, 3, 2, 3, 9, 3, 9, 3}; !bytes.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestDamagedStreams(t *testing.T) {
	l := codec.Limits{Columns: 40, Rows: 30, Bits: 16}
	good := encode(picture(l, 2), 16, options{})
	with := func(at int, v uint32) []byte {
		s := bytes.Clone(good)
		binary.LittleEndian.PutUint32(s[at:], v)
		return s
	}
	cases := []struct {
		name, says  string
		stream      []byte
		unsupported bool
	}{
		{"nothing", "fewer than its header", nil, false},
		{"part of a header", "fewer than its header", good[:63], false},
		{"only a header", "starts at byte", good[:64], false},
		{"no segments", "0 segments", with(0, 0), false},
		{"16 segments", "16 segments", with(0, 16), false},
		{"4 thousand million segments", "4294967295 segments", with(0, 1<<32-1), false},
		{"one segment", "need 2", with(0, 1), false},
		{"four segments", "need 2", with(0, 4), false},
		{"three colours", "colour", with(0, 6), true},
		{"a segment in the header", "starts at byte 63", with(4, 63), false},
		{"a segment outside", "segment 2 of 2", with(8, uint32(len(good)+1)), false},
		{"a segment far outside", "segment 2 of 2", with(8, 1<<32-1), false},
		{"segments in the wrong order", "segment 1 of 2", with(4, binary.LittleEndian.Uint32(good[8:])+1), false},
		{"an empty segment", "segment 1 of 2", with(8, 64), false},
		{"the end is missing", "segment 2 of 2", good[:len(good)-40], false},
	}
	for _, c := range cases {
		_, err := rle.Decode(make([]byte, l.Bytes()), c.stream, l)
		var e *codec.Error
		if !errors.As(err, &e) || !strings.Contains(e.Message, c.says) || e.Unsupported != c.unsupported {
			t.Errorf("%s: %v, want an error that says %q", c.name, err, c.says)
		}
	}
}

// A damaged stream gives an error or an image, and writes nothing outside dst.
func TestMutations(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for i := range 20000 {
		l := codec.Limits{Columns: 1 + r.IntN(40), Rows: 1 + r.IntN(10), Bits: 8 << r.IntN(3)}
		stream := encode(picture(l, uint64(i)), l.Bits, options{odd: i%2 == 0, noops: i%3 == 0})
		for range 1 + r.IntN(4) {
			stream[r.IntN(len(stream))] = byte(r.Uint32())
		}
		stream = stream[:len(stream)-r.IntN(2)*r.IntN(len(stream))]
		dst := bytes.Repeat([]byte{0xA5}, l.Bytes()+16)
		check(t, dst[:l.Bytes()], stream, l)
		if !bytes.Equal(dst[l.Bytes():], bytes.Repeat([]byte{0xA5}, 16)) {
			t.Fatal("bytes after the image were written")
		}
	}
}

func check(t *testing.T, dst, stream []byte, l codec.Limits) {
	info, err := rle.Decode(dst, stream, l)
	var e *codec.Error
	if (err == nil) == (info == codec.Info{}) || err != nil && !errors.As(err, &e) {
		t.Fatalf("%+v, %v", info, err)
	}
}

func FuzzDecode(f *testing.F) {
	for bits := 8; bits <= 32; bits *= 2 {
		l := codec.Limits{Columns: 9, Rows: 5, Bits: bits}
		f.Add(encode(picture(l, 1), bits, options{}), uint8(l.Columns), uint8(l.Rows), uint8(bits/8))
		f.Add(encode(picture(l, 2), bits, options{noops: true, row: 9}), uint8(l.Columns), uint8(l.Rows), uint8(bits/8))
	}
	f.Fuzz(func(t *testing.T, stream []byte, columns, rows, planes uint8) {
		l := codec.Limits{Columns: int(columns), Rows: int(rows), Bits: 8 << (planes / 2 % 3)}
		check(t, make([]byte, l.Bytes()), stream, l)
	})
}

func BenchmarkDecode(b *testing.B) {
	for _, bits := range []int{8, 16} {
		b.Run(fmt.Sprint(bits), func(b *testing.B) {
			l := codec.Limits{Columns: 512, Rows: 512, Bits: bits}
			stream, dst := encode(picture(l, 1), bits, options{}), make([]byte, l.Bytes())
			b.SetBytes(int64(len(dst)))
			for b.Loop() {
				if _, err := rle.Decode(dst, stream, l); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
