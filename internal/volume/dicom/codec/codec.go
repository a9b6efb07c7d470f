// Package codec is what the decoders of compressed DICOM images have in common: what a
// data set says of one frame, what a stream says of itself, and the errors between them.
//
// Each decoder is a package beside this one with
//
//	func Decode(dst, stream []byte, limits codec.Limits) (codec.Info, error)
//
// In: the bytes of one frame's stream, without DICOM's fragments around them. Out: the
// frame's samples in dst, row by row from the top left, each a little-endian two's
// complement word of limits.Bits bits. Only grayscale frames are decoded. A stream is
// untrusted: a decoder checks every length and table before it uses them, needs memory
// in proportion to the frame and not to what the stream claims, and ends with an error
// or with a whole image, never with both.
package codec

import "fmt"

// Limits is what the data set says of a frame (PS3.3 C.7.6.3). A stream that says
// something else is refused before memory is allocated for it.
type Limits struct {
	Columns, Rows int // pixels
	Bits          int // bits allocated to a sample in dst: 8, 16 or 32
}

// Bytes is the length of dst, the frame without compression.
func (l Limits) Bytes() int { return l.Columns * l.Rows * l.Bits / 8 }

// Check compares what a stream says of its image with the data set.
func (l Limits) Check(columns, rows, components, precision int) error {
	switch {
	case components != 1:
		return Unsupported("the compressed image has %d colour components: grayscale images are read", components)
	case columns != l.Columns || rows != l.Rows:
		return Corrupt("the compressed image is of %d × %d pixels, where the header says %d × %d", columns, rows, l.Columns, l.Rows)
	case precision < 1 || precision > l.Bits:
		return Corrupt("the compressed image has samples of %d bits, where the header allows %d", precision, l.Bits)
	}
	return nil
}

// Info is what a stream says of its samples. The data set decides how they are read:
// some writers store signed samples in streams that say unsigned.
type Info struct {
	Precision int // bits that carry the sample
	Signed    bool
	Lossy     bool // the samples are not those that were compressed
	// Whole says that the stream holds whole words, as RLE does, and that Precision is
	// only their size. Frame of package decode sets it.
	Whole bool
}

// Error says why a stream has no image. Its message is one clause without values of the
// data set, for the person who sent the scan.
type Error struct {
	Message string
	// Unsupported says that the stream is valid, but of a kind that is not decoded.
	Unsupported bool
}

func (e *Error) Error() string { return e.Message }

// Corrupt is the Error for a damaged stream.
func Corrupt(format string, args ...any) error {
	return &Error{Message: fmt.Sprintf(format, args...)}
}

// Unsupported is the Error for a valid stream of a kind that is not decoded.
func Unsupported(format string, args ...any) error {
	return &Error{Message: fmt.Sprintf(format, args...), Unsupported: true}
}
