package meshopt

import (
	"encoding/binary"
	"math"
	"slices"
)

// Constants of the triangle codec, version 1.
const (
	trianglesHeader = 0xe1
	fifo            = 16 // edges and vertices that are remembered
	maxEdge         = 15 // edges that a code can name
	maxRecent       = 13 // vertices that a code with an edge can name, and number 0 is not one
	maxCorner       = 14 // vertices that a code without an edge can name
)

// corners is the table of the combinations of second and third corner that a
// triangle without a known edge has most often, high nibble and low: 0 is a new
// vertex, n the nth of the recent ones. It stands at the end of each view.
var corners = [16]byte{0x00, 0x10, 0x01, 0x20, 0x02, 0x30, 0x03, 0x12, 0x21, 0x40, 0x04, 0x50, 0x05, 0x60}

// cornersCode finds a combination in the table: number + 1.
var cornersCode = func() (code [256]byte) {
	for i := 13; i >= 0; i-- {
		code[corners[i]] = byte(i) + 1
	}
	return code
}()

// Triangles encodes a list of triangles: most take one byte when each shares an edge
// with one of the last few, and when vertices are numbered in the order of their
// first use (Order). Make one with NewTriangles. Indices must be below 2³²-1, which
// glTF keeps for itself.
type Triangles struct {
	edges          [fifo][2]uint32
	vertices       [fifo]uint32
	edge, vertex   int    // how many were pushed
	next           uint32 // the number that a new vertex gets
	last           uint32 // the index that was written out last
	codes, numbers []byte
}

// NewTriangles begins a view.
func NewTriangles() *Triangles {
	t := &Triangles{}
	t.Reset(0)
	return t
}

// Reset begins another view, in the memory of the one before, with room for n
// triangles.
func (t *Triangles) Reset(n int) {
	*t = Triangles{codes: sized(t.codes, n)[:0], numbers: sized(t.numbers, n)[:0]}
	for i := range fifo { // no index: what a decoder holds here is not defined
		t.edges[i] = [2]uint32{math.MaxUint32, math.MaxUint32}
		t.vertices[i] = math.MaxUint32
	}
}

func (t *Triangles) pushEdge(a, b uint32) {
	t.edges[t.edge%fifo] = [2]uint32{a, b}
	t.edge++
}

func (t *Triangles) pushVertex(v uint32) {
	t.vertices[t.vertex%fifo] = v
	t.vertex++
}

// recent says how many vertices were pushed after v, at least before limit; limit
// when it is none of them.
func (t *Triangles) recent(v uint32, limit int) int {
	for i := range limit {
		if t.vertices[(t.vertex-1-i)&(fifo-1)] == v {
			return i
		}
	}
	return limit
}

// number writes an index out, as its difference from the last one.
func (t *Triangles) number(v uint32) {
	if cap(t.numbers)-len(t.numbers) < binary.MaxVarintLen32 {
		t.numbers = slices.Grow(t.numbers, cap(t.numbers)+binary.MaxVarintLen32) // doubled: TrianglesBytes
	}
	t.numbers = appendVarint(t.numbers, zigzag(v-t.last))
	t.last = v
}

// Add encodes the next triangle.
func (t *Triangles) Add(a, b, c uint32) {
	for i := range maxEdge {
		switch e := &t.edges[(t.edge-1-i)&(fifo-1)]; {
		case e[0] == a && e[1] == b:
			t.beside(i, a, b, c)
			return
		case e[0] == b && e[1] == c:
			t.beside(i, b, c, a)
			return
		case e[0] == c && e[1] == a:
			t.beside(i, c, a, b)
			return
		}
	}
	// A corner that is new comes first, so that two new ones are not the second and
	// the third, which a decoder takes for a command.
	switch t.next {
	case b:
		a, b, c = b, c, a
	case c:
		a, b, c = c, a, b
	}
	t.apart(a, b, c)
}

// beside encodes a triangle whose edge (a, b) is the remembered one of a number.
func (t *Triangles) beside(edge int, a, b, c uint32) {
	code := byte(edge << 4)
	switch recent := t.recent(c, maxRecent); {
	case c == t.next:
		t.next++
		t.pushVertex(c)
	case recent > 0 && recent < maxRecent:
		code |= byte(recent)
	case c == t.last-1:
		code |= 0xd
		t.last = c
		t.pushVertex(c)
	case c == t.last+1:
		code |= 0xe
		t.last = c
		t.pushVertex(c)
	default:
		code |= 0xf
		t.number(c)
		t.pushVertex(c)
	}
	t.codes = append(t.codes, code)
	t.pushEdge(c, b)
	t.pushEdge(a, c)
}

// apart encodes a triangle without a remembered edge.
func (t *Triangles) apart(a, b, c uint32) {
	const explicit = 15
	isNew := a == t.next
	if isNew {
		t.next++
	}
	corner := func(v uint32) byte {
		if v == t.next {
			t.next++
			return 0
		}
		if recent := t.recent(v, maxCorner); recent < maxCorner {
			return byte(recent) + 1
		}
		return explicit
	}
	second := corner(b)
	third := corner(c)
	both := second<<4 | third
	if code := cornersCode[both]; isNew && code > 0 {
		t.codes = append(t.codes, 0xf0|code-1)
	} else {
		first := byte(0xff)
		if isNew {
			first = 0xfe
		}
		t.codes = append(t.codes, first)
		t.numbers = append(t.numbers, both)
		if !isNew {
			t.number(a)
		}
		if second == explicit {
			t.number(b)
		}
		if third == explicit {
			t.number(c)
		}
	}
	t.pushEdge(b, a)
	t.pushEdge(c, b)
	t.pushEdge(a, c)
	t.pushVertex(a)
	if second == 0 || second == explicit {
		t.pushVertex(b)
	}
	if third == 0 || third == explicit {
		t.pushVertex(c)
	}
}

// Len is how many bytes End will append.
func (t *Triangles) Len() int { return 1 + len(t.codes) + len(t.numbers) + len(corners) }

// End appends the view of all triangles that were added.
func (t *Triangles) End(b []byte) []byte {
	b = append(b, trianglesHeader)
	b = append(b, t.codes...)
	b = append(b, t.numbers...)
	return append(b, corners[:]...)
}

// TrianglesBytes bounds what Triangles allocates for n triangles of a closed mesh that
// a Sorter put in order: a code for each, and at most a number of four bytes, in memory
// that doubles.
func TrianglesBytes(n int64) int64 { return n * (1 + 1 + 2 + 4) }

// AppendTriangles encodes a whole view.
func AppendTriangles(b []byte, triangles [][3]uint32) []byte {
	t := NewTriangles()
	for _, x := range triangles {
		t.Add(x[0], x[1], x[2])
	}
	return t.End(b)
}
