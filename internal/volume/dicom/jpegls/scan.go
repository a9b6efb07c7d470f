package jpegls

import (
	"encoding/binary"
	"math/bits"

	"github.com/iris-oculus/iris/internal/volume/dicom/codec"
)

// contexts is the number of contexts of regular mode (T.87 A.3.4): 365 combinations of
// three gradients' regions, up to their sign; the first, of flat places, is not used,
// for those are run mode's. The two of run interruptions follow them.
const contexts = 365

// context is the statistics of one context (T.87 A.2.1). k and flip follow from the
// others: they are computed when a sample has changed them, so that they are ready when
// the context comes up again.
type context struct {
	a       int   // A: the sum of error magnitudes
	b, c, n int32 // B, C, N: bias, correction and count; b is Nn in run interruptions
	k       int32 // the Golomb parameter
	flip    int32 // -1 where errors are mapped the other way round (A.5.2)
	_       int32 // so that contexts lie at multiples of 32 bytes
}

// golombK is the smallest k with n << k >= a (T.87 A.5.1).
func golombK(n int32, a int) int32 {
	k := max(0, bits.Len(uint(a))-bits.Len32(uint32(n)))
	if int(n)<<k < a {
		k++
	}
	return int32(k)
}

// scanner is a scan while it is decoded.
type scanner struct {
	coding
	reader
	context [512]context
	region  []int8 // regions()
	run     int    // RUNindex
	most    int    // no valid mapped error value is larger
}

// reset begins a scan or a restart interval (T.87 A.2).
func (s *scanner) reset() {
	a := max(2, (s.span+32)/64)
	for i := range s.context[:contexts+2] {
		s.context[i] = context{a: a, n: 1, k: golombK(1, a)}
	}
	s.run = 0
}

// scan decodes the scan into dst.
func (d *decoder) scan(dst []byte, p coding) error {
	s := scanner{coding: p, region: p.regions(), most: 2*p.span + 1}
	s.src = d.stream
	width, rows := d.limits.Columns, d.limits.Rows
	// Each line has a sample on either side that the neighbours of the first and of the
	// last column are read from (T.87 A.2.1).
	prev, line := make([]uint16, width+2), make([]uint16, width+2)
	decodeLine := s.lossless
	if s.near > 0 {
		decodeLine = s.nearLossless
	}
	marker := 0
	for y := range rows {
		if y == 0 {
			s.start(d.pos)
			s.coding = p
			s.reset()
		} else if d.restart > 0 && y%d.restart == 0 {
			if err := d.nextInterval(&s, marker); err != nil {
				return err
			}
			marker = (marker + 1) % 8
			s.reset()
			clear(prev)
			clear(line)
		}
		line[0], prev[width+1] = prev[1], prev[width]
		if err := decodeLine(line, prev); err != nil {
			return err
		}
		if s.overrun() {
			return codec.Corrupt("the JPEG-LS stream ends in row %d of %d", y+1, rows)
		}
		samples := line[1 : width+1]
		if d.point > 0 {
			samples = d.lift(samples)
		}
		writeLine(dst[y*width*d.limits.Bits/8:], samples, d.limits.Bits)
		prev, line = line, prev
	}
	end, ok := s.finish()
	if !ok {
		return codec.Corrupt("the JPEG-LS stream has more data than its image")
	}
	d.pos = end
	return nil
}

// nextInterval goes to the data behind the next restart marker (T.81 B.2.1).
func (d *decoder) nextInterval(s *scanner, count int) error {
	end, ok := s.finish()
	if !ok {
		return codec.Corrupt("a restart interval of the JPEG-LS stream does not end with its data")
	}
	d.pos = end
	m, err := d.marker()
	if err != nil {
		return err
	}
	if int(m) != markerRST0+count {
		return codec.Corrupt("the JPEG-LS stream has marker FF%02X where restart marker %d must be", m, count)
	}
	s.start(d.pos)
	return nil
}

// lift puts the bits of the point transform back (T.81 A.4). Near-lossless samples can
// lie above the range of those that were compressed.
func (d *decoder) lift(line []uint16) []uint16 {
	out := make([]uint16, len(line))
	for i, v := range line {
		out[i] = uint16(min(int(v)<<d.point, 1<<d.precision-1))
	}
	return out
}

// writeLine writes samples as words of wordBits bits.
func writeLine(dst []byte, line []uint16, wordBits int) {
	switch wordBits {
	case 8:
		dst = dst[:len(line)]
		for i, v := range line {
			dst[i] = byte(v)
		}
	case 16:
		dst = dst[:2*len(line)]
		for i, v := range line {
			binary.LittleEndian.PutUint16(dst[2*i:], v)
		}
	default:
		dst = dst[:4*len(line)]
		for i, v := range line {
			binary.LittleEndian.PutUint32(dst[4*i:], uint32(v))
		}
	}
}

// errValue is the error for a code word that no encoder writes.
func errValue() error {
	return codec.Corrupt("the JPEG-LS stream has a code word that is not possible")
}
