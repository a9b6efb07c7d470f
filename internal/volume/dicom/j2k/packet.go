package j2k

import (
	"math/bits"

	"github.com/iris-oculus/iris/internal/volume/dicom/codec"
)

// packetReader reads the packets of one tile (B.9, B.10).
type packetReader struct {
	coding *coding
	data   []byte // packets
	heads  []byte // packet headers, if apart
	apart  bool
	new    []contribution
	room   int // bytes of memory that are left for what the packets ask for
}

// What a tile's precincts, code-blocks and lists of chunks may take: code-blocks of 4 x 4
// samples fit, the smallest that there are but for those that precincts make smaller. A
// frame of a usual size fits in any case.
const (
	roomAtLeast   = 64 << 20
	roomPerSample = 16
	precinctBytes = 400 // without its code-blocks
	blockBytes    = 100
	segmentBytes  = 16
	chunkBytes    = 32
)

// take takes bytes of the room.
func (p *packetReader) take(n int) error {
	if p.room -= n; p.room < 0 {
		return codec.Unsupported("the JPEG 2000 stream cuts the image into more parts than memory is kept for")
	}
	return nil
}

// contribution is what one packet adds to a codeword segment.
type contribution struct {
	block   *block
	segment int
	length  int
}

func (p *packetReader) read(r *resolution, index, layer int) error {
	// A packet header cannot begin with these bytes, nor end with those of EPH: the markers
	// are skipped where they are, whether COD announced them or not (A.8).
	if marker(p.data, markerSOP) && len(p.data) >= 6 {
		p.data = p.data[6:]
	}
	from := &p.data
	if p.apart {
		from = &p.heads
	}
	head := bitReader{data: *from}
	p.new = p.new[:0]
	if head.bit() == 1 {
		if err := p.header(&head, r, index, layer); err != nil {
			return err
		}
	}
	end := head.end()
	if head.short {
		return p.cut()
	}
	*from = (*from)[end:]
	if marker(*from, markerEPH) {
		*from = (*from)[2:]
	}
	if err := p.take(len(p.new) * (segmentBytes + chunkBytes)); err != nil {
		return err
	}
	for _, c := range p.new {
		if c.length > len(p.data) {
			return p.cut()
		}
		if c.length > 0 {
			c.block.chunks = append(c.block.chunks, p.data[:c.length])
			c.block.segments[c.segment].length += int32(c.length)
		}
		p.data = p.data[c.length:]
	}
	return nil
}

func marker(b []byte, m int) bool {
	return len(b) >= 2 && b[0] == byte(m>>8) && b[1] == byte(m)
}

func (p *packetReader) cut() error {
	return corrupt("is cut: a packet has fewer bytes than its header says")
}

// header reads the header of a packet that is not empty, after its first bit (B.10).
func (p *packetReader) header(head *bitReader, r *resolution, index, layer int) error {
	pr := r.precincts[index]
	if pr == nil {
		pr = r.precinct(index, p.coding)
		for j := range pr.grids {
			if err := p.take(len(pr.grids[j].blocks) * blockBytes); err != nil {
				return err
			}
		}
		if err := p.take(precinctBytes); err != nil {
			return err
		}
	}
	for j, b := range r.bands {
		g := &pr.grids[j]
		for k := range g.blocks {
			bl := &g.blocks[k]
			x, y := k%g.wide, k/g.wide
			if bl.included {
				if head.bit() == 0 {
					continue
				}
			} else if !g.inclusion.below(head, x, y, layer+1) {
				if head.short {
					return p.cut()
				}
				continue
			} else if err := p.first(head, g, b, bl, x, y); err != nil {
				return err
			}
			if err := p.lengths(head, bl); err != nil {
				return err
			}
		}
	}
	return nil
}

// first reads how many bit-planes of a code-block are zero throughout (B.10.5).
func (p *packetReader) first(head *bitReader, g *grid, b *band, bl *block, x, y int) error {
	zero := 0
	for !g.zero.below(head, x, y, zero+1) {
		if zero++; head.short {
			return p.cut()
		}
		if zero >= b.planes {
			return corrupt("has a code-block with more zero bit-planes than its sub-band has")
		}
	}
	n := b.planes - zero
	if p.coding.style&styleHT != 0 {
		n = b.planes // the cleanup pass codes them all
	}
	if n > maxPlanes {
		return codec.Unsupported("the JPEG 2000 stream has samples of %d bit-planes: at most %d are read", n, maxPlanes)
	}
	bl.included, bl.lengthBits, bl.planes, bl.missing = true, 3, uint8(b.planes-zero), uint8(min(zero, 255))
	return nil
}

// lengths reads the number of passes that a packet adds to a code-block, and their
// lengths (B.10.6, B.10.7).
func (p *packetReader) lengths(head *bitReader, bl *block) error {
	n := passes(head)
	for head.bit() == 1 {
		bl.lengthBits++
		if bl.lengthBits > 32 || head.short {
			return corrupt("has a code-block with a length of more than 32 bits")
		}
	}
	if int(bl.passes)+n > 3*int(bl.planes)-2 {
		return corrupt("has a code-block with more coding passes than its bit-planes have")
	}
	left := n
	if p.coding.style&styleHT != 0 && bl.coder == coderOpen {
		var err error
		if left, err = p.openLengths(head, bl, n); err != nil {
			return err
		}
	}
	for left > 0 {
		last := len(bl.segments) - 1
		if last < 0 || bl.segments[last].passes == bl.segments[last].limit {
			limit := segmentLimit(bl.style(p.coding.style), int(bl.passes), n)
			bl.segments = append(bl.segments, codeword{limit: uint8(limit)})
			last++
		}
		s := &bl.segments[last]
		add := min(left, int(s.limit-s.passes))
		length := head.bits(int(bl.lengthBits) + bits.Len(uint(add)) - 1)
		if head.short || length > len(p.data) {
			return p.cut()
		}
		p.new = append(p.new, contribution{block: bl, segment: last, length: length})
		s.passes += uint8(add)
		bl.passes += uint8(add)
		left -= add
	}
	return nil
}

// passes reads the number of coding passes (table B.4).
func passes(head *bitReader) int {
	if head.bit() == 0 {
		return 1
	}
	if head.bit() == 0 {
		return 2
	}
	if v := head.bits(2); v < 3 {
		return 3 + v
	}
	if v := head.bits(5); v < 31 {
		return 6 + v
	}
	return 37 + head.bits(7)
}
