package header

import (
	"encoding/binary"
	"math"
	"strconv"
	"strings"
)

// decimalTag says whether t is a decimal string by the standard.
func decimalTag(t tag) bool {
	switch t {
	case tagPosition, tagOrientation, tagSpacing, tagSlope, tagIntercept, tagThickness, tagSliceStep:
		return true
	}
	return false
}

// wordTag says whether t is a number of 16 bits by the standard.
func wordTag(t tag) bool {
	switch t {
	case tagSamples, tagRows, tagColumns, tagBitsAllocated, tagBitsStored, tagHighBit, tagSigned:
		return true
	}
	return false
}

// asStandard is a value in the form that the standard gives its tag, where the file says
// by its VR that it has another one. The VR is how a value is written (PS3.5 §7.1.2):
// binary numbers in place of decimal strings, and strings in place of words. A number of
// 32 bits in place of a word is one in little endian already, and cut to it in big endian.
func (c *cursor) asStandard(e element, b []byte) []byte {
	switch {
	case decimalTag(e.tag):
		if width, number := c.binary(e.vr); width > 0 && len(b) > 0 && len(b)%width == 0 {
			var parts []string
			for ; len(b) > 0; b = b[width:] {
				parts = append(parts, strconv.FormatFloat(number(b), 'g', -1, 64))
			}
			return []byte(strings.Join(parts, `\`))
		}
	case wordTag(e.tag) && (e.vr == "IS" || e.vr == "DS"):
		n := max(count(b), 0)
		return c.word(uint32(min(n, math.MaxUint16)))
	case wordTag(e.tag) && (e.vr == "UL" || e.vr == "SL") && len(b) == 4:
		return c.word(min(c.order.Uint32(b), math.MaxUint16))
	}
	return b
}

func (c *cursor) word(n uint32) []byte {
	if c.order == binary.ByteOrder(binary.BigEndian) {
		return binary.BigEndian.AppendUint16(nil, uint16(n))
	}
	return binary.LittleEndian.AppendUint16(nil, uint16(n))
}

// binary is the width of a VR's numbers in bytes and how to read one; 0 for other VRs.
func (c *cursor) binary(vr string) (int, func([]byte) float64) {
	switch vr {
	case "FD":
		return 8, func(b []byte) float64 { return math.Float64frombits(c.order.Uint64(b)) }
	case "FL":
		return 4, func(b []byte) float64 { return float64(math.Float32frombits(c.order.Uint32(b))) }
	case "SL":
		return 4, func(b []byte) float64 { return float64(int32(c.order.Uint32(b))) }
	case "UL":
		return 4, func(b []byte) float64 { return float64(c.order.Uint32(b)) }
	case "SS":
		return 2, func(b []byte) float64 { return float64(int16(c.order.Uint16(b))) }
	case "US":
		return 2, func(b []byte) float64 { return float64(c.order.Uint16(b)) }
	}
	return 0, nil
}
