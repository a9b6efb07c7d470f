package ht

import "math/bits"

// The refinement passes go through stripes of four rows, in each through groups of four
// columns, and there column by column from the top. A group's samples are 16 bits: bit
// 4·column + row. The order of the bits is the order of the scan.

// later is what a sample makes a neighbour of, of the samples behind it in the scan: for
// each row of its column, the rows of this column and of the next.
var later = [4]uint32{0x32, 0x74, 0xE8, 0xC0}

// refineBytes is more than the passes can use of a segment: a significance bit and a sign
// for each sample forward, a bit for each sample backward.
const refineBytes = maxSamples * 2 / 8

// refine decodes the significance propagation pass and the magnitude refinement pass
// (T.814 7.4, 7.5) of the bit-plane below plane.
func (d *Decoder) refine(out []int32, w, h, plane int, b Block) {
	groups := (w + 3) / 4
	stride := groups + 1
	stripes := (h + 3) / 4
	if n := stride * (stripes + 1); n > len(d.sigma) {
		d.sigma = make([]uint16, n)
	}
	sigma := d.sigma[:stride*(stripes+1)]
	d.significance(sigma, w, h)
	segment := b.Refinement
	// Behind their ends the streams have zeros (7.1.5, 7.1.6). Stuffing makes a segment
	// longer than its bits by an eighth at most.
	forward := segment[:min(len(segment), refineBytes*8/7+8)]
	clear(d.magSgn[:2*refineBytes+64])
	unstuff(d.magSgn[:], forward, 0)
	d.propagate(out, w, h, plane, sigma, b.Causal)
	if b.Passes == 3 {
		backward := segment[max(0, len(segment)-refineBytes*8/7-8):]
		clear(d.vlc[:])
		unstuffBackward(d.vlc[:], backward, true, 0, 0)
		d.refineMagnitudes(out, w, h, plane, sigma)
	}
}

// significance gathers the samples that the cleanup pass made significant. Behind the
// last group of each stripe, and behind the last stripe, there is nothing.
func (d *Decoder) significance(sigma []uint16, w, h int) {
	columns, rows, quads := (w+1)/2, (h+1)/2, quadStride(w)
	stride := (w+3)/4 + 1
	clear(sigma)
	for y := range rows {
		line := sigma[y/2*stride:][:stride]
		for q, info := range d.quads[y*quads:][:columns] {
			rho := info >> 4 & 15
			column := rho&3 | rho&12<<2
			line[q/2] |= uint16(column << (y & 1 * 2) << (q & 1 * 8))
		}
	}
}

// propagate decodes the significance propagation pass: samples that have significant
// neighbours become significant, or not.
func (d *Decoder) propagate(out []int32, w, h, plane int, sigma []uint16, causal bool) {
	groups := (w + 3) / 4
	stride := groups + 1
	value := int32(3) << (plane - 1)
	pos := 0
	// above is the significance of the stripe above, with what this pass added.
	above := d.stripe[:stride]
	clear(above)
	for y := 0; y < h; y += 4 {
		rows := uint32(1)<<min(4, h-y) - 1
		line, below := sigma[y/4*stride:][:stride], sigma[(y/4+1)*stride:][:stride]
		left := uint32(0) // samples of this group's first column beside new or old ones
		for g := range groups {
			inside := rows * 0x1111
			if rest := w - 4*g; rest < 4 {
				inside &= 1<<(4*rest) - 1
			}
			old := uint32(line[g]) | uint32(line[g+1])<<16
			outer := (uint32(above[g]) | uint32(above[g+1])<<16) & 0x88888888 >> 3
			if !causal {
				outer |= (uint32(below[g]) | uint32(below[g+1])<<16) & 0x11111111 << 3
			}
			near := old | old&0x77777777<<1 | old&0xEEEEEEEE>>1 | outer
			near |= near<<4 | near>>4 | left
			free := inside &^ old // samples that can become significant
			candidates := near & free
			added := uint32(0)
			for candidates != 0 {
				i := bits.TrailingZeros32(candidates)
				candidates &= candidates - 1
				if bitsAt(d.magSgn[:], pos)&1 == 1 {
					added |= 1 << i
					candidates |= later[i&3] << (i &^ 3) & free
				}
				pos++
			}
			for rest := added; rest != 0; rest &= rest - 1 {
				i := bits.TrailingZeros32(rest)
				sign := -int32(bitsAt(d.magSgn[:], pos) & 1)
				pos++
				out[(y+i&3)*w+4*g+i>>2] = value ^ sign - sign
			}
			all := (old | added) & 0xFFFF
			above[g] = uint16(all)
			column := all | all&0x7777<<1 | all&0xEEEE>>1 | outer
			left = column >> 12 & 15
		}
	}
}

// refineMagnitudes decodes the magnitude refinement pass: one more bit of the samples
// that the cleanup pass made significant.
func (d *Decoder) refineMagnitudes(out []int32, w, h, plane int, sigma []uint16) {
	groups := (w + 3) / 4
	half := int32(1) << (plane - 1)
	pos := 0
	for y := 0; y < h; y += 4 {
		line := sigma[y/4*(groups+1):][:groups]
		for g, samples := range line {
			v := bitsAt(d.vlc[:], pos)
			pos += bits.OnesCount16(samples)
			for rest := uint32(samples); rest != 0; rest &= rest - 1 {
				i := bits.TrailingZeros32(rest)
				at := (y+i&3)*w + 4*g + i>>2
				// The middle of the interval moves up or down by half of the new plane.
				change := half * (2*int32(v&1) - 1)
				v >>= 1
				sign := out[at] >> 31
				out[at] += change ^ sign - sign
			}
		}
	}
}
