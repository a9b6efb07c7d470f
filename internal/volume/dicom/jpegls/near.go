package jpegls

// nearLossless decodes one line of a near-lossless scan. It differs from lossless in
// that errors are quantised by 2·NEAR + 1 (T.87 A.4.4, A.4.5) and that the mapping is
// never flipped (A.5.2).
func (s *scanner) nearLossless(line, prev []uint16) error {
	width := len(line) - 2
	reset := int32(s.coding.reset)
	for i := 1; i <= width; i++ {
		a, b, c, d := int(line[i-1]), int(prev[i]), int(prev[i-1]), int(prev[i+1])
		q := 81*int(s.region[s.maxval+d-b]) + 9*int(s.region[s.maxval+b-c]) + int(s.region[s.maxval+c-a])
		if q == 0 {
			end, err := s.decodeRun(line, prev, i)
			if err != nil {
				return err
			}
			i = end
			continue
		}
		sign := q >> 63
		ctx := &s.context[((q^sign)-sign)&511]
		px := max(min(a, b), min(max(a, b), a+b-c))
		px += (int(ctx.c) ^ sign) - sign
		px = max(0, min(px, s.maxval))
		m := s.golomb(int(ctx.k), s.limit, s.qbpp)
		if m > s.most {
			return errValue()
		}
		e := (m >> 1) ^ -(m & 1)
		line[i] = uint16(s.reconstruct(px + ((e^sign)-sign)*s.step))
		ctx.update(e, e*s.step, reset)
	}
	return nil
}

// reconstruct is the sample for a prediction plus its error in units of samples
// (T.87 A.4.5): the sum modulo RANGE·(2·NEAR + 1), clamped.
func (s *scanner) reconstruct(x int) int {
	if x < -s.near {
		x += s.span * s.step
	} else if x > s.maxval+s.near {
		x -= s.span * s.step
	}
	return max(0, min(x, s.maxval))
}
