package jpeg

import "github.com/iris-oculus/iris/internal/volume/dicom/codec"

// progression has the coefficients of a progressive image (T.81 annex G) between scans.
type progression struct {
	across, down int
	coefficients [][64]int16 // of each block, in zigzag order; nil before the first scan
	quant        *[64]int32  // as it was at the first scan
	// low has for each coefficient the lowest bit that was sent, unsent before the first.
	low [64]int
}

const (
	unsent = -1
	maxLow = 13 // table B.3
)

func newProgression(columns, rows int) *progression {
	p := &progression{across: blocks(columns), down: blocks(rows)}
	for k := range p.low {
		p.low[k] = unsent
	}
	return p
}

// admit checks that a scan sends bits that the scans before it did not, in the order of
// G.1.1.1. So a stream has a bounded number of scans, each as long as the image.
func (p *progression) admit(h scanHeader) error {
	if h.first > h.last || h.last > 63 || h.first == 0 && h.last > 0 || h.low > maxLow || h.high > 0 && h.high != h.low+1 {
		return codec.Corrupt("a progressive scan of the JPEG stream has impossible parameters")
	}
	before := unsent
	if h.high > 0 {
		before = h.high
	}
	for k := h.first; k <= h.last; k++ {
		if p.low[k] != before {
			return codec.Corrupt("the progressive scans of the JPEG stream are not in order")
		}
		p.low[k] = h.low
	}
	return nil
}

func (p *progression) scan(d *decoder, h scanHeader) error {
	if err := p.admit(h); err != nil {
		return err
	}
	dc, ac := d.dc[h.dc], d.ac[h.ac]
	if h.first == 0 && h.high == 0 && dc == nil || h.first > 0 && ac == nil {
		return codec.Corrupt("the JPEG stream has no Huffman table for its image data")
	}
	if p.coefficients == nil {
		p.quant = d.quant[d.frame.quant]
		switch n := p.across * p.down; {
		case p.quant == nil:
			return codec.Corrupt("the JPEG stream has no quantization table for its image data")
		case n/8 > len(d.rest): // each block has a bit at least of its mean
			return codec.Corrupt("the image data of the JPEG stream ends before the image is complete")
		default:
			p.coefficients = make([][64]int16, n)
		}
	}
	s := progressiveScan{scanHeader: h, dcTable: dc, acTable: ac, bitReader: d.segment()}
	for i := range p.coefficients {
		if i > 0 && d.restart > 0 && i%d.restart == 0 {
			if err := finished(&s.bitReader); err != nil {
				return err
			}
			var err error
			if s.bitReader, err = d.nextInterval(i/d.restart - 1); err != nil {
				return err
			}
			s.predicted, s.run = 0, 0
		}
		if !s.block(&p.coefficients[i]) {
			return codec.Corrupt("the image data of the JPEG stream has an impossible code")
		}
		if s.overrun() {
			return finished(&s.bitReader)
		}
	}
	return finished(&s.bitReader)
}

// finish makes the image of the coefficients when all scans are read. Coefficients that
// no scan sent are 0. A stream without EOI may lack scans, and must then have all bits.
func (p *progression) finish(d *decoder, marked bool) error {
	if p.low[0] == unsent {
		return codec.Corrupt("the JPEG stream has no image data")
	}
	for _, low := range p.low {
		if low > 0 || !marked && low == unsent {
			return codec.Corrupt("the JPEG stream ends before its last progressive scan")
		}
	}
	var b block
	for i := range p.coefficients {
		flat := true
		for k, v := range p.coefficients[i] {
			b[zigzag[k]] = dequantize(int32(v), p.quant[k])
			flat = flat && (k == 0 || v == 0)
		}
		d.place(&b, flat, i%p.across, i/p.across)
	}
	return nil
}

// progressiveScan is the state within a scan.
type progressiveScan struct {
	scanHeader
	bitReader
	dcTable, acTable *huffman
	predicted        int32
	run              int32 // blocks, from this one, that have no more coefficients: EOBRUN
}

// block reads a block's part of the scan.
func (s *progressiveScan) block(c *[64]int16) bool {
	switch {
	case s.first == 0 && s.high == 0: // G.1.2.1
		category, ok := s.symbol(s.dcTable)
		if !ok || category > 15 {
			return false
		}
		s.predicted += extend(s.receive(category), uint(category))
		c[0] = int16(s.predicted << s.low)
	case s.first == 0:
		if s.bit() {
			c[0] |= 1 << s.low
		}
	case s.high == 0:
		return s.coefficients(c)
	default:
		return s.refine(c)
	}
	return true
}

// coefficients reads the first bits of coefficients (G.1.2.2).
func (s *progressiveScan) coefficients(c *[64]int16) bool {
	if s.run > 0 {
		s.run--
		return true
	}
	for k := s.first; k <= s.last; k++ {
		symbol, ok := s.symbol(s.acTable)
		if !ok {
			return false
		}
		zeros, size := int(symbol>>4), symbol&15
		if size == 0 {
			if zeros < 15 {
				s.run = 1<<zeros + s.receive(byte(zeros)) - 1
				return true
			}
			k += 15
			continue
		}
		if k += zeros; k > s.last {
			return false
		}
		c[k] = int16(extend(s.receive(size), uint(size)) << s.low)
	}
	return true
}

// refine reads another bit of coefficients (G.1.2.3): a correction for each that is not
// 0, and among them those that become so.
func (s *progressiveScan) refine(c *[64]int16) bool {
	k := s.first
	for s.run == 0 && k <= s.last {
		symbol, ok := s.symbol(s.acTable)
		if !ok {
			return false
		}
		zeros, size := int(symbol>>4), symbol&15
		var fresh int16
		switch {
		case size == 1 && s.bit():
			fresh = 1 << s.low
		case size == 1:
			fresh = -1 << s.low
		case size > 1:
			return false
		case zeros < 15:
			s.run = 1<<zeros + s.receive(byte(zeros))
			continue
		}
		k = s.correct(c, k, zeros)
		if fresh != 0 {
			if k > s.last {
				return false
			}
			c[k] = fresh
		}
		k++
	}
	if s.run > 0 {
		s.correct(c, k, 64)
		s.run--
	}
	return true
}

// correct adds a bit to each coefficient from k that is not 0, and returns the place of
// the zero that follows the given number of zeros.
func (s *progressiveScan) correct(c *[64]int16, k, zeros int) int {
	for ; k <= s.last; k++ {
		switch {
		case c[k] == 0:
			if zeros == 0 {
				return k
			}
			zeros--
		case !s.bit():
		case c[k] > 0:
			c[k] += 1 << s.low
		default:
			c[k] -= 1 << s.low
		}
	}
	return k
}

// bit reads one bit.
func (s *progressiveScan) bit() bool {
	if s.n == 0 {
		s.fill()
	}
	one := int64(s.bits) < 0
	s.skip(1)
	return one
}
