// Package decimal writes numbers with a fixed number of decimals. It is several times
// as fast as strconv, which searches for the shortest text. In: numbers and
// how many decimals to keep. Out: text such as "-12.0625", without an exponent,
// trailing zeros or a negative zero. No errors.
package decimal

import (
	"encoding/binary"
	"math"
	"math/bits"
	"slices"
	"strconv"
)

// MaxDigits is the most decimals that Append and Round keep.
const MaxDigits = 15

var powers = [MaxDigits + 1]float64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15}

// Digits is the least number of decimals whose last one stands for at most step.
func Digits(step float64) int {
	for n, p := range powers {
		if 1/p <= step {
			return n
		}
	}
	return MaxDigits
}

// exact bounds the numbers that this package rounds. Whole numbers up to 2⁵³ are
// exact in float64.
const exact = 1 << 52

// Round gives the number that Append writes, half away from zero, as float64.
func Round(x float64, digits int) float64 {
	scaled := x * powers[digits]
	if !(math.Abs(scaled) < exact) {
		return x
	}
	return float64(int64(scaled+math.Copysign(0.5, x))) / powers[digits]
}

// Append appends x with at most so many decimals.
func Append(b []byte, x float64, digits int) []byte {
	size := math.Abs(x)
	scaled := size * powers[digits]
	if !(scaled < exact) { // beyond what this package rounds, or not a finite number
		return strconv.AppendFloat(b, x, 'f', -1, 64)
	}
	n := int64(scaled + 0.5)
	if n == 0 {
		return append(b, '0')
	}
	if x < 0 {
		b = append(b, '-')
	}
	if size >= limit-1 || digits > width {
		return appendSlow(b, uint64(n), digits)
	}
	// The whole part needs no division: it is that of the number itself, or one more
	// where the fraction is rounded up to 1.
	unit := int64(units[digits])
	whole := int64(size)
	fraction := n - whole*unit
	if fraction >= unit {
		whole, fraction = whole+1, fraction-unit
	}
	b, to := room(b)
	at := put(to, uint64(whole))
	if fraction > 0 {
		to[at] = '.'
		// Its digits stand at the left of eight, and zeros behind them are left out.
		text := eight(uint64(fraction) * units[width-digits])
		binary.LittleEndian.PutUint64(to[at+1:], text|zeros)
		at += 1 + width - bits.LeadingZeros64(text)/8
	}
	return b[:len(b)+at]
}

// AppendUint appends a whole number.
func AppendUint(b []byte, n uint64) []byte {
	if n >= limit {
		return strconv.AppendUint(b, n, 10)
	}
	b, to := room(b)
	return b[:len(b)+put(to, n)]
}

// Numbers below limit are eight digits, with zeros before them.
const (
	width = 8
	limit = 1e8
	zeros = '0' * 0x0101010101010101
)

// room is b, and the bytes behind its end in which numbers are written: eight bytes at a
// time, of which those behind the number do not count.
func room(b []byte) (grown, to []byte) {
	const most = width + 1 + width
	if cap(b)-len(b) < most {
		b = slices.Grow(b, most)
	}
	return b, b[len(b) : len(b)+most]
}

// put writes a number below limit and says how many digits it has.
func put(to []byte, n uint64) int {
	if n < 10 {
		to[0] = '0' + byte(n)
		return 1
	}
	if n < 100 {
		to[0], to[1] = '0'+byte(n/10), '0'+byte(n%10)
		return 2
	}
	text := eight(n)
	leading := bits.TrailingZeros64(text) / 8
	binary.LittleEndian.PutUint64(to, (text|zeros)>>(8*leading&63))
	return width - leading
}

// eight is the digits of a number below limit, the first one in the lowest byte. It
// takes the number apart in halves, each in as many lanes as there are, so that nothing
// depends on how many digits there are. Dividing by 100 is multiplying by 10486/2²⁰,
// which is exact below 10⁴, and by 10 by 103/2¹⁰, below 100.
func eight(n uint64) uint64 {
	four := n/10_000 | n%10_000<<32
	high := four * 10486 >> 20 & 0x0000007f_0000007f
	two := high | (four-100*high)<<16
	tens := two * 103 >> 10 & 0x000f000f_000f000f
	return tens | (two-10*tens)<<8
}

// appendSlow appends n with so many decimals, n being any number but 0.
func appendSlow(b []byte, n uint64, digits int) []byte {
	for digits > 0 && n%10 == 0 {
		n /= 10
		digits--
	}
	if digits == 0 {
		return strconv.AppendUint(b, n, 10)
	}
	unit := units[digits]
	b = strconv.AppendUint(b, n/unit, 10)
	point := len(b)
	b = strconv.AppendUint(b, n%unit+unit, 10) // a 1 before the fraction keeps its zeros
	b[point] = '.'
	return b
}

// units are the powers of ten as whole numbers.
var units = func() (u [MaxDigits + 1]uint64) {
	u[0] = 1
	for i := range u[1:] {
		u[i+1] = 10 * u[i]
	}
	return u
}()
