package header_test

import (
	"encoding/binary"
	"strings"
	"testing"

	"github.com/iris-oculus/iris/internal/volume/dicom/dicomtest"
	"github.com/iris-oculus/iris/internal/volume/dicom/syntax"
)

// raw appends an element's head as it is given, then a value.
func raw(w *dicomtest.Writer, tag uint32, vr string, length []byte, value string) {
	b := w.Order.AppendUint16(nil, uint16(tag>>16))
	b = w.Order.AppendUint16(b, uint16(tag))
	w.Buffer.Write(append(append(append(b, vr...), length...), value...))
}

func u16(w *dicomtest.Writer, n int) []byte { return w.Order.AppendUint16(nil, uint16(n)) }
func u32(w *dicomtest.Writer, n int) []byte { return w.Order.AppendUint32(nil, uint32(n)) }

// sound fails unless the slice, with what is added to it, reads as it does without.
func sound(t *testing.T, name string, s dicomtest.Slice, add func(*dicomtest.Writer)) {
	t.Helper()
	s.Extra = func(w *dicomtest.Writer) {
		add(w)
		w.Sequence(0x52009229, true, func(w *dicomtest.Writer) { // shows that the walk is in step
			w.Sequence(0x00289145, true, func(w *dicomtest.Writer) { w.Text(0x00281053, "DS", "7") })
		})
	}
	h, pixels, err := read(t, s.Bytes())
	if err != nil || h.Rows != s.Rows || len(pixels) != len(s.Pixels) || h.Shared.Slope != 7 {
		t.Errorf("%s: %v %+v", name, err, h)
	}
}

// An element is read to its end whatever is written where its VR belongs: in the
// short and in the long form, with a value, without one, and as implicit VR.
func TestOddVRs(t *testing.T) {
	for _, ts := range []string{syntax.ExplicitLE, syntax.ExplicitBE} {
		s := dicomtest.Axial(0, 40, 40)
		s.Syntax = ts
		for _, value := range []string{"", "ab", strings.Repeat("x", 30), strings.Repeat("y", 20_000)} {
			for _, vr := range []string{"ZZ", "OX", "??", "--", "  ", "xx", "\x00\x00", "Q1"} {
				sound(t, ts+" short "+vr, s, func(w *dicomtest.Writer) {
					raw(w, 0x00291010, vr, u16(w, len(value)), value)
					w.Text(0x00291011, "LO", "after")
				})
			}
			for _, vr := range []string{"ZZ", "OX"} {
				sound(t, ts+" long "+vr, s, func(w *dicomtest.Writer) {
					raw(w, 0x00291010, vr, append([]byte{0, 0}, u32(w, len(value))...), value)
					w.Text(0x00291011, "LO", "after")
				})
			}
			for _, vr := range []string{"UN", "UT", "OB", "UC"} { // VRs of the long form, written by old programs
				sound(t, ts+" short form of "+vr, s, func(w *dicomtest.Writer) {
					if value == "" {
						return // not to be told from the long form's reserved bytes
					}
					raw(w, 0x00291010, vr, u16(w, len(value)), value)
					w.Text(0x00291011, "LO", "after")
				})
			}
			sound(t, ts+" implicit", s, func(w *dicomtest.Writer) {
				raw(w, 0x00291010, "", u32(w, len(value)), value)
				w.Text(0x00291011, "LO", "after")
			})
		}
	}
}

// A sequence with VR UN is implicit inside by the standard, and explicit in
// files of some converters. Both are read, whatever its length and its nesting.
func TestSequenceOfUnknownVR(t *testing.T) {
	explicit := func() *dicomtest.Writer { return &dicomtest.Writer{Order: binary.LittleEndian} }
	implicit := func() *dicomtest.Writer { return &dicomtest.Writer{Order: binary.LittleEndian, Implicit: true} }
	fill := map[string]func(*dicomtest.Writer){
		"text":         func(w *dicomtest.Writer) { w.Text(0x00291020, "LO", "text"); w.Number(0x00291021, 5) },
		"empty text":   func(w *dicomtest.Writer) { w.Head(0x00291020, "LO", 0); w.Number(0x00291021, 5) },
		"only empty":   func(w *dicomtest.Writer) { w.Head(0x00291020, "LO", 0) },
		"nothing":      func(*dicomtest.Writer) {},
		"bytes":        func(w *dicomtest.Writer) { w.Head(0x00291020, "OB", 4); w.Buffer.WriteString("\xFE\xFF\x00\xE0") },
		"a long value": func(w *dicomtest.Writer) { w.Head(0x00291020, "UT", 21333); w.Buffer.Write(make([]byte, 21333)) },
		"a sequence": func(w *dicomtest.Writer) {
			w.Sequence(0x00291020, true, func(w *dicomtest.Writer) { w.Number(0x00291021, 5) })
		},
		"known sequence": func(w *dicomtest.Writer) {
			w.Sequence(0x00291020, false, func(w *dicomtest.Writer) { w.Number(0x00291021, 5) })
		},
	}
	for name, content := range fill {
		for kind, inside := range map[string]func() *dicomtest.Writer{"explicit": explicit, "implicit": implicit} {
			for _, known := range []bool{false, true} {
				sound(t, name+" "+kind, dicomtest.Axial(0, 4, 6), func(w *dicomtest.Writer) {
					w.Head(0x00291010, "UN", dicomtest.Endless)
					for range 2 {
						item := inside()
						content(item)
						if known {
							w.Head(0xFFFEE000, "", uint32(item.Buffer.Len()))
							w.Buffer.Write(item.Buffer.Bytes())
							continue
						}
						w.Head(0xFFFEE000, "", dicomtest.Endless)
						w.Buffer.Write(item.Buffer.Bytes())
						w.Head(0xFFFEE00D, "", 0)
					}
					w.Head(0xFFFEE0DD, "", 0)
				})
			}
		}
	}
}

// Functional groups that a converter turned into UN are read as what they are.
func TestFunctionalGroupsOfUnknownVR(t *testing.T) {
	for _, implicit := range []bool{false, true} {
		for _, known := range []bool{false, true} {
			inside := &dicomtest.Writer{Order: binary.LittleEndian, Implicit: implicit}
			inside.Sequence(0x00289145, true, func(w *dicomtest.Writer) { w.Text(0x00281053, "DS", "7") })
			s := dicomtest.Axial(0, 4, 6)
			s.Extra = func(w *dicomtest.Writer) {
				length := uint32(dicomtest.Endless)
				if known {
					length = uint32(8 + inside.Buffer.Len())
				}
				w.Head(0x52009229, "UN", length)
				w.Head(0xFFFEE000, "", uint32(inside.Buffer.Len()))
				w.Buffer.Write(inside.Buffer.Bytes())
				if !known {
					w.Head(0xFFFEE0DD, "", 0)
				}
			}
			if h, _, err := read(t, s.Bytes()); err != nil || h.Shared.Slope != 7 {
				t.Errorf("implicit %v, known length %v: %v %+v", implicit, known, err, h)
			}
		}
	}
}

// The number of frames as people write it.
func TestNumberOfFrames(t *testing.T) {
	for text, want := range map[string]int{
		"10": 10, "10.0": 10, " 10 ": 10, "+10": 10, "0010": 10, "1.0e1": 10, "10\\": 10, "10\x00": 10, "10\r\n": 10,
		"": 0, " ": 0, "ten": -1, "-3": -1, "2.5": -1, "0": -1, "1e99": -1, "0x10": -1,
	} {
		s := dicomtest.Axial(0, 2, 2)
		s.Frames = text
		if h, _, err := read(t, s.Bytes()); err != nil || h.NumberOfFrames != want {
			t.Errorf("%q: %v, %v; want %d", text, h.NumberOfFrames, err, want)
		}
	}
}
