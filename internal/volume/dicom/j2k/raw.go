package j2k

import "math/bits"

// rawReader reads the bits of a raw segment (D.6): after a byte 0xFF the next byte has
// seven of them. Beyond the end it reads ones.
type rawReader struct {
	data []byte
	at   int
	byte byte
	n    uint
}

func (r *rawReader) start(data []byte) { *r = rawReader{data: data} }

func (r *rawReader) bit() uint64 {
	if r.n == 0 {
		r.n = 8
		if r.byte == 0xFF {
			r.n = 7
		}
		r.byte = 0xFF
		if r.at < len(r.data) {
			r.byte = r.data[r.at]
			r.at++
		}
	}
	r.n--
	return uint64(r.byte>>r.n) & 1
}

// rawSignificance is the significance propagation pass in raw bits.
func (b *blockDecoder) rawSignificance(p uint) {
	value := int32(3) << p
	for y := 0; y < b.high; y += 4 {
		i, rows := b.stripe(y)
		for x := range b.wide {
			f := b.columns[i&4095]
			todo := neighbours(f) &^ (f >> 4) & rows
			for todo != 0 {
				shift := uint(bits.TrailingZeros64(todo)) & 15
				todo &= todo - 1
				f |= visited << shift
				if b.raw.bit() == 0 {
					continue
				}
				negative := b.raw.bit()
				b.samples[(y*b.wide+x+b.offsets[shift])&4095] = (value ^ -int32(negative)) + int32(negative)
				f |= (significant | negative<<35) << shift
				todo |= 8 << shift & rows &^ (f >> 4)
				b.mark(i, negative, shift)
			}
			b.columns[i&4095] = f
			i++
		}
	}
}

// rawRefinement is the magnitude refinement pass in raw bits.
func (b *blockDecoder) rawRefinement(p uint) {
	half := int32(1) << p
	for y := 0; y < b.high; y += 4 {
		i, _ := b.stripe(y)
		for x := range b.wide {
			f := b.columns[i&4095]
			todo := f >> 4 &^ (f >> 18) & column
			b.columns[i&4095] = f | todo<<19
			for ; todo != 0; todo &= todo - 1 {
				shift := uint(bits.TrailingZeros64(todo)) & 15
				v := &b.samples[(y*b.wide+x+b.offsets[shift])&4095]
				sign := *v >> 31
				*v += (half*(2*int32(b.raw.bit())-1) ^ sign) - sign
			}
			i++
		}
	}
}
