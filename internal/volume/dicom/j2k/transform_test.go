package j2k

import "math"

// transform is the forward wavelet of the tests (F.4), by the standard's equations on
// whole columns and rows. It returns the sub-bands of each resolution by kind.
func (e *encoder) transform(area rect) [][4][]float64 {
	low := make([]float64, area.width()*area.height())
	shift := 0
	if !e.im.signed {
		shift = 1 << (e.im.precision - 1)
	}
	for y := area.y0; y < area.y1; y++ {
		for x := area.x0; x < area.x1; x++ {
			low[(y-area.y0)*area.width()+x-area.x0] = float64(e.im.samples[(y-e.o.y)*e.im.w+x-e.o.x] - shift)
		}
	}
	out := make([][4][]float64, e.o.levels+1)
	at := area
	for n := e.o.levels; n > 0; n-- {
		w, h := at.width(), at.height()
		for x := range w {
			column := make([]float64, h)
			for y := range h {
				column[y] = low[y*w+x]
			}
			e.analyse(column, at.y0)
			for y := range h {
				low[y*w+x] = column[y]
			}
		}
		for y := range h {
			e.analyse(low[y*w:(y+1)*w], at.x0)
		}
		var bands [4][]float64
		for y := at.y0; y < at.y1; y++ {
			for x := at.x0; x < at.x1; x++ {
				k := x&1 | y&1<<1
				bands[k] = append(bands[k], low[(y-at.y0)*w+x-at.x0])
			}
		}
		out[n], low = bands, bands[0]
		at = rect{ceilShift(at.x0, 1), ceilShift(at.y0, 1), ceilShift(at.x1, 1), ceilShift(at.y1, 1)}
	}
	out[0][0] = low
	return out
}

// analyse filters one line in place, the first sample of which has index from.
func (e *encoder) analyse(line []float64, from int) {
	to := from + len(line)
	if len(line) == 1 {
		if from&1 == 1 {
			line[0] *= 2
		}
		return
	}
	at := func(i int) float64 { return line[mirror(i, from, to)-from] }
	lift := func(odd int, step func(v, sum float64) float64) {
		for i := from; i < to; i++ {
			if i&1 == odd {
				line[i-from] = step(line[i-from], at(i-1)+at(i+1))
			}
		}
	}
	if !e.o.irreversible {
		lift(1, func(v, sum float64) float64 { return v - math.Floor(sum/2) })
		lift(0, func(v, sum float64) float64 { return v + math.Floor((sum+2)/4) })
		return
	}
	for i, k := range []float64{alpha, beta, gamma, delta} {
		lift(1-i&1, func(v, sum float64) float64 { return v + k*sum })
	}
	lift(1, func(v, _ float64) float64 { return v * scaleK })
	lift(0, func(v, _ float64) float64 { return v / scaleK })
}
