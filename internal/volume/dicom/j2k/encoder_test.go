package j2k

import (
	"encoding/binary"
	"math"
)

// picture is an image for the encoder, with samples of precision bits.
type picture struct {
	w, h      int
	precision int
	signed    bool
	samples   []int
}

// options say how the encoder writes a picture. The zero value is one tile, no
// decomposition, one layer, 5/3.
type options struct {
	levels           int
	x, y             int // image offset
	tileX, tileY     int // size; 0: one tile
	tileX0, tileY0   int // offset
	blockX, blockY   int // exponents; 0: 6
	precincts        [][2]uint8
	order            byte
	changes          []span
	layers           int // 0: 1
	style            int
	irreversible     bool
	exponent         int // of every 9/7 step
	roi              int // shift; samples of the left half of each band are of the region
	sop, eph, apart  bool
	parts            int  // tile-parts a tile; 0: 1
	interleave       bool // of different tiles
	derived          bool // 9/7 steps from one
	hideMarkers      bool // SOP and EPH are written, but COD does not say so
	open             bool // Psot of the last tile-part is 0
	cut              int  // passes left out of every block
	cutUpTo          int  // only of blocks with at most so many samples; 0: of every one
	mainPacked       bool // with apart: PPM instead of PPT
	ownStyle         bool // COC and QCC say what is right, COD and QCD are wrong
	tileStyle        bool // the same, in the tile-part headers
	startAtSecond    bool // a block's first contribution comes in its second layer
	lengthBits       int  // added to Lblock without need
	lastLayerHasData bool // all bytes come in the last layer, the passes before
	sets             int  // HT sets of a block; 0: 1
	placeholders     int  // empty HT sets before them
}

const encoderGuard = 2

func markerSegment(marker int, body []byte) []byte {
	b := binary.BigEndian.AppendUint16(nil, uint16(marker))
	b = binary.BigEndian.AppendUint16(b, uint16(len(body)+2))
	return append(b, body...)
}

func encode(im picture, o options) []byte {
	if o.tileX == 0 {
		o.tileX, o.tileY = o.x+im.w-o.tileX0, o.y+im.h-o.tileY0
	}
	o.layers, o.parts = max(o.layers, 1), max(o.parts, 1)
	if o.blockX == 0 {
		o.blockX, o.blockY = 6, 6
	}
	e := &encoder{im: im, o: o, size: size{
		image: rect{o.x, o.y, o.x + im.w, o.y + im.h},
		tile:  rect{o.tileX0, o.tileY0, o.tileX0 + o.tileX, o.tileY0 + o.tileY},
	}}
	e.size.tilesX = ceilDiv(e.size.image.x1-o.tileX0, o.tileX)
	e.size.tiles = e.size.tilesX * ceilDiv(e.size.image.y1-o.tileY0, o.tileY)
	return e.stream()
}

type encoder struct {
	im   picture
	o    options
	size size
}

func (e *encoder) sizeBody() []byte {
	b := []byte{0, 0}
	for _, v := range []int{e.size.image.x1, e.size.image.y1, e.o.x, e.o.y, e.o.tileX, e.o.tileY, e.o.tileX0, e.o.tileY0} {
		b = binary.BigEndian.AppendUint32(b, uint32(v))
	}
	depth := byte(e.im.precision - 1)
	if e.im.signed {
		depth |= 0x80
	}
	return append(b, 0, 1, depth, 1, 1)
}

// styleBody is what COD and COC share.
func (e *encoder) styleBody() []byte {
	kind := byte(1)
	if e.o.irreversible {
		kind = 0
	}
	b := []byte{byte(e.o.levels), byte(e.o.blockX - 2), byte(e.o.blockY - 2), byte(e.o.style), kind}
	for i := 0; len(e.o.precincts) > 0 && i <= e.o.levels; i++ {
		p := e.o.precincts[min(i, len(e.o.precincts)-1)]
		b = append(b, p[0]|p[1]<<4)
	}
	return b
}

func (e *encoder) codingBody(right bool) []byte {
	flags := byte(0)
	if len(e.o.precincts) > 0 {
		flags |= 1
	}
	if !e.o.hideMarkers {
		if e.o.sop {
			flags |= 2
		}
		if e.o.eph {
			flags |= 4
		}
	}
	b := []byte{flags, e.o.order, byte(e.o.layers >> 8), byte(e.o.layers), 0}
	if right {
		return append(b, e.styleBody()...)
	}
	b[0] &^= 1
	return append(b, 1, 4, 4, 0, 1)
}

// exponent is that of sub-band i: enough for the wavelet's growth.
func (e *encoder) exponent(i, kind int) int {
	if e.o.irreversible {
		return e.o.exponent
	}
	return e.im.precision + kind&1 + kind>>1 + 1
}

func (e *encoder) quantizationBody() []byte {
	if e.o.irreversible && e.o.derived {
		return binary.BigEndian.AppendUint16([]byte{encoderGuard<<5 | 1}, uint16(e.o.exponent<<11|0x123))
	}
	b := []byte{encoderGuard << 5}
	if e.o.irreversible {
		b[0] |= 2
	}
	for i := range 3*e.o.levels + 1 {
		kind := 0
		if i > 0 {
			kind = (i-1)%3 + 1
		}
		if e.o.irreversible {
			b = binary.BigEndian.AppendUint16(b, uint16(e.exponent(i, kind)<<11|0x123))
		} else {
			b = append(b, byte(e.exponent(i, kind)<<3))
		}
	}
	return b
}

func changesBody(changes []span) (b []byte) {
	for _, c := range changes {
		b = append(b, byte(c.fromRes), 0, byte(c.toLayer>>8), byte(c.toLayer), byte(c.toRes), 1, c.order)
	}
	return b
}

// params are what a decoder makes of the headers.
func (e *encoder) params() *params {
	p := &params{}
	err := p.codingDefault(e.codingBody(true), mainDefault)
	if err == nil {
		err = p.setQuantization(e.quantizationBody(), mainDefault)
	}
	if err != nil {
		panic(err)
	}
	p.changes, p.roiShift = e.o.changes, e.o.roi
	return p
}

func (e *encoder) stream() []byte {
	out := []byte{0xFF, 0x4F}
	out = append(out, markerSegment(markerSIZ, e.sizeBody())...)
	right := !e.o.ownStyle && !e.o.tileStyle
	quantization := e.quantizationBody()
	wrong := []byte{1 << 5, 8 << 3, 8 << 3, 8 << 3, 8 << 3}
	if right {
		wrong = quantization
	}
	own := append([]byte{0, 0}, e.styleBody()...)
	if len(e.o.precincts) > 0 {
		own[1] = 1
	}
	out = append(out, markerSegment(markerCOD, e.codingBody(right))...)
	out = append(out, markerSegment(markerQCD, wrong)...)
	if e.o.ownStyle {
		out = append(out, markerSegment(markerCOC, own)...)
		out = append(out, markerSegment(markerQCC, append([]byte{0}, quantization...))...)
	}
	out = append(out, markerSegment(0xFF64, []byte("\x00\x01made by a test"))...)
	if e.o.roi > 0 {
		out = append(out, markerSegment(markerRGN, []byte{0, 0, byte(e.o.roi)})...)
	}
	if len(e.o.changes) > 0 {
		out = append(out, markerSegment(markerPOC, changesBody(e.o.changes))...)
	}
	var parts [][]tilePart
	for i := range e.size.tiles {
		parts = append(parts, e.tile(i))
	}
	order := e.partOrder()
	if e.o.apart && e.o.mainPacked {
		var all []byte
		for _, at := range order {
			heads := parts[at[0]][at[1]].heads
			all = append(binary.BigEndian.AppendUint32(all, uint32(len(heads))), heads...)
		}
		for i := 0; len(all) > 0; i++ { // cut anywhere
			n := min(len(all), 101)
			out = append(out, markerSegment(markerPPM, append([]byte{byte(i)}, all[:n]...))...)
			all = all[n:]
		}
	}
	for i, at := range order {
		p := parts[at[0]][at[1]]
		var head []byte
		if e.o.tileStyle && at[1] == 0 {
			head = append(head, markerSegment(markerCOC, own)...)
			head = append(head, markerSegment(markerQCC, append([]byte{0}, quantization...))...)
		}
		if e.o.apart && !e.o.mainPacked {
			head = append(head, markerSegment(markerPPT, append([]byte{byte(at[1])}, p.heads...))...)
		}
		head = append(head, 0xFF, 0x93)
		length := 12 + len(head) + len(p.data)
		if e.o.open && i == len(order)-1 {
			length = 0
		}
		sot := binary.BigEndian.AppendUint16(nil, uint16(at[0]))
		sot = binary.BigEndian.AppendUint32(sot, uint32(length))
		sot = append(sot, byte(at[1]), byte(e.o.parts))
		out = append(out, markerSegment(markerSOT, sot)...)
		out = append(append(out, head...), p.data...)
	}
	return append(out, 0xFF, 0xD9)
}

// partOrder is tile and tile-part numbers in stream order.
func (e *encoder) partOrder() (order [][2]int) {
	if e.o.interleave {
		for p := range e.o.parts {
			for t := e.size.tiles - 1; t >= 0; t-- {
				order = append(order, [2]int{t, p})
			}
		}
		return order
	}
	for t := range e.size.tiles {
		for p := range e.o.parts {
			order = append(order, [2]int{t, p})
		}
	}
	return order
}

// tile transforms and codes one tile, and cuts its packets into tile-parts.
func (e *encoder) tile(index int) []tilePart {
	area, p := e.size.area(index), e.params()
	d, err := decompose(area, p, e.im.precision)
	if err != nil {
		panic(err)
	}
	bands := e.transform(area)
	w := packetWriter{encoder: e, blocks: map[*block]*codedBlock{}}
	order := sequence{area: area, resolutions: d.resolutions, packet: func(r *resolution, i, layer int) error {
		w.packet(r, r.precinct(i, &p.coding), layer, func(b *band, bl *block) coded {
			return e.block(bands[len(d.resolutions)-1-r.level][b.kind], b, bl)
		})
		return nil
	}}
	if err := order.run(p, math.MaxInt); err != nil {
		panic(err)
	}
	return w.parts()
}

// block quantizes and codes a code-block.
func (e *encoder) block(real []float64, b *band, bl *block) coded {
	w, h := int(bl.wide), int(bl.high)
	q := make([]int, w*h)
	step := 1.0
	if e.o.irreversible {
		// equation E-3, not as the decoder has it
		exponent := e.o.exponent
		if e.o.derived {
			exponent = b.planes - e.o.roi + 1 - encoderGuard
		}
		step = math.Exp2(float64(e.im.precision+b.kind&1+b.kind>>1-exponent)) * (1 + 0x123/2048.0)
	}
	for y := range h {
		for x := range w {
			v := real[(int(bl.y)+y)*b.width()+int(bl.x)+x]
			n := int(math.Abs(v) / step)
			if e.o.roi > 0 && int(bl.x)+x < b.width()/2 {
				n <<= e.o.roi
			}
			if v < 0 {
				n = -n
			}
			q[y*w+x] = n
		}
	}
	switch mixed := e.o.style&styleHTMixed != 0; {
	case mixed && (bl.x+bl.y)/4%3 == 0: // some blocks as in Part 1
		return codeBlock(q, w, h, b.kind, e.o.style&^(styleHT|styleHTMixed))
	case e.o.style&styleHT != 0:
		return codeHighThroughput(q, w, h, e.o)
	}
	return codeBlock(q, w, h, b.kind, e.o.style)
}
