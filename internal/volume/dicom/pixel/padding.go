package pixel

import (
	"encoding/binary"
	"math"

	"github.com/iris-oculus/iris/internal/volume/dicom/header"
)

// Padding is the range of stored words that a file declares to stand for places
// without a pixel (PixelPaddingValue and its range limit), read with the sign of the
// samples. The zero value declares none.
type Padding struct {
	Low, High int64
	Set       bool
}

// These bounds, in units of the modality, say which declared padding is believed.
const (
	// airy is the value up to which CT padding already looks like air and stays.
	airy = -900
	// beyondTissue is above the HU of any tissue, so that every declared word with
	// such a value is padding.
	beyondTissue = 4000
	// tissueRange is the width from which a range that holds the value of water is
	// taken for a mistake of the writer and not for padding.
	tissueRange = 200
	// smallestPatch is the least number of connected pixels that are taken for
	// padding. In noise a few pixels of one value may touch, whereas a scanner pads
	// whole corners.
	smallestPatch = 16
)

// Background is the value of air, to which brighter padding is set. Its zero value is
// that of MR and PET.
type Background struct {
	Value int16
	Above float64
}

// BackgroundOf is the background of a modality.
func BackgroundOf(modality string) Background {
	if modality == "CT" {
		return Background{Value: -1024, Above: airy}
	}
	return Background{}
}

// paddingOf reads the header's padding words with the sign of the samples.
func paddingOf(h *header.Header, signed bool) Padding {
	if !h.Padding.Set {
		return Padding{}
	}
	read := func(p header.Padding) int64 {
		switch {
		case signed && p.Wide:
			return int64(int32(p.Word))
		case signed:
			return int64(int16(p.Word))
		}
		return int64(p.Word)
	}
	p := Padding{Low: read(h.Padding), Set: true}
	p.High = p.Low
	if h.PaddingLimit.Set {
		limit := read(h.PaddingLimit)
		p.Low, p.High = min(p.Low, limit), max(p.High, limit)
		frame := h.Frame(0)
		a, b := float64(p.Low)*frame.Slope+frame.Intercept, float64(p.High)*frame.Slope+frame.Intercept
		if math.Min(a, b) <= 0 && math.Max(a, b) >= 0 && math.Abs(a-b) > tissueRange {
			p.Low = read(h.Padding)
			p.High = p.Low
		}
	}
	return p
}

// holds says whether a raw word is declared as padding, either as a whole or by the
// bits that carry the sample.
func (p Padding) holds(l Layout, raw uint32) bool {
	if !p.Set {
		return false
	}
	v := l.sample(raw)
	up := 32 - l.Bits
	whole := int64(raw << up >> up)
	if l.Signed {
		whole = int64(int32(raw<<up) >> up)
	}
	return v >= p.Low && v <= p.High || whole >= p.Low && whole <= p.High
}

// pad sets padding that is brighter than air to the background and returns how many
// pixels that were. Values beyond all tissue are padding wherever they lie. Pixels
// with other padding values may be tissue, so that only patches which reach the
// border of the image count.
func (r *Rescaler) pad(dst []int16, raw []byte) int64 {
	if cap(r.marks) < len(dst) {
		r.marks = make([]uint8, len(dst))
	}
	r.marks = r.marks[:len(dst)]
	clear(r.marks)
	n, open := int64(0), false
	for i := range dst {
		switch r.kind(r.word(raw, i)) {
		case surePadding:
			dst[i] = r.Background.Value
			n++
		case likelyPadding:
			r.marks[i], open = 1, true
		}
	}
	if open {
		n += r.flood(dst)
	}
	return n
}

// These are the kinds of raw words.
const (
	noPadding = iota
	likelyPadding
	surePadding
)

func (r *Rescaler) kind(word uint32) int {
	l := r.layout
	if !l.Padding.holds(l, word) {
		return noPadding
	}
	v := float64(l.sample(word))*r.slope + r.intercept
	switch {
	case v > math.MaxInt16 || v > beyondTissue && r.Background.Above == airy:
		return surePadding
	case v > r.Background.Above:
		return likelyPadding
	}
	return noPadding
}

func (r *Rescaler) word(raw []byte, i int) uint32 {
	order := binary.ByteOrder(binary.LittleEndian)
	if r.layout.BigEndian {
		order = binary.BigEndian
	}
	switch r.layout.Bits {
	case 8:
		return uint32(raw[i])
	case 16:
		return uint32(order.Uint16(raw[2*i:]))
	}
	return order.Uint32(raw[4*i:])
}

// flood sets the marked patches that reach the border to the background.
func (r *Rescaler) flood(dst []int16) int64 {
	columns, rows := r.layout.Columns, r.layout.Rows
	n := int64(0)
	start := func(i int) {
		if r.marks[i] != 1 {
			return
		}
		r.marks[i] = 2
		patch := append(r.patch[:0], int32(i))
		for at := 0; at < len(patch); at++ {
			i := int(patch[at])
			x, y := i%columns, i/columns
			for _, next := range [4]struct {
				ok bool
				i  int
			}{{x > 0, i - 1}, {x < columns-1, i + 1}, {y > 0, i - columns}, {y < rows-1, i + columns}} {
				if next.ok && r.marks[next.i] == 1 {
					r.marks[next.i] = 2
					patch = append(patch, int32(next.i))
				}
			}
		}
		r.patch = patch
		if len(patch) < smallestPatch {
			return
		}
		for _, i := range patch {
			dst[i] = r.Background.Value
		}
		n += int64(len(patch))
	}
	for x := range columns {
		start(x)
		start((rows-1)*columns + x)
	}
	for y := range rows {
		start(y * columns)
		start(y*columns + columns - 1)
	}
	return n
}
