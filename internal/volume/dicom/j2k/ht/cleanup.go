package ht

import (
	"math/bits"

	"github.com/iris-oculus/iris/internal/volume/dicom/codec"
)

// slack is by how many bits the samples may go beyond the end of MagSgn, where bits are
// ones: a writer may leave out a last byte that holds nothing else (T.814 7.1.3).
const slack = 31

// cleanup decodes the cleanup pass (T.814 7.3).
func (d *Decoder) cleanup(out []int32, w, h int, segment []byte, missing, plane int) error {
	// The last 12 bits are the length of the MEL and VLC streams (7.1.2). The streams see
	// ones instead of them.
	n := len(segment)
	suffix := int(segment[n-1])<<4 | int(segment[n-2]&0x0F)
	if suffix < 2 || suffix > n || suffix > 4079 {
		return codec.Corrupt("an HT cleanup segment has streams that are longer than itself")
	}
	start := n - suffix
	d.mel = mel{src: segment[start : n-1]}
	head := segment[n-2] >> 4
	used := 4
	if head&7 == 7 {
		head, used = 7, 3
	}
	vlcBits := unstuffBackward(d.vlc[:], segment[start:n-2], segment[n-2]|0x0F > 0x8F, uint64(head), used)
	if err := d.readQuads(w, h, vlcBits); err != nil {
		return err
	}
	signBits := unstuff(d.magSgn[:], segment[:min(start, 16384)], ^uint64(0))
	return d.readSamples(out, w, h, signBits, missing, plane)
}

// quadStride is how far apart the rows of quads are: there is an even number of them in
// a row, and one more that is empty, the right neighbour of the last one.
func quadStride(w int) int { return (w+3)/4*2 + 2 }

// readQuads decodes what MEL and VLC say of each quad of 2 × 2 samples (T.814 7.3.5,
// 7.3.6). It fills d.quads: in the lower half of a word the entry of vlcTables, in the
// upper half u, the quad's exponent above its prediction. Bits of rho, e_1 and e_k are
// for the samples at top left, bottom left, top right and bottom right.
func (d *Decoder) readQuads(w, h, vlcBits int) error {
	columns, rows, stride := (w+1)/2, (h+1)/2, quadStride(w)
	if n := rows * stride; n > len(d.quads) {
		d.quads = make([]uint32, n)
	}
	pos := d.firstQuads(d.quads[:stride], columns)
	for y := 1; y < rows && pos <= vlcBits; y++ {
		pos = d.nextQuads(d.quads[y*stride:(y+1)*stride], d.quads[(y-1)*stride:y*stride], columns, pos)
	}
	if pos > vlcBits {
		return codec.Corrupt("an HT code-block ends within its significance bits")
	}
	// No writer has significant samples outside the block.
	stray := uint32(0)
	if w&1 == 1 {
		for y := range rows {
			stray |= d.quads[y*stride+columns-1] & 0xC0
		}
	}
	if h&1 == 1 {
		for _, q := range d.quads[(rows-1)*stride : rows*stride] {
			stray |= q & 0xA0
		}
	}
	if stray != 0 {
		return codec.Corrupt("an HT code-block has samples outside of it")
	}
	return nil
}

// firstQuads decodes the first row of quads. It returns the position in the VLC bits.
func (d *Decoder) firstQuads(row []uint32, columns int) (pos int) {
	table := &vlcTables[0]
	context := 0
	for q := 0; q < columns; q += 2 {
		v := bitsAt(d.vlc[:], pos)
		t0 := int(table[context<<7|int(v&127)])
		if context == 0 && !d.mel.event() {
			t0 = 0
		}
		v >>= t0 & 7
		n := t0 & 7
		context = t0>>4&1 | t0>>5&7 // equation 1: the left quad's samples
		t1 := 0
		if q+1 < columns {
			t1 = int(table[context<<7|int(v&127)])
			if context == 0 && !d.mel.event() {
				t1 = 0
			}
			v >>= t1 & 7
			n += t1 & 7
			context = t1>>4&1 | t1>>5&7
		}
		kind := t0>>3&1 | t1>>2&2
		if kind == pairBoth {
			kind = pairBothShort
			if d.mel.event() {
				kind = pairBothLarge
			}
		}
		u0, u1, length := pairs[kind<<6|int(v&63)].read(v)
		row[q], row[q+1] = uint32(t0)|u0<<16, uint32(t1)|u1<<16
		pos += n + length
	}
	row[len(row)-2], row[len(row)-1] = 0, 0
	return pos
}

// nextQuads decodes another row of quads below up.
func (d *Decoder) nextQuads(row, up []uint32, columns, pos int) int {
	table := &vlcTables[1]
	row = row[:len(up)]
	left, upLeft := 0, 0
	for q := 0; q+2 < len(up) && q < columns; q += 2 {
		// Equation 2: the samples around the quad, on the left and above.
		above, next, last := int(up[q]), int(up[q+1]), int(up[q+2])
		context := (upLeft>>7 | above>>5) & 1
		context |= (left>>6|left>>7)&1<<1 | (above>>7|next>>5)&1<<2
		v := bitsAt(d.vlc[:], pos)
		t0 := int(table[context<<7|int(v&127)])
		if context == 0 && !d.mel.event() {
			t0 = 0
		}
		v >>= t0 & 7
		n := t0 & 7
		t1 := 0
		if q+1 < columns {
			context = (above>>7|next>>5)&1 | (t0>>6|t0>>7)&1<<1 | (next>>7|last>>5)&1<<2
			t1 = int(table[context<<7|int(v&127)])
			if context == 0 && !d.mel.event() {
				t1 = 0
			}
			v >>= t1 & 7
			n += t1 & 7
		}
		left, upLeft = t1, next
		u0, u1, length := pairs[(t0>>3&1|t1>>2&2)<<6|int(v&63)].read(v)
		row[q], row[q+1] = uint32(t0)|u0<<16, uint32(t1)|u1<<16
		pos += n + length
	}
	row[len(row)-2], row[len(row)-1] = 0, 0
	return pos
}

// readSamples decodes the magnitudes and signs of the significant samples (T.814 7.3.7).
func (d *Decoder) readSamples(out []int32, w, h, signBits, missing, plane int) error {
	columns, stride := (w+1)/2, quadStride(w)
	most := uint32(missing + 2) // bits of a value with planes above this one and a sign
	// above[q] | above[q+1] has the highest bit of the four samples above quad q.
	above := d.above[:columns+1]
	clear(above)
	pos := 0
	for y := 0; y < h; y += 2 {
		top := out[y*w : y*w+w]
		bottom := d.spare[:w]
		if y+1 < h {
			bottom = out[(y+1)*w : (y+1)*w+w]
		}
		row := d.quads[y/2*stride:][:columns]
		previous := uint32(0) // the bottom right sample of the quad on the left
		for q, info := range row {
			rho := info >> 4 & 15
			if rho == 0 {
				above[q], previous = previous, 0
				top[2*q], bottom[2*q] = 0, 0
				if 2*q+1 < w {
					top[2*q+1], bottom[2*q+1] = 0, 0
				}
				continue
			}
			// The exponent bound U (7.3.7): u above a prediction from the row above.
			u := info>>16 + 1
			if rho&(rho-1) != 0 {
				u = info>>16 + uint32(bits.Len32(above[q]|above[q+1]|2)) - 1
			}
			if u > most {
				return codec.Corrupt("an HT code-block has values of more bit-planes than its sub-band")
			}
			// The four samples' bits are at most 4·u: one load has those of most quads.
			m0, m1 := bitsOf(info, 0, u), bitsOf(info, 1, u)
			m2, m3 := bitsOf(info, 2, u), bitsOf(info, 3, u)
			x := bitsAt(d.magSgn[:], pos)
			v0, v1 := valueOf(info, 0, x, m0), valueOf(info, 1, x>>(m0&63), m1)
			pos += int(m0 + m1)
			if u <= 57/4 {
				x >>= (m0 + m1) & 63
			} else {
				if u > 57/2 {
					v1 = valueOf(info, 1, bitsAt(d.magSgn[:], pos-int(m1)), m1)
				}
				x = bitsAt(d.magSgn[:], pos)
			}
			v2, v3 := valueOf(info, 2, x, m2), valueOf(info, 3, x>>(m2&63), m3)
			pos += int(m2 + m3)
			if u > 57/2 {
				v3 = valueOf(info, 3, bitsAt(d.magSgn[:], pos-int(m3)), m3)
			}
			top[2*q], bottom[2*q] = coefficient(v0, plane), coefficient(v1, plane)
			above[q] = previous | v1&(1<<31-1)
			previous = v3 & (1<<31 - 1)
			if 2*q+1 < w {
				top[2*q+1], bottom[2*q+1] = coefficient(v2, plane), coefficient(v3, plane)
			}
		}
		above[columns] = previous
		if pos > signBits+slack {
			return codec.Corrupt("an HT code-block ends within its samples")
		}
	}
	return nil
}

// bitsOf is how many MagSgn bits sample i of a quad has: U, less one if e_k says so, or
// none if the sample is not significant.
func bitsOf(info uint32, i int, u uint32) uint32 {
	return (u - info>>(12+i)&1) & -(info >> (4 + i) & 1)
}

// valueOf is 2·magnitude - 1 of sample i, 0 if it is not significant, with its sign in
// bit 31. The stream has m bits of 2·(magnitude - 1) + sign, above them is e_1.
func valueOf(info uint32, i int, x uint64, m uint32) uint32 {
	v := uint32(x)&(1<<(m&31)-1) | info>>(8+i)&1<<(m&31)
	return v | info>>(4+i)&1 | v<<31
}

// coefficient is the output for a value, whose middle of the interval is 2·magnitude + 1.
func coefficient(v uint32, plane int) int32 {
	sign := int32(v) >> 31
	v &= 1<<31 - 1
	return int32((v+v&1<<1)<<(plane&31)) ^ sign - sign
}
