// Package jpegtest makes JPEG streams (ITU-T T.81) for tests: images, and encoders for
// every process of one component that package jpeg decodes. They are written for every
// freedom that the standard leaves to a writer, not for speed or size.
package jpegtest

import "encoding/binary"

// Image is a grayscale image, row by row from the top left.
type Image struct {
	Columns, Rows int
	Precision     int // bits of a sample
	Samples       []uint16
}

// Options are what the writers of a stream may do as they like. The zero value is the
// plainest stream.
type Options struct {
	Restart  int    // MCUs in a restart interval: samples of a lossless image, else blocks
	Tables   Tables // kind of Huffman tables
	TableID  byte   // destination of the tables, 0 to 3
	Sampling byte   // both sampling factors; 0: 0x11
	DNL      bool   // the number of rows follows the scan
	NoEOI    bool   // the stream ends with its scan
	Extras   bool   // comments, application data and fill bytes between the segments
	WideQ    bool   // quantization tables of 16 bits

	// What some writers of lossless images do.
	Cornell bool // extra bits for the difference 32768, which has none
	Wrapped bool // differences that are right modulo 2^Precision only
}

// writer writes a stream.
type writer struct {
	Options
	out     []byte
	pending uint64 // bits that wait, the last one lowest
	n       uint
}

func (w *writer) marker(code byte) {
	if w.Extras && code != 0xD8 {
		w.out = append(w.out, 0xFF, 0xFF)
	}
	w.out = append(w.out, 0xFF, code)
}

func (w *writer) segment(code byte, body ...byte) {
	w.marker(code)
	w.out = binary.BigEndian.AppendUint16(w.out, uint16(2+len(body)))
	w.out = append(w.out, body...)
}

// start writes SOI and what may stand behind it.
func (w *writer) start() {
	w.marker(0xD8)
	if w.Extras {
		w.segment(0xE0, append([]byte("JFIF"), 0, 1, 2, 0, 0, 1, 0, 1, 0, 0)...)
		w.segment(0xFE, 0xFF, 0xD8, 0xFF, 0xC3, 0, 0)
		w.segment(0xEE)
	}
}

// frame writes a frame header (B.2.2).
func (w *writer) frame(code byte, m Image, quant byte) {
	rows, sampling := m.Rows, w.Sampling
	if w.DNL {
		rows = 0
	}
	if sampling == 0 {
		sampling = 0x11
	}
	w.segment(code, byte(m.Precision), byte(rows>>8), byte(rows), byte(m.Columns>>8), byte(m.Columns), 1, 1, sampling, quant)
}

// scan writes a scan header (B.2.3).
func (w *writer) scan(first, last, high, low int) {
	if w.Restart > 0 {
		w.segment(0xDD, byte(w.Restart>>8), byte(w.Restart))
	}
	w.segment(0xDA, 1, 1, w.TableID<<4|w.TableID, byte(first), byte(last), byte(high<<4|low))
}

// end writes DNL and EOI.
func (w *writer) end(m Image) []byte {
	if w.DNL {
		w.segment(0xDC, byte(m.Rows>>8), byte(m.Rows))
	}
	if !w.NoEOI {
		w.marker(0xD9)
	}
	return w.out
}

// bits appends the low n bits of v, with a byte 0 behind each 0xFF (F.1.2.3).
func (w *writer) bits(v uint32, n int) {
	w.pending = w.pending<<n | uint64(v)&(1<<n-1)
	for w.n += uint(n); w.n >= 8; w.n -= 8 {
		b := byte(w.pending >> (w.n - 8))
		if w.out = append(w.out, b); b == 0xFF {
			w.out = append(w.out, 0)
		}
	}
}

// align fills the last byte with ones.
func (w *writer) align() {
	if w.n > 0 {
		w.bits(0x7F, int(8-w.n))
	}
}

// restart ends an interval, of which there were number before.
func (w *writer) restart(number int) {
	w.align()
	w.marker(0xD0 + byte(number%8))
}

// magnitude is the category of a number and its extra bits (F.1.2.1.1).
func magnitude(v int32) (category int, extra uint32) {
	n := v
	if v < 0 {
		n, v = -v, v-1
	}
	for ; n > 0; n >>= 1 {
		category++
	}
	return category, uint32(v)
}
