package deflate

import (
	"encoding/binary"
	"hash/crc32"
	"math/bits"
	"slices"
)

// Numbers of RFC 1951 §3.2.5.
const (
	minMatch = 3
	maxMatch = 258
	window   = 32 << 10 // how far back a match may lie
	endBlock = 256
	lengths  = 257 // the first symbol of a length
	literals = 286 // symbols of literals and lengths
	places   = 30  // symbols of distances
)

// Piece is a stretch of a DEFLATE stream whose maker knows what repeats: records of
// one form, such as the triangles of a mesh, whose fields begin like those of the
// record before. So nothing has to be searched for, which is where other compressors
// spend their time. The maker appends to Plain and says with Like where something
// like it stands before. The zero value is an empty piece.
type Piece struct {
	Plain []byte

	done     int      // bytes of Plain that are tokens
	tokens   []uint32 // a literal, or a match: 1<<31 | length<<16 | distance - 1
	last     int      // distance of the last token, if it is a match
	ofSymbol [literals]uint32
	ofPlace  [places]uint32
	tree     tree
}

// Reset empties the piece and keeps its memory.
func (p *Piece) Reset() {
	p.Plain, p.done, p.tokens, p.last = p.Plain[:0], 0, p.tokens[:0], 0
	p.ofSymbol, p.ofPlace = [literals]uint32{}, [places]uint32{}
}

// Like says that what was appended since the last call begins, perhaps, like what
// stands at a place before it.
func (p *Piece) Like(before int) {
	at := p.done
	if distance := at - before; before >= 0 && distance > 0 && distance <= window {
		at += p.match(alike(p.Plain[before:], p.Plain[at:]), distance)
	}
	p.literal(p.Plain[at:])
	p.done = len(p.Plain)
}

// Repeat says of n bytes that begin at a place behind those that earlier calls told of
// that they are, perhaps, those at a place before. What lies between is like nothing.
func (p *Piece) Repeat(at, n, before int) {
	p.literal(p.Plain[p.done:at])
	p.done = at
	if distance := at - before; before >= 0 && distance > 0 && distance <= window {
		p.done += p.match(alike(p.Plain[before:], p.Plain[at:at+n]), distance)
	}
}

// New says that nothing like what was appended since the last call is known.
func (p *Piece) New() {
	p.literal(p.Plain[p.done:])
	p.done = len(p.Plain)
}

// alike is how many bytes at the beginning of b are those of a, which is longer.
func alike(a, b []byte) (n int) {
	a = a[:len(b)]
	for ; n+8 <= len(b); n += 8 {
		if x := binary.LittleEndian.Uint64(a[n:]) ^ binary.LittleEndian.Uint64(b[n:]); x != 0 {
			return n + bits.TrailingZeros64(x)/8
		}
	}
	for n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}

func (p *Piece) literal(text []byte) {
	if len(text) == 0 {
		return
	}
	p.last = 0
	at := len(p.tokens)
	p.tokens = slices.Grow(p.tokens, len(text))[:at+len(text)]
	tokens := p.tokens[at:]
	for i, b := range text {
		tokens[i] = uint32(b)
		p.ofSymbol[b]++
	}
}

// match adds matches for n bytes, as far as there can be any, and says for how many.
// It prolongs the last one where that ends here.
func (p *Piece) match(n, distance int) (done int) {
	if n > 0 && p.last == distance {
		token := &p.tokens[len(p.tokens)-1]
		length := int(*token>>16) & 0x7fff
		more := min(n, maxMatch-length)
		p.ofSymbol[lengthCode[length].symbol]--
		p.ofSymbol[lengthCode[length+more].symbol]++
		*token += uint32(more) << 16
		n -= more
		done = more
	}
	for n >= minMatch {
		length := min(n, maxMatch)
		p.tokens = append(p.tokens, 1<<31|uint32(length)<<16|uint32(distance-1))
		p.ofSymbol[lengthCode[length].symbol]++
		p.ofPlace[placeOf(uint32(distance-1))]++
		p.last = distance
		n -= length
		done += length
	}
	return done
}

// span is a symbol of a length, with bits beside it that say which of several.
type span struct {
	symbol uint16
	extra  uint8
	rest   uint8
}

// lengthCode has the symbol of each length (RFC 1951 §3.2.5): eight lengths alone,
// then four symbols each for twice as many lengths as before.
var lengthCode = func() (t [maxMatch + 1]span) {
	length := minMatch
	for symbol := lengths; symbol < literals-1; symbol++ {
		extra := max(0, (symbol-lengths)/4-1)
		for rest := range 1 << extra {
			t[length] = span{uint16(symbol), uint8(extra), uint8(rest)}
			length++
		}
	}
	t[maxMatch] = span{symbol: literals - 1} // alone, though the symbol before has room for it
	return t
}()

// placeOf is the symbol of a distance less one: two symbols for each power of two.
func placeOf(d uint32) int {
	if d < 4 {
		return int(d)
	}
	n := bits.Len32(d) - 1
	return 2*n + int(d>>(n-1)&1)
}

// AppendTo appends the piece's part of the stream: a block with codes of its own and,
// unless the stream ends with it, an empty one that ends at a whole byte, where the
// next piece goes on. It gives the checksum of Plain.
func (p *Piece) AppendTo(b []byte, final bool) ([]byte, uint32) {
	p.New()
	p.ofSymbol[endBlock] = 1
	// A code of one symbol is not allowed everywhere: two of each are taken to come.
	p.ofSymbol[0]++
	p.ofPlace[0]++
	p.ofPlace[1]++
	var symbols [literals]code
	var distances [places]code
	p.tree.huffman(symbols[:], p.ofSymbol[:])
	p.tree.huffman(distances[:], p.ofPlace[:])

	w := bitWriter{b: b}
	const dynamic = 2
	w.put(map[bool]uint64{false: 0, true: 1}[final]|dynamic<<1, 3)
	w.put(literals-257, 5)
	w.put(places-1, 5)
	// The lengths of the codes have codes themselves: here four bits for each of 0 to
	// 15, and none for the three symbols of runs, which stand first in the list.
	const ofLengths = 19
	w.put(ofLengths-4, 4)
	for i := range ofLengths {
		if i < 3 {
			w.put(0, 3)
		} else {
			w.put(4, 3)
		}
	}
	for _, c := range symbols {
		w.put(uint64(bits.Reverse8(c.length)>>4), 4)
	}
	for _, c := range distances {
		w.put(uint64(bits.Reverse8(c.length)>>4), 4)
	}
	p.appendTokens(&w, &symbols, &distances)
	w.put(uint64(symbols[endBlock].bits), symbols[endBlock].length)
	if !final {
		w.put(0, 3) // an empty block of plain bytes: its length follows at a whole byte
		w.align()
		w.b = append(w.b, 0, 0, 0xff, 0xff)
	}
	w.align()
	return w.b, crc32.ChecksumIEEE(p.Plain)
}

// appendTokens writes the tokens in their codes.
func (p *Piece) appendTokens(w *bitWriter, symbols *[literals]code, distances *[places]code) {
	// A length with its extra bits is one code of at most 20 bits.
	var ofLength [maxMatch + 1]uint32 // bits<<8 | how many
	for length := minMatch; length <= maxMatch; length++ {
		l := lengthCode[length]
		c := symbols[l.symbol]
		ofLength[length] = (uint32(c.bits)|uint32(l.rest)<<c.length)<<8 | uint32(c.length+l.extra)
	}
	const most = 6 // bytes of a token: 20 bits of a length, 28 of a distance
	b := slices.Grow(w.b, most*len(p.tokens)+16)
	b = b[:cap(b)]
	at, hold, count := len(w.b), w.hold, uint(w.count)
	for ; count >= 8; count -= 8 {
		b[at] = byte(hold)
		at++
		hold >>= 8
	}
	for _, t := range p.tokens {
		if t < 1<<31 {
			c := symbols[t]
			hold |= uint64(c.bits) << (count & 63)
			count += uint(c.length)
		} else {
			l := ofLength[t>>16&0x1ff]
			hold |= uint64(l>>8) << (count & 63)
			count += uint(l & 0xff)
			d := t & 0xffff
			place := placeOf(d)
			c := distances[place]
			extra := uint(max(0, place/2-1))
			hold |= (uint64(c.bits) | uint64(d&(1<<extra-1))<<c.length) << (count & 63)
			count += uint(c.length) + extra
		}
		// Whole bytes go out; at most 7 bits and the 48 of a token are held.
		binary.LittleEndian.PutUint64(b[at:], hold)
		at += int(count / 8)
		hold >>= count &^ 7
		count &= 7
	}
	w.b, w.hold, w.count = b[:at], hold, uint8(count)
}

// bitWriter writes bits, the lowest first.
type bitWriter struct {
	b     []byte
	hold  uint64
	count uint8
}

// put writes the n lowest bits of v, at most 32; the others are zero.
func (w *bitWriter) put(v uint64, n uint8) {
	w.hold |= v << w.count
	if w.count += n; w.count >= 32 {
		w.b = binary.LittleEndian.AppendUint32(w.b, uint32(w.hold))
		w.hold >>= 32
		w.count -= 32
	}
}

// align fills up the last byte.
func (w *bitWriter) align() {
	for ; w.count > 0; w.count -= min(w.count, 8) {
		w.b = append(w.b, byte(w.hold))
		w.hold >>= 8
	}
}
