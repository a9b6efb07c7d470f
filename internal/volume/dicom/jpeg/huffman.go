package jpeg

import "github.com/iris-oculus/iris/internal/volume/dicom/codec"

const (
	maxCode    = 16 // bits of the longest code (T.81 C.2)
	lookBits   = 12 // bits that one look-up decides
	lookShift  = 64 - lookBits
	lookLength = 0xFF // the part of an entry that is a number of bits
)

// huffman decodes one Huffman table (T.81 annex C). A code is looked up in the next
// lookBits bits; a longer one is found by its length, as in F.2.2.3.
type huffman struct {
	// look has symbol<<8 | length for the codes that fit, else 0.
	look [1 << lookBits]uint16
	// end[n] is the first value of 16 bits whose code is longer than n bits.
	end [maxCode + 1]uint32
	// offset[n] + the code of n bits is its index in symbols.
	offset  [maxCode + 1]int32
	symbols [256]byte

	extraBits    bool   // see widened
	differences  *pairs // made by forDifferences
	coefficients *[1 << lookBits]uint32
}

// huffmanTables reads DHT (B.2.4.2).
func (d *decoder) huffmanTables(body []byte) error {
	for len(body) > 0 {
		if len(body) < 1+maxCode {
			return codec.Corrupt("a Huffman table of the JPEG stream is cut off")
		}
		class, id, counts := body[0]>>4, body[0]&15, body[1:1+maxCode]
		body = body[1+maxCode:]
		total := 0
		for _, n := range counts {
			total += int(n)
		}
		if class > 1 || id > 3 || total > 256 || total > len(body) {
			return codec.Corrupt("the JPEG stream has an impossible Huffman table")
		}
		t, ok := newHuffman(counts, body[:total])
		if !ok {
			return codec.Corrupt("a Huffman table of the JPEG stream has more codes than there can be")
		}
		body = body[total:]
		if class == 0 {
			d.dc[id] = t
		} else {
			d.ac[id] = t
		}
	}
	return nil
}

// newHuffman assigns codes in order (C.2), shortest first. It refuses counts that need
// more codes than there are. The code of ones alone, which C.2 reserves, is accepted:
// it is unambiguous, and writers use it.
func newHuffman(counts, symbols []byte) (*huffman, bool) {
	t := new(huffman)
	copy(t.symbols[:], symbols)
	code, index := uint32(0), 0 // of the length at hand
	for n := 1; n <= maxCode; n++ {
		t.offset[n] = int32(index) - int32(code)
		for range counts[n-1] {
			if code>>n != 0 {
				return nil, false
			}
			if n <= lookBits {
				at := code << (lookBits - n)
				for i := range uint32(1) << (lookBits - n) {
					t.look[at+i] = uint16(symbols[index])<<8 | uint16(n)
				}
			}
			code++
			index++
		}
		t.end[n] = code << (maxCode - n)
		code <<= 1
	}
	return t, true
}

// long finds the code at the top of bits, whatever its length. The length is 0 when
// there is no such code.
func (t *huffman) long(bits uint64) (length uint, symbol byte) {
	v := uint32(bits >> (64 - maxCode))
	for n := uint(1); n <= maxCode; n++ {
		if v < t.end[n] {
			return n, t.symbols[uint8(t.offset[n]+int32(v>>(maxCode-n)))]
		}
	}
	return 0, 0
}

// pairs decides by the next lookBits bits of a lossless image (H.1.2.2) as many
// differences, at most two, as are in them with their extra bits:
//
//	second difference<<32 | first difference<<16 | how many<<8 | bits
//
// Differences are modulo 2^16. The entry is 0 where the first does not fit.
type pairs [1 << lookBits]uint64

// forDifferences makes the look-up of a table once.
func (t *huffman) forDifferences() *pairs {
	if t.differences != nil {
		return t.differences
	}
	single := new([1 << lookBits]uint32) // difference<<8 | bits
	for i, e := range t.look {
		n, category := uint(e&lookLength), uint(e>>8)
		switch {
		case n == 0 || category > wide || category == wide && t.extraBits:
		case category == wide:
			single[i] = 0x8000<<8 | uint32(n)
		case n+category <= lookBits:
			extra := int32(i>>(lookBits-n-category)) & (1<<category - 1)
			single[i] = uint32(uint16(extend(extra, category)))<<8 | uint32(n+category)
		}
	}
	t.differences = new(pairs)
	for i, e := range single {
		n := e & lookLength
		if n == 0 {
			continue
		}
		pair := uint64(e>>8)<<16 | 1<<8 | uint64(n)
		next := single[uint32(i)<<n&(1<<lookBits-1)]
		if m := next & lookLength; m > 0 && n+m <= lookBits {
			pair = uint64(next>>8)<<32 | uint64(e>>8)<<16 | 2<<8 | uint64(n+m)
		}
		t.differences[i] = pair
	}
	return t.differences
}

// forCoefficients makes a look-up of the AC coefficients of sequential images (F.1.2.2),
// once: coefficient<<16 | zeros before it<<8 | bits, or 0 where code and extra bits do not
// fit. The coefficient is 0 at the end of a block and in a run of 16 zeros.
func (t *huffman) forCoefficients() *[1 << lookBits]uint32 {
	if t.coefficients != nil {
		return t.coefficients
	}
	t.coefficients = new([1 << lookBits]uint32)
	for i, e := range t.look {
		n, run, size := uint(e&lookLength), uint32(e>>12), uint(e>>8&15)
		if n > 0 && n+size <= lookBits {
			extra := int32(i>>(lookBits-n-size)) & (1<<size - 1)
			t.coefficients[i] = uint32(extend(extra, size))<<16 | run<<8 | uint32(n+size)
		}
	}
	return t.coefficients
}

// wide is the category of the difference 32768, which needs no extra bits (table H.2).
const wide = 16

// widened reads the same codes as an encoder of Cornell University wrote them, which is in
// old products: it gives that category 16 extra bits, as if it were like the others.
func (t *huffman) widened() *huffman {
	w := *t
	w.extraBits, w.differences = true, nil
	return &w
}

// extend is EXTEND of F.2.2.1: extra bits that begin with 0 are of a negative number.
func extend(extra int32, category uint) int32 {
	if category > 0 && extra < 1<<(category-1) {
		return extra - 1<<category + 1
	}
	return extra
}
