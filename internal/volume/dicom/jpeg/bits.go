package jpeg

import (
	"bytes"
	"encoding/binary"

	"github.com/iris-oculus/iris/internal/volume/dicom/codec"
)

// bitReader reads the bits of one entropy-coded segment, the first bit of a byte first.
// Past the end it reads zeros: overrun tells.
type bitReader struct {
	data []byte // without stuffed bytes, and then 8 bytes of 0
	pos  int    // the next byte to be read
	bits uint64 // bits that were read, the next one on top
	n    uint   // how many of bits are counted; those below are right or 0
}

// fill reads on until bits has at least 56.
func (r *bitReader) fill() {
	if r.pos+8 <= len(r.data) {
		r.bits |= binary.BigEndian.Uint64(r.data[r.pos:]) >> r.n
	}
	r.pos += int(63-r.n) >> 3
	r.n |= 56
}

// skip forgets n bits that were filled.
func (r *bitReader) skip(n uint) {
	r.bits <<= n
	r.n -= n
}

// overrun says whether more bits were used than there are.
func (r *bitReader) overrun() bool {
	return r.pos*8-int(r.n) > (len(r.data)-8)*8
}

// left is the number of whole bytes that no bit was used of.
func (r *bitReader) left() int {
	return len(r.data) - 8 - (r.pos*8-int(r.n)+7)/8
}

// segment cuts an entropy-coded segment off the rest of the stream: up to a marker or
// the end, with a byte 0xFF for each 0xFF 0x00 (T.81 B.1.1.5, F.1.2.3). It is valid until
// the next call.
func (d *decoder) segment() bitReader {
	data, rest := d.buffer[:0], d.rest
	if data == nil {
		data = make([]byte, 0, len(rest)+8)
	}
	for {
		i := bytes.IndexByte(rest, 0xFF)
		if i < 0 {
			data, rest = append(data, rest...), nil
			break
		}
		data = append(data, rest[:i]...)
		rest = rest[i:]
		if len(rest) < 2 {
			rest = nil
			break
		}
		if rest[1] != 0 {
			break
		}
		data = append(data, 0xFF)
		rest = rest[2:]
	}
	data = append(data, 0, 0, 0, 0, 0, 0, 0, 0)
	d.buffer, d.rest = data, rest
	return bitReader{data: data}
}

// maxLeft is how many bytes may be left of a segment when its last sample was read.
// Writers pad to words; more means that the codes were misread.
const maxLeft = 16

// finished checks that a segment was used up, no less and no more.
func finished(r *bitReader) error {
	if r.overrun() {
		return codec.Corrupt("the image data of the JPEG stream ends before the image is complete")
	}
	if n := r.left(); n > maxLeft {
		return codec.Corrupt("the image data of the JPEG stream has %d bytes more than the image needs", n)
	}
	return nil
}

// nextInterval reads the RST marker that must stand between two restart intervals, the
// number of which counts modulo 8 (F.1.1.5.1), and returns the segment behind it.
func (d *decoder) nextInterval(number int) (bitReader, error) {
	if marker, ok := d.marker(); !ok || marker != markerRST0+byte(number%8) {
		return bitReader{}, codec.Corrupt("a restart marker of the JPEG stream is missing or out of order")
	}
	return d.segment(), nil
}
