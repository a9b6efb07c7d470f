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

	extraBits   bool                   // see widened
	differences *[1 << lookBits]uint32 // made by forDifferences
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

// forDifferences is a look-up of the differences of lossless images (H.1.2.2), code and
// extra bits together: difference<<16 | bits, modulo 2^16, or 0 where they do not fit.
func (t *huffman) forDifferences() *[1 << lookBits]uint32 {
	if t.differences != nil {
		return t.differences
	}
	t.differences = new([1 << lookBits]uint32)
	for i, e := range t.look {
		n, category := uint(e&lookLength), uint(e>>8)
		if n == 0 || category > wide || category == wide && t.extraBits {
			continue
		}
		if category == wide {
			t.differences[i] = 0x8000<<16 | uint32(n)
			continue
		}
		if n+category > lookBits {
			continue
		}
		extra := int32(i>>(lookBits-n-category)) & (1<<category - 1)
		t.differences[i] = uint32(uint16(extend(extra, category)))<<16 | uint32(n+category)
	}
	return t.differences
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
