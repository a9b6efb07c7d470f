package pixel

import (
	"encoding/binary"
	"math"
)

// Rescaler converts one frame after the other. It keeps its table as long as slope and
// intercept stay. The zero value is ready. It is not safe for concurrent use.
type Rescaler struct {
	Background Background // what padding becomes

	table            []int16 // one entry a raw word of up to 16 bits
	cut              []bool  // of the same words: the value lies beyond int16
	lowestCut        int     // the smallest such word, 1 << 16 for none
	bright           bool    // some word is padding brighter than the background
	layout           Layout
	slope, intercept float64

	marks []uint8 // of a frame's pixels, while padding is sought
	patch []int32
}

// Counts are counts of a frame's pixels.
type Counts struct {
	Clipped int64 // pixels whose value lies beyond int16
	Padded  int64 // padding that was brighter than air and became air
}

// Frame converts raw, FrameBytes long, into dst, Rows×Columns long. raw is overwritten.
func (r *Rescaler) Frame(dst []int16, raw []byte, l Layout, slope, intercept float64) (c Counts) {
	r.prepare(l, slope, intercept)
	switch {
	case l.Bits == 32:
		c.Clipped = r.wide(dst, raw)
	case l.Bits == 8:
		if l.Swapped {
			swapPairs(raw)
		}
		table := (*[1 << 8]int16)(r.table)
		for i, b := range raw {
			dst[i] = table[b]
		}
	default:
		r.words(dst, raw)
	}
	if r.bright {
		if c.Padded = r.pad(dst, raw); c.Padded > 0 && l.Bits == 32 {
			c.Clipped = r.clipped(dst, raw)
		}
	}
	if l.Bits != 32 && r.lowestCut < 1<<16 && (r.lowestCut < 1<<15 || topBit(raw, l.BigEndian)) {
		c.Clipped = r.clipped(dst, raw)
	}
	return c
}

func (r *Rescaler) words(dst []int16, raw []byte) {
	table := (*[1 << 16]int16)(r.table)
	dst = dst[:len(raw)/2]
	if r.layout.BigEndian {
		for i := range dst {
			dst[i] = table[binary.BigEndian.Uint16(raw[2*i:])]
		}
		return
	}
	for i := range dst {
		dst[i] = table[binary.LittleEndian.Uint16(raw[2*i:])]
	}
}

// prepare fills the table for a layout and a scale.
func (r *Rescaler) prepare(l Layout, slope, intercept float64) {
	if r.layout == l && r.slope == slope && r.intercept == intercept {
		return
	}
	r.layout, r.slope, r.intercept = l, slope, intercept
	if l.Bits == 32 {
		r.bright = l.Padding.Set
		return
	}
	if len(r.table) != 1<<l.Bits {
		r.table, r.cut = make([]int16, 1<<l.Bits), make([]bool, 1<<l.Bits)
	}
	r.lowestCut, r.bright = 1<<16, false
	for raw := range r.table {
		v := float64(float64(l.sample(uint32(raw)))*slope) + intercept
		r.table[raw], r.cut[raw] = saturate(v), beyond(v)
		if r.cut[raw] {
			r.lowestCut = min(r.lowestCut, raw)
		}
		r.bright = r.bright || l.Padding.Set && r.kind(uint32(raw)) != noPadding
	}
}

func (r *Rescaler) wide(dst []int16, raw []byte) (clipped int64) {
	for i := range dst {
		v := float64(float64(r.layout.sample(r.word(raw, i)))*r.slope) + r.intercept
		dst[i] = saturate(v)
		if beyond(v) {
			clipped++
		}
	}
	return clipped
}

// clipped counts pixels beyond int16 that were not replaced as padding.
func (r *Rescaler) clipped(dst []int16, raw []byte) (n int64) {
	for i, v := range dst {
		if v != math.MaxInt16 && v != math.MinInt16 {
			continue
		}
		word := r.word(raw, i)
		if r.layout.Bits == 32 && beyond(float64(r.layout.sample(word))*r.slope+r.intercept) || r.layout.Bits != 32 && r.cut[word] {
			n++
		}
	}
	return n
}

// topBit says whether any 16-bit word of a frame has its highest bit set. It looks at
// eight bytes at a time. Where only such words are beyond int16, few frames have one,
// and the others need no look at each pixel.
func topBit(raw []byte, big bool) bool {
	mask := uint64(0x8000800080008000)
	if big {
		mask >>= 8
	}
	all := uint64(0)
	for len(raw) >= 8 {
		all |= binary.LittleEndian.Uint64(raw)
		raw = raw[8:]
	}
	var rest [8]byte
	copy(rest[:], raw)
	return (all|binary.LittleEndian.Uint64(rest[:]))&mask != 0
}

// sample takes the stored bits out of a raw word, without overlays and garbage around
// them.
func (l Layout) sample(raw uint32) int64 {
	up := 32 - l.Stored
	raw = raw >> l.Shift << up
	if l.Signed {
		return int64(int32(raw) >> up)
	}
	return int64(raw >> up)
}

// beyond says whether a value lies outside int16.
func beyond(v float64) bool {
	v = math.RoundToEven(v)
	return v < math.MinInt16 || v > math.MaxInt16
}

func saturate(v float64) int16 {
	return int16(math.Max(math.MinInt16, math.Min(math.MaxInt16, math.RoundToEven(v))))
}

func swapPairs(b []byte) {
	for i := 0; i+1 < len(b); i += 2 {
		b[i], b[i+1] = b[i+1], b[i]
	}
}
