// Package pixel turns the stored samples of one frame into modality values. In: raw
// bytes, a rescale slope and an intercept. Out: int16, in Hounsfield units for CT.
// Stored bits are masked and sign-extended, values rounded half to even and
// saturated. Padding that would look like tissue becomes air; other padding stays.
// MONOCHROME1 concerns display only and changes nothing.
//
// Errors are *volume.Error for a header that contradicts its pixel data:
// bad_pixel_length, too_large, corrupt_dicom, unsupported_image_type.
package pixel

import (
	"math/bits"

	"github.com/iris-oculus/iris/internal/volume"
	"github.com/iris-oculus/iris/internal/volume/dicom/header"
	"github.com/iris-oculus/iris/internal/volume/dicom/syntax"
)

// Layout is how the samples of a file's frames are stored.
type Layout struct {
	Rows, Columns int
	Bits          int // allocated bits, 8, 16 or 32
	Stored        int // bits that carry the sample
	Shift         int // unused bits below them, see HighBit
	Signed        bool
	BigEndian     bool
	Swapped       bool // 8-bit samples swapped in pairs: OW in big endian
	// Encapsulated frames are compressed. The other fields describe the samples after
	// decoding, which are little endian words.
	Encapsulated bool
	Padding      Padding
}

// FrameBytes is the size of one frame.
func (l Layout) FrameBytes() int { return l.Rows * l.Columns * l.Bits / 8 }

// Of is the layout of a grayscale file whose transfer syntax is supported.
func Of(h *header.Header) (Layout, error) {
	if h.Float {
		return Layout{}, volume.Unsupported("unsupported_image_type", "the samples are real numbers (floating point): integers are read; export the scan as a CT, MR or PET series")
	}
	if h.BitsAllocated != 8 && h.BitsAllocated != 16 && h.BitsAllocated != 32 {
		return Layout{}, volume.Unsupported("unsupported_image_type",
			"the samples have %d bits: 8, 16 and 32-bit integers are read", h.BitsAllocated)
	}
	encapsulated, err := checkLength(h)
	if err != nil {
		return Layout{}, err
	}
	l := Layout{Rows: h.Rows, Columns: h.Columns, Bits: h.BitsAllocated, Stored: h.BitsStored, Signed: h.Signed}
	if l.Stored == 0 { // absent: the high bit tells (PS3.3 C.7.6.3.1.4), or else every bit is stored
		if l.Stored = l.Bits; h.HighBit > 0 && h.HighBit < l.Bits {
			l.Stored = h.HighBit + 1
		}
	}
	if l.Stored > l.Bits {
		return Layout{}, volume.Reject("corrupt_dicom", "a DICOM file stores %d bits in samples of %d: export the series again", l.Stored, l.Bits)
	}
	if h.NoSign {
		return Layout{}, volume.Reject("corrupt_dicom", "a DICOM file does not say whether its samples are signed (its pixel representation is neither 0 nor 1): export the series again")
	}
	l.Padding = paddingOf(h, l.Signed)
	if l.Encapsulated = encapsulated; encapsulated {
		return l, nil
	}
	s := syntax.Find(h.TransferSyntax)
	l.BigEndian = s.BigEndian || s.BigPixels
	l.Swapped = l.BigEndian && l.Bits == 8 && h.Pixels.Words
	return l, nil
}

// HighBit is by how many bits samples are shifted up according to the header's high
// bit. By the standard the high bit is one below the number of stored bits (PS3.3
// table C.7-11c), which gives 0. In files that say otherwise either the high bit is
// wrong or the samples really are shifted; BitsOf tells which.
func HighBit(h *header.Header, l Layout) int {
	if h.HighBit >= l.Stored && h.HighBit < l.Bits {
		return h.HighBit + 1 - l.Stored
	}
	return 0
}

// Bits says which bits of their words the samples of a frame use.
type Bits struct {
	Low   bool // some of the lowest ones, which shifted samples leave empty
	Above bool // some above the stored ones, other than for the sign
}

// BitsOf looks at every sample of a frame whose header says that its samples
// are shifted up by lift bits.
func BitsOf(raw []byte, l Layout, lift int) (b Bits) {
	r, low := Rescaler{layout: l}, uint32(1)<<lift-1
	all := uint32(1)<<(l.Bits-1)<<1 - 1
	above := all &^ (uint32(1)<<l.Stored - 1)
	for i := range l.Rows * l.Columns {
		word := r.word(raw, i)
		sign := uint32(0)
		if l.Signed && word>>(l.Stored-1)&1 != 0 {
			sign = above
		}
		b.Low = b.Low || word&low != 0
		b.Above = b.Above || word&above != sign
	}
	return b
}

// Above says whether some sample of a frame uses bits above the stored ones, other than
// for its sign or for padding. Writers extend the sign or leave the bits empty.
func Above(raw []byte, l Layout) bool {
	r := Rescaler{layout: l}
	all := uint32(1)<<(l.Bits-1)<<1 - 1
	above := all &^ (uint32(1)<<l.Stored - 1)
	for i := range l.Rows * l.Columns {
		word := r.word(raw, i)
		if over := word & above; over == 0 || l.Signed && over == above && word>>(l.Stored-1)&1 != 0 {
			continue
		}
		if !l.Padding.holds(l, word) {
			return true
		}
	}
	return false
}

// checkLength compares the length that follows from the header with the bytes that are
// there, before memory is allocated for it. Pixel data is padded to an even length,
// and by some writers to a block, so that up to a row more is accepted.
//
// It says whether the frames are encapsulated. Those of unknown length are. So are those
// of a length that is not the one of the samples, if the transfer syntax compresses them;
// else the samples were expanded and the transfer syntax was not changed.
func checkLength(h *header.Header) (encapsulated bool, err error) {
	if h.NumberOfFrames < 0 || h.Rows < 1 || h.Columns < 1 {
		return false, volume.Reject("corrupt_dicom", "an image has %d rows, %d columns, %d frames: it is damaged, send it again", h.Rows, h.Columns, h.NumberOfFrames)
	}
	// Rows and columns are 16-bit, so the first product fits; the second may not.
	frame := uint64(h.Rows) * uint64(h.Columns) * uint64(h.BitsAllocated/8)
	over, want := bits.Mul64(frame, uint64(h.Frames()))
	have := uint64(max(0, h.Pixels.Length))
	row := max(1, frame/uint64(h.Rows))
	fits := over == 0 && have >= want && have-want <= row
	encapsulated = h.Pixels.Encapsulated || !fits && syntax.Find(h.TransferSyntax).Frames
	if !fits && !encapsulated {
		return false, volume.Reject("bad_pixel_length", "an image of %d × %d pixels, %d frames, has %d bytes of pixel data: they do not fit together; send the series again",
			h.Columns, h.Rows, h.Frames(), h.Pixels.Length)
	}
	if h.Rows > volume.MaxAxis || h.Columns > volume.MaxAxis || h.Frames() > header.MaxFrames {
		return false, volume.Reject("too_large", "an image has %d × %d pixels, %d frames: at most %d × %d, %d frames are read",
			h.Columns, h.Rows, h.Frames(), volume.MaxAxis, volume.MaxAxis, header.MaxFrames)
	}
	return encapsulated, nil
}
