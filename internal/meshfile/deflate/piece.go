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

	done   int     // bytes of Plain that are tokens
	tokens []token // a match is two: its length and its distance
	last   int     // distance of the last two tokens, if they are a match
	length int     // and the match's length
	counts [symbols]uint32
	tree   tree
}

// A token is a symbol in the lowest symbolBits, the bits that stand behind its code,
// and above them how many these are.
type token uint32

const (
	symbolBits = 9
	extraBits  = 13 // of a distance, at most; lengths have 5
	// symbols are those of literals and lengths, then those of distances.
	symbols = literals + places
)

func (s span) token(first int) token {
	return token(first+int(s.symbol)) | token(s.rest)<<symbolBits | token(s.extra)<<(symbolBits+extraBits)
}

// Reset empties the piece and keeps its memory.
func (p *Piece) Reset() {
	p.Plain, p.done, p.tokens, p.last = p.Plain[:0], 0, p.tokens[:0], 0
	clear(p.counts[:])
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
		tokens[i] = token(b)
		p.counts[b]++
	}
}

// match adds matches for n bytes, as far as there can be any, and says for how many.
// It prolongs the last one where that ends here.
func (p *Piece) match(n, distance int) (done int) {
	if n > 0 && p.last == distance {
		more := min(n, maxMatch-p.length)
		p.counts[lengthCode[p.length].symbol]--
		p.length += more
		p.counts[lengthCode[p.length].symbol]++
		p.tokens[len(p.tokens)-2] = lengthCode[p.length].token(0)
		n -= more
		done = more
	}
	for n >= minMatch {
		p.length = min(n, maxMatch)
		place := placeOf(uint32(distance - 1))
		p.tokens = append(p.tokens, lengthCode[p.length].token(0), place.token(literals))
		p.counts[lengthCode[p.length].symbol]++
		p.counts[literals+place.symbol]++
		p.last = distance
		n -= p.length
		done += p.length
	}
	return done
}

// span is a symbol of a length or a distance, with bits beside it that say which of several.
type span struct {
	symbol uint16
	extra  uint8
	rest   uint16
}

// lengthCode has the symbol of each length (RFC 1951 §3.2.5): eight lengths alone,
// then four symbols each for twice as many lengths as before.
var lengthCode = func() (t [maxMatch + 1]span) {
	length := minMatch
	for symbol := lengths; symbol < literals-1; symbol++ {
		extra := max(0, (symbol-lengths)/4-1)
		for rest := range 1 << extra {
			t[length] = span{uint16(symbol), uint8(extra), uint16(rest)}
			length++
		}
	}
	t[maxMatch] = span{symbol: literals - 1} // alone, though the symbol before has room for it
	return t
}()

// placeOf is the symbol of a distance less one: two symbols for each power of two.
func placeOf(d uint32) span {
	if d < 4 {
		return span{symbol: uint16(d)}
	}
	extra := bits.Len32(d) - 2
	return span{uint16(2*extra) + uint16(d>>extra), uint8(extra), uint16(d & (1<<extra - 1))}
}

// AppendTo appends the piece's part of the stream: a block with codes of its own and,
// unless the stream ends with it, an empty one that ends at a whole byte, where the
// next piece goes on. It gives the checksum of Plain.
func (p *Piece) AppendTo(b []byte, final bool) ([]byte, uint32) {
	p.New()
	p.counts[endBlock] = 1
	// A code of one symbol is not allowed everywhere: two of each are taken to come.
	p.counts[0]++
	p.counts[literals]++
	p.counts[literals+1]++
	var codes [symbols]code
	p.tree.huffman(codes[:literals], p.counts[:literals])
	p.tree.huffman(codes[literals:], p.counts[literals:])

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
	for _, c := range codes {
		w.put(uint64(bits.Reverse8(c.length)>>4), 4)
	}
	p.appendTokens(&w, &codes)
	w.put(uint64(codes[endBlock].bits), codes[endBlock].length)
	if !final {
		w.put(0, 3) // an empty block of plain bytes: its length follows at a whole byte
		w.align()
		w.b = append(w.b, 0, 0, 0xff, 0xff)
	}
	w.align()
	return w.b, crc32.ChecksumIEEE(p.Plain)
}

// appendTokens writes the tokens in their codes. It has no branch that depends on a
// token: which come is as good as random, and would be guessed wrong.
func (p *Piece) appendTokens(w *bitWriter, codes *[symbols]code) {
	var table [1 << symbolBits]uint32 // bits | how many<<16
	for symbol, c := range codes {
		table[symbol] = uint32(c.bits) | uint32(c.length)<<16
	}
	const most = (maxBits + extraBits + 7) / 8 // bytes of a token
	b := slices.Grow(w.b, most*len(p.tokens)+16)
	b = b[:cap(b)]
	at, hold, count := len(w.b), w.hold, uint(w.count)
	for ; count >= 8; count -= 8 {
		b[at] = byte(hold)
		at++
		hold >>= 8
	}
	// At most 7 bits are held, and 28 of each of two tokens come to them.
	tokens := p.tokens
	for ; len(tokens) >= 2; tokens = tokens[2:] {
		for _, t := range tokens[:2] {
			c := table[t&(1<<symbolBits-1)]
			length := uint(c >> 16)
			extra := uint64(t>>symbolBits) & (1<<extraBits - 1)
			hold |= (uint64(c&0xffff) | extra<<(length&63)) << (count & 63)
			count += length + uint(t>>(symbolBits+extraBits))
		}
		binary.LittleEndian.PutUint64(b[at:], hold)
		at += int(count / 8)
		hold >>= count &^ 7 & 63
		count &= 7
	}
	w.b, w.hold, w.count = b[:at], hold, uint8(count)
	for _, t := range tokens {
		c := codes[t&(1<<symbolBits-1)]
		w.put(uint64(c.bits)|uint64(t>>symbolBits)&(1<<extraBits-1)<<c.length, c.length+uint8(t>>(symbolBits+extraBits)))
	}
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
