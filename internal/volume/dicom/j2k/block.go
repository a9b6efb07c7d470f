package j2k

// block decodes a code-block into samples. It says how many of the lowest bit-planes the
// encoder left out, wholly or in part.
func (b *blockDecoder) block(bl *block, kind, style int) (missing int, err error) {
	b.wide, b.high = int(bl.wide), int(bl.high)
	b.causal, b.zero = style&styleCausal != 0, &zeroContexts[kind]
	for r := range 4 {
		b.offsets[3*r] = r * b.wide
	}
	b.data = b.data[:0]
	for _, c := range bl.chunks {
		b.data = append(b.data, c...)
	}
	style = bl.style(style)
	if style&styleHT != 0 {
		return b.highThroughput(bl)
	}
	clear(b.samples[:b.wide*b.high])
	clear(b.columns[:min((b.wide+2)*((b.high+3)/4+2), len(b.columns))])
	b.reset()
	pass, data := 0, b.data
	for _, s := range bl.segments {
		if raw(style, pass) {
			b.raw.start(data[:s.length])
		} else {
			b.start(data[:s.length])
		}
		data = data[s.length:]
		for range s.passes {
			if err := b.pass(pass, int(bl.planes), style); err != nil {
				return 0, err
			}
			pass++
		}
	}
	if pass == 3*int(bl.planes)-3 && b.complete() {
		return 0, nil // some writers leave a last clean-up pass out that has nothing to say
	}
	return (3*int(bl.planes) - pass) / 3, nil
}

// complete says whether a clean-up pass would have no sample to code.
func (b *blockDecoder) complete() bool {
	for y := 0; y < b.high; y += 4 {
		i, rows := b.stripe(y)
		for range b.wide {
			f := b.columns[i&4095]
			if ^(f>>4|f>>18)&rows != 0 {
				return false
			}
			i++
		}
	}
	return true
}

// pass decodes coding pass i of a code-block (D.3).
func (b *blockDecoder) pass(i, planes, style int) error {
	p := uint(planes - 1 - (i+2)/3)
	switch kind(i) {
	case passSignificance:
		if raw(style, i) {
			b.rawSignificance(p)
		} else {
			b.significance(p)
		}
	case passRefinement:
		if raw(style, i) {
			b.rawRefinement(p)
		} else {
			b.refinement(p)
		}
	case passCleanup:
		b.cleanup(p)
		if style&styleSegSym != 0 && b.symbol() != 0b1010 {
			return corrupt("has a damaged code-block: a segmentation symbol is wrong")
		}
	}
	if style&styleReset != 0 {
		b.reset()
	}
	return nil
}

// moveRegion undoes the max-shift of a region of interest (H.1): samples of 2^shift and
// more belong to the region and were shifted up by shift.
func (b *blockDecoder) moveRegion(shift uint) {
	samples := b.samples[:b.wide*b.high]
	for i, v := range samples {
		sign := v >> 31
		m := (v ^ sign) - sign
		if m>>1>>shift != 0 {
			samples[i] = (m>>shift ^ sign) - sign
		}
	}
}
