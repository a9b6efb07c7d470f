package dicomtest

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"io"

	"github.com/iris-oculus/iris/internal/volume/dicom/syntax"
)

// Writer writes data elements in one VR encoding and byte order.
type Writer struct {
	Buffer   bytes.Buffer
	Implicit bool
	Order    binary.AppendByteOrder
}

// Endless is the length of a sequence or item closed by a delimiter.
const Endless = 0xFFFFFFFF

var long = map[string]bool{"OB": true, "OW": true, "SQ": true, "UN": true, "UT": true, "OV": true}

// Head writes an element's tag, VR and length.
func (w *Writer) Head(tag uint32, vr string, length uint32) {
	b := w.Order.AppendUint16(nil, uint16(tag>>16))
	b = w.Order.AppendUint16(b, uint16(tag))
	switch {
	case w.Implicit || tag>>16 == 0xFFFE:
		b = w.Order.AppendUint32(b, length)
	case long[vr]:
		b = w.Order.AppendUint32(append(b, vr[0], vr[1], 0, 0), length)
	default:
		b = w.Order.AppendUint16(append(b, vr...), uint16(length))
	}
	w.Buffer.Write(b)
}

// Text writes a string, padded to an even length; nothing for an empty one.
func (w *Writer) Text(tag uint32, vr, value string) {
	if value == "" {
		return
	}
	if len(value)%2 == 1 {
		if vr == "UI" {
			value += "\x00"
		} else {
			value += " "
		}
	}
	w.Head(tag, vr, uint32(len(value)))
	w.Buffer.WriteString(value)
}

// Number writes a US.
func (w *Writer) Number(tag uint32, value int) {
	w.Head(tag, "US", 2)
	w.Buffer.Write(w.Order.AppendUint16(nil, uint16(value)))
}

// Sequence writes a sequence of items, of known or of endless length.
func (w *Writer) Sequence(tag uint32, endless bool, items ...func(*Writer)) {
	inner := &Writer{Implicit: w.Implicit, Order: w.Order}
	for _, item := range items {
		one := &Writer{Implicit: w.Implicit, Order: w.Order}
		item(one)
		if endless {
			inner.Head(0xFFFEE000, "", Endless)
			inner.Buffer.Write(one.Buffer.Bytes())
			inner.Head(0xFFFEE00D, "", 0)
		} else {
			inner.Head(0xFFFEE000, "", uint32(one.Buffer.Len()))
			inner.Buffer.Write(one.Buffer.Bytes())
		}
	}
	if endless {
		inner.Head(0xFFFEE0DD, "", 0)
		w.Head(tag, "SQ", Endless)
	} else {
		w.Head(tag, "SQ", uint32(inner.Buffer.Len()))
	}
	w.Buffer.Write(inner.Buffer.Bytes())
}

// Bytes is the file.
func (s Slice) Bytes() []byte {
	w := &Writer{Implicit: s.Syntax == syntax.ImplicitLE || s.Syntax == syntax.GEPrivate, Order: binary.LittleEndian}
	if s.Syntax == syntax.ExplicitBE {
		w.Order = binary.BigEndian
	}
	s.dataset(w)
	data := w.Buffer.Bytes()
	if s.NoMeta {
		return data
	}
	if s.Syntax == syntax.Deflated {
		var packed bytes.Buffer
		fw, _ := flate.NewWriter(&packed, flate.BestSpeed)
		_, _ = fw.Write(data)
		_ = fw.Close()
		data = packed.Bytes()
	}
	meta := &Writer{Order: binary.LittleEndian}
	meta.Text(0x00020010, "UI", s.Syntax)
	head := &Writer{Order: binary.LittleEndian}
	head.Buffer.Write(make([]byte, 128))
	head.Buffer.WriteString("DICM")
	head.Head(0x00020000, "UL", 4)
	head.Buffer.Write(binary.LittleEndian.AppendUint32(nil, uint32(meta.Buffer.Len())))
	return append(append(head.Buffer.Bytes(), meta.Buffer.Bytes()...), data...)
}

func (s Slice) dataset(w *Writer) {
	w.Text(0x00080008, "CS", s.ImageType)
	w.Text(0x00080016, "UI", s.Class)
	w.Text(0x00080018, "UI", s.Instance)
	w.Text(0x00080060, "CS", s.Modality)
	w.Text(0x00100010, "PN", "ZZPHI^TEST")
	w.Text(0x0020000D, "UI", s.Study)
	w.Text(0x0020000E, "UI", s.Series)
	w.Text(0x00200032, "DS", s.Position)
	w.Text(0x00200037, "DS", s.Orientation)
	w.Number(0x00280002, 1)
	w.Text(0x00280004, "CS", s.Photometric)
	w.Text(0x00280008, "IS", s.Frames)
	w.Number(0x00280010, s.Rows)
	w.Number(0x00280011, s.Columns)
	w.Text(0x00280030, "DS", s.Spacing)
	w.Number(0x00280100, s.Bits)
	w.Number(0x00280101, s.Stored)
	w.Number(0x00280102, s.High)
	signed := 0
	if s.Signed {
		signed = 1
	}
	w.Number(0x00280103, signed)
	w.Text(0x00281052, "DS", s.Intercept)
	w.Text(0x00281053, "DS", s.Slope)
	if s.Extra != nil {
		s.Extra(w)
	}
	s.pixels(w)
}

func (s Slice) pixels(w *Writer) {
	if s.Items != nil {
		w.Head(0x7FE00010, "OB", Endless)
		for _, item := range s.Items {
			w.Head(0xFFFEE000, "", uint32(len(item)))
			w.Buffer.Write(item)
		}
		if !s.NoEnd {
			w.Head(0xFFFEE0DD, "", 0)
		}
		return
	}
	if s.Pixels == nil {
		return
	}
	data := append([]byte(nil), s.Pixels...)
	if len(data)%2 == 1 {
		data = append(data, 0)
	}
	if w.Order == binary.AppendByteOrder(binary.BigEndian) || s.Syntax == syntax.GEPrivate {
		for i := 0; i < len(data); i += max(2, s.Bits/8) {
			part := data[i : i+max(2, s.Bits/8)]
			for a, b := 0, len(part)-1; a < b; a, b = a+1, b-1 {
				part[a], part[b] = part[b], part[a]
			}
		}
	}
	length := uint32(len(data))
	if s.PixelLength != 0 {
		length = s.PixelLength
	}
	w.Head(0x7FE00010, "OW", length)
	w.Buffer.Write(data)
}

// RLE packs little-endian samples of some bits as PS3.5 annex G has it, in runs of
// different bytes only.
func RLE(samples []byte, bits int) []byte {
	planes := bits / 8
	out := make([]byte, 64)
	out[0] = byte(planes)
	for plane := range planes {
		binary.LittleEndian.PutUint32(out[4+4*plane:], uint32(len(out)))
		var bytes []byte
		for at := planes - 1 - plane; at < len(samples); at += planes {
			bytes = append(bytes, samples[at])
		}
		for len(bytes) > 0 {
			n := min(128, len(bytes))
			out = append(append(out, byte(n-1)), bytes[:n]...)
			bytes = bytes[n:]
		}
		if len(out)%2 == 1 {
			out = append(out, 0)
		}
	}
	return out
}

func reader(b []byte) io.Reader { return bytes.NewReader(b) }
