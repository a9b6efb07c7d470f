// Package objecttest reads the DICOM files that package object writes, for tests. In: a
// file in little endian with known lengths, in explicit VR, or implicit VR of which the
// sequences are named. Out: its elements. It fails at an odd length, at tags that are not
// in ascending order, and at bytes that are left over.
package objecttest

import (
	"encoding/binary"
	"fmt"
	"strings"
)

// Set is a data set by its tags.
type Set map[uint32]Element

// Element is a value, or the items of a sequence.
type Element struct {
	VR    string
	Value []byte
	Items []Set
}

// Text is a value as text, without its padding.
func (s Set) Text(tag uint32) string { return strings.TrimRight(string(s[tag].Value), " \x00") }

// Short is a US, -1 for none.
func (s Set) Short(tag uint32) int {
	if len(s[tag].Value) < 2 {
		return -1
	}
	return int(binary.LittleEndian.Uint16(s[tag].Value))
}

// In is the first item of a sequence; nil for none.
func (s Set) In(tag uint32) Set {
	if len(s[tag].Items) == 0 {
		return nil
	}
	return s[tag].Items[0]
}

// Read reads a file: its meta group and its data set.
func Read(file []byte, sequences ...uint32) (meta, data Set, err error) {
	if len(file) < 144 || string(file[128:132]) != "DICM" {
		return nil, nil, fmt.Errorf("no DICOM file")
	}
	length := int(binary.LittleEndian.Uint32(file[140:]))
	r := reader{sequences: map[uint32]bool{}}
	if meta, err = r.set(file[144 : 144+length]); err != nil {
		return nil, nil, fmt.Errorf("meta group: %w", err)
	}
	r.implicit = meta.Text(0x00020010) == "1.2.840.10008.1.2"
	for _, tag := range sequences {
		r.sequences[tag] = true
	}
	data, err = r.set(file[144+length:])
	return meta, data, err
}

type reader struct {
	implicit  bool
	sequences map[uint32]bool
}

func (r reader) set(b []byte) (Set, error) {
	out, last := Set{}, uint32(0)
	for len(b) > 0 {
		if len(b) < 8 {
			return nil, fmt.Errorf("%d bytes are left over after %08X", len(b), last)
		}
		tag := uint32(binary.LittleEndian.Uint16(b))<<16 | uint32(binary.LittleEndian.Uint16(b[2:]))
		if tag <= last {
			return nil, fmt.Errorf("%08X follows %08X", tag, last)
		}
		last = tag
		var e Element
		var n, head int
		switch {
		case r.implicit:
			n, head = int(binary.LittleEndian.Uint32(b[4:])), 8
			if r.sequences[tag] {
				e.VR = "SQ"
			}
		case strings.Contains("OB OW SQ UN UT", string(b[4:6])):
			e.VR = string(b[4:6])
			n, head = int(binary.LittleEndian.Uint32(b[8:])), 12
		default:
			e.VR = string(b[4:6])
			n, head = int(binary.LittleEndian.Uint16(b[6:])), 8
		}
		if n%2 == 1 || n > len(b)-head {
			return nil, fmt.Errorf("%08X has %d bytes of %d", tag, n, len(b)-head)
		}
		e.Value, b = b[head:head+n], b[head+n:]
		if e.VR == "SQ" {
			items, err := r.items(e.Value)
			if err != nil {
				return nil, fmt.Errorf("%08X: %w", tag, err)
			}
			e.Items, e.Value = items, nil
		}
		out[tag] = e
	}
	return out, nil
}

func (r reader) items(b []byte) (out []Set, err error) {
	for len(b) > 0 {
		if len(b) < 8 || binary.LittleEndian.Uint32(b) != 0xE000FFFE {
			return nil, fmt.Errorf("no item")
		}
		n := int(binary.LittleEndian.Uint32(b[4:]))
		if n > len(b)-8 {
			return nil, fmt.Errorf("an item of %d bytes of %d", n, len(b)-8)
		}
		item, err := r.set(b[8 : 8+n])
		if err != nil {
			return nil, err
		}
		out, b = append(out, item), b[8+n:]
	}
	return out, nil
}
