package j2k

// The encoder of the tests follows the standard's flow charts sample by sample, where the
// decoder works on whole columns.

// mqCoder is the encoder of C.2.
type mqCoder struct {
	a, c  uint32
	ct    int
	out   []byte // out[0] is before the first byte
	index [19]int
	more  [19]int
}

func (m *mqCoder) reset() {
	m.index, m.more = [19]int{0: 4, contextRun: 3, contextUniform: 46}, [19]int{}
}

func (m *mqCoder) start() { m.a, m.c, m.ct, m.out = 0x8000, 0, 12, []byte{0} }

func (m *mqCoder) encode(k uint8, bit int) {
	s := states[m.index[k]]
	qe := uint32(s.qe)
	m.a -= qe
	if bit == m.more[k] {
		if m.a&0x8000 != 0 {
			m.c += qe
			return
		}
		if m.a < qe {
			m.a = qe
		} else {
			m.c += qe
		}
		m.index[k] = s.more
	} else {
		if m.a < qe {
			m.c += qe
		} else {
			m.a = qe
		}
		m.more[k] ^= s.change
		m.index[k] = s.less
	}
	for m.a&0x8000 == 0 {
		m.a, m.c = m.a<<1, m.c<<1
		if m.ct--; m.ct == 0 {
			m.byteOut()
		}
	}
}

func (m *mqCoder) byteOut() {
	last := &m.out[len(m.out)-1]
	if *last != 0xFF && m.c >= 0x8000000 {
		*last++
		if *last == 0xFF {
			m.c &= 0x7FFFFFF
		}
	}
	if *last == 0xFF {
		m.out, m.c, m.ct = append(m.out, byte(m.c>>20)), m.c&0xFFFFF, 7
	} else {
		m.out, m.c, m.ct = append(m.out, byte(m.c>>19)), m.c&0x7FFFF, 8
	}
}

// flush ends a codeword segment (C.2.9).
func (m *mqCoder) flush() []byte {
	end := m.c + m.a
	if m.c |= 0xFFFF; m.c >= end {
		m.c -= 0x8000
	}
	m.c <<= m.ct
	m.byteOut()
	m.c <<= m.ct
	m.byteOut()
	return cutOnes(m.out[1:])
}

// cutOnes drops a last byte 0xFF, which the decoder supplies.
func cutOnes(b []byte) []byte {
	if n := len(b); n > 0 && b[n-1] == 0xFF {
		return b[:n-1]
	}
	return b
}

// bitWriter writes bits with a stuffed bit after each byte 0xFF.
type bitWriter struct {
	out  []byte
	acc  byte
	left int // bits free in acc; 0 before the first
}

func (w *bitWriter) bit(v int) {
	if w.left == 0 {
		w.left = 8
	}
	w.left--
	w.acc |= byte(v) << w.left
	if w.left == 0 {
		w.push()
	}
}

func (w *bitWriter) push() {
	w.out = append(w.out, w.acc)
	w.left = 8
	if w.acc == 0xFF {
		w.left = 7
	}
	w.acc = 0
}

func (w *bitWriter) bits(v, n int) {
	for n--; n >= 0; n-- {
		w.bit(v >> n & 1)
	}
}

// end pads to a whole byte; a last byte 0xFF is followed by one with the stuffed bit.
func (w *bitWriter) end() []byte {
	if w.left != 0 && w.left != 8 {
		w.push()
	}
	return w.out
}

// coded is a code-block after coding.
type coded struct {
	planes   int
	segments []codedSegment
	marked   bool // an HT block of a mixed stream
	first    int  // how many passes its first contribution may have, 0 for any number
}

type codedSegment struct {
	passes int
	data   []byte
	whole  bool // all bytes come with the last pass
}

// blockCoder codes one code-block.
type blockCoder struct {
	mqCoder
	raw                   *bitWriter // nil in an arithmetic pass
	w, h, kind, style     int
	magnitude             []int
	negative              []bool
	sig, visited, refined []bool
}

func (b *blockCoder) at(x, y, row int) int {
	if x < 0 || y < 0 || x >= b.w || y >= b.h || !b.sig[y*b.w+x] {
		return 0
	}
	if b.style&styleCausal != 0 && y > row && y%4 == 0 {
		return 0
	}
	return 1
}

func (b *blockCoder) signed(x, y, row int) int {
	v := b.at(x, y, row)
	if v == 1 && b.negative[y*b.w+x] {
		return -1
	}
	return v
}

func (b *blockCoder) around(x, y int) (h, v, d int) {
	h = b.at(x-1, y, y) + b.at(x+1, y, y)
	v = b.at(x, y-1, y) + b.at(x, y+1, y)
	d = b.at(x-1, y-1, y) + b.at(x+1, y-1, y) + b.at(x-1, y+1, y) + b.at(x+1, y+1, y)
	return h, v, d
}

func (b *blockCoder) emit(k uint8, bit int) {
	if b.raw != nil {
		b.raw.bit(bit)
	} else {
		b.encode(k, bit)
	}
}

func (b *blockCoder) zeroLabel(x, y int) uint8 {
	h, v, d := b.around(x, y)
	switch b.kind {
	case bandHL:
		return zeroContext(v, h, d)
	case bandHH:
		return diagonalContext(h+v, d)
	}
	return zeroContext(h, v, d)
}

func (b *blockCoder) sign(x, y int) {
	h := max(-1, min(1, b.signed(x-1, y, y)+b.signed(x+1, y, y)))
	v := max(-1, min(1, b.signed(x, y-1, y)+b.signed(x, y+1, y)))
	i, bit := y*b.w+x, 0
	if b.negative[i] {
		bit = 1
	}
	b.sig[i] = true
	if b.raw != nil {
		b.raw.bit(bit)
		return
	}
	table := map[[2]int][2]int{ // D.3
		{1, 1}: {13, 0}, {1, 0}: {12, 0}, {1, -1}: {11, 0}, {0, 1}: {10, 0}, {0, 0}: {9, 0},
		{0, -1}: {10, 1}, {-1, 1}: {11, 1}, {-1, 0}: {12, 1}, {-1, -1}: {13, 1},
	}
	e := table[[2]int{h, v}]
	b.encode(uint8(e[0]), bit^e[1])
}

// each visits the samples in the order of D.1.
func (b *blockCoder) each(visit func(x, y int)) {
	for s := 0; s < b.h; s += 4 {
		for x := range b.w {
			for y := s; y < min(s+4, b.h); y++ {
				visit(x, y)
			}
		}
	}
}

func (b *blockCoder) significance(p int) {
	b.each(func(x, y int) {
		i := y*b.w + x
		h, v, d := b.around(x, y)
		if b.sig[i] || h+v+d == 0 {
			return
		}
		bit := b.magnitude[i] >> p & 1
		b.emit(b.zeroLabel(x, y), bit)
		b.visited[i] = true
		if bit == 1 {
			b.sign(x, y)
		}
	})
}

func (b *blockCoder) refinement(p int) {
	b.each(func(x, y int) {
		i := y*b.w + x
		if !b.sig[i] || b.visited[i] {
			return
		}
		h, v, d := b.around(x, y)
		k := uint8(14 + min(h+v+d, 1))
		if b.refined[i] {
			k = 16
		}
		b.refined[i] = true
		b.emit(k, b.magnitude[i]>>p&1)
	})
}

func (b *blockCoder) cleanup(p int) {
	from, known := 0, false // of a column: the row to begin with, and whether it is known to be significant
	b.each(func(x, y int) {
		if y%4 == 0 {
			from, known = 0, false
			if y+4 <= b.h {
				if n := b.run(x, y, p); n >= 0 {
					from, known = n, true
				}
			}
		}
		i := y*b.w + x
		if y%4 < from || b.sig[i] || b.visited[i] {
			return
		}
		bit := b.magnitude[i] >> p & 1
		if !known {
			b.encode(b.zeroLabel(x, y), bit)
		}
		known = false
		if bit == 1 {
			b.sign(x, y)
		}
	})
	clear(b.visited)
	if b.style&styleSegSym != 0 {
		for _, bit := range []int{1, 0, 1, 0} {
			b.encode(contextUniform, bit)
		}
	}
}

// run codes the run of a column without significant neighbours: how many samples are
// zero, or -1 where the run mode does not apply.
func (b *blockCoder) run(x, y, p int) int {
	for r := y; r < y+4; r++ {
		h, v, d := b.around(x, r)
		if h+v+d > 0 || b.sig[r*b.w+x] || b.visited[r*b.w+x] {
			return -1
		}
	}
	for r := range 4 {
		if b.magnitude[(y+r)*b.w+x]>>p&1 == 1 {
			b.encode(contextRun, 1)
			b.encode(contextUniform, r>>1)
			b.encode(contextUniform, r&1)
			return r
		}
	}
	b.encode(contextRun, 0)
	return 4
}

// codeBlock codes the samples of a block in all their passes.
func codeBlock(samples []int, w, h, kind, style int) coded {
	b := blockCoder{w: w, h: h, kind: kind, style: style}
	n := w * h
	b.magnitude, b.negative = make([]int, n), make([]bool, n)
	b.sig, b.visited, b.refined = make([]bool, n), make([]bool, n), make([]bool, n)
	all := 0
	for i, v := range samples {
		b.magnitude[i], b.negative[i] = max(v, -v), v < 0
		all |= b.magnitude[i]
	}
	c := coded{}
	for ; all != 0; all >>= 1 {
		c.planes++
	}
	b.reset()
	limit, open := 0, false
	for i := range max(0, 3*c.planes-2) {
		if !open {
			limit, open = segmentLimit(style, i, 1), true
			c.segments = append(c.segments, codedSegment{})
			if b.raw = nil; raw(style, i) {
				b.raw = &bitWriter{}
			} else {
				b.start()
			}
		}
		p := c.planes - 1 - (i+2)/3
		[]func(int){b.significance, b.refinement, b.cleanup}[(i+2)%3](p)
		if style&styleReset != 0 {
			b.reset()
		}
		s := &c.segments[len(c.segments)-1]
		if s.passes++; s.passes == limit || i == 3*c.planes-3 {
			open = false
			if b.raw != nil {
				s.data = cutOnes(b.raw.end())
			} else {
				s.data = b.flush()
			}
		}
	}
	return c
}
