package object

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"
)

// Transfer syntaxes (PS3.6 table A-1).
const (
	ImplicitLE = "1.2.840.10008.1.2"
	ExplicitLE = "1.2.840.10008.1.2.1"
)

// implementation names the program that wrote a file (PS3.10 §7.1).
var implementation = UID("IRIS Oculus", "implementation")

const implementationVersion = "IRIS_OCULUS_1"

// NewSet is an empty data set in a transfer syntax.
func NewSet(syntax string) *Set { return &Set{implicit: syntax == ImplicitLE} }

// File begins a file (PS3.10): preamble, meta group and data set. What follows the data
// set, such as pixel data, whoever calls it writes after that.
func File(w io.Writer, syntax, class, instance string, s *Set) error {
	if s.err != nil {
		return s.err
	}
	meta := &Set{last: 0x00020000}
	meta.Raw(0x00020001, "OB", []byte{0, 1})
	meta.Text(0x00020002, "UI", class)
	meta.Text(0x00020003, "UI", instance)
	meta.Text(0x00020010, "UI", syntax)
	meta.Text(0x00020012, "UI", implementation)
	meta.Text(0x00020013, "SH", implementationVersion)
	head := &Set{bytes: append(make([]byte, 128), "DICM"...)}
	head.Longs(0x00020000, len(meta.bytes))
	for _, part := range [][]byte{head.bytes, meta.bytes, s.bytes} {
		if _, err := w.Write(part); err != nil {
			return fmt.Errorf("write DICOM file: %w", err)
		}
	}
	return meta.err
}

// MaxPixelBytes is the most that the pixel data of one file may have.
const MaxPixelBytes = math.MaxUint32 - 1

// PixelHead writes the head of native pixel data of n bytes in explicit VR; an odd number
// needs a byte more after them.
func PixelHead(w io.Writer, n int64, words bool) error {
	b := []byte{0xE0, 0x7F, 0x10, 0x00, 'O', 'B', 0, 0}
	if words {
		b[5] = 'W'
	}
	_, err := w.Write(binary.LittleEndian.AppendUint32(b, uint32(n+n%2)))
	if err != nil {
		return fmt.Errorf("write pixel data: %w", err)
	}
	return nil
}
