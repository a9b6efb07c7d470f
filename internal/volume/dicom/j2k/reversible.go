package j2k

// reverse53 is the synthesis with the reversible 5/3 filters (F.3.8.1).
func reverse53(s *synthesis[int32]) {
	if s.height() == 1 { // F.3.6: a single sample is its own, or half of it where it is odd
		line := s.out(s.y0)
		low, high := s.halves(s.y0)
		rows53(line, low, high, s.x0&1)
		if s.y0&1 == 1 {
			for x, v := range line {
				line[x] = v / 2
			}
		}
		s.done(s.y0, line)
		return
	}
	load := func(line []int32, y int) []int32 {
		low, high := s.halves(y)
		rows53(line, low, high, s.x0&1)
		return line
	}
	before, after := s.lines[0], s.lines[1] // the odd rows around an even one
	first := s.y0 + s.y0&1
	if first > s.y0 {
		load(before, first-1)
	}
	var last []int32 // the even row above
	for y := first; y < s.y1; y += 2 {
		even := load(s.out(y), y)
		switch {
		case y+1 >= s.y1:
			after = before
		default:
			load(after, y+1)
		}
		if y-1 < s.y0 {
			for x, v := range even {
				even[x] = v - (2*after[x]+2)>>2
			}
		} else {
			if last == nil {
				last = even
			}
			odd := s.out(y - 1)
			columns53(even, odd, before, after, last)
			s.done(y-1, odd)
		}
		s.done(y, even)
		last, before, after = even, after, before
	}
	if s.y1&1 == 0 { // the last row is odd, and has no even one below
		odd := s.out(s.y1 - 1)
		for x := range odd {
			odd[x] = before[x] + last[x]
		}
		s.done(s.y1-1, odd)
	}
}

// columns53 finishes an even row and the odd row above it. last is the even row above
// that, which may be even itself.
func columns53(even, odd, before, after, last []int32) {
	n := len(even)
	odd, before, after, last = odd[:n], before[:n], after[:n], last[:n]
	for x, v := range even {
		b := before[x]
		v -= (b + after[x] + 2) >> 2 // F-6
		even[x] = v
		odd[x] = b + (last[x]+v)>>1 // F-7
	}
}

// rows53 interleaves and filters one row, the first sample of which is odd (1) or even.
func rows53(out, low, high []int32, odd int) {
	if len(low)+len(high) == 1 {
		if odd == 1 {
			out[0] = high[0] / 2
		} else {
			out[0] = low[0]
		}
		return
	}
	// low[i] is between high[i-1+odd] and high[i+odd], those at the ends mirrored.
	n := len(low)
	e := low[0] - (high[0]+high[min(odd, len(high)-1)]+2)>>2
	if odd == 1 {
		out[0] = high[0] + e
		out, high = out[1:], high[1:]
	}
	// From here on low[i] is out[2i], between high[i-1] and high[i].
	m := min(n, len(high))
	if m > 0 {
		h := high[0]
		lows, highs := low[1:m], high[1:m]
		pairs := out[:2*m]
		for i, l := range lows {
			g := highs[i]
			l -= (h + g + 2) >> 2
			pairs[2*i] = e
			pairs[2*i+1] = h + (e+l)>>1
			e, h = l, g
		}
		out[2*m-2] = e
		if n > m {
			l := low[m] - (2*h+2)>>2
			out[2*m-1] = h + (e+l)>>1
			e = l
		} else {
			out[2*m-1] = h + e
		}
	}
	if n > m {
		out[2*m] = e
	}
}
