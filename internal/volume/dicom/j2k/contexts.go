package j2k

// A code-block is decoded in stripes of four rows (D.1). One word describes each column
// of a stripe with its neighbours, so that every context is a shift and a table look-up.
// Row r of the stripe, 0 to 3, has its neighbourhood at a shift of 3r:
//
//	bit 0, 1, 2    significance of the neighbours above: left, middle, right
//	bit 3, 4, 5    of the left neighbour, of the sample itself, of the right one
//	bit 6, 7, 8    of the neighbours below
//	bit 18         coded in the significance pass of this bit-plane
//	bit 19         refined before
//	bit 32 + 0, 2  negative: the sample above, the left one
//	bit 32 + 4, 6  the right one, the one below
const (
	significant = 1 << 4
	visited     = 1 << 18
	refined     = 1 << 19

	column         = 1 | 1<<3 | 1<<6 | 1<<9 // one bit for each row of a stripe
	anySignificant = 1<<18 - 1
)

// Context labels: zero coding 0 to 8 and sign coding 9 to 13 as in D.3; those of magnitude
// refinement follow, then those of table D.7.
const (
	contextSign    = 9
	contextRefine  = 14
	contextRun     = 17
	contextUniform = 18
)

// reset puts every context into its first state (table D.7).
func (m *mq) reset() {
	for k := range m.model {
		m.model[k] = stateOf(0, 0)
	}
	m.model[0] = stateOf(4, 0)
	m.model[contextRun] = stateOf(3, 0)
	m.model[contextUniform] = stateOf(46, 0)
}

// neighbours has a bit of column for each row with a significant neighbour.
func neighbours(f uint64) uint64 {
	row := f | f>>1 | f>>2 // of three samples, at the left one's bit
	return (row | row>>6 | f>>3 | f>>5) & column
}

// zeroContexts is table D.1 for each kind of sub-band: the neighbourhood's nine bits to a
// context label.
var zeroContexts = makeZeroContexts()

func makeZeroContexts() (t [4][512]uint8) {
	for kind := range t {
		for i := range t[kind] {
			bit := func(n int) int { return i >> n & 1 }
			h, v, d := bit(3)+bit(5), bit(1)+bit(7), bit(0)+bit(2)+bit(6)+bit(8)
			switch kind {
			case bandHL:
				t[kind][i] = zeroContext(v, h, d)
			case bandHH:
				t[kind][i] = diagonalContext(h+v, d)
			default:
				t[kind][i] = zeroContext(h, v, d)
			}
		}
	}
	return t
}

// zeroContext is the column of table D.1 for LL and LH.
func zeroContext(h, v, d int) uint8 {
	switch {
	case h == 2:
		return 8
	case h == 1 && v >= 1:
		return 7
	case h == 1 && d >= 1:
		return 6
	case h == 1:
		return 5
	case v == 2:
		return 4
	case v == 1:
		return 3
	}
	return uint8(min(d, 2))
}

// diagonalContext is the column of table D.1 for HH.
func diagonalContext(hv, d int) uint8 {
	switch {
	case d >= 3:
		return 8
	case d == 2:
		return uint8(6 + min(hv, 1))
	case d == 1:
		return uint8(3 + min(hv, 2))
	}
	return uint8(min(hv, 2))
}

// signContexts is tables D.2 and D.3. The index has the significance of the neighbours
// above, left, right and below at bits 1, 3, 5 and 7, and their signs at the bits below
// those; the entry is the context label, with the XOR bit at bit 7.
var signContexts = makeSignContexts()

func makeSignContexts() (t [256]uint8) {
	for i := range t {
		at := func(n int) int { // 1 positive, -1 negative, 0 insignificant
			if i>>n&2 == 0 {
				return 0
			}
			return 1 - 2*(i>>n&1)
		}
		h := max(-1, min(1, at(2)+at(4)))
		v := max(-1, min(1, at(0)+at(6)))
		flip := uint8(0)
		if h < 0 || h == 0 && v < 0 {
			h, v, flip = -h, -v, 1
		}
		// h, v: 0, 0 → 9; 0, 1 → 10; 1, -1 → 11; 1, 0 → 12; 1, 1 → 13.
		t[i] = uint8(contextSign+3*h+v) | flip<<7
	}
	return t
}

// signIndex takes the index of signContexts out of a column's word.
func signIndex(f uint64, shift uint) uint8 {
	return uint8(f>>shift&0xAA | f>>(32+shift)&0x55)
}
