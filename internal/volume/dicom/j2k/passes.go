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
	offsets    [16]int // of a stripe's rows in samples, by shift
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
	b.columns[(i-1)&4095] |= (1<<5 | negative<<36) << shift
	b.columns[(i+1)&4095] |= (1<<3 | negative<<34) << shift
	if shift == 0 && !b.causal { // the stripe above sees it below its last row
		stride := uint64(b.wide + 2)
		b.columns[(i-stride-1)&4095] |= 1 << 17
		b.columns[(i-stride)&4095] |= 1<<16 | negative<<47
		b.columns[(i-stride+1)&4095] |= 1 << 15
	} else if shift == 9 {
		stride := uint64(b.wide + 2)
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
		for at := y * b.wide; at < (y+1)*b.wide; at++ {
			f := b.columns[i&4095]
			todo := uint64(0)
			if f&anySignificant != 0 {
				todo = neighbours(f) &^ (f >> 4) & rows
			}
			if todo == 0 {
				i++
				continue
			}
			for todo != 0 {
				shift := uint(bits.TrailingZeros64(todo)) & 15
				todo &= todo - 1
				f |= visited << shift
				c := &b.model[b.zero[f>>shift&511]&31]
				bit := c.index & 1
				if d -= c.qe; d < 0 {
					d, bit = b.slow(c, d)
				}
				if bit == 0 {
					continue
				}
				s := signContexts[signIndex(f, shift)]
				c = &b.model[s&31]
				bit = c.index & 1
				if d -= c.qe; d < 0 {
					d, bit = b.slow(c, d)
				}
				negative := uint64(bit ^ s>>7)
				b.samples[(at+b.offsets[shift])&4095] = (value ^ -int32(negative)) + int32(negative)
				f |= (significant | negative<<35) << shift
				todo |= 8 << shift & rows &^ (f >> 4)
				b.mark(i, negative, shift)
			}
			b.columns[i&4095] = f
			i++
		}
	}
	b.d = d
}

// refinement is the magnitude refinement pass (D.3.3) at bit-plane p. Most of its symbols
// are about as likely as not, so that slow stands here in place, without its call.
func (b *blockDecoder) refinement(p uint) {
	half := int32(1) << p
	a, c, n := b.a+b.d, b.c+b.d, b.n
	for y := 0; y < b.high; y += 4 {
		i, _ := b.stripe(y)
		for at := y * b.wide; at < (y+1)*b.wide; at++ {
			f := b.columns[i&4095]
			todo := f >> 4 &^ (f >> 18) & column
			if todo == 0 {
				i++
				continue
			}
			before := f >> 19 & column
			near := neighbours(f) &^ before
			b.columns[i&4095] = f | todo<<19
			i++
			for todo != 0 {
				shift := uint(bits.TrailingZeros64(todo)) & 15
				todo &= todo - 1
				if n < 16 {
					c, n = b.more(c, n)
				}
				x := &b.model[(contextRefine+(near>>shift&1|before>>shift&1<<1))&31]
				qe := x.qe
				a -= qe
				c -= qe
				lower := c >> 63
				less := uint((a-qe)>>63^lower) & 1
				c += qe & lower
				a ^= (a ^ qe) & lower
				bit := uint(x.index) ^ less
				*x = transitions[(uint(x.index)<<2|uint((a-mqHalf)>>63)&2|less)&511]
				k := bits.LeadingZeros64(uint64(a))&63 - (63 - 15 - mqShift)
				a <<= k & 63
				c <<= k & 63
				n -= k
				v := &b.samples[(at+b.offsets[shift])&4095]
				sign := *v>>31 ^ (int32(bit&1) - 1) // -1 if the sample decreases
				*v += (half ^ sign) - sign
			}
		}
	}
	b.a, b.c, b.d, b.n = a, c, 0, n
	b.spend()
}

// cleanup is the clean-up pass (D.3.4) at bit-plane p.
func (b *blockDecoder) cleanup(p uint) {
	d := b.d
	value := int32(3) << p
	for y := 0; y < b.high; y += 4 {
		i, rows := b.stripe(y)
		for at := y * b.wide; at < (y+1)*b.wide; at++ {
			f := b.columns[i&4095]
			todo := ^(f>>4 | f>>18) & rows
			found := false // the next sample is significant
			if f&anySignificant == 0 && rows == column {
				c := &b.model[contextRun]
				bit := c.index & 1
				if d -= c.qe; d < 0 {
					d, bit = b.slow(c, d)
				}
				if bit == 0 {
					i++
					continue
				}
				var high, low uint8
				d, high = b.uniform(d)
				d, low = b.uniform(d)
				todo &= ^uint64(0) << (3 * (high<<1 | low))
				found = true
			}
			for todo != 0 {
				shift := uint(bits.TrailingZeros64(todo)) & 15
				todo &= todo - 1
				if !found {
					c := &b.model[b.zero[f>>shift&511]&31]
					bit := c.index & 1
					if d -= c.qe; d < 0 {
						d, bit = b.slow(c, d)
					}
					if bit == 0 {
						continue
					}
				}
				found = false
				s := signContexts[signIndex(f, shift)]
				c := &b.model[s&31]
				bit := c.index & 1
				if d -= c.qe; d < 0 {
					d, bit = b.slow(c, d)
				}
				negative := uint64(bit ^ s>>7)
				b.samples[(at+b.offsets[shift])&4095] = (value ^ -int32(negative)) + int32(negative)
				f |= (significant | negative<<35) << shift
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
		b.d, bit = b.uniform(b.d)
		v = v<<1 | bit
	}
	return v
}

// uniform is a symbol of the uniform context.
func (b *blockDecoder) uniform(d int64) (int64, uint8) {
	c := &b.model[contextUniform]
	if d -= c.qe; d < 0 {
		return b.slow(c, d)
	}
	return d, c.index & 1
}
