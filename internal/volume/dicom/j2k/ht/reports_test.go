package ht

import (
	"errors"
	"testing"

	"github.com/iris-oculus/iris/internal/volume/dicom/codec"
)

// What users of other HTJ2K decoders reported, as inputs of our own. Placeholder passes
// and layers (aous72/OpenJPH#88, #89, #191) are in package j2k, where packets are read; a
// second pass of no bytes (#59) is TestNoRefinementSegment.

// TestCodedZeros decodes a block that is coded although all of it is zero
// (aous72/OpenJPH#183).
func TestCodedZeros(t *testing.T) {
	var d Decoder
	for _, s := range sizes {
		checkBlock(t, &d, make([]int, s[0]*s[1]), s[0], s[1], 8, 3, 3, false)
	}
}

// TestSharedRefinementBytes has refinement passes whose streams overlap, as T.814 F.4
// allows: a byte behind 0xFF may then have its highest bit set by the backward stream
// (osamu620/OpenHTJ2K#403).
func TestSharedRefinementBytes(t *testing.T) {
	var buffer [16]byte
	if n := unstuff(buffer[:], []byte{0xFF, 0x81}, 0); n != 15 || buffer[0] != 0xFF || buffer[1] != 1 {
		t.Errorf("unstuff = %d bits, %x", n, buffer[:2])
	}
	// Both streams may read the whole segment: what lies between them changes nothing.
	q := makeBlock("wavelet", 32, 32, 255)
	forward, _ := encodeBlock(q, 32, 32, 9, 3, 2, false)
	b, want := encodeBlock(q, 32, 32, 9, 3, 3, false)
	n := len(forward.Refinement)
	for _, between := range [][]byte{{}, {0}, {0x12, 0x34, 0x56}} {
		apart := b
		apart.Refinement = append(append(append([]byte{}, b.Refinement[:n]...), between...), b.Refinement[n:]...)
		var d Decoder
		got := make([]int32, 32*32)
		if err := d.Decode(got, 32, 32, apart); err != nil {
			t.Fatal(err)
		}
		for i := range want {
			if got[i] != want[i] {
				t.Fatalf("sample %d = %d, want %d", i, got[i], want[i])
			}
		}
	}
}

// TestExponentBound has blocks whose values say that they have more bits than the
// sub-band (aous72/OpenJPH#48, uclouvain/openjpeg#1374): an error, and no shift by them.
func TestExponentBound(t *testing.T) {
	for planes := 3; planes <= MaxPlanes; planes++ {
		q := makeBlock("extreme", 16, 16, 1<<planes-1)
		b, _ := encodeBlock(q, 16, 16, planes, 0, 1, false)
		b.Planes -= 2
		b.Missing -= 2
		var d Decoder
		var e *codec.Error
		if err := d.Decode(make([]int32, 256), 16, 16, b); !errors.As(err, &e) {
			t.Errorf("%d planes: error = %v", planes, err)
		}
	}
}

// TestSuffixLength has every length of the MEL and VLC streams that a segment can say
// (osamu620/OpenHTJ2K#34): those that cannot be are errors.
func TestSuffixLength(t *testing.T) {
	good, _ := encodeBlock(makeBlock("noise", 16, 16, 255), 16, 16, 9, 1, 1, false)
	n := len(good.Cleanup)
	for suffix := range 4096 {
		b := good
		b.Cleanup = append([]byte{}, good.Cleanup...)
		b.Cleanup[n-1] = byte(suffix >> 4)
		b.Cleanup[n-2] = b.Cleanup[n-2]&0xF0 | byte(suffix&15)
		var d Decoder
		err := d.Decode(make([]int32, 256), 16, 16, b)
		if (suffix < 2 || suffix > n) && err == nil {
			t.Errorf("a suffix of %d bytes in a segment of %d", suffix, n)
		}
	}
}
