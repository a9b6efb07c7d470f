package jpeg

import (
	"encoding/binary"

	"github.com/iris-oculus/iris/internal/volume/dicom/codec"
)

// block is 8 × 8 coefficients or samples, row by row.
type block [64]int32

// zigzag has the place in a block of each coefficient in the order of the stream (T.81
// figure A.6).
var zigzag = [64]uint8{
	0, 1, 8, 16, 9, 2, 3, 10,
	17, 24, 32, 25, 18, 11, 4, 5,
	12, 19, 26, 33, 40, 48, 41, 34,
	27, 20, 13, 6, 7, 14, 21, 28,
	35, 42, 49, 56, 57, 50, 43, 36,
	29, 22, 15, 23, 30, 37, 44, 51,
	58, 59, 52, 45, 38, 31, 39, 46,
	53, 60, 61, 54, 47, 55, 62, 63,
}

// blocks is how many blocks n pixels need.
func blocks(n int) int { return (n + 7) / 8 }

// sequentialScan decodes the one scan of a baseline or extended image (annex F), block
// by block. The spectral selection in its header has no meaning; writers err in it.
func (d *decoder) sequentialScan(h scanHeader) error {
	dc, ac, quant := d.dc[h.dc], d.ac[h.ac], d.quant[d.frame.quant]
	switch {
	case dc == nil || ac == nil:
		return codec.Corrupt("the JPEG stream has no Huffman table for its image data")
	case quant == nil:
		return codec.Corrupt("the JPEG stream has no quantization table for its image data")
	}
	across, down := blocks(d.limits.Columns), blocks(d.limits.Rows)
	interval := d.restart
	if interval == 0 {
		interval = across * down
	}
	r := d.segment()
	var predicted int32
	var b block
	for i := range across * down {
		if i > 0 && i%interval == 0 {
			if err := finished(&r); err != nil {
				return err
			}
			var err error
			if r, err = d.nextInterval(i/interval - 1); err != nil {
				return err
			}
			predicted = 0
		}
		clear(b[:])
		flat, ok := r.block(&b, dc, ac, quant, &predicted)
		if !ok {
			return codec.Corrupt("the image data of the JPEG stream has an impossible code")
		}
		if r.overrun() {
			return finished(&r)
		}
		d.place(&b, flat, i%across, i/across)
	}
	return finished(&r)
}

// coefficientBound is beyond every coefficient of an image (32768 for 12 bits, A.3.1),
// so that those of a damaged stream do not overflow.
const coefficientBound = 1 << 20

// dequantize is A.3.4.
func dequantize(coefficient, step int32) int32 {
	v := int64(coefficient) * int64(step)
	return int32(max(-coefficientBound, min(coefficientBound, v)))
}

// block decodes and dequantizes the coefficients of a block (F.2.2). It is flat when it
// has none but the first.
func (r *bitReader) block(b *block, dc, ac *huffman, quant *[64]int32, predicted *int32) (flat, ok bool) {
	category, ok := r.symbol(dc)
	if !ok || category > 15 {
		return false, false
	}
	flat = true
	*predicted += extend(r.receive(category), uint(category))
	b[0] = dequantize(*predicted, quant[0])
	look := ac.forCoefficients()
	bits, n := r.bits, r.n
	for k := 1; k < 64; k++ {
		if n < 32 {
			r.bits, r.n = bits, n
			r.fill()
			bits, n = r.bits, r.n
		}
		e := look[bits>>lookShift]
		if e == 0 {
			r.bits, r.n = bits, n
			symbol, ok := r.symbol(ac)
			if !ok {
				return false, false
			}
			size := symbol & 15
			e = uint32(extend(r.receive(size), uint(size)))<<16 | uint32(symbol>>4)<<8
			bits, n = r.bits, r.n
		}
		bits <<= e & 63
		n -= uint(e & 63)
		run, v := int(e>>8&15), int32(e)>>16
		if v == 0 && run < 15 {
			break // the rest is 0
		}
		if k += run; k > 63 {
			// A run of 16 zeros may end a block, if no coefficient follows.
			r.bits, r.n = bits, n
			return flat, v == 0
		}
		b[zigzag[k&63]] = dequantize(v, quant[k&63])
		flat = false
	}
	r.bits, r.n = bits, n
	return flat, true
}

// symbol decodes the next code. At least 16 bits are filled behind it.
func (r *bitReader) symbol(t *huffman) (symbol byte, ok bool) {
	if r.n < 32 {
		r.fill()
	}
	if e := t.look[r.bits>>lookShift]; e != 0 {
		r.skip(uint(e & 63))
		return byte(e >> 8), true
	}
	length, symbol := t.long(r.bits)
	r.skip(length)
	return symbol, length > 0
}

// receive reads n bits, at most 16, behind a symbol.
func (r *bitReader) receive(n byte) int32 {
	v := int32(r.bits >> 1 >> ((63 - n) & 63))
	r.skip(uint(n))
	return v
}

// place transforms a block and stores what of it lies in the image.
func (d *decoder) place(b *block, flat bool, column, row int) {
	top := int32(1)<<d.frame.precision - 1
	if flat {
		v := max(0, min(top, mean(b[0], (top+1)>>1)))
		for i := range b {
			b[i] = v
		}
	} else {
		inverse(b, (top+1)>>1)
		for i, v := range b {
			if uint32(v) > uint32(top) {
				b[i] = max(0, min(top, v))
			}
		}
	}
	width := min(8, d.limits.Columns-8*column)
	for y := range min(8, d.limits.Rows-8*row) {
		at := (8*row+y)*d.limits.Columns + 8*column
		samples := b[8*y:][:width]
		switch {
		case d.limits.Bits == 8 && width == 8:
			s := (*[8]int32)(samples)
			binary.LittleEndian.PutUint64(d.dst[at:], uint64(s[0])|uint64(s[1])<<8|uint64(s[2])<<16|uint64(s[3])<<24|
				uint64(s[4])<<32|uint64(s[5])<<40|uint64(s[6])<<48|uint64(s[7])<<56)
		case d.limits.Bits == 8:
			out := d.dst[at:][:len(samples)]
			for x, v := range samples {
				out[x] = byte(v)
			}
		case d.limits.Bits == 16 && width == 8:
			s, out := (*[8]int32)(samples), (*[16]byte)(d.dst[2*at:])
			binary.LittleEndian.PutUint64(out[:8], uint64(s[0])|uint64(s[1])<<16|uint64(s[2])<<32|uint64(s[3])<<48)
			binary.LittleEndian.PutUint64(out[8:], uint64(s[4])|uint64(s[5])<<16|uint64(s[6])<<32|uint64(s[7])<<48)
		case d.limits.Bits == 16:
			for x, v := range samples {
				binary.LittleEndian.PutUint16(d.dst[2*(at+x):], uint16(v))
			}
		default:
			for x, v := range samples {
				binary.LittleEndian.PutUint32(d.dst[4*(at+x):], uint32(v))
			}
		}
	}
}
