package meshopt

// Constants of the attribute codec, version 0.
const (
	attributesHeader = 0xa0
	groupElements    = 16   // a group's differences are stored with equally many bits
	blockBytes       = 8192 // the most bytes of a block before compression
	maxBlock         = 256  // the most elements of a block
	tailBytes        = 32   // the least length of the element at the end
	maxStride        = 256
)

// Vertices encodes elements of equal length, such as positions: each byte of an
// element is stored as its difference from the same byte of the element before.
// Make one with NewVertices; then call Append for all elements in order, and End.
type Vertices struct {
	stride, block int
	begun         bool
	first, last   [maxStride]byte
}

// NewVertices begins a view whose elements have stride bytes, a multiple of 4 and at
// most 256.
func NewVertices(stride int) *Vertices {
	e := &Vertices{}
	e.Reset(stride)
	return e
}

// Reset begins another view.
func (e *Vertices) Reset(stride int) {
	if stride <= 0 || stride > maxStride || stride%4 != 0 {
		panic("meshopt: the stride of a view is not a multiple of 4 up to 256")
	}
	*e = Vertices{stride: stride, block: min(blockBytes/stride&^(groupElements-1), maxBlock)}
}

// Block is how many elements are encoded at a time.
func (e *Vertices) Block() int { return e.block }

// Append encodes the next elements. Their number must be a multiple of Block,
// except in the last call before End.
func (e *Vertices) Append(b, elements []byte) []byte {
	if !e.begun {
		e.begun = true
		b = append(b, attributesHeader)
		copy(e.first[:e.stride], elements)
		e.last = e.first
	}
	for len(elements) > 0 {
		n := min(len(elements), e.block*e.stride)
		b = e.appendBlock(b, elements[:n])
		elements = elements[n:]
	}
	return b
}

// End appends the element from which the first one's differences were taken: the
// first element itself.
func (e *Vertices) End(b []byte) []byte {
	if !e.begun {
		b = append(b, attributesHeader)
	}
	for range tailBytes - e.stride {
		b = append(b, 0)
	}
	return append(b, e.first[:e.stride]...)
}

// AppendVertices encodes a whole view.
func AppendVertices(b, elements []byte, stride int) []byte {
	e := NewVertices(stride)
	return e.End(e.Append(b, elements))
}

// appendBlock encodes at most a block of elements, byte by byte of the element. The
// groups of each byte have two bits each that say how their differences are stored,
// ahead of all groups.
func (e *Vertices) appendBlock(b, elements []byte) []byte {
	n := len(elements) / e.stride
	groups := (n + groupElements - 1) / groupElements
	for k := range e.stride {
		head := len(b)
		for range (groups + 3) / 4 {
			b = append(b, 0)
		}
		last, at := e.last[k], k
		for g := range groups {
			var d [groupElements]byte
			for i := range min(groupElements, n-g*groupElements) {
				v := elements[at]
				at += e.stride
				delta := v - last
				d[i] = delta<<1 ^ byte(int8(delta)>>7)
				last = v
			}
			var mode byte
			b, mode = appendGroup(b, &d)
			b[head+g/4] |= mode << (g % 4 * 2)
		}
		e.last[k] = last
	}
	return b
}

// appendGroup appends the differences in the shortest of the four ways: nothing when
// all are zero, 2 or 4 bits each with those that need more after them, or bytes.
func appendGroup(b []byte, d *[groupElements]byte) ([]byte, byte) {
	all, over2, over4 := byte(0), 4, 8 // bytes in 2 and 4 bits each
	for _, v := range d {
		all |= v
		if v >= 3 {
			over2++
		}
		if v >= 15 {
			over4++
		}
	}
	switch {
	case all == 0:
		return b, 0
	case over2 <= over4 && over2 < groupElements:
		for i := 0; i < groupElements; i += 4 {
			b = append(b, min(d[i], 3)<<6|min(d[i+1], 3)<<4|min(d[i+2], 3)<<2|min(d[i+3], 3))
		}
		return appendOver(b, d, 3), 1
	case over4 < groupElements:
		for i := 0; i < groupElements; i += 2 {
			b = append(b, min(d[i], 15)<<4|min(d[i+1], 15))
		}
		return appendOver(b, d, 15), 2
	}
	return append(b, d[:]...), 3
}

// appendOver appends the differences that are at least the sentinel.
func appendOver(b []byte, d *[groupElements]byte, sentinel byte) []byte {
	for _, v := range d {
		if v >= sentinel {
			b = append(b, v)
		}
	}
	return b
}
