package header_test

import (
	"bytes"
	"encoding/binary"
	"strings"
	"testing"

	"github.com/iris-oculus/iris/internal/volume/dicom/dicomtest"
	"github.com/iris-oculus/iris/internal/volume/dicom/syntax"
)

// Data sets of public bug reports, rebuilt here: each reads as if what is odd
// about it were not there.
func TestPublicReports(t *testing.T) {
	const sequence, item, end = 0x00291010, "\xfe\xff\x00\xe0", "\xfe\xff\xdd\xe0\x00\x00\x00\x00"
	cases := []struct {
		report, syntax string
		add            func(w *dicomtest.Writer)
	}{
		{"fo-dicom/fo-dicom#1847: a length that reads as white space", syntax.ImplicitLE, func(w *dicomtest.Writer) {
			raw(w, sequence, "", u32(w, 0x200A), strings.Repeat("x", 0x200A))
		}},
		{"the same, without a VR among elements that have one", syntax.ExplicitLE, func(w *dicomtest.Writer) {
			raw(w, sequence, "", u32(w, 0x200A), strings.Repeat("x", 0x200A))
		}},
		{"fo-dicom/fo-dicom#1941: the length of a group as UN", syntax.ExplicitLE, func(w *dicomtest.Writer) {
			raw(w, 0x00290000, "UN\x00\x00", u32(w, 4), "\x10\x00\x00\x00")
		}},
		{"the same in the short form", syntax.ExplicitLE, func(w *dicomtest.Writer) {
			raw(w, 0x00290000, "UN", u16(w, 4), "\x10\x00\x00\x00")
		}},
		{"fo-dicom/fo-dicom#1982: text in a sequence", syntax.ExplicitLE, func(w *dicomtest.Writer) {
			raw(w, sequence, "SQ\x00\x00", u32(w, 6), "ABCDEF")
		}},
		{"fo-dicom/fo-dicom#2183: a sequence written as text", syntax.ImplicitLE, func(w *dicomtest.Writer) {
			raw(w, 0x00120064, "", u32(w, 36), "Siemens Healthcare Header Anonymizer")
		}},
		{"fo-dicom/fo-dicom#42: a private sequence without VR and length", syntax.ExplicitLE, func(w *dicomtest.Writer) {
			raw(w, sequence, "", u32(w, dicomtest.Endless), item+"\x0a\x00\x00\x00"+"\x08\x00\x60\x00CS\x02\x00MR"+end)
		}},
		{"fo-dicom/fo-dicom#133: compressed pixels inside a sequence", syntax.ExplicitLE, func(w *dicomtest.Writer) {
			icon := "\xe0\x7f\x10\x00OB\x00\x00\xff\xff\xff\xff" + item + "\x00\x00\x00\x00" + item + "\x04\x00\x00\x00\xff\xd8\xff\xd9" + end
			raw(w, sequence, "SQ\x00\x00", u32(w, dicomtest.Endless), item+"\xff\xff\xff\xff"+icon+"\xfe\xff\x0d\xe0\x00\x00\x00\x00"+end)
		}},
		{"cornerstonejs/dicomParser#284: the VR of 2019", syntax.ExplicitLE, func(w *dicomtest.Writer) {
			raw(w, sequence, "OV\x00\x00", u32(w, 8), "12345678")
		}},
		{"pydicom/pydicom#140: an element of the meta group among the others", syntax.ImplicitLE, func(w *dicomtest.Writer) {
			raw(w, 0x00020003, "", u32(w, 8), "1.2.3.4\x00")
		}},
		{"a delimiter that closes nothing", syntax.ExplicitLE, func(w *dicomtest.Writer) { w.Buffer.WriteString(end) }},
		{"a value of odd length", syntax.ExplicitLE, func(w *dicomtest.Writer) { raw(w, sequence, "LO", u16(w, 3), "ACM") }},
	}
	for _, c := range cases {
		s := dicomtest.Axial(0, 8, 8)
		s.Syntax = c.syntax
		sound(t, c.report, s, c.add)
	}
}

// dgobbi/vtk-dicom#158: the length of the meta group is wrong, and the meta group
// is written in another form than what follows.
func TestWrongLengthOfTheMetaGroup(t *testing.T) {
	const at = 140
	for _, ts := range []string{syntax.ExplicitLE, syntax.ImplicitLE} {
		s := dicomtest.Axial(0, 8, 8)
		s.Syntax = ts
		sane := s.Bytes()
		length := binary.LittleEndian.Uint32(sane[at:])
		for _, wrong := range []uint32{0, length - 20, length + 20, 1 << 31} {
			file := bytes.Clone(sane)
			binary.LittleEndian.PutUint32(file[at:], wrong)
			if h, pixels, err := read(t, file); err != nil || h.Rows != s.Rows || len(pixels) != len(s.Pixels) {
				t.Errorf("%s, %d instead of %d: %v", ts, wrong, length, err)
			}
		}
	}
}
