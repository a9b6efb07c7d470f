// Package encapsulated takes encapsulated pixel data apart (PS3.5 §A.4). In: the stream
// of a file, placed behind the head of its pixel data element. Out: the compressed bytes
// of one frame after the other, without the fragments that they are stored in.
//
// Files of all kinds exist: without an offset table, with one that is wrong or that lists
// fragments in place of frames, frames of several fragments, fragments of odd length with
// and without a padding byte, and elements without an end. The fragments decide, and the
// table only where they leave a choice.
//
// Memory is bounded by one frame. The fragments of a multi-frame image go to a temporary
// file, because where its frames begin is known only when all fragments were seen.
// Errors are *volume.Error with the codes truncated and corrupt_pixel_data.
package encapsulated

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
	"slices"

	"github.com/iris-oculus/iris/internal/volume"
)

// Start says what the first bytes of a fragment are.
type Start int

// A fragment begins an image for sure when its first bytes cannot stand within one, as
// the markers of JPEG and JPEG 2000. RLE has a header that samples may equal by chance.
const (
	Continues Start = iota
	MayBegin
	Begins
)

// Element says what the data set knows of its pixel data.
type Element struct {
	Frames     int
	FrameBytes int    // of a frame without compression
	Length     int64  // of the element; -1: until its delimiter
	Offsets    []byte // the extended offset table (7FE0,0001), little endian; nil: none

	// Start judges a fragment by its first bytes, at most StartLength of them.
	Start func(head []byte) Start
}

// StartLength is how many bytes of a fragment Element.Start sees.
const StartLength = 64

// maxFragments bounds the fragments of one element, which are listed in memory.
const maxFragments = 1 << 18

// readBytes is how many bytes of a fragment are read at once.
const readBytes = 1 << 20

// MaxBytes is the greatest length of a compressed frame. An encoder that gains nothing
// may need up to twice the bytes of the samples, and headers and comments besides.
func (e Element) MaxBytes() int64 { return 2*int64(e.FrameBytes) + 1<<20 }

// maxTotal bounds all frames of an element, which take room on disk: of the largest scan
// some 2 GiB.
func (e Element) maxTotal() int64 { return int64(e.Frames)*(2*int64(e.FrameBytes)+16<<10) + 1<<20 }

const (
	itemTag = 0xE000FFFE // as four little-endian bytes
	itemEnd = 0xE00DFFFE
	lastTag = 0xE0DDFFFE
	padding = 0xFFFCFFFC // data set trailing padding
	signed  = 0xFFFAFFFA // digital signatures
)

// reader walks over the fragments of one element.
type reader struct {
	Element
	r    *bufio.Reader
	left int64 // bytes left of an element of known length; else -1
	odd  bool  // the last fragment has an odd length

	table []uint32 // basic offset table
	count int      // fragments so far
	first bool     // the next fragment was announced by begin
	size  int64    // its length
}

// begin reads the offset table, which is the first item. Some writers leave it out, so
// that the first item is a fragment.
func begin(r io.Reader, e Element) (*reader, error) {
	f := &reader{Element: e, left: e.Length}
	if f.left >= 0 {
		r = io.LimitReader(r, f.left)
	}
	f.r = bufio.NewReaderSize(r, 16<<10)
	n, ok, err := f.item()
	switch {
	case err != nil:
		return nil, err
	case !ok:
		return nil, corrupt("it holds no image")
	case n == 0:
		return f, nil
	}
	head, err := f.r.Peek(int(min(n, StartLength)))
	if err != nil {
		return nil, cut(err)
	}
	if !f.isTable(n, head) {
		f.first, f.size = true, n
		return f, nil
	}
	f.odd = n%2 == 1
	if n > 4*maxFragments {
		return f, f.discard(n)
	}
	raw := make([]byte, n)
	if _, err := io.ReadFull(f.r, raw); err != nil {
		return nil, cut(err)
	}
	for ; len(raw) >= 4; raw = raw[4:] {
		f.table = append(f.table, binary.LittleEndian.Uint32(raw))
	}
	return f, nil
}

// isTable says whether the first item is an offset table, whose entries begin with 0, and
// not the first fragment.
func (f *reader) isTable(n int64, head []byte) bool {
	switch {
	case n%4 != 0 || f.Start(head) != Continues:
		return false
	case n == 4*int64(f.Frames):
		return true
	}
	return binary.LittleEndian.Uint32(head) == 0 && n < int64(f.FrameBytes)
}

// next is the length of the next fragment that has bytes; false at the element's end.
func (f *reader) next() (int64, bool, error) {
	for {
		n, ok, err := f.size, true, error(nil)
		if f.first {
			f.first = false
		} else {
			n, ok, err = f.item()
		}
		if !ok || err != nil {
			return 0, false, err
		}
		if f.count++; f.count > maxFragments {
			return 0, false, corrupt("it has more fragments than an image can have")
		}
		f.odd = n%2 == 1
		if n > 0 {
			return n, true, nil
		}
	}
}

// item reads the head of an item. It is false at the element's end: at its delimiter, at
// the end of the file, which some writers reach without one, and at what may follow it.
func (f *reader) item() (int64, bool, error) {
	for {
		head, err := f.r.Peek(8)
		if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			return 0, false, err
		}
		if f.odd && len(head) > 0 && head[0] != itemTag&0xFF {
			// The fragment was padded to an even length, which its own leaves out.
			f.odd = false
			_, _ = f.r.Discard(1)
			continue
		}
		if len(head) < 8 {
			return 0, false, nil
		}
		tag, n := binary.LittleEndian.Uint32(head), binary.LittleEndian.Uint32(head[4:])
		switch {
		case tag == itemTag && n != 0xFFFFFFFF:
			_, _ = f.r.Discard(8)
			return int64(n), true, nil
		case tag == itemEnd && n == 0:
			_, _ = f.r.Discard(8)
			continue
		case tag == lastTag, tag == padding, tag == signed, tag == 0 && f.count > 0:
			return 0, false, nil
		}
		return 0, false, corrupt("its fragments do not follow each other")
	}
}

func (f *reader) discard(n int64) error {
	_, err := io.CopyN(io.Discard, f.r, n)
	return cut(err)
}

// start judges the fragment of n bytes that comes next.
func (f *reader) start(n int64) (Start, error) {
	head, err := f.r.Peek(int(min(n, StartLength)))
	if err != nil {
		return 0, cut(err)
	}
	return f.Start(head), nil
}

// One reads the only frame of an element into buffer, which it lengthens where it must.
// All fragments make up the frame, whatever the offset table says.
func One(r io.Reader, e Element, buffer []byte) ([]byte, error) {
	f, err := begin(r, e)
	if err != nil {
		return nil, err
	}
	frame := buffer[:0]
	for {
		n, ok, err := f.next()
		if err != nil {
			return nil, err
		}
		if !ok {
			break
		}
		if n > e.MaxBytes()-int64(len(frame)) {
			return nil, tooLong()
		}
		kind, err := f.start(n)
		if err != nil {
			return nil, err
		}
		if kind == Begins && len(frame) > 0 {
			return nil, corrupt("it holds more images than its header says")
		}
		for n > 0 { // a length that is not true takes no more memory than the file has bytes
			part := int(min(n, readBytes))
			at := len(frame)
			frame = slices.Grow(frame, part)[:at+part]
			if _, err := io.ReadFull(f.r, frame[at:]); err != nil {
				return nil, cut(err)
			}
			n -= int64(part)
		}
	}
	if len(frame) == 0 {
		return nil, corrupt("it holds no image")
	}
	return frame, nil
}

func corrupt(what string) error {
	return volume.Reject("corrupt_pixel_data", "an image's compressed pixel data is damaged: %s; send the series again", what)
}

func tooLong() error {
	return corrupt("a compressed image is far larger than it would be without compression")
}

func cut(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return volume.Reject("truncated", "a DICOM file ends before its compressed pixel data does: it was cut short, send it again")
	}
	return err
}
