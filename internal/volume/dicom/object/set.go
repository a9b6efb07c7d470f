package object

import (
	"encoding/binary"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Set is a data set that is being written, little endian: elements in ascending order of
// their tags, whose lengths are even and known. The zero value is an empty set in explicit
// VR. The first fault of a call stays, and Err tells it.
type Set struct {
	bytes    []byte
	implicit bool
	last     uint32
	err      error
}

// long are the VRs whose length has 32 bits in explicit VR (PS3.5 table 7.1-1).
var long = map[string]bool{"OB": true, "OW": true, "SQ": true, "UN": true, "UT": true}

// Err is the first fault of a call.
func (s *Set) Err() error { return s.err }

func (s *Set) fail(tag uint32, format string, args ...any) {
	if s.err == nil {
		s.err = fmt.Errorf("write element %08X: %s", tag, fmt.Sprintf(format, args...))
	}
}

// head writes an element's tag, VR and length.
func (s *Set) head(tag uint32, vr string, length int) {
	if tag <= s.last {
		s.fail(tag, "it comes after %08X", s.last)
	}
	s.last = tag
	s.bytes = binary.LittleEndian.AppendUint16(s.bytes, uint16(tag>>16))
	s.bytes = binary.LittleEndian.AppendUint16(s.bytes, uint16(tag))
	switch {
	case s.implicit:
		s.bytes = binary.LittleEndian.AppendUint32(s.bytes, uint32(length))
	case long[vr]:
		s.bytes = append(s.bytes, vr[0], vr[1], 0, 0)
		s.bytes = binary.LittleEndian.AppendUint32(s.bytes, uint32(length))
	default:
		if length > math.MaxUint16-1 {
			s.fail(tag, "%d bytes: a %s holds at most %d", length, vr, math.MaxUint16-1)
		}
		s.bytes = append(s.bytes, vr[0], vr[1])
		s.bytes = binary.LittleEndian.AppendUint16(s.bytes, uint16(length))
	}
}

// Text writes values that are text, padded to an even length: with a zero byte for UIDs,
// with a space for others. No value at all is an empty element.
func (s *Set) Text(tag uint32, vr string, values ...string) {
	s.Raw(tag, vr, []byte(strings.Join(values, `\`)))
}

// Raw is Text of bytes as they are.
func (s *Set) Raw(tag uint32, vr string, value []byte) {
	odd := len(value) % 2
	s.head(tag, vr, len(value)+odd)
	s.bytes = append(s.bytes, value...)
	if odd == 1 {
		pad := byte(' ')
		if vr == "UI" || vr == "OB" {
			pad = 0
		}
		s.bytes = append(s.bytes, pad)
	}
}

// Decimals writes decimal strings, each of at most 16 characters.
func (s *Set) Decimals(tag uint32, values ...float64) {
	text := make([]byte, 0, 17*len(values))
	for i, v := range values {
		if i > 0 {
			text = append(text, '\\')
		}
		text = append(text, Decimal(v)...)
	}
	s.Raw(tag, "DS", text)
}

// Integers writes integer strings.
func (s *Set) Integers(tag uint32, values ...int) {
	text := make([]string, len(values))
	for i, v := range values {
		text[i] = strconv.Itoa(v)
	}
	s.Text(tag, "IS", text...)
}

// Shorts writes unsigned numbers of 16 bits.
func (s *Set) Shorts(tag uint32, values ...int) {
	s.head(tag, "US", 2*len(values))
	for _, v := range values {
		if v < 0 || v > math.MaxUint16 {
			s.fail(tag, "%d: want 0 to %d", v, math.MaxUint16)
		}
		s.bytes = binary.LittleEndian.AppendUint16(s.bytes, uint16(v))
	}
}

// Longs writes unsigned numbers of 32 bits.
func (s *Set) Longs(tag uint32, values ...int) {
	s.head(tag, "UL", 4*len(values))
	for _, v := range values {
		s.bytes = binary.LittleEndian.AppendUint32(s.bytes, uint32(v))
	}
}

// Tags writes tags as values.
func (s *Set) Tags(tag uint32, values ...uint32) {
	s.head(tag, "AT", 4*len(values))
	for _, v := range values {
		s.bytes = binary.LittleEndian.AppendUint16(s.bytes, uint16(v>>16))
		s.bytes = binary.LittleEndian.AppendUint16(s.bytes, uint16(v))
	}
}

// Items writes a sequence of n items of known length; item fills number i.
func (s *Set) Items(tag uint32, n int, item func(i int, s *Set)) {
	s.head(tag, "SQ", 0)
	start := len(s.bytes)
	for i := range n {
		s.bytes = append(s.bytes, 0xFE, 0xFF, 0x00, 0xE0, 0, 0, 0, 0)
		from := len(s.bytes)
		inner := Set{bytes: s.bytes, implicit: s.implicit}
		item(i, &inner)
		s.bytes = inner.bytes
		if s.err == nil {
			s.err = inner.err
		}
		s.length(tag, from)
	}
	s.length(tag, start)
}

// length sets the length, before position from, of what was written since.
func (s *Set) length(tag uint32, from int) {
	n := len(s.bytes) - from
	if int64(n) > math.MaxUint32-1 {
		s.fail(tag, "%d bytes are too many for a sequence", n)
	}
	binary.LittleEndian.PutUint32(s.bytes[from-4:], uint32(n))
}

// Item is Items of one.
func (s *Set) Item(tag uint32, item func(s *Set)) {
	s.Items(tag, 1, func(_ int, s *Set) { item(s) })
}

// Decimal is a number as a decimal string: its shortest text that is the same number, or,
// of more than 16 characters, the nearest that fits.
func Decimal(v float64) string {
	if v == 0 {
		return "0" // never -0
	}
	text := strconv.FormatFloat(v, 'g', -1, 64)
	if plain := strconv.FormatFloat(v, 'f', -1, 64); len(plain) <= 16 {
		return plain
	}
	for digits := 16; len(text) > 16; digits-- {
		text = strconv.FormatFloat(v, 'g', digits, 64)
		if plain := strconv.FormatFloat(v, 'f', max(0, digits-4), 64); len(plain) <= 16 && math.Abs(v) >= 1e-3 {
			return plain
		}
	}
	return text
}
