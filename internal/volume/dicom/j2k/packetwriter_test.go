package j2k

// tilePart is what the encoder puts into one tile-part.
type tilePart struct{ data, heads []byte }

// packetWriter writes the packets of a tile.
type packetWriter struct {
	*encoder
	packets []tilePart
	blocks  map[*block]*codedBlock
	trees   map[*grid]*gridTrees
}

// codedBlock is a code-block and how much of it is written.
type codedBlock struct {
	coded
	passes, sent int // in all, and so far
	at, inAt     int // segment, and passes of it that are sent
	dataAt       int // bytes of it that are sent
	lengthBits   int
}

type gridTrees struct{ inclusion, zero treeWriter }

// treeWriter is the encoder of a tag tree.
type treeWriter struct {
	wide, high int
	value, low []int
	known      []bool
}

func newTreeWriter(wide, high int, leaf func(i int) int) treeWriter {
	t := treeWriter{wide: wide, high: high}
	var level []int
	for i := range wide * high {
		level = append(level, leaf(i))
	}
	for w, h := wide, high; ; {
		t.value = append(t.value, level...)
		if w*h <= 1 {
			break
		}
		w2, h2 := (w+1)/2, (h+1)/2
		next := make([]int, w2*h2)
		for i := range next {
			next[i] = 1 << 30
		}
		for i, v := range level {
			j := i/w/2*w2 + i%w/2
			next[j] = min(next[j], v)
		}
		w, h, level = w2, h2, next
	}
	t.low, t.known = make([]int, len(t.value)), make([]bool, len(t.value))
	return t
}

func (t *treeWriter) encode(w *bitWriter, x, y, limit int) {
	var path []int
	first, wide, high := 0, t.wide, t.high
	for {
		path = append(path, first+y*wide+x)
		if wide*high <= 1 {
			break
		}
		first += wide * high
		x, y, wide, high = x/2, y/2, (wide+1)/2, (high+1)/2
	}
	low := 0
	for i := len(path) - 1; i >= 0; i-- {
		n := path[i]
		for low = max(low, t.low[n]); low < limit; low++ {
			if low >= t.value[n] {
				if !t.known[n] {
					w.bit(1)
					t.known[n] = true
				}
				break
			}
			w.bit(0)
		}
		t.low[n] = low
	}
}

// share is how many passes of a block its first layers have: an even part for each.
func (w *packetWriter) share(b *codedBlock, layer int) int {
	if layer == w.o.layers-1 {
		return b.passes
	}
	if w.o.startAtSecond && layer == 0 {
		return 0
	}
	n := b.passes * (layer + 1) / w.o.layers
	if b.at == 0 && b.first > 0 {
		return min(n, b.first)
	}
	return n
}

func (w *packetWriter) packet(r *resolution, p *precinct, layer int, code func(*band, *block) coded) {
	if w.trees == nil {
		w.trees = map[*grid]*gridTrees{}
	}
	var head bitWriter
	var body []byte
	empty := true
	for j, b := range r.bands {
		g := &p.grids[j]
		for k := range g.blocks {
			bl := &g.blocks[k]
			c := w.blocks[bl]
			if c == nil {
				c = &codedBlock{coded: code(b, bl), lengthBits: 3}
				for _, s := range c.segments {
					c.passes += s.passes
				}
				if w.o.cutUpTo == 0 || int(bl.wide)*int(bl.high) <= w.o.cutUpTo {
					c.passes = max(0, c.passes-w.o.cut)
				}
				w.blocks[bl] = c
			}
			empty = empty && w.share(c, layer) == c.sent
		}
	}
	head.bit(1)
	if empty {
		head = bitWriter{}
		head.bit(0)
	}
	for j, b := range r.bands {
		g := &p.grids[j]
		if len(g.blocks) == 0 || empty {
			continue
		}
		t := w.trees[g]
		if t == nil {
			t = w.newTrees(b, g)
			w.trees[g] = t
		}
		for k := range g.blocks {
			c := w.blocks[&g.blocks[k]]
			n := w.share(c, layer) - c.sent
			x, y := k%g.wide, k/g.wide
			if c.sent > 0 {
				head.bit(min(n, 1))
			} else {
				t.inclusion.encode(&head, x, y, layer+1)
			}
			if n == 0 {
				continue
			}
			if c.sent == 0 {
				t.zero.encode(&head, x, y, b.planes-c.planes+1)
			}
			body = append(body, w.contribution(&head, c, n, layer == w.o.layers-1)...)
		}
	}
	w.finish(&head, body)
}

func (w *packetWriter) newTrees(b *band, g *grid) *gridTrees {
	block := func(i int) *codedBlock { return w.blocks[&g.blocks[i]] }
	return &gridTrees{
		inclusion: newTreeWriter(g.wide, g.high, func(i int) int {
			for layer := range w.o.layers {
				if w.share(block(i), layer) > 0 {
					return layer
				}
			}
			return w.o.layers
		}),
		zero: newTreeWriter(g.wide, g.high, func(i int) int { return b.planes - block(i).planes }),
	}
}

// contribution writes the number of passes and the lengths of n passes, and returns
// their bytes: a layer that does not finish a segment takes half of what is left of it.
func (w *packetWriter) contribution(head *bitWriter, c *codedBlock, n int, last bool) (body []byte) {
	writePasses(head, n)
	type piece struct{ passes, length int }
	var pieces []piece
	for n > 0 {
		s := &c.segments[c.at]
		add := min(n, s.passes-c.inAt)
		end := len(s.data)
		if !last && c.inAt+add < s.passes {
			end = c.dataAt + (len(s.data)-c.dataAt)/2
			if w.o.lastLayerHasData {
				end = c.dataAt
			}
		}
		if s.whole && c.inAt+add < s.passes {
			end = c.dataAt
		}
		body = append(body, s.data[c.dataAt:end]...)
		pieces = append(pieces, piece{add, end - c.dataAt})
		c.inAt, c.dataAt, c.sent, n = c.inAt+add, end, c.sent+add, n-add
		if c.inAt == s.passes {
			c.at, c.inAt, c.dataAt = c.at+1, 0, 0
		}
	}
	log := func(n int) (k int) {
		for ; n > 1; n >>= 1 {
			k++
		}
		return k
	}
	grow := w.o.lengthBits
	for _, p := range pieces {
		for p.length>>(c.lengthBits+grow+log(p.passes)) > 0 {
			grow++
		}
		if c.marked { // T.814 B.3: the highest bit of an HT block's length is 0 in a mixed stream
			for c.lengthBits+grow <= 3 || p.length>>(c.lengthBits+grow+log(p.passes)-1) > 0 {
				grow++
			}
		}
	}
	c.lengthBits += grow
	head.bits(1<<grow-1, grow)
	head.bit(0)
	for _, p := range pieces {
		head.bits(p.length, c.lengthBits+log(p.passes))
	}
	return body
}

// writePasses is table B.4.
func writePasses(w *bitWriter, n int) {
	switch {
	case n == 1:
		w.bit(0)
	case n == 2:
		w.bits(0b10, 2)
	case n <= 5:
		w.bits(0b11<<2|(n-3), 4)
	case n <= 36:
		w.bits(0b1111<<5|(n-6), 9)
	default:
		w.bits(0b111111111<<7|(n-37), 16)
	}
}

func (w *packetWriter) finish(head *bitWriter, body []byte) {
	h := head.end()
	if n := len(h); n > 0 && h[n-1] == 0xFF {
		h = append(h, 0)
	}
	var p tilePart
	if w.o.sop {
		i := len(w.packets)
		p.data = []byte{0xFF, 0x91, 0, 4, byte(i >> 8), byte(i)}
	}
	if w.o.eph {
		h = append(h, 0xFF, 0x92)
	}
	if w.o.apart {
		p.heads = h
	} else {
		p.data = append(p.data, h...)
	}
	p.data = append(p.data, body...)
	w.packets = append(w.packets, p)
}

// parts are the packets in tile-parts of the same number of packets.
func (w *packetWriter) parts() []tilePart {
	parts := make([]tilePart, w.o.parts)
	for i, p := range w.packets {
		to := &parts[i*w.o.parts/len(w.packets)]
		to.data, to.heads = append(to.data, p.data...), append(to.heads, p.heads...)
	}
	return parts
}
