package j2k

// plane is rows of samples, one after another.
type plane[T int32 | float32] struct {
	samples []T
	width   int
}

func (p plane[T]) row(i int) []T { return p.samples[i*p.width : (i+1)*p.width] }

// synthesis puts one resolution together from the one below it and its three sub-bands
// (2D_SR, F.3.2): rows first, then columns. Columns are done for whole rows at a time,
// each as soon as the rows that it needs are there, so that the samples stay in the
// processor's cache.
type synthesis[T int32 | float32] struct {
	rect
	low, high [2]plane[T] // [0] above: LL and HL, for even rows; [1] below: LH and HH
	lines     [4][]T
	// out is where row y goes, and done is called when it is whole; both may keep a row
	// until three more are asked for.
	out  func(y int) []T
	done func(y int, line []T)
}

// halves are the low-pass and the high-pass samples that make row y.
func (s *synthesis[T]) halves(y int) (low, high []T) {
	k := y & 1
	i := y>>1 - (s.y0+1-k)>>1 // the first even row is y0 rounded up, the first odd one down
	return s.low[k].row(i), s.high[k].row(i)
}

// mirror continues a row or a column beyond its ends (periodic symmetric extension,
// equation F-4).
func mirror(i, from, to int) int {
	for i < from || i >= to {
		if i < from {
			i = 2*from - i
		}
		if i >= to {
			i = 2*(to-1) - i
		}
	}
	return i
}

// reconstruct puts a tile together from the samples of all its sub-bands, and hands the
// rows of the whole to done.
func reconstruct[T int32 | float32](d *decomposition, samples []T, put func(s *synthesis[T]), done func(y int, line []T)) {
	of := func(b *band) plane[T] {
		return plane[T]{samples: samples[b.start : b.start+b.width()*b.height()], width: b.width()}
	}
	lowest := &d.resolutions[0]
	at := of(lowest.bands[0])
	if len(d.resolutions) == 1 {
		for y := range lowest.height() {
			done(lowest.y0+y, at.row(y))
		}
		return
	}
	full := d.resolutions[len(d.resolutions)-1].width()
	var lines, ring [4][]T
	for i := range lines {
		lines[i], ring[i] = make([]T, full), make([]T, full)
	}
	for i := 1; i < len(d.resolutions); i++ {
		r := &d.resolutions[i]
		if r.empty() {
			at = plane[T]{width: r.width()}
			continue
		}
		s := synthesis[T]{
			rect: r.rect,
			low:  [2]plane[T]{at, of(r.bands[1])},
			high: [2]plane[T]{of(r.bands[0]), of(r.bands[2])},
		}
		for k := range lines {
			s.lines[k] = lines[k][:r.width()]
		}
		if i == len(d.resolutions)-1 {
			s.out = func(y int) []T { return ring[y&3] }
			s.done = done
		} else {
			at = plane[T]{samples: make([]T, r.width()*r.height()), width: r.width()}
			s.out = func(y int) []T { return at.row(y - r.y0) }
			s.done = func(int, []T) {}
		}
		put(&s)
	}
}
