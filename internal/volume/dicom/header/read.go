package header

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"

	"github.com/klauspost/compress/flate"

	"github.com/iris-oculus/iris/internal/volume"
	"github.com/iris-oculus/iris/internal/volume/dicom/syntax"
)

// SniffLength is how many bytes of a file Sniff wants to see.
const SniffLength = 4096

// Kind says what a file is by its first bytes.
type Kind int

// These are the kinds: no DICOM; a DICOM file; a data set without the magic of a file,
// known by its first element of group 0002 or 0008; and the rest of a damaged file.
const (
	Other Kind = iota
	DICOM
	Bare
	Damaged
)

// Sniff judges a file by its first bytes, never by its name.
func Sniff(head []byte) Kind {
	if len(head) >= 132 && string(head[128:132]) == "DICM" {
		return DICOM
	}
	if _, _, ok := bareSyntax(head); ok {
		return Bare
	}
	// Every data set names its SOP class near its start, and all of them begin so.
	if bytes.Contains(head, []byte("1.2.840.10008.")) && bytes.IndexByte(head, 0) >= 0 {
		return Damaged
	}
	return Other
}

// bareSyntax recognises a data set by its first element.
func bareSyntax(b []byte) (order binary.ByteOrder, implicit, ok bool) {
	if len(b) < 8 {
		return nil, false, false
	}
	order = binary.LittleEndian
	if b[0] == 0 && b[1] == 8 {
		order = binary.BigEndian
	}
	group := order.Uint16(b)
	if group != 0x0008 && group != 0x0002 {
		return nil, false, false
	}
	if knownVR(b[4:6]) {
		return order, false, true
	}
	// Implicit: small element number and a first value of a plausible length.
	return order, true, order == binary.LittleEndian && order.Uint16(b[2:]) < 0x0100 && order.Uint32(b[4:]) < 4096
}

// Read reads a file of size bytes up to its pixel data. The reader it returns
// stands at the first byte of the pixel data.
func Read(r io.Reader, size int64) (*Header, io.Reader, error) {
	c := newCursor(r, size)
	h := &Header{}
	head, err := c.peek(132)
	if err != nil {
		return nil, nil, err
	}
	if len(head) == 132 && string(head[128:]) == "DICM" {
		if err := c.skip(132); err != nil {
			return nil, nil, err
		}
	}
	if err := readMeta(c, h); err != nil {
		return nil, nil, err
	}
	s := syntax.Find(h.TransferSyntax)
	if s.Deflated {
		c = inflate(c)
	}
	if s.BigEndian {
		c.order = binary.BigEndian
	}
	// The first element tells explicit from implicit better than the meta group,
	// which some archives leave as it was when they rewrite a file.
	first, err := c.peek(8)
	if err != nil {
		return nil, nil, err
	}
	implicit := h.TransferSyntax == "" || h.TransferSyntax == syntax.ImplicitLE
	if order, imp, ok := bareSyntax(first); ok && !s.BigEndian {
		c.order, implicit = order, imp
	}
	if h.TransferSyntax == "" {
		h.TransferSyntax = syntax.ExplicitLE
		if c.order == binary.BigEndian {
			h.TransferSyntax = syntax.ExplicitBE
		}
	}
	w := &walker{c: c, h: h}
	if err := w.walk(implicit); err != nil {
		return h, nil, err
	}
	return h, c.r, nil
}

// readMeta reads group 0002, always explicit little endian. Its length element
// is not trusted: the group ends where another begins.
func readMeta(c *cursor, h *Header) error {
	for n := 0; ; n++ {
		b, err := c.peek(2)
		if err != nil || len(b) < 2 || binary.LittleEndian.Uint16(b) != 2 || n > 64 {
			return err
		}
		e, err := c.next(false)
		if err != nil {
			return err
		}
		if e.tag != tagTransferSyntax && e.tag != tagMetaSOPClass || e.length > maxValue {
			if err := c.skip(int64(e.length)); err != nil {
				return err
			}
			continue
		}
		if b, err = c.read(int(e.length)); err != nil {
			return err
		}
		if e.tag == tagTransferSyntax {
			h.TransferSyntax = text(b)
		} else {
			h.SOPClass = text(b) // until the data set says it itself
		}
	}
}

// inflate continues in the deflated data set. Its length is not stated anywhere; more
// than MaxRatio times the bytes left is refused.
func inflate(c *cursor) *cursor {
	size := max(volume.RatioFloor, min(c.left(), volume.MaxExpandedBytes/volume.MaxRatio)*volume.MaxRatio)
	in := newCursor(&inflater{flate.NewReader(c.r)}, size)
	in.beyond = volume.Reject("too_large", "a deflated DICOM file expands to more than %d MiB: such a file is no scan", size>>20)
	return in
}

// inflater names a fault of the deflate stream.
type inflater struct{ r io.Reader }

func (i *inflater) Read(p []byte) (int, error) {
	n, err := i.r.Read(p)
	if broken := flate.CorruptInputError(0); errors.As(err, &broken) {
		err = corrupt("its deflated data cannot be expanded")
	}
	return n, err
}

// pixels notes the pixel data and ends the walk.
func (w *walker) pixels(e element) error {
	w.h.Float = e.tag != tagPixels
	p := &w.h.Pixels
	p.Present, p.Encapsulated, p.Length, p.Words = true, e.length == endless, int64(e.length), e.vr == "OW"
	if p.Encapsulated {
		p.Length = -1
	} else if p.Length > w.c.left() {
		return w.c.short()
	}
	return nil
}
