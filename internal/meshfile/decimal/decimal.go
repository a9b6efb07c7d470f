// Package decimal writes numbers with a fixed number of decimals. It is several times
// as fast as strconv, which searches for the shortest text. In: numbers and
// how many decimals to keep. Out: text such as "-12.0625", without an exponent,
// trailing zeros or a negative zero. No errors.
package decimal

import (
	"math"
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
	scaled := math.Abs(x) * powers[digits]
	if !(scaled < exact) { // beyond what this package rounds, or not a finite number
		return strconv.AppendFloat(b, x, 'f', -1, 64)
	}
	n := uint64(scaled + 0.5)
	if n == 0 {
		return append(b, '0')
	}
	if x < 0 {
		b = append(b, '-')
	}
	// Digits come from the end, two at a time; trailing zeros of the fraction are
	// left out.
	var text [24]byte
	at, left := len(text), digits
	for left > 0 && n%10 == 0 {
		n /= 10
		left--
	}
	if left > 0 {
		for ; left > 1; left -= 2 {
			at -= 2
			copy(text[at:at+2], pairs[2*(n%100):])
			n /= 100
		}
		if left == 1 {
			at--
			text[at] = '0' + byte(n%10)
			n /= 10
		}
		at--
		text[at] = '.'
	}
	return append(b, text[putWhole(text[:at], n):]...)
}

// putWhole writes the digits of n to the end of text, two at a time, and gives the place
// of the first.
func putWhole(text []byte, n uint64) int {
	at := len(text)
	for n >= 100 {
		at -= 2
		copy(text[at:at+2], pairs[2*(n%100):])
		n /= 100
	}
	at -= 2
	copy(text[at:at+2], pairs[2*n:])
	if n < 10 {
		at++
	}
	return at
}

// AppendUint appends a whole number.
func AppendUint(b []byte, n uint64) []byte {
	var text [20]byte
	return append(b, text[putWhole(text[:], n):]...)
}

// pairs are the numbers from 00 to 99.
var pairs = func() (p [200]byte) {
	for i := range 100 {
		p[2*i], p[2*i+1] = '0'+byte(i/10), '0'+byte(i%10)
	}
	return p
}()
