// Package jpeglstest encodes JPEG-LS images (ITU-T T.87) for tests: after the flow charts
// of Annex A, as plain as they are, with every option that a stream can have.
package jpeglstest

import (
	"encoding/binary"
	"math/bits"
)

// Image is what is compressed, row by row.
type Image struct {
	Width, Height, Precision int
	Samples                  []int
}

// Preset is the coding parameters of an LSE segment. Zero means the default value.
type Preset struct{ MaxVal, T1, T2, T3, Reset int }

// Options is how. Zero values are the standard's defaults.
type Options struct {
	Near, Point, Restart int
	Preset               Preset
	Hidden               bool   // the coding parameters are used, but not written
	RestartBytes         int    // width of DRI's number, 2 by default
	Large                int    // bytes of LSE 4's dimensions, 0 for none
	LineCount            bool   // DNL instead of rows in the frame header
	Before               []byte // segments before the frame header
	NoEnd                bool   // no end-of-image marker
	Interleave           byte
}

// Markers that tests need.
const (
	SOF55 = 0xF7
	LSE   = 0xF8
	SOS   = 0xDA
	DNL   = 0xDC
	DRI   = 0xDD
	RST0  = 0xD0
	EOI   = 0xD9
)

// Segment is a marker segment.
func Segment(marker byte, body ...byte) []byte {
	out := binary.BigEndian.AppendUint16([]byte{0xFF, marker}, uint16(len(body)+2))
	return append(out, body...)
}

func bigEndian(n, bytes int) (out []byte) {
	for i := bytes - 1; i >= 0; i-- {
		out = append(out, byte(n>>(8*i)))
	}
	return out
}

// Encode is a JPEG-LS encoder after the flow charts of T.87 Annex A, as plain as they
// are. It returns the stream and the samples that a decoder must give.
func Encode(im Image, o Options) (stream []byte, want []int) {
	stream = append([]byte{0xFF, 0xD8}, o.Before...)
	rows, columns := im.Height, im.Width
	if o.LineCount {
		rows = 0
	}
	if o.Large > 0 {
		dims := append([]byte{4, byte(o.Large)}, bigEndian(rows, o.Large)...)
		stream = append(stream, Segment(LSE, append(dims, bigEndian(columns, o.Large)...)...)...)
		rows, columns = 0, 0
	}
	stream = append(stream, Segment(SOF55, byte(im.Precision), byte(rows>>8), byte(rows),
		byte(columns>>8), byte(columns), 1, 1, 0x11, 0)...)
	if p := o.Preset; p != (Preset{}) && !o.Hidden {
		body := []byte{1}
		for _, v := range []int{p.MaxVal, p.T1, p.T2, p.T3, p.Reset} {
			body = append(body, byte(v>>8), byte(v))
		}
		stream = append(stream, Segment(LSE, body...)...)
	}
	if o.Restart > 0 {
		stream = append(stream, Segment(DRI, bigEndian(o.Restart, max(2, o.RestartBytes))...)...)
	}
	stream = append(stream, Segment(SOS, 1, 1, 0, byte(o.Near), o.Interleave, byte(o.Point))...)
	e := newEncoder(im, o)
	for y := range im.Height {
		if o.Restart > 0 && y > 0 && y%o.Restart == 0 {
			e.flush()
			e.out = append(e.out, 0xFF, byte(RST0+(y/o.Restart-1)%8))
			e.reset()
			e.first = y
		}
		e.line(y)
	}
	e.flush()
	stream = append(stream, e.out...)
	if o.LineCount {
		stream = append(stream, Segment(DNL, byte(im.Height>>8), byte(im.Height))...)
	}
	if !o.NoEnd {
		stream = append(stream, 0xFF, EOI)
	}
	for _, v := range e.rec {
		want = append(want, min(v<<o.Point, 1<<im.Precision-1))
	}
	return stream, want
}

type encoder struct {
	im    Image
	c     coding
	in    []int
	rec   []int // reconstructed samples
	first int   // first row of the restart interval

	aa, bb, cc, nn [367]int
	nRun           [2]int
	run            int

	out  []byte
	bits uint
	free int // bits of the byte that is being filled
}

// coding is the parameters of a scan: A.2.1 and C.2.4.1.1.1.
type coding struct{ maxval, near, t1, t2, t3, reset, step, span, qbpp, limit int }

func (o Options) coding(precision int) coding {
	or := func(v, otherwise int) int {
		if v == 0 {
			return otherwise
		}
		return v
	}
	c := coding{maxval: or(o.Preset.MaxVal, 1<<precision-1), near: o.Near, reset: or(o.Preset.Reset, 64)}
	clamp := func(v, low int) int {
		if v > c.maxval || v < low {
			return low
		}
		return v
	}
	if c.maxval >= 128 {
		f := (min(c.maxval, 4095) + 128) / 256
		c.t1 = clamp(f+2+3*c.near, c.near+1)
		c.t2 = clamp(4*f+3+5*c.near, c.t1)
		c.t3 = clamp(17*f+4+7*c.near, c.t2)
	} else {
		f := 256 / (c.maxval + 1)
		c.t1 = clamp(max(2, 3/f+3*c.near), c.near+1)
		c.t2 = clamp(max(3, 7/f+5*c.near), c.t1)
		c.t3 = clamp(max(4, 21/f+7*c.near), c.t2)
	}
	c.t1, c.t2, c.t3 = or(o.Preset.T1, c.t1), or(o.Preset.T2, c.t2), or(o.Preset.T3, c.t3)
	c.step = 2*c.near + 1
	c.span = (c.maxval+2*c.near)/c.step + 1
	for 1<<c.qbpp < c.span {
		c.qbpp++
	}
	bpp := max(2, bits.Len(uint(c.maxval)))
	c.limit = 2 * (bpp + max(8, bpp))
	return c
}

var runLengths = [32]int{0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 9, 10, 11, 12, 13, 14, 15}

func newEncoder(im Image, o Options) *encoder {
	e := &encoder{im: im, c: o.coding(im.Precision), rec: make([]int, len(im.Samples)), free: 8}
	for _, v := range im.Samples {
		e.in = append(e.in, v>>o.Point)
	}
	e.reset()
	return e
}

func (e *encoder) reset() {
	for i := range e.aa {
		e.aa[i], e.bb[i], e.cc[i], e.nn[i] = max(2, (e.c.span+32)/64), 0, 0, 1
	}
	e.nRun, e.run = [2]int{}, 0
}

func (e *encoder) put(bit uint) {
	e.bits = e.bits<<1 | bit
	e.free--
	if e.free == 0 {
		e.out = append(e.out, byte(e.bits))
		e.free = 8
		if e.bits&0xFF == 0xFF {
			e.free = 7
		}
		e.bits = 0
	}
}

func (e *encoder) putBits(v, count int) {
	for i := count - 1; i >= 0; i-- {
		e.put(uint(v>>i) & 1)
	}
}

// flush pads the last byte. Behind 0xFF there must be one byte more, even an empty one.
func (e *encoder) flush() {
	for e.free != 8 {
		e.put(0)
	}
	e.bits = 0
}

// at is a sample of the reconstructed image, with the values outside it (A.2.1).
func (e *encoder) at(x, y int) int {
	switch {
	case y < e.first:
		return 0
	case x < 0:
		return e.at(0, y-1)
	case x >= e.im.Width:
		return e.at(x-1, y)
	}
	return e.rec[y*e.im.Width+x]
}

func (e *encoder) region(d int) int {
	switch {
	case d <= -e.c.t3:
		return -4
	case d <= -e.c.t2:
		return -3
	case d <= -e.c.t1:
		return -2
	case d < -e.c.near:
		return -1
	case d <= e.c.near:
		return 0
	case d < e.c.t1:
		return 1
	case d < e.c.t2:
		return 2
	case d < e.c.t3:
		return 3
	}
	return 4
}

func (e *encoder) line(y int) {
	w := e.im.Width
	for x := 0; x < w; {
		a, b, c, d := e.at(x-1, y), e.at(x, y-1), e.at(x-1, y-1), e.at(x+1, y-1)
		q1, q2, q3 := e.region(d-b), e.region(b-c), e.region(c-a)
		if q1 == 0 && q2 == 0 && q3 == 0 {
			x = e.runMode(x, y, a)
			continue
		}
		e.regular(x, y, a, b, c, 81*q1+9*q2+q3)
		x++
	}
}

func (e *encoder) regular(x, y, a, b, c, q int) {
	sign := 1
	if q < 0 {
		q, sign = -q, -1
	}
	var px int
	switch {
	case c >= max(a, b):
		px = min(a, b)
	case c <= min(a, b):
		px = max(a, b)
	default:
		px = a + b - c
	}
	px = max(0, min(e.c.maxval, px+sign*e.cc[q]))
	err := e.quantise(sign * (e.in[y*e.im.Width+x] - px))
	e.rec[y*e.im.Width+x] = e.clampSample(px + sign*err*e.c.step)
	err = e.modulo(err)
	k := 0
	for e.nn[q]<<k < e.aa[q] {
		k++
	}
	var m int
	if e.c.near == 0 && k == 0 && 2*e.bb[q] <= -e.nn[q] {
		if err >= 0 {
			m = 2*err + 1
		} else {
			m = -2 * (err + 1)
		}
	} else if err >= 0 {
		m = 2 * err
	} else {
		m = -2*err - 1
	}
	e.golomb(m, k, e.c.limit)
	e.bb[q] += err * e.c.step
	e.aa[q] += max(err, -err)
	if e.nn[q] == e.c.reset {
		e.aa[q] >>= 1
		if e.bb[q] >= 0 {
			e.bb[q] >>= 1
		} else {
			e.bb[q] = -((1 - e.bb[q]) >> 1)
		}
		e.nn[q] >>= 1
	}
	e.nn[q]++
	if e.bb[q] <= -e.nn[q] {
		e.bb[q] += e.nn[q]
		e.cc[q] = max(-128, e.cc[q]-1)
		if e.bb[q] <= -e.nn[q] {
			e.bb[q] = -e.nn[q] + 1
		}
	} else if e.bb[q] > 0 {
		e.bb[q] -= e.nn[q]
		e.cc[q] = min(127, e.cc[q]+1)
		if e.bb[q] > 0 {
			e.bb[q] = 0
		}
	}
}

func (e *encoder) quantise(err int) int {
	if err > 0 {
		return (err + e.c.near) / e.c.step
	}
	return -((e.c.near - err) / e.c.step)
}

func (e *encoder) modulo(err int) int {
	if err < 0 {
		err += e.c.span
	}
	if err >= (e.c.span+1)/2 {
		err -= e.c.span
	}
	return err
}

func (e *encoder) clampSample(v int) int { return max(0, min(e.c.maxval, v)) }

func (e *encoder) golomb(m, k, limit int) {
	if high := m >> k; high < limit-e.c.qbpp-1 {
		e.putBits(0, high)
		e.put(1)
		e.putBits(m, k)
		return
	}
	e.putBits(0, limit-e.c.qbpp-1)
	e.put(1)
	e.putBits(m-1, e.c.qbpp)
}

func (e *encoder) runMode(x, y, value int) int {
	w, count := e.im.Width, 0
	for x < w && max(e.in[y*w+x]-value, value-e.in[y*w+x]) <= e.c.near {
		e.rec[y*w+x] = value
		x++
		count++
	}
	for count >= 1<<runLengths[e.run] {
		e.put(1)
		count -= 1 << runLengths[e.run]
		e.run = min(31, e.run+1)
	}
	if x == w {
		if count > 0 {
			e.put(1)
		}
		return x
	}
	e.put(0)
	e.putBits(count, runLengths[e.run])
	e.interrupt(x, y)
	e.run = max(0, e.run-1)
	return x + 1
}

func (e *encoder) interrupt(x, y int) {
	a, b, v := e.at(x-1, y), e.at(x, y-1), e.in[y*e.im.Width+x]
	kind, px, sign := 0, b, 1
	if max(a-b, b-a) <= e.c.near {
		kind, px = 1, a
	} else if a > b {
		sign = -1
	}
	err := e.quantise(sign * (v - px))
	e.rec[y*e.im.Width+x] = e.clampSample(px + sign*err*e.c.step)
	err = e.modulo(err)
	q := 365 + kind
	sum := e.aa[q]
	if kind == 1 {
		sum += e.nn[q] >> 1
	}
	k := 0
	for e.nn[q]<<k < sum {
		k++
	}
	m := 0
	switch {
	case k == 0 && err > 0 && 2*e.nRun[kind] < e.nn[q]:
		m = 1
	case err < 0 && 2*e.nRun[kind] >= e.nn[q]:
		m = 1
	case err < 0 && k != 0:
		m = 1
	}
	em := 2*max(err, -err) - kind - m
	e.golomb(em, k, e.c.limit-runLengths[e.run]-1)
	if err < 0 {
		e.nRun[kind]++
	}
	e.aa[q] += (em + 1 - kind) >> 1
	if e.nn[q] == e.c.reset {
		e.aa[q] >>= 1
		e.nn[q] >>= 1
		e.nRun[kind] >>= 1
	}
	e.nn[q]++
}
