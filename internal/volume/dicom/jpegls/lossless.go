package jpegls

import (
	"encoding/binary"
	"math/bits"
)

// lossless decodes one line (T.87 A.3 to A.6 with NEAR = 0). The neighbours of sample i
// are named as in figure 3: a left of it, b above, c above a, d right of b. Both slices
// are width + 2 long, with the samples from index 1 on; line[0], prev[0] and
// prev[width+1] hold the values that the standard gives to places outside the image.
//
// What the next sample's code word depends on is a long chain: sample, gradients,
// context, k, length of the code word. So what does not belong to it is done elsewhere:
// two of three gradients are known from the line above, and a context has its k ready.
func (s *scanner) lossless(line, prev []uint16) error {
	var (
		width  = len(line) - 2
		region = s.region
		maxval = s.maxval
		span   = s.span
		reset  = int32(s.coding.reset)
		short  = min(s.limit-s.qbpp-1, 32) // zeros of code words that are decoded here
		src    = s.src
		acc, n = s.acc, s.n
	)
	prev = prev[:len(line)]
	a, b, c := int(line[0]), int(prev[1]), int(prev[0])
	q2 := int(region[maxval+b-c])
	for i := 1; i <= width; i++ {
		d := int(prev[i+1])
		q1 := int(region[maxval+d-b])
		q := 81*q1 + 9*q2 + int(region[maxval+c-a])
		q2 = q1
		if q == 0 {
			s.acc, s.n = acc, n
			end, err := s.decodeRun(line, prev, i)
			if err != nil {
				return err
			}
			acc, n = s.acc, s.n
			if i = end; i > width {
				break
			}
			a, c, b = int(line[i]), int(prev[i]), int(prev[i+1])
			q2 = int(region[maxval+b-c])
			continue
		}
		sign := q >> 63
		ctx := &s.context[((q^sign)-sign)&511]

		// Prediction (A.4): the median of a, b and a + b - c, corrected and clamped.
		px := max(min(a, b), min(max(a, b), a+b-c))
		px += (int(ctx.c) ^ sign) - sign
		px = max(0, min(px, maxval))

		// The mapped error value (A.5.3).
		if pos := s.pos; pos+8 <= s.plain {
			// As in refill, at every sample: a branch that depends on n would be foreseen
			// by no processor.
			acc |= binary.BigEndian.Uint64(src[pos:]) >> (n & 63)
			s.pos = pos + (63-n)>>3
			n |= 56
		} else if n < 32 {
			s.acc, s.n = acc, n
			s.refill()
			acc, n = s.acc, s.n
		}
		k := int(ctx.k)
		zeros := bits.LeadingZeros64(acc)
		var m int
		if zeros < short && zeros+1+k <= n {
			acc <<= (zeros + 1) & 63
			m = zeros<<(k&63) | int(acc>>1>>((63-k)&63))
			acc <<= k & 63
			n -= zeros + 1 + k
		} else {
			s.acc, s.n = acc, n
			m = s.golomb(k, s.limit, s.qbpp)
			acc, n = s.acc, s.n
		}
		if m > s.most {
			return errValue()
		}
		e := (m >> 1) ^ -(m & 1) ^ int(ctx.flip) // A.5.2

		// The sample (A.4.5).
		x := px + (e ^ sign) - sign
		if uint(x) > uint(maxval) {
			if x < 0 {
				x += span
			} else {
				x -= span
			}
			if uint(x) > uint(maxval) {
				return errValue()
			}
		}
		line[i] = uint16(x)
		a, c, b = x, b, d

		ctx.update(e, e, reset)
	}
	s.acc, s.n = acc, n
	return nil
}

// update adds an error value to the statistics (T.87 A.6). biased is the error in units
// of samples: e times 2·NEAR + 1.
func (ctx *context) update(e, biased int, reset int32) {
	abs := e >> 63
	av, bv, nv := ctx.a+(e^abs)-abs, ctx.b+int32(biased), ctx.n
	if nv == reset {
		av >>= 1
		bv >>= 1
		nv >>= 1
	}
	nv++
	// A.6.2 without branches, which would be unforeseeable too: low and high are -1 where
	// B is at most -N or above 0.
	low, high := (bv+nv-1)>>31, -bv>>31
	bv = max(min(bv+nv&low-nv&high, 0), 1-nv)
	ctx.c = max(min(ctx.c+low-high, 127), -128)
	ctx.a, ctx.b, ctx.n = av, bv, nv
	k := golombK(nv, av)
	ctx.k, ctx.flip = k, 0
	if k == 0 && 2*bv <= -nv {
		ctx.flip = -1
	}
}
