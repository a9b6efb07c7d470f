// Package meshopt encodes the contents of glTF buffer views as the extension
// EXT_meshopt_compression specifies them (its appendices A, the bitstreams, and B,
// the filters): vertex attributes (mode ATTRIBUTES), triangles (mode TRIANGLES) and
// other indices (mode INDICES). Order puts triangles into an order in which they
// encode well.
//
// In: elements as their buffer view holds them, little-endian, or indices. Out: the
// bytes of the compressed view, the same for the same input. There are no errors:
// what the format cannot hold is a mistake of the caller and said at each function.
//
// The codecs lose nothing, but for the place at which a triangle's list of corners
// begins: a decoder may give (b, c, a) for (a, b, c), which is the same triangle.
package meshopt

// appendVarint appends a number in groups of seven bits, the lowest first (unsigned
// LEB128).
func appendVarint(b []byte, v uint32) []byte {
	for v >= 0x80 {
		b = append(b, byte(v)|0x80)
		v >>= 7
	}
	return append(b, byte(v))
}

// zigzag maps differences near zero, of either sign, to small numbers.
func zigzag(v uint32) uint32 { return v<<1 ^ uint32(int32(v)>>31) }
