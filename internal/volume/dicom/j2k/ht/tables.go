package ht

import (
	"strings"

	"github.com/iris-oculus/iris/internal/volume/dicom/j2k/ht/cxtvlc"
)

// vlcTables is cxtvlc.Words as two look-up tables, for the first row of quads and for the
// others. The index is the context in bits 7 to 9 and the next 7 bits of the stream,
// the first one lowest. An entry is, from the lowest bit: the length of the code word
// (3 bits), u_off (1), rho, e_1 and e_k (4 each).
var vlcTables = makeVLCTables()

func makeVLCTables() (tables [2][1024]uint16) {
	for t := range tables {
		for context, rows := range cxtvlc.Words[t] {
			for _, row := range strings.Fields(rows) {
				word := row[5:]
				entry := uint16(len(word)) | hex(row[1])<<3 | hex(row[0])<<4 | hex(row[3])<<8 | hex(row[2])<<12
				code := 0
				for i := range len(word) {
					code |= int(word[i]-'0') << i
				}
				for i := code; i < 128; i += 1 << len(word) {
					tables[t][context<<7|i] = entry
				}
			}
		}
	}
	return tables
}

func hex(c byte) uint16 {
	if c >= 'a' {
		return uint16(c-'a') + 10
	}
	return uint16(c - '0')
}

// pairs is the prefixes of the u values of two neighbouring quads (T.814 7.3.6), as a
// look-up table. The index is the kind of pair in bits 6 to 8 and the next 6 bits of the
// stream.
var pairs = makePairs()

// The kinds of pairs. In the first row of quads, where both have a u value, a MEL event
// tells two kinds apart.
const (
	pairNone      = iota
	pairFirst     // only the first quad has a u value
	pairSecond    // only the second one
	pairBoth      // both, each with its own prefix
	pairBothShort // both, first row, MEL event 0: a long first prefix leaves one bit for the second
	pairBothLarge // both, first row, MEL event 1: both values are 2 more
)

// pair is an entry of pairs: from the lowest bit the two values before their suffixes
// are added, the length of the prefixes, the lengths of the suffixes (4 bits each) and
// the length of all of them.
type pair uint32

func newPair(u, suffix [2]uint8, length uint8) pair {
	return pair(u[0]) | pair(u[1])<<4 | pair(length)<<8 | pair(suffix[0])<<12 | pair(suffix[1])<<16 |
		pair(length+suffix[0]+suffix[1])<<20
}

// read reads the pair's values, given the stream's bits from the prefixes on, and the
// number of bits that they have.
func (p pair) read(v uint64) (u0, u1 uint32, length int) {
	v >>= p >> 8 & 15
	u0 = uint32(p&15) + uint32(v)&(1<<(p>>12&15)-1)
	v >>= p >> 12 & 15
	u1 = uint32(p>>4&15) + uint32(v)&(1<<(p>>16&15)-1)
	return u0, u1, int(p >> 20)
}

// prefix reads a prefix code word (T.814 table 3): its length, the value and how many
// bits of a suffix follow.
func prefix(bits int) (length, value, suffix uint8) {
	switch {
	case bits&1 == 1:
		return 1, 1, 0
	case bits&2 != 0:
		return 2, 2, 0
	case bits&4 != 0:
		return 3, 3, 1
	}
	return 3, 5, 5
}

func makePairs() (table [6 << 6]pair) {
	for i := range table {
		kind, bits := i>>6, i&63
		var u, suffix [2]uint8
		length := uint8(0)
		next := func(quad int) {
			var n uint8
			n, u[quad], suffix[quad] = prefix(bits)
			bits >>= n
			length += n
		}
		switch kind {
		case pairFirst:
			next(0)
		case pairSecond:
			next(1)
		case pairBoth, pairBothLarge:
			next(0)
			next(1)
			if kind == pairBothLarge {
				u[0] += 2
				u[1] += 2
			}
		case pairBothShort:
			next(0)
			if u[0] <= 2 {
				next(1)
				break
			}
			u[1] = uint8(bits&1) + 1
			length++
		}
		table[i] = newPair(u, suffix, length)
	}
	return table
}
