package j2k

// bitReader reads the bits of a packet header (B.10.1): after a byte 0xFF the next byte
// has seven of them. Beyond the end it reads zeros and sets short.
type bitReader struct {
	data  []byte
	at    int // of the next byte
	byte  byte
	n     uint // bits of byte that are left
	short bool
}

func (r *bitReader) bit() int {
	if r.n == 0 {
		r.n = 8
		if r.byte == 0xFF {
			r.n = 7
		}
		if r.at >= len(r.data) {
			r.byte, r.short = 0, true
		} else {
			r.byte = r.data[r.at]
			r.at++
		}
	}
	r.n--
	return int(r.byte>>r.n) & 1
}

func (r *bitReader) bits(n int) int {
	v := 0
	for range n {
		v = v<<1 | r.bit()
	}
	return v
}

// end is where the bytes after the header begin: a last byte 0xFF has a stuffed byte
// behind it.
func (r *bitReader) end() int {
	if r.byte == 0xFF {
		if r.at >= len(r.data) {
			r.short = true
			return r.at
		}
		return r.at + 1
	}
	return r.at
}

// tagTree is a tag tree (B.10.2) over the code-blocks of a precinct.
type tagTree struct {
	wide, high int
	nodes      []tagNode // leaves first, then each coarser level
}

// tagNode: the value is at least low, and exactly low once known.
type tagNode struct {
	low   uint16
	known bool
}

func newTagTree(wide, high int) tagTree {
	n, w, h := 0, wide, high
	for {
		n += w * h
		if w*h <= 1 {
			break
		}
		w, h = (w+1)/2, (h+1)/2
	}
	return tagTree{wide: wide, high: high, nodes: make([]tagNode, n)}
}

// below reads what is needed to tell whether the value of leaf (x, y) is below limit;
// if it is, low of the leaf's node is the value.
func (t *tagTree) below(r *bitReader, x, y, limit int) bool {
	var path [32]int // 1 + log2 of the larger side, which is below 2³¹
	depth, first, w, h := 0, 0, t.wide, t.high
	for {
		path[depth] = first + y*w + x
		depth++
		if w*h <= 1 {
			break
		}
		first += w * h
		x, y, w, h = x/2, y/2, (w+1)/2, (h+1)/2
	}
	low := uint16(0)
	var n *tagNode
	for depth--; depth >= 0; depth-- {
		n = &t.nodes[path[depth]]
		low = max(low, n.low)
		for int(low) < limit && !n.known {
			if r.bit() == 1 {
				n.known = true
			} else {
				low++
			}
		}
		n.low = low
	}
	return n.known && int(n.low) < limit
}
