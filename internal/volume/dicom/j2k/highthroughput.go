package j2k

import (
	"math/bits"

	"github.com/iris-oculus/iris/internal/volume/dicom/codec"
	"github.com/iris-oculus/iris/internal/volume/dicom/j2k/ht"
)

// How a code-block of a stream with HT code-blocks is coded (T.814 Annex B). Its first
// contribution that is not empty decides; until then its passes are placeholders.
const (
	coderOpen = iota // undecided
	coderHT
	coderMQ // as in Part 1, possible where both kinds may be present
)

// style is a code-block's own style.
func (bl *block) style(common int) int {
	if bl.coder == coderMQ {
		return common &^ (styleHT | styleHTMixed)
	}
	return common
}

// openLengths reads the length of a contribution of n passes to a code-block that is
// undecided (T.814 B.3). The passes of an HT code-block come in sets of three, of which
// each codes the block anew, one bit-plane lower: a cleanup pass, with a codeword segment
// of its own, and two refinement passes. A writer that has no use for the first sets
// leaves them empty: placeholders, which share the length of the first cleanup pass. The
// result is how many passes follow by the ordinary rule, behind that cleanup pass.
func (p *packetReader) openLengths(head *bitReader, bl *block, n int) (left int, err error) {
	mixed := p.coding.style&styleHTMixed != 0
	refinement := (int(bl.passes) + n - 1) % 3 // passes behind the last cleanup pass of this packet
	count := n - refinement                    // up to that one
	if count < 1 {
		count = n
	}
	width := int(bl.lengthBits) + bits.Len(uint(count)) - 1
	length := head.bits(width)
	isHT := length > 0 && n-refinement >= 1
	if mixed {
		// The highest bit tells a length of the one kind from one of the other.
		isHT = isHT && bl.lengthBits > 3 && length > 1 && length>>(width-1) == 0
	}
	if isHT {
		bl.coder = coderHT
		return refinement, p.open(head, bl, count, length)
	}
	// The length is that of n passes, as in Part 1: it may have more bits.
	more := int(bl.lengthBits) + bits.Len(uint(n)) - 1 - width
	length = length<<more | head.bits(more)
	if length == 0 {
		bl.passes += uint8(n)
		if head.short {
			return 0, p.cut()
		}
		return 0, nil
	}
	if !mixed {
		return 0, corrupt("has an HT code-block with bytes before its first cleanup pass")
	}
	if p.coding.style&(styleBypass|styleTermAll) != 0 {
		return 0, codec.Unsupported("the JPEG 2000 stream mixes HTJ2K with code-blocks of several segments, which is not read")
	}
	bl.coder = coderMQ
	return 0, p.open(head, bl, n, length)
}

// open begins the first codeword segment of a code-block, with count passes in this
// packet and those before it, which were empty.
func (p *packetReader) open(head *bitReader, bl *block, count, length int) error {
	if head.short || length > len(p.data) {
		return p.cut()
	}
	passes := bl.passes + uint8(count)
	s := codeword{passes: passes, limit: passes}
	if bl.coder == coderMQ {
		s.limit = maxPasses
	}
	bl.passes = passes
	bl.segments = append(bl.segments, s)
	p.new = append(p.new, contribution{block: bl, segment: 0, length: length})
	return nil
}

// highThroughput decodes an HT code-block: the last of its sets.
func (b *blockDecoder) highThroughput(bl *block) (missing int, err error) {
	if len(bl.segments) == 0 { // placeholders only
		clear(b.samples[:b.wide*b.high])
		return 0, nil
	}
	set := ht.Block{Planes: int(bl.planes) + int(bl.missing), Causal: b.causal}
	pass, data := 0, b.data
	for i, s := range bl.segments {
		bytes := data[:s.length]
		data = data[s.length:]
		if i == 0 || pass%3 == 0 {
			pass += int(s.passes)
			set.Cleanup, set.Refinement, set.Passes = bytes, nil, 1
			set.Missing = int(bl.missing) + (pass-1)/3
			continue
		}
		pass += int(s.passes)
		set.Refinement, set.Passes = bytes, 1+int(s.passes)
	}
	if b.ht == nil {
		b.ht = new(ht.Decoder)
	}
	return set.Planes - 1 - set.Missing, b.ht.Decode(b.samples[:b.wide*b.high], b.wide, b.high, set)
}
