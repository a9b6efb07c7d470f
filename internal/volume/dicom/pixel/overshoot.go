package pixel

import "encoding/binary"

// overshootShare bounds how far a lossy decoder's samples may lie beyond the range of the
// stored bits, as a share of that range: a sixteenth. JPEG-LS is off by its near value,
// and a quantised wavelet by a few percent beside an edge. What lies further is no
// overshoot: the file is wrong about its bits.
const overshootShare = 16

// Saturate cuts the samples of a decoded lossy stream, whose own samples have precision
// bits, to the range of the stored bits. An encoder that knows of more bits than are
// stored leaves samples beyond that range where the image has its brightest and darkest
// pixels. Without their upper bits the brightest would become the darkest. raw holds
// little endian words and stays as it is when a sample lies so far beyond that the file
// must be wrong about its bits; Saturate is false then.
func Saturate(raw []byte, l Layout, precision int) bool {
	low, high := int64(0), int64(1)<<l.Stored-1
	if l.Signed {
		low, high = -1<<(l.Stored-1), 1<<(l.Stored-1)-1
	}
	slack := (high - low + 1) / overshootShare
	words, stream := Rescaler{layout: l}, Layout{Stored: precision, Signed: l.Signed}
	over := false
	for i := range l.Rows * l.Columns {
		v := stream.sample(words.word(raw, i))
		if v < low-slack || v > high+slack {
			return false
		}
		over = over || v < low || v > high
	}
	if !over {
		return true
	}
	for i := range l.Rows * l.Columns {
		v := min(max(stream.sample(words.word(raw, i)), low), high)
		switch l.Bits {
		case 8:
			raw[i] = byte(v)
		case 16:
			binary.LittleEndian.PutUint16(raw[2*i:], uint16(v))
		default:
			binary.LittleEndian.PutUint32(raw[4*i:], uint32(v))
		}
	}
	return true
}
