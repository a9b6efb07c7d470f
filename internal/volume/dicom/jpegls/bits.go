package jpegls

import (
	"bytes"
	"encoding/binary"
	"math/bits"
)

// reader reads the bits of a scan. In the scan's data every byte 0xFF is followed by a
// byte of which only the lower 7 bits are data (T.87 A.1); 0xFF and a higher byte is a
// marker, the end of the data.
type reader struct {
	src   []byte
	pos   int    // the next byte
	plain int    // no byte before it, from pos on, is 0xFF
	acc   uint64 // the next bits, from the highest one down
	n     int    // bits in acc
	pad   int    // of them, bits behind the end of the data, which are zero
	over  bool   // bits behind the end were used
}

// start begins to read at pos.
func (r *reader) start(pos int) {
	*r = reader{src: r.src, pos: pos, plain: pos}
	r.findPlain()
}

// findPlain finds the next byte 0xFF.
func (r *reader) findPlain() {
	if i := bytes.IndexByte(r.src[r.pos:], 0xFF); i >= 0 {
		r.plain = r.pos + i
		return
	}
	r.plain = len(r.src)
}

// refill makes acc hold 50 bits or more. Behind the end of the data bits are zero.
func (r *reader) refill() {
	if r.pos+8 <= r.plain {
		r.acc |= binary.BigEndian.Uint64(r.src[r.pos:]) >> r.n
		whole := (63 - r.n) >> 3
		r.pos += whole
		r.n += 8 * whole
		return
	}
	for r.n <= 56 {
		if r.pos < r.plain {
			r.acc |= uint64(r.src[r.pos]) << (56 - r.n)
			r.pos++
			r.n += 8
			continue
		}
		if r.pos+1 >= len(r.src) || r.src[r.pos+1] >= 0x80 {
			r.over = r.over || r.pad > r.n
			r.pad += 64 - r.n
			r.n = 64
			return
		}
		if r.n > 64-15 {
			return
		}
		r.acc |= (0xFF<<7 | uint64(r.src[r.pos+1])) << (64 - 15 - r.n)
		r.n += 15
		r.pos += 2
		r.findPlain()
	}
}

// overrun says whether more bits were read than the data has.
func (r *reader) overrun() bool { return r.over || r.pad > r.n }

// bit reads one bit.
func (r *reader) bit() uint64 {
	if r.n < 1 {
		r.refill()
	}
	v := r.acc >> 63
	r.acc <<= 1
	r.n--
	return v
}

// read reads up to 32 bits.
func (r *reader) read(count int) int {
	if r.n < count {
		r.refill()
	}
	v := r.acc >> 1 >> (63 - count)
	r.acc <<= count
	r.n -= count
	return int(v)
}

// golomb reads a value of a limited-length Golomb code (T.87 A.5.3): zeros, a one and
// k bits; or, behind limit − qbpp − 1 zeros, qbpp bits of the value less one.
func (r *reader) golomb(k, limit, qbpp int) int {
	zeros, most := 0, limit-qbpp-1
	for {
		if r.n < 32 {
			r.refill()
		}
		z := min(bits.LeadingZeros64(r.acc), r.n)
		zeros += z
		if zeros > most { // no code word, or the data has ended
			r.over = true
			return 0
		}
		r.acc <<= z
		r.n -= z
		if r.n > 0 {
			break
		}
	}
	r.acc <<= 1
	r.n--
	if zeros < most {
		return zeros<<k | r.read(k)
	}
	return r.read(qbpp) + 1
}

// finish returns where the data ends, at a marker or at the end of the stream, and
// whether the scan used all of it. Padding may be left: less than a byte, one byte more
// behind a last byte 0xFF (T.87 A.1), and zeros, which DICOM's own samples have before the
// end-of-image marker (MR1_JLSL of WG04) and every stream of odd length behind it.
func (r *reader) finish() (end int, ok bool) {
	if r.overrun() {
		return 0, false
	}
	for end = r.plain; end+1 < len(r.src) && r.src[end+1] < 0x80; {
		end += 2
		i := bytes.IndexByte(r.src[end:], 0xFF)
		if i < 0 {
			end = len(r.src)
			break
		}
		end += i
	}
	left := r.n - r.pad + 8*(end-r.pos)
	if left < 8 || left < 15 && end >= 2 && r.src[end-2] == 0xFF {
		return end, true
	}
	return end, r.acc == 0 && zeros(r.src[r.pos:end])
}
