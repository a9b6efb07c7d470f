package header

import (
	"bytes"
	"encoding/binary"
	"math"
	"testing"
)

// The VR says how a value is written, whatever the tag has by the standard.
func TestValuesInAnotherForm(t *testing.T) {
	half := binary.LittleEndian.AppendUint64(nil, math.Float64bits(-1000.5))
	third := binary.LittleEndian.AppendUint32(nil, math.Float32bits(0.25))
	for _, c := range []struct {
		name, vr string
		tag      tag
		value    []byte
		want     string
	}{
		{"an intercept as FD", "FD", tagIntercept, half, "-1000.5"},
		{"an intercept of 0 as FD is no empty one", "FD", tagIntercept, make([]byte, 8), "0"},
		{"two spacings as FL", "FL", tagSpacing, append(third, third...), `0.25\0.25`},
		{"an intercept as SS", "SS", tagIntercept, []byte{0, 0xFC}, "-1024"},
		{"an intercept as SL", "SL", tagIntercept, []byte{0, 0xFC, 0xFF, 0xFF}, "-1024"},
		{"a slope as US", "US", tagSlope, []byte{2, 0}, "2"},
		{"a slope as UL", "UL", tagSlope, []byte{2, 0, 1, 0}, "65538"},
		{"half a number", "FD", tagIntercept, half[:4], string(half[:4])},
		{"rows as IS", "IS", tagRows, []byte("12 "), "\x0c\x00"},
		{"a sign as IS", "IS", tagSigned, []byte("1 "), "\x01\x00"},
		{"rows as UL", "UL", tagRows, []byte{12, 0, 0, 0}, "\x0c\x00"},
		{"rows of more than 16 bits", "UL", tagRows, []byte{12, 0, 1, 0}, "\xff\xff"},
		{"rows as they should be", "US", tagRows, []byte{12, 0}, "\x0c\x00"},
		{"a slope as it should be", "DS", tagSlope, []byte("2 "), "2 "},
		{"text that is no number", "LO", tagSlope, []byte("2 "), "2 "},
	} {
		cursor := newCursor(bytes.NewReader(nil), 0)
		if got := string(cursor.asStandard(element{tag: c.tag, vr: c.vr}, c.value)); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
	big := newCursor(bytes.NewReader(nil), 0)
	big.order = binary.BigEndian
	if got := string(big.asStandard(element{tag: tagRows, vr: "UL"}, []byte{0, 0, 0, 12})); got != "\x00\x0c" {
		t.Errorf("big endian: %q", got)
	}
}
