package jpeg

// The cosines of n·π/16, in units of 2^-20.
const (
	cos1 = 1028428
	cos2 = 968758
	cos3 = 871859
	cos4 = 741455
	cos5 = 582558
	cos6 = 401273
	cos7 = 204567
)

// Between its two passes inverse keeps 10 bits below the unit. What it rounds off adds up
// to less than 0.01, so that it rounds as the exact transform does but near halves.
const (
	cosBits    = 20
	middleBits = 10
)

// inverse is the inverse DCT of A.3.3, columns and then rows, in integers, so that every
// machine gives the same samples. The sums over 8 coefficients are halved in each pass.
// level is added to each sample (A.3.1).
func inverse(b *block, level int32) {
	var middle [64]int64
	for x := range 8 {
		const shift, half = cosBits - middleBits + 1, 1 << (cosBits - middleBits)
		if b[8+x]|b[16+x]|b[24+x]|b[32+x]|b[40+x]|b[48+x]|b[56+x] == 0 {
			// A column without AC is as frequent as the image is smooth.
			v := (int64(b[x])*cos4 + half) >> shift
			for y := 0; y < 64; y += 8 {
				middle[y+x] = v
			}
			continue
		}
		e0, e1, e2, e3, o0, o1, o2, o3 := halves(half, int64(b[x]), int64(b[8+x]), int64(b[16+x]), int64(b[24+x]),
			int64(b[32+x]), int64(b[40+x]), int64(b[48+x]), int64(b[56+x]))
		middle[x], middle[56+x] = (e0+o0)>>shift, (e0-o0)>>shift
		middle[8+x], middle[48+x] = (e1+o1)>>shift, (e1-o1)>>shift
		middle[16+x], middle[40+x] = (e2+o2)>>shift, (e2-o2)>>shift
		middle[24+x], middle[32+x] = (e3+o3)>>shift, (e3-o3)>>shift
	}
	const shift = cosBits + middleBits + 1
	half := int64(level)<<shift + 1<<(shift-1)
	for y := 0; y < 64; y += 8 {
		m, out := (*[8]int64)(middle[y:]), (*[8]int32)(b[y:])
		e0, e1, e2, e3, o0, o1, o2, o3 := halves(half, m[0], m[1], m[2], m[3], m[4], m[5], m[6], m[7])
		out[0], out[7] = int32((e0+o0)>>shift), int32((e0-o0)>>shift)
		out[1], out[6] = int32((e1+o1)>>shift), int32((e1-o1)>>shift)
		out[2], out[5] = int32((e2+o2)>>shift), int32((e2-o2)>>shift)
		out[3], out[4] = int32((e3+o3)>>shift), int32((e3-o3)>>shift)
	}
}

// mean is the inverse of a block without coefficients but the first: every sample is equal.
func mean(first, level int32) int32 {
	const shift, half = 3, 4 // the cosine of π/4 and a half, twice, are an eighth
	return (first+half)>>shift + level
}

// halves are the sums over the even coefficients, and offset, and over the odd ones for the
// first four samples. For the sample that mirrors one of them, the odd sum has the other
// sign.
func halves(offset, f0, f1, f2, f3, f4, f5, f6, f7 int64) (e0, e1, e2, e3, o0, o1, o2, o3 int64) {
	sum, difference := (f0+f4)*cos4+offset, (f0-f4)*cos4+offset
	outer, inner := f2*cos2+f6*cos6, f2*cos6-f6*cos2
	return sum + outer, difference + inner, difference - inner, sum - outer,
		f1*cos1 + f3*cos3 + f5*cos5 + f7*cos7,
		f1*cos3 - f3*cos7 - f5*cos1 - f7*cos5,
		f1*cos5 - f3*cos1 + f5*cos7 + f7*cos3,
		f1*cos7 - f3*cos5 + f5*cos3 - f7*cos1
}
