package meshopt

import (
	"encoding/binary"
	"math"
)

// Octahedral encodes a unit vector for the filter OCTAHEDRAL of a view with a stride
// of 4: the vector is projected to the octahedron |x|+|y|+|z| = 1, whose lower half
// is folded outwards over the upper one, and two coordinates of the given number of
// bits, 4 to 8, are kept. A decoder gives signed normalised bytes. A vector that is
// zero or not finite is encoded as +z, since a decoder divides by its length.
func Octahedral(v [3]float32, bits int) [4]byte {
	x, y, one := octahedral(v, bits)
	return [4]byte{byte(int8(x)), byte(int8(y)), byte(int8(one))}
}

// Octahedral16 is Octahedral for a stride of 8, with 4 to 16 bits.
func Octahedral16(v [3]float32, bits int) [8]byte {
	x, y, one := octahedral(v, bits)
	var out [8]byte
	binary.LittleEndian.PutUint16(out[0:], uint16(int16(x)))
	binary.LittleEndian.PutUint16(out[2:], uint16(int16(y)))
	binary.LittleEndian.PutUint16(out[4:], uint16(int16(one)))
	return out
}

func octahedral(v [3]float32, bits int) (qx, qy, one int) {
	one = 1<<(bits-1) - 1
	x, y, z := float64(v[0]), float64(v[1]), float64(v[2])
	sum := math.Abs(x) + math.Abs(y) + math.Abs(z)
	if !(sum > 0) || math.IsInf(sum, 1) {
		return 0, 0, one
	}
	x, y = x/sum, y/sum
	if z < 0 {
		x, y = math.Copysign(1-math.Abs(y), x), math.Copysign(1-math.Abs(x), y)
	}
	return quantize(x, one), quantize(y, one), one
}

// quantize maps -1…1 to -one…one, half away from zero.
func quantize(x float64, one int) int { return int(math.Round(x * float64(one))) }

// Quaternion encodes a unit quaternion (x, y, z, w) for the filter QUATERNION with
// 4 to 16 bits: the largest component is left out, with all signs turned when it is
// negative, for a quaternion and its negative are one rotation. A quaternion that is
// zero or not finite is encoded as no rotation.
func Quaternion(q [4]float32, bits int) [8]byte {
	largest, square := 0, 0.0
	for i, v := range q {
		square += float64(v) * float64(v)
		if math.Abs(float64(v)) > math.Abs(float64(q[largest])) {
			largest = i
		}
	}
	if !(square > 0) || math.IsInf(square, 1) {
		q, largest, square = [4]float32{3: 1}, 3, 1
	}
	one := 1<<(bits-1) - 1
	// The other components are at most √½ of the length; they are stretched to 1.
	scale := math.Copysign(math.Sqrt2/math.Sqrt(square), float64(q[largest]))
	var out [8]byte
	for i := range 3 {
		v := max(-1, min(1, float64(q[(largest+1+i)%4])*scale))
		binary.LittleEndian.PutUint16(out[2*i:], uint16(int16(quantize(v, one))))
	}
	binary.LittleEndian.PutUint16(out[6:], uint16(int16(one&^3|largest)))
	return out
}

// Exponential encodes numbers for the filter EXPONENTIAL: each becomes a mantissa of
// at most bits, 1 to 24 with its sign, and an exponent of two. A number beyond the
// exponents from -100 to 100 becomes the nearest that there is; one that is not a
// number becomes zero.
func Exponential(b []byte, values []float32, bits int) []byte {
	for _, v := range values {
		b = binary.LittleEndian.AppendUint32(b, exponential(float64(v), bits))
	}
	return b
}

func exponential(v float64, bits int) uint32 {
	const least, most = -100, 100
	largest := float64(int(1)<<(bits-1) - 1)
	if math.IsNaN(v) || v == 0 {
		return 0
	}
	_, e := math.Frexp(min(math.Abs(v), math.MaxFloat32)) // |v| < 2ᵉ
	e = max(least, min(most, e-(bits-1)))
	m := math.Round(math.Ldexp(v, -e))
	if math.Abs(m) > largest && e < most { // rounding up made one bit more
		e++
		m = math.Round(math.Ldexp(v, -e))
	}
	m = max(-largest, min(largest, m))
	return uint32(int32(e))<<24 | uint32(int32(m))&0xffffff
}
