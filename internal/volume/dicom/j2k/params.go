package j2k

import (
	"encoding/binary"

	"github.com/iris-oculus/iris/internal/volume/dicom/codec"
)

// Code-block styles (table A.19; the last two T.814).
const (
	styleBypass   = 1 << iota // raw bits in the low bit-planes
	styleReset                // contexts begin anew in each pass
	styleTermAll              // a codeword segment for each pass
	styleCausal               // vertically causal contexts
	stylePredTerm             // predictable termination: nothing for a decoder to do
	styleSegSym               // a segmentation symbol ends each clean-up pass
	styleHT                   // high-throughput block coding
	styleHTMixed              // together with the other block coding
)

const maxLevels = 32 // decompositions (table A.15)

// params is what governs the coding of a tile: the main header's marker segments, or a
// copy of them that the tile's own have changed.
type params struct {
	coding       coding
	quantization quantization
	tilewide     tilewide
	changes      []span // progression order changes, POC
	ownChanges   bool   // the tile's own, which replace the main header's
	roiShift     int    // RGN
	capabilities []byte // CAP, T.814 A.3; nil without
}

// tilewide is what COD says of all components together (tables A.13, A.14).
type tilewide struct {
	order  byte
	layers int
}

// coding is what COD or COC says of one component (tables A.15, A.20 and A.21).
type coding struct {
	rank           rank
	levels         int
	blockX, blockY uint // exponents of the code-block's size
	style          int
	reversible     bool // 5/3, otherwise 9/7
	precincts      [maxLevels + 1][2]uint8
}

// quantization is QCD or QCC (tables A.27 to A.30).
type quantization struct {
	rank    rank
	derived bool
	guard   int
	steps   []step
}

type step struct{ exponent, mantissa int }

// span is a progression volume: the packets that one progression order change names
// (table A.32), or all of them.
type span struct {
	order          byte
	fromRes, toRes int
	toLayer        int
}

// rank orders the marker segments that may describe the one component: of two, the
// higher counts (A.6.1, A.6.2).
type rank uint8

const (
	mainDefault rank = iota + 1 // COD and QCD of the main header
	mainOwn                     // COC and QCC there
	tileDefault                 // of a tile-part header
	tileOwn
)

// codingDefault reads COD (A.6.1).
func (p *params) codingDefault(b []byte, r rank) error {
	if len(b) < 5 {
		return corrupt("has a COD segment of %d bytes", len(b))
	}
	p.tilewide = tilewide{order: b[1], layers: int(binary.BigEndian.Uint16(b[2:]))}
	if p.tilewide.order > orderCPRL {
		return corrupt("has an unknown progression order, %d", b[1])
	}
	if p.tilewide.layers < 1 {
		return corrupt("has no quality layer")
	}
	return p.setCoding(b[5:], b[0]&1 != 0, r)
}

// codingOwn reads COC (A.6.2).
func (p *params) codingOwn(b []byte, r rank) error {
	if len(b) < 2 || b[0] != 0 {
		return corrupt("has a COC segment for a component that is not there")
	}
	return p.setCoding(b[2:], b[1]&1 != 0, r)
}

func (p *params) setCoding(b []byte, precincts bool, r rank) error {
	if len(b) < 5 {
		return corrupt("has a coding style without its parameters")
	}
	c := coding{
		rank: r, levels: int(b[0]), blockX: uint(b[1]&15) + 2, blockY: uint(b[2]&15) + 2,
		style: int(b[3]), reversible: b[4] == 1,
	}
	switch {
	case c.levels > maxLevels:
		return corrupt("has %d decompositions: at most %d are defined", c.levels, maxLevels)
	case c.blockX > 10 || c.blockY > 10 || c.blockX+c.blockY > 12:
		return corrupt("has code-blocks of 2^%d × 2^%d samples: at most 4096 are allowed", c.blockX, c.blockY)
	case b[4] > 1:
		return codec.Unsupported("the JPEG 2000 stream has a wavelet of its own (Part 2): 5/3 and 9/7 are read")
	case precincts && len(b) < 6+c.levels:
		return corrupt("has %d precinct sizes for %d resolutions", len(b)-5, c.levels+1)
	}
	for i := range c.precincts {
		c.precincts[i] = [2]uint8{15, 15}
		if precincts && i <= c.levels {
			v := b[5+i]
			c.precincts[i] = [2]uint8{v & 15, v >> 4}
			// B.6: a precinct of one sample would be of none in a sub-band.
			if i > 0 && (v&15 == 0 || v>>4 == 0) {
				return corrupt("has precincts of one sample beyond the first resolution")
			}
		}
	}
	if r >= p.coding.rank {
		p.coding = c
	}
	return nil
}

// setQuantization reads QCD, or QCC without its component (A.6.4, A.6.5).
func (p *params) setQuantization(b []byte, r rank) error {
	if len(b) < 1 {
		return corrupt("has an empty quantization segment")
	}
	q := quantization{rank: r, guard: int(b[0] >> 5)}
	kind, b := b[0]&31, b[1:]
	n, width := 3*maxLevels+1, 2
	switch kind {
	case 0: // none: exponents only
		width = 1
	case 1: // one step, from which the others derive
		n, q.derived = 1, true
	case 2:
	default:
		return corrupt("has an unknown quantization, %d", kind)
	}
	for ; n > 0 && len(b) >= width; n, b = n-1, b[width:] {
		if width == 1 {
			q.steps = append(q.steps, step{exponent: int(b[0] >> 3)})
			continue
		}
		v := int(binary.BigEndian.Uint16(b))
		q.steps = append(q.steps, step{exponent: v >> 11, mantissa: v & 0x7FF})
	}
	if r >= p.quantization.rank {
		p.quantization = q
	}
	return nil
}

func (p *params) quantizationOwn(b []byte, r rank) error {
	if len(b) < 1 || b[0] != 0 {
		return corrupt("has a QCC segment for a component that is not there")
	}
	return p.setQuantization(b[1:], r)
}

// step is the quantization of sub-band i, in the order of table A.28 (LL, then HL, LH
// and HH of each resolution).
func (q *quantization) step(i int) (step, bool) {
	if q.derived && len(q.steps) > 0 { // equation E-5
		s := q.steps[0]
		if i > 0 {
			s.exponent = max(s.exponent-(i-1)/3, 0)
		}
		return s, true
	}
	if i >= len(q.steps) {
		return step{}, false
	}
	return q.steps[i], true
}

// regionOfInterest reads RGN (A.6.3).
func (p *params) regionOfInterest(b []byte) error {
	switch {
	case len(b) < 3 || b[0] != 0:
		return corrupt("has a region of interest for a component that is not there")
	case b[1] != 0:
		return codec.Unsupported("the JPEG 2000 stream has a region of interest of an unknown style, %d", b[1])
	}
	p.roiShift = int(b[2])
	return nil
}

// orderChanges reads POC (A.6.6). A tile's own replace those of the main header, and
// those of its later tile-parts add to them.
func (p *params) orderChanges(b []byte, tile bool) error {
	if len(b) < 7 || len(b)%7 != 0 {
		return corrupt("has progression order changes of %d bytes: each has 7", len(b))
	}
	if tile && !p.ownChanges {
		p.changes, p.ownChanges = nil, true
	}
	for ; len(b) > 0; b = b[7:] {
		s := span{fromRes: int(b[0]), toLayer: int(binary.BigEndian.Uint16(b[2:])), toRes: int(b[4]), order: b[6]}
		if s.order > orderCPRL {
			return corrupt("has an unknown progression order, %d", s.order)
		}
		if b[1] == 0 { // otherwise of components that are not there
			p.changes = append(p.changes, s)
		}
	}
	return nil
}
