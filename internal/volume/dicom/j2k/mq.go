package j2k

import "math/bits"

// The arithmetic decoder of Annex C. Register A of figure C.13 is kept at bit mqShift
// and register C beside it, with 40 bits of the codeword segment below Chigh instead
// of 16, so that bytes are fetched several at a time.
//
// Decoding a more probable symbol that needs no renormalization subtracts Qe from both
// registers and does nothing else. Callers therefore hold d, the part of both that can
// be spent that way, min(A - 0x8000, C), in a local variable: such a symbol is one
// subtraction and one comparison, and everything else is left to slow. In every pass
// that reads
//
//	bit := x.index & 1
//	if d -= x.qe; d < 0 {
//		d, bit = b.slow(x, d)
//	}
const (
	mqShift = 40
	mqHalf  = 0x8000 << mqShift
)

type mq struct {
	a, c  int64 // less d
	d     int64 // while no pass runs
	n     int   // valid bits below mqShift in c
	data  []byte
	at    int
	last  byte
	model [32]adaptive
}

// adaptive is the state of one context: an index into transitions, the lowest bit of
// which is the more probable symbol, and that state's Qe at mqShift.
type adaptive struct {
	qe    int64
	index uint8
}

// start begins a codeword segment (INITDEC, C.3.5).
func (m *mq) start(data []byte) {
	m.data, m.at, m.last = data, 0, 0
	m.c, m.n = 0, -8
	m.fetch()
	m.a, m.c, m.n = mqHalf, m.c<<7, m.n-7
	m.spend()
}

// spend takes d out of both registers.
func (m *mq) spend() {
	m.d = min(m.a-mqHalf, m.c)
	m.a -= m.d
	m.c -= m.d
}

// fetch fills the low bits of c (BYTEIN, C.3.4). Beyond the segment's end, as after a
// marker, it reads ones.
func (m *mq) fetch() {
	for m.n <= mqShift-8 {
		b := int64(0xFF)
		if m.at < len(m.data) {
			b = int64(m.data[m.at])
		}
		switch {
		case m.last != 0xFF:
			m.c += b << (mqShift - 8 - m.n)
			m.n += 8
		case b > 0x8F:
			m.c += 0xFF << (mqShift - 8 - m.n)
			m.n += 8
			continue
		default: // a bit is stuffed
			m.c += b << (mqShift - 7 - m.n)
			m.n += 7
		}
		m.last = byte(b)
		m.at++
	}
}

// slow is the next symbol in context x (DECODE, C.3.2), where the registers, less Qe
// already, need more than a subtraction.
func (m *mq) slow(x *adaptive, d int64) (int64, uint8) {
	a, c, qe := m.a+d, m.c+d, x.qe
	// The lower part of the interval, of size Qe, is of the less probable symbol, unless it
	// is the larger one (conditional exchange). All this is computed rather than branched
	// on, for no processor can foresee it.
	lower := c >> 63 // -1 if the code is in it
	less := uint8(((a-qe)>>63 ^ lower) & 1)
	c += qe & lower
	a ^= (a ^ qe) & lower
	bit := x.index&1 ^ less
	*x = transitions[(uint(x.index)<<2|2|uint(less))&511]
	// RENORMD, C.3.3, all shifts at once.
	if m.n < 16 {
		m.c = c
		m.fetch()
		c = m.c
	}
	k := bits.LeadingZeros64(uint64(a))&63 - (63 - 15 - mqShift)
	a <<= k & 63
	c <<= k & 63
	m.n -= k
	d = min(a-mqHalf, c)
	m.a, m.c = a-d, c-d
	return d, bit
}

// more is fetch for registers that a pass holds in local variables.
func (m *mq) more(c int64, n int) (int64, int) {
	m.c, m.n = c, n
	m.fetch()
	return m.c, m.n
}

// transitions is where a state goes, by four times its index: itself without
// renormalization, and with it, 2 higher, the state after the more and the less probable
// symbol.
var transitions = makeTransitions()

func stateOf(index, symbol int) adaptive {
	return adaptive{qe: int64(states[index].qe) << mqShift, index: uint8(2*index + symbol)}
}

func makeTransitions() (t [512]adaptive) {
	for i, s := range states {
		for symbol := range 2 {
			k := 4 * (2*i + symbol)
			t[k] = stateOf(i, symbol)
			t[k+2] = stateOf(s.more, symbol)
			t[k+3] = stateOf(s.less, symbol^s.change)
		}
	}
	return t
}

// states is table C.2.
var states = [47]struct{ qe, more, less, change int }{
	{0x5601, 1, 1, 1}, {0x3401, 2, 6, 0}, {0x1801, 3, 9, 0}, {0x0AC1, 4, 12, 0},
	{0x0521, 5, 29, 0}, {0x0221, 38, 33, 0}, {0x5601, 7, 6, 1}, {0x5401, 8, 14, 0},
	{0x4801, 9, 14, 0}, {0x3801, 10, 14, 0}, {0x3001, 11, 17, 0}, {0x2401, 12, 18, 0},
	{0x1C01, 13, 20, 0}, {0x1601, 29, 21, 0}, {0x5601, 15, 14, 1}, {0x5401, 16, 14, 0},
	{0x5101, 17, 15, 0}, {0x4801, 18, 16, 0}, {0x3801, 19, 17, 0}, {0x3401, 20, 18, 0},
	{0x3001, 21, 19, 0}, {0x2801, 22, 19, 0}, {0x2401, 23, 20, 0}, {0x2201, 24, 21, 0},
	{0x1C01, 25, 22, 0}, {0x1801, 26, 23, 0}, {0x1601, 27, 24, 0}, {0x1401, 28, 25, 0},
	{0x1201, 29, 26, 0}, {0x1101, 30, 27, 0}, {0x0AC1, 31, 28, 0}, {0x09C1, 32, 29, 0},
	{0x08A1, 33, 30, 0}, {0x0521, 34, 31, 0}, {0x0441, 35, 32, 0}, {0x02A1, 36, 33, 0},
	{0x0221, 37, 34, 0}, {0x0141, 38, 35, 0}, {0x0111, 39, 36, 0}, {0x0085, 40, 37, 0},
	{0x0049, 41, 38, 0}, {0x0025, 42, 39, 0}, {0x0015, 43, 40, 0}, {0x0009, 44, 41, 0},
	{0x0005, 45, 42, 0}, {0x0001, 45, 43, 0}, {0x5601, 46, 46, 0},
}
