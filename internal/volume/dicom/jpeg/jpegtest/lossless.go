package jpegtest

// Lossless encodes an image without loss, or with that of its point transform, in process
// 14 (annex H).
func Lossless(m Image, predictor, point int, o Options) []byte {
	w := &writer{Options: o}
	differences := make([]int32, len(m.Samples))
	var often [256]int
	for i := range differences {
		differences[i] = difference(m, i, predictor, point, o.Restart)
		if half := int32(1) << m.Precision >> 1; o.Wrapped && differences[i] > half/2 {
			differences[i] -= 2 * half
		}
		category, _ := magnitude(differences[i])
		often[category]++
	}
	t := newTable(o.Tables, &often)
	w.start()
	w.frame(0xC3, m, 0)
	w.define(0, t)
	w.scan(predictor, 0, 0, point)
	for i, v := range differences {
		if o.Restart > 0 && i > 0 && i%o.Restart == 0 {
			w.restart(i/o.Restart - 1)
		}
		category, extra := magnitude(v)
		w.symbol(t, category)
		if category < 16 || o.Cornell { // table H.2
			w.bits(extra, category)
		}
	}
	w.align()
	return w.end(m)
}

// difference is a sample less its prediction, from -32767 to 32768 (H.1.2.1).
func difference(m Image, i, predictor, point, restart int) int32 {
	at := func(i int) int32 { return int32(m.Samples[i]) >> point }
	x, y := i%m.Columns, i/m.Columns
	first := y == 0 || restart > 0 && i/restart > (i-m.Columns)/restart
	var p int32
	switch {
	case first && x == 0:
		p = 1 << (m.Precision - point - 1)
	case first:
		p = at(i - 1)
	case x == 0:
		p = at(i - m.Columns)
	default:
		a, b, c := at(i-1), at(i-m.Columns), at(i-m.Columns-1)
		p = [8]int32{1: a, 2: b, 3: c, 4: a + b - c, 5: a + (b-c)>>1, 6: b + (a-c)>>1, 7: (a + b) >> 1}[predictor]
	}
	v := int32(int16(at(i) - p))
	if v == -32768 {
		return 32768
	}
	return v
}
