package pixel

import (
	"encoding/binary"
	"math"
)

// Rescaler converts frame after frame. It keeps its table, so that a series of
// equal slopes pays for it once. The zero value is ready; not for two goroutines.
type Rescaler struct {
	table            []int16 // one entry a raw word of up to 16 bits
	layout           Layout
	slope, intercept float64
}

// Frame converts raw, FrameBytes long, into dst, Rows×Columns long. raw is overwritten.
func (r *Rescaler) Frame(dst []int16, raw []byte, l Layout, slope, intercept float64) {
	if l.Bits == 32 {
		r.wide(dst, raw, l, slope, intercept)
		return
	}
	r.prepare(l, slope, intercept)
	if l.Bits == 8 {
		if l.Swapped {
			swapPairs(raw)
		}
		table := (*[1 << 8]int16)(r.table)
		for i, b := range raw {
			dst[i] = table[b]
		}
		return
	}
	table := (*[1 << 16]int16)(r.table)
	dst = dst[:len(raw)/2]
	if l.BigEndian {
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
	if r.table != nil && r.layout == l && r.slope == slope && r.intercept == intercept {
		return
	}
	r.layout, r.slope, r.intercept = l, slope, intercept
	if len(r.table) != 1<<l.Bits {
		r.table = make([]int16, 1<<l.Bits)
	}
	for raw := range r.table {
		r.table[raw] = saturate(float64(float64(l.sample(uint32(raw)))*slope) + intercept)
	}
}

func (r *Rescaler) wide(dst []int16, raw []byte, l Layout, slope, intercept float64) {
	for i := range dst {
		var word uint32
		if l.BigEndian {
			word = binary.BigEndian.Uint32(raw[4*i:])
		} else {
			word = binary.LittleEndian.Uint32(raw[4*i:])
		}
		dst[i] = saturate(float64(float64(l.sample(word))*slope) + intercept)
	}
}

// sample takes the stored bits out of a raw word; overlays and garbage around them fall away.
func (l Layout) sample(raw uint32) int64 {
	up := 32 - l.Stored
	raw = raw >> l.Shift << up
	if l.Signed {
		return int64(int32(raw) >> up)
	}
	return int64(raw >> up)
}

func saturate(v float64) int16 {
	return int16(math.Max(math.MinInt16, math.Min(math.MaxInt16, math.RoundToEven(v))))
}

func swapPairs(b []byte) {
	for i := 0; i+1 < len(b); i += 2 {
		b[i], b[i+1] = b[i+1], b[i]
	}
}
