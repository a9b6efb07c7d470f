package j2k

// The 9/7 filters' lifting parameters (table F.4).
const (
	alpha  = -1.586134342059924
	beta   = -0.052980118572961
	gamma  = 0.882911075530934
	delta  = 0.443506852043971
	scaleK = 1.230174104914001
)

// reverse97 is the synthesis with the irreversible 9/7 filters (F.3.8.2), less their
// scaling, which the quantization steps contain (newBand). The four lifting steps run
// one behind another: when rows 2n and 2n+1 come in, rows 2n-3 and 2n-2 are finished.
func reverse97(s *synthesis[float32]) {
	if s.height() == 1 {
		line := s.out(s.y0)
		low, high := s.halves(s.y0)
		rows97(line, low, high, s.x0, s.x1)
		f := float32(1 / scaleK) // F.3.6: no filter, so its scaling is taken out again
		if s.y0&1 == 1 {
			f = scaleK / 2
		}
		for x := range line {
			line[x] *= f
		}
		s.done(s.y0, line)
		return
	}
	load := func(line []float32, y int) []float32 {
		low, high := s.halves(mirror(y, s.y0, s.y1))
		rows97(line, low, high, s.x0, s.x1)
		return line
	}
	n := s.y0>>1 - 1
	odd, first, second, free := load(s.lines[0], 2*n-1), s.lines[1], s.lines[2], s.lines[3]
	spare := [3][]float32{make([]float32, s.width()), make([]float32, s.width()), make([]float32, s.width())}
	out := func(y int) []float32 {
		if y < s.y0 || y >= s.y1 {
			return spare[y&1]
		}
		return s.out(y)
	}
	third := spare[0]
	for ; n <= (s.y1-1)>>1+2; n++ {
		even, next := load(free, 2*n), load(spare[2], 2*n+1)
		upper, lower := out(2*n-3), out(2*n-2)
		columns97(even, next, odd, first, second, third, upper, lower)
		if y := 2*n - 3; y >= s.y0 && y < s.y1 {
			s.done(y, upper)
		}
		if y := 2*n - 2; y >= s.y0 && y < s.y1 {
			s.done(y, lower)
		}
		// The rows after steps 3, 4 and 5 are where rows 2n, 2n-1 and 2n-2 were.
		third, second, first, odd, free, spare[2] = lower, odd, even, next, first, second
	}
}

// columns97 runs steps 3 to 6 of 1D_FILTR 9-7I for rows 2n, 2n-1, 2n-2 and 2n-3. even and
// next are rows 2n and 2n+1, odd is row 2n-1, first row 2n-2 after step 3, second row 2n-3
// after step 4, third row 2n-4 after step 5. even and odd become their rows after steps 3
// and 4; lower and upper become rows 2n-2 and 2n-3.
func columns97(even, next, odd, first, second, third, upper, lower []float32) {
	n := len(even)
	next, odd, first, second = next[:n], odd[:n], first[:n], second[:n]
	third, upper, lower = third[:n], upper[:n], lower[:n]
	for x, e := range even {
		o := odd[x]
		e -= delta * (o + next[x])
		o -= gamma * (first[x] + e)
		b := first[x] - beta*(second[x]+o)
		even[x], odd[x] = e, o
		upper[x] = second[x] - alpha*(third[x]+b)
		lower[x] = b
	}
}

// rows97 interleaves and filters one row of samples x0 to x1, in the same way.
func rows97(out, low, high []float32, x0, x1 int) {
	if x1-x0 == 1 {
		if x0&1 == 1 {
			out[0] = high[0] * (scaleK / 2)
		} else {
			out[0] = low[0] * (1 / scaleK)
		}
		return
	}
	lowAt, highAt := (x0+1)>>1, x0>>1 // indices n of low[0] and high[0]
	at := func(x int) float32 {
		if x = mirror(x, x0, x1); x&1 == 0 {
			return low[x>>1-lowAt]
		}
		return high[x>>1-highAt]
	}
	n, end := x0>>1-1, (x1-1)>>1+2
	odd := at(2*n - 1)
	var first, second, third float32
	for ; n <= end; n++ {
		// Where all is within the row, without its checks.
		if 2*n-3 >= x0 && 2*n+1 < x1 {
			last := (x1 - 2) >> 1 // of n here
			l, h := low[n-lowAt:last-lowAt+1], high[n-highAt:last-highAt+1]
			pairs := out[2*n-3-x0:]
			pairs = pairs[:2*len(l)]
			h = h[:len(l)]
			for i, e := range l {
				next := h[i]
				e -= delta * (odd + next)
				o := odd - gamma*(first+e)
				b := first - beta*(second+o)
				pairs[2*i] = second - alpha*(third+b)
				pairs[2*i+1] = b
				odd, first, second, third = next, e, o, b
			}
			n = last + 1
		}
		e, next := at(2*n), at(2*n+1)
		e -= delta * (odd + next)
		o := odd - gamma*(first+e)
		b := first - beta*(second+o)
		if x := 2*n - 3; x >= x0 && x < x1 {
			out[x-x0] = second - alpha*(third+b)
		}
		if x := 2*n - 2; x >= x0 && x < x1 {
			out[x-x0] = b
		}
		odd, first, second, third = next, e, o, b
	}
}
