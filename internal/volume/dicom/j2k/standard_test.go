package j2k

import (
	"bytes"
	"encoding/hex"
	"strings"
	"testing"
)

// TestArithmeticExample is the standards' test sequence for the arithmetic coder (T.88
// H.2, whose coder is the one of Annex C): 256 decisions in one context.
func TestArithmeticExample(t *testing.T) {
	fromHex := func(s string) []byte {
		b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	want := fromHex("00020051 000000C0 0352872A AAAAAAAA 82C02000 FCD79EF6 BF7FED90 4F46A3BF")
	var b blockDecoder
	b.model[0] = stateOf(0, 0)
	b.start(fromHex("84C73BFC E1A14304 02200000 410DBB86 F4317FFF 88FF3747 1ADB6ADF FFAC"))
	got := make([]byte, len(want))
	for i := range 8 * len(want) {
		x := &b.model[0]
		bit := x.index & 1
		if b.d -= x.qe; b.d < 0 {
			b.d, bit = b.slow(x, b.d)
		}
		got[i/8] |= bit << (7 - i%8)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("decisions = %x, want %x", got, want)
	}
}

// TestTagTreeExample is the example of B.10.2: 6 x 3 leaves, of which the first three, 1,
// 3 and 2, are 01111, 001 and 101.
func TestTagTreeExample(t *testing.T) {
	tree := newTagTree(6, 3)
	r := bitReader{data: []byte{0b01111001, 0b10100000}}
	for x, want := range []int{1, 3, 2} {
		value := 0
		for !tree.below(&r, x, 0, value+1) {
			value++
		}
		if value != want {
			t.Errorf("leaf %d = %d, want %d", x, value, want)
		}
	}
	if r.at != 2 || r.n != 5 {
		t.Errorf("%d bits were read, want 11", 8*r.at-int(r.n))
	}
}

// TestPassesTable is table B.4, every number of passes.
func TestPassesTable(t *testing.T) {
	for n := 1; n <= 164; n++ {
		var w bitWriter
		writePasses(&w, n)
		w.bit(1)
		r := bitReader{data: w.end()}
		if got := passes(&r); got != n || r.bit() != 1 {
			t.Errorf("%d passes are read as %d", n, got)
		}
	}
}

// TestRawBits: a bit is stuffed after a byte 0xFF (D.6), and beyond the end there are
// ones.
func TestRawBits(t *testing.T) {
	var w bitWriter
	pattern := []int{1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 1, 1, 0, 0, 1, 0, 1, 1}
	for _, bit := range pattern {
		w.bit(bit)
	}
	var r rawReader
	r.start(w.end())
	for i, bit := range pattern {
		if got := r.bit(); got != uint64(bit) {
			t.Errorf("bit %d = %d", i, got)
		}
	}
	r.start(nil)
	for range 40 {
		if r.bit() != 1 {
			t.Error("a zero beyond the end")
		}
	}
}

// TestMirror is equation F-4 for short and long lines.
func TestMirror(t *testing.T) {
	for from := range 3 {
		for n := 2; n < 9; n++ {
			for i := -20; i < 30; i++ {
				// By the definition: a period of 2(n - 1), the second half of which runs back.
				k := ((i-from)%(2*n-2) + 2*n - 2) % (2*n - 2)
				want := from + min(k, 2*n-2-k)
				if got := mirror(i, from, from+n); got != want {
					t.Errorf("mirror(%d, %d, %d) = %d, want %d", i, from, from+n, got, want)
				}
			}
		}
	}
}

// TestWavelets: synthesis undoes the analysis of the tests for lines of every length and
// parity, rows and columns alike.
func TestWavelets(t *testing.T) {
	for _, irreversible := range []bool{false, true} {
		for x := range 2 {
			for w := 1; w < 12; w++ {
				for h := 1; h < 12; h++ {
					im := scene(w, h, 12, true)
					got, _ := decodePicture(t, encode(im, options{levels: 1, x: x, y: w & 1, irreversible: irreversible, exponent: 20}), im)
					for i, v := range got {
						far := max(v-im.samples[i], im.samples[i]-v)
						if far > 1 || far > 0 && !irreversible {
							t.Fatalf("%d x %d at (%d, %d), irreversible %t: sample %d = %d, want %d", w, h, x, w&1, irreversible, i, v, im.samples[i])
						}
					}
				}
			}
		}
	}
}
