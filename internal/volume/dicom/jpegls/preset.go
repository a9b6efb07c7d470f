package jpegls

import (
	"encoding/binary"
	"math/bits"

	"github.com/iris-oculus/iris/internal/volume/dicom/codec"
)

// preset is the coding parameters of an LSE 1 segment (T.87 C.2.4.1.1). Zero means the
// default value.
type preset struct{ maxval, t1, t2, t3, reset int }

// parameters reads an LSE segment (T.87 C.2.4.1).
func (d *decoder) parameters(b []byte) error {
	if len(b) == 0 {
		return codec.Corrupt("the parameters of the JPEG-LS stream are empty")
	}
	switch id := b[0]; id {
	case 1:
		if len(b) != 11 {
			return codec.Corrupt("the coding parameters of the JPEG-LS stream have a wrong length")
		}
		at := func(i int) int { return int(binary.BigEndian.Uint16(b[i:])) }
		d.preset = preset{maxval: at(1), t1: at(3), t2: at(5), t3: at(7), reset: at(9)}
	case 2, 3:
		// A mapping table. Only a scan that selects it is refused.
	case 4:
		return d.largeDimensions(b)
	default:
		if id >= 5 && id <= 13 {
			return codec.Unsupported("the stream uses the extensions of JPEG-LS (ITU-T T.870), which are not read")
		}
		return codec.Corrupt("the JPEG-LS stream has parameters of the unknown kind %d", id)
	}
	return nil
}

// largeDimensions reads LSE 4: the dimensions in 2, 3 or 4 bytes each, for images of
// more than 65535 rows or columns (T.87 C.2.4.1.4).
func (d *decoder) largeDimensions(b []byte) error {
	if len(b) < 2 || b[1] < 2 || b[1] > 4 || len(b) != 2+2*int(b[1]) {
		return codec.Corrupt("the dimensions of the JPEG-LS stream have a wrong length")
	}
	n := int(b[1])
	return d.setSize(number(b[2:2+n]), number(b[2+n:]))
}

// coding is the parameters of a scan and what follows from them.
type coding struct {
	maxval, near, reset int
	t1, t2, t3          int
	step                int // 2·NEAR + 1
	span                int // RANGE (A.2.1)
	qbpp                int // bits of a mapped error value
	limit               int // LIMIT: the longest code word
}

// resolve fills in the default values (T.87 C.2.4.1.1.1) and checks all of them.
func (p preset) resolve(precision, near int) (coding, error) {
	c := coding{maxval: p.maxval, near: near, reset: p.reset}
	if c.maxval == 0 {
		c.maxval = 1<<precision - 1
	}
	if c.maxval >= 1<<precision {
		return c, codec.Corrupt("the largest sample value of the JPEG-LS stream, %d, needs more than its %d bits", c.maxval, precision)
	}
	if near > min(255, c.maxval/2) {
		return c, codec.Corrupt("the JPEG-LS stream allows errors of %d, too many for its samples", near)
	}
	t1, t2, t3 := thresholds(c.maxval, near)
	c.t1, c.t2, c.t3 = or(p.t1, t1), or(p.t2, t2), or(p.t3, t3)
	c.reset = or(p.reset, 64)
	if c.t1 < near+1 || c.t2 < c.t1 || c.t3 < c.t2 || c.t3 > c.maxval {
		return c, codec.Corrupt("the thresholds of the JPEG-LS stream (%d, %d, %d) are not in order", c.t1, c.t2, c.t3)
	}
	if c.reset < 3 || c.reset > max(255, c.maxval) {
		return c, codec.Corrupt("the reset value of the JPEG-LS stream, %d, is not possible", c.reset)
	}
	c.step = 2*near + 1
	c.span = (c.maxval+2*near)/c.step + 1
	c.qbpp = bits.Len(uint(c.span - 1))
	bpp := max(2, bits.Len(uint(c.maxval)))
	c.limit = 2 * (bpp + max(8, bpp))
	return c, nil
}

// or is v, or the default where v is 0.
func or(v, otherwise int) int {
	if v == 0 {
		return otherwise
	}
	return v
}

// thresholds are the default values of T1, T2 and T3 (T.87 C.2.4.1.1.1).
func thresholds(maxval, near int) (t1, t2, t3 int) {
	clamp := func(v, low int) int {
		if v > maxval || v < low {
			return low
		}
		return v
	}
	if maxval >= 128 {
		f := (min(maxval, 4095) + 128) / 256
		t1 = clamp(f*(3-2)+2+3*near, near+1)
		t2 = clamp(f*(7-3)+3+5*near, t1)
		t3 = clamp(f*(21-4)+4+7*near, t2)
		return t1, t2, t3
	}
	f := 256 / (maxval + 1)
	t1 = clamp(max(2, 3/f+3*near), near+1)
	t2 = clamp(max(3, 7/f+5*near), t1)
	t3 = clamp(max(4, 21/f+7*near), t2)
	return t1, t2, t3
}

// unclampedThresholds are those of JAI Image I/O, which forgets that MAXVAL counts as
// 4095 at most.
func unclampedThresholds(precision, near int) (t1, t2, t3 int) {
	f := (1<<precision - 1 + 128) / 256
	return f + 2 + 3*near, 4*f + 3 + 5*near, 17*f + 4 + 7*near
}

// regions is the gradient quantiser as a table (T.87 A.3.3): regions[maxval+d] is the
// region, -4 to 4, of the difference d of two samples.
func (c *coding) regions() []int8 {
	table := make([]int8, 2*c.maxval+1)
	fill := func(from, to int, region int8) { // for from <= |d| < to
		for d := from; d < min(to, c.maxval+1); d++ {
			table[c.maxval+d], table[c.maxval-d] = region, -region
		}
	}
	fill(c.near+1, c.t1, 1)
	fill(c.t1, c.t2, 2)
	fill(c.t2, c.t3, 3)
	fill(c.t3, c.maxval+1, 4)
	return table
}
