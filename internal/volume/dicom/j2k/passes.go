package j2k

import (
	"math/bits"

	"github.com/iris-oculus/iris/internal/volume/dicom/j2k/ht"
)

// blockDecoder decodes code-blocks (Annex D). It is reused from block to block.
//
// samples are in half units of the quantization index, two's complement, row by row:
// a sample that is decoded to its lowest bit-plane is ±(2·index + 1), and one of which
// lower bit-planes are missing is in the middle of its interval all the same (the
// reconstruction point r = ½ of equation E-6).
type blockDecoder struct {
	mq
	raw        rawReader
	wide, high int
	causal     bool
	zero       *[512]uint8
	samples    [4096]int32
	columns    [4096]uint64 // with a border of one column and one stripe on each side
	data       []byte
	ht         *ht.Decoder
}

// stripe is the index of the word for column 0 of a stripe, and rows has the bits of
// column for the stripe's rows.
func (b *blockDecoder) stripe(y int) (i, rows uint64) {
	rows = column
	if left := b.high - y; left < 4 {
		rows &= 1<<(3*left) - 1
	}
	return uint64((y/4+1)*(b.wide+2) + 1), rows
}

// mark tells the columns around column i that its row at shift became significant.
func (b *blockDecoder) mark(i, negative uint64, shift uint) {
	_, left, right := spread(negative, shift)
	b.columns[(i-1)&4095] |= left
	b.columns[(i+1)&4095] |= right
	stride := uint64(b.wide + 2)
	switch {
	case shift == 0 && !b.causal: // the stripe above sees it below its last row
		b.columns[(i-stride-1)&4095] |= 1 << 17
		b.columns[(i-stride)&4095] |= 1<<16 | negative<<47
		b.columns[(i-stride+1)&4095] |= 1 << 15
	case shift == 9:
		b.columns[(i+stride-1)&4095] |= 1 << 2
		b.columns[(i+stride)&4095] |= 1<<1 | negative<<32
		b.columns[(i+stride+1)&4095] |= 1
	}
}

// significance is the significance propagation pass (D.3.1) at bit-plane p.
func (b *blockDecoder) significance(p uint) {
	d := b.d
	value := int32(3) << p // the bit in half units, and half of it
	for y := 0; y < b.high; y += 4 {
		i, rows := b.stripe(y)
		for x := range b.wide {
			f := b.columns[i&4095]
			if f&anySignificant == 0 {
				i++
				continue
			}
			todo := neighbours(f) &^ (f >> 4) & rows
			for todo != 0 {
				shift := uint(bits.TrailingZeros64(todo)) & 15
				todo &= todo - 1
				f |= visited << shift
				var bit uint8
				if d, bit = b.decode(b.zero[f>>shift&511], d); bit == 0 {
					continue
				}
				s := signContexts[signIndex(f, shift)]
				d, bit = b.decode(s, d)
				negative := uint64(bit ^ s>>7)
				b.samples[(y+int(shift)/3)*b.wide+x&4095] = (value ^ -int32(negative)) + int32(negative)
				own, _, _ := spread(negative, shift)
				f |= own
				todo |= 8 << shift & rows &^ (f >> 4)
				b.mark(i, negative, shift)
			}
			b.columns[i&4095] = f
			i++
		}
	}
	b.d = d
}

// refinement is the magnitude refinement pass (D.3.3) at bit-plane p.
func (b *blockDecoder) refinement(p uint) {
	d := b.d
	half := int32(1) << p
	for y := 0; y < b.high; y += 4 {
		i, _ := b.stripe(y)
		for x := range b.wide {
			f := b.columns[i&4095]
			todo := f >> 4 &^ (f >> 18) & column
			if todo == 0 {
				i++
				continue
			}
			before := f >> 19 & column
			near := neighbours(f) &^ before
			b.columns[i&4095] = f | todo<<19
			for todo != 0 {
				shift := uint(bits.TrailingZeros64(todo)) & 15
				todo &= todo - 1
				var bit uint8
				d, bit = b.decode(contextRefine+uint8(near>>shift&1|before>>shift&1<<1), d)
				v := &b.samples[(y+int(shift)/3)*b.wide+x&4095]
				sign := *v >> 31
				*v += (half*(2*int32(bit)-1) ^ sign) - sign
			}
			i++
		}
	}
	b.d = d
}

// cleanup is the clean-up pass (D.3.4) at bit-plane p.
func (b *blockDecoder) cleanup(p uint) {
	d := b.d
	value := int32(3) << p
	for y := 0; y < b.high; y += 4 {
		i, rows := b.stripe(y)
		for x := range b.wide {
			f := b.columns[i&4095]
			todo := ^(f>>4 | f>>18) & rows
			var bit, found uint8 // found: the next sample is significant
			if f&anySignificant == 0 && rows == column {
				if d, bit = b.decode(contextRun, d); bit == 0 {
					i++
					continue
				}
				var low uint8
				d, bit = b.decode(contextUniform, d)
				d, low = b.decode(contextUniform, d)
				todo &= ^uint64(0) << (3 * (bit<<1 | low))
				found = 1
			}
			for todo != 0 {
				shift := uint(bits.TrailingZeros64(todo)) & 15
				todo &= todo - 1
				if bit = found; bit == 0 {
					if d, bit = b.decode(b.zero[f>>shift&511], d); bit == 0 {
						continue
					}
				}
				found = 0
				s := signContexts[signIndex(f, shift)]
				d, bit = b.decode(s, d)
				negative := uint64(bit ^ s>>7)
				b.samples[(y+int(shift)/3)*b.wide+x&4095] = (value ^ -int32(negative)) + int32(negative)
				own, _, _ := spread(negative, shift)
				f |= own
				b.mark(i, negative, shift)
			}
			b.columns[i&4095] = f &^ (visited * column)
			i++
		}
	}
	b.d = d
}

// symbol reads the four bits of a segmentation symbol (D.5).
func (b *blockDecoder) symbol() uint8 {
	var v, bit uint8
	for range 4 {
		b.d, bit = b.decode(contextUniform, b.d)
		v = v<<1 | bit
	}
	return v
}
