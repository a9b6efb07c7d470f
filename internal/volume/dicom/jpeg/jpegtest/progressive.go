package jpegtest

// Scan is a scan of a progressive image: a band of coefficients and the bits of them that
// it sends, down to bit Low. High is the lowest bit that was sent before, 0 for none.
type Scan struct{ First, Last, High, Low int }

// Scripts are scripts of scans, each of which sends the whole image.
var Scripts = map[string][]Scan{
	"spectral selection":       {{0, 0, 0, 0}, {1, 5, 0, 0}, {6, 63, 0, 0}},
	"one scan a coefficient":   each(),
	"successive approximation": {{0, 0, 0, 1}, {1, 63, 0, 2}, {1, 63, 2, 1}, {0, 0, 1, 0}, {1, 63, 1, 0}},
	"both":                     {{0, 0, 0, 2}, {1, 5, 0, 3}, {0, 0, 2, 1}, {6, 63, 0, 1}, {1, 5, 3, 2}, {1, 5, 2, 1}, {0, 0, 1, 0}, {1, 5, 1, 0}, {6, 63, 1, 0}},
}

func each() (s []Scan) {
	for k := range 64 {
		s = append(s, Scan{k, k, 0, 0})
	}
	return s
}

// Progressive encodes coefficients of an image as annex G has it.
func Progressive(m Image, blocks []Block, steps Steps, script []Scan, o Options) []byte {
	w := &writer{Options: o}
	w.start()
	w.quantization(1, steps)
	w.frame(0xC2, m, 1)
	w.DNL = false // once, after the first scan
	for i, s := range script {
		w.progressiveScan(blocks, s)
		if i == 0 && o.DNL {
			w.segment(0xDC, byte(m.Rows>>8), byte(m.Rows))
		}
	}
	return w.end(m)
}

// token is a symbol, its extra bits, and bits of corrections that follow.
type token struct {
	symbol, n   int // symbol -1: none
	extra       uint32
	corrections []uint32
	restart     int // 1 + number of the restart marker that stands here instead; 0: none
}

func (w *writer) progressiveScan(blocks []Block, s Scan) {
	tokens := w.tokens(blocks, s)
	var often [256]int
	for _, t := range tokens {
		if t.symbol >= 0 && t.restart == 0 {
			often[t.symbol]++
		}
	}
	var codes *table
	if s.First > 0 || s.High == 0 {
		codes = newTable(w.Tables, &often)
		class := byte(0)
		if s.First > 0 {
			class = 1
		}
		w.define(class, codes)
	}
	w.scan(s.First, s.Last, s.High, s.Low)
	for _, t := range tokens {
		if t.restart > 0 {
			w.restart(t.restart - 1)
			continue
		}
		if t.symbol >= 0 {
			w.symbol(codes, t.symbol)
		}
		w.bits(t.extra, t.n)
		for _, c := range t.corrections {
			w.bits(c, 1)
		}
	}
	w.align()
}

// tokens are what a scan sends (G.1.2, G.2).
func (w *writer) tokens(blocks []Block, s Scan) (all []token) {
	var predicted int32
	var run int           // blocks that end
	var waiting []uint32  // corrections of them
	endBlocks := func() { // EOBn
		if run == 0 {
			return
		}
		n := 0
		for run>>(n+1) > 0 {
			n++
		}
		all = append(all, token{symbol: n << 4, n: n, extra: uint32(run) & (1<<n - 1), corrections: waiting})
		run, waiting = 0, nil
	}
	for i := range blocks {
		if w.Restart > 0 && i > 0 && i%w.Restart == 0 {
			endBlocks()
			predicted = 0
			all = append(all, token{restart: 1 + i/w.Restart - 1})
		}
		b := &blocks[i]
		switch {
		case s.First == 0 && s.High == 0:
			v := b[0] >> s.Low
			category, extra := magnitude(v - predicted)
			predicted = v
			all = append(all, token{symbol: category, n: category, extra: extra})
			continue
		case s.First == 0:
			all = append(all, token{symbol: -1, n: 1, extra: uint32(b[0]>>s.Low) & 1})
			continue
		}
		last := s.First - 1 // coefficient that becomes other than 0 in this scan
		for k := s.First; k <= s.Last; k++ {
			if v := size(b[k]) >> s.Low; v == 1 || v > 0 && s.High == 0 {
				last = k
			}
		}
		zeros := 0
		var corrections []uint32
		for k := s.First; k <= s.Last; k++ {
			v := size(b[k]) >> s.Low
			if k > last {
				if v > 1 && s.High > 0 {
					corrections = append(corrections, uint32(v)&1)
				}
				continue
			}
			switch {
			case v == 0:
				if zeros++; zeros == 16 {
					endBlocks()
					all = append(all, token{symbol: 0xF0, corrections: corrections})
					zeros, corrections = 0, nil
				}
			case v > 1 && s.High > 0:
				corrections = append(corrections, uint32(v)&1)
			case s.High > 0:
				endBlocks()
				sign := uint32(1)
				if b[k] < 0 {
					sign = 0
				}
				all = append(all, token{symbol: zeros<<4 | 1, n: 1, extra: sign, corrections: corrections})
				zeros, corrections = 0, nil
			default:
				endBlocks()
				if b[k] < 0 {
					v = -v
				}
				n, extra := magnitude(v)
				all = append(all, token{symbol: zeros<<4 | n, n: n, extra: extra})
				zeros = 0
			}
		}
		if last < s.Last {
			run++
			waiting = append(waiting, corrections...)
			if run == 0x7FFF {
				endBlocks()
			}
		}
	}
	endBlocks()
	return all
}

func size(v int32) int32 { return max(v, -v) }
