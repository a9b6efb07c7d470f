package jpegls

import "github.com/iris-oculus/iris/internal/volume/dicom/codec"

// runLengths is J, the number of bits of a run length for each RUNindex (T.87 A.2.1).
var runLengths = [32]uint8{
	0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3,
	4, 4, 5, 5, 6, 6, 7, 7, 8, 9, 10, 11, 12, 13, 14, 15,
}

// decodeRun decodes run mode from sample i on (T.87 A.7): a run of the left neighbour's
// value and, unless it reaches the end of the line, the sample that interrupts it. It
// returns the index of that sample, or width + 1.
func (s *scanner) decodeRun(line, prev []uint16, i int) (int, error) {
	end := len(line) - 1 // width + 1
	value := line[i-1]
	// A.7.1.2: each one bit is a run of 2^J samples, or of those left in the line.
	for s.bit() == 1 {
		length := 1 << runLengths[s.run]
		stop := min(i+length, end)
		fill(line[i:stop], value)
		if i+length <= end && s.run < 31 {
			s.run++
		}
		if i = stop; i == end {
			return i, nil
		}
	}
	j := int(runLengths[s.run])
	length := s.read(j)
	if length >= end-i {
		return 0, codec.Corrupt("the JPEG-LS stream has a run that leaves its line")
	}
	fill(line[i:i+length], value)
	i += length
	x, err := s.interruption(int(value), int(prev[i]), j)
	if err != nil {
		return 0, err
	}
	line[i] = uint16(x)
	if s.run > 0 {
		s.run--
	}
	return i, nil
}

func fill(line []uint16, value uint16) {
	for i := range line {
		line[i] = value
	}
}

// interruption decodes the sample behind a run (T.87 A.7.2), with the neighbours a and b.
func (s *scanner) interruption(a, b, j int) (int, error) {
	kind := 0 // RItype: 1 where a and b are alike
	px, sign := b, 1
	if d := a - b; d <= s.near && d >= -s.near {
		kind, px = 1, a
	} else if d > 0 {
		sign = -1
	}
	ctx := &s.context[contexts+kind]
	sum := ctx.a
	if kind == 1 {
		sum += int(ctx.n >> 1)
	}
	k := int(golombK(ctx.n, sum))
	m := s.golomb(k, s.limit-j-1, s.qbpp) // EMErrval
	if m > s.most {
		return 0, errValue()
	}
	// A.7.2.2: EMErrval = 2·|Errval| - RItype - map, where map tells the sign.
	odd := (m + kind) & 1
	e := (m + kind + odd) / 2
	if (k != 0 || 2*ctx.b >= ctx.n) == (odd == 1) {
		e = -e
	}
	if e < 0 {
		ctx.b++
	}
	ctx.a += (m + 1 - kind) >> 1
	if ctx.n == int32(s.coding.reset) {
		ctx.a >>= 1
		ctx.n >>= 1
		ctx.b >>= 1
	}
	ctx.n++
	x := s.reconstruct(px + sign*e*s.step)
	return x, nil
}
