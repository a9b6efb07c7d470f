package meshopt

const (
	indicesHeader = 0xd1
	indicesTail   = 4 // reserved bytes
)

// AppendIndices encodes indices that are not a list of triangles. Two numbers are
// remembered, and each index is the difference from the one that is nearer. No two
// indices may be 2³⁰ or more apart: a difference has 31 bits with its sign.
func AppendIndices(b []byte, indices []uint32) []byte {
	b = append(b, indicesHeader)
	var last [2]uint32
	for _, v := range indices {
		first, second := zigzag(v-last[0]), zigzag(v-last[1])
		which, delta := uint32(0), first
		if second < first {
			which, delta = 1, second
		}
		if delta >= 1<<31 {
			panic("meshopt: indices are too far apart")
		}
		b = appendVarint(b, delta<<1|which)
		last[which] = v
	}
	for range indicesTail {
		b = append(b, 0)
	}
	return b
}
