package jpegtest

import "math"

// Block is the coefficients of 8 × 8 samples, in zigzag order.
type Block [64]int32

// Steps are a quantization table, in zigzag order.
type Steps [64]uint16

// Even is a table with the same step for all coefficients.
func Even(step uint16) (s Steps) {
	for i := range s {
		s[i] = step
	}
	return s
}

// zigzag has the row and the column of each coefficient (figure A.6).
var zigzag = func() (order [64][2]int) {
	k := 0
	for sum := range 15 {
		for i := max(0, sum-7); i <= min(sum, 7); i++ {
			order[k] = [2]int{i, sum - i}
			if sum%2 == 0 {
				order[k] = [2]int{sum - i, i}
			}
			k++
		}
	}
	return order
}()

var cosines = func() (c [8][8]float64) { // of a frequency and a place
	for u := range c {
		for x := range c[u] {
			c[u][x] = math.Cos(float64((2*x+1)*u)*math.Pi/16) / 2
			if u == 0 {
				c[u][x] /= math.Sqrt2
			}
		}
	}
	return c
}()

// Transform is the forward DCT with quantization (A.3), block after block. Blocks that
// reach over the edge repeat the last sample.
func Transform(m Image, steps Steps) (blocks []Block, across int) {
	across = (m.Columns + 7) / 8
	for by := 0; by < m.Rows; by += 8 {
		for bx := 0; bx < m.Columns; bx += 8 {
			var rows [8][8]float64 // frequencies along x
			for y := range 8 {
				for x := range 8 {
					v := m.Samples[min(by+y, m.Rows-1)*m.Columns+min(bx+x, m.Columns-1)]
					for u := range 8 {
						rows[y][u] += cosines[u][x] * (float64(v) - float64(int(1)<<(m.Precision-1)))
					}
				}
			}
			var b Block
			for k, at := range zigzag {
				sum := 0.0
				for y := range 8 {
					sum += cosines[at[0]][y] * rows[y][at[1]]
				}
				b[k] = int32(math.Round(sum / float64(steps[k])))
			}
			blocks = append(blocks, b)
		}
	}
	return blocks, across
}

// Inverse is the image of coefficients, by the definition of A.3.3 in floating point: what
// every decoder must give, to a unit.
func Inverse(blocks []Block, steps Steps, columns, rows, precision int) Image {
	m := Image{Columns: columns, Rows: rows, Precision: precision, Samples: make([]uint16, columns*rows)}
	across := (columns + 7) / 8
	for i, b := range blocks {
		var freq, half [8][8]float64
		for k, at := range zigzag {
			freq[at[0]][at[1]] = float64(b[k]) * float64(steps[k])
		}
		for v := range 8 {
			for x := range 8 {
				for u := range 8 {
					half[v][x] += freq[v][u] * cosines[u][x]
				}
			}
		}
		for y := range min(8, rows-i/across*8) {
			for x := range min(8, columns-i%across*8) {
				sum := float64(int(1) << (precision - 1))
				for v := range 8 {
					sum += half[v][x] * cosines[v][y]
				}
				m.Samples[(i/across*8+y)*columns+i%across*8+x] = uint16(max(0, min(float64(int(1)<<precision-1), math.Round(sum))))
			}
		}
	}
	return m
}

// quantization writes DQT (B.2.4.1).
func (w *writer) quantization(id byte, steps Steps) {
	body := []byte{id}
	for _, s := range steps {
		if w.WideQ || s > 255 {
			body[0] = 0x10 | id
		}
	}
	for _, s := range steps {
		if body[0] > 15 {
			body = append(body, byte(s>>8))
		}
		body = append(body, byte(s))
	}
	w.segment(0xDB, body...)
}

// Sequential encodes coefficients of an image as baseline or extended (annex F). The image
// gives the size and the precision.
func Sequential(m Image, blocks []Block, steps Steps, o Options) []byte {
	w := &writer{Options: o}
	w.start()
	w.quantization(2, steps)
	sof := byte(0xC0)
	if m.Precision > 8 || w.WideQ {
		sof = 0xC1
	}
	w.frame(sof, m, 2)
	var dcOften, acOften [256]int
	var dc, ac *table
	for _, count := range []bool{true, false} {
		if !count {
			dc, ac = newTable(o.Tables, &dcOften), newTable(o.Tables, &acOften)
			w.define(0, dc)
			w.define(1, ac)
			w.scan(0, 63, 0, 0)
		}
		predicted := int32(0)
		for i, b := range blocks {
			if o.Restart > 0 && i > 0 && i%o.Restart == 0 {
				predicted = 0
				if !count {
					w.restart(i/o.Restart - 1)
				}
			}
			category, extra := magnitude(b[0] - predicted)
			predicted = b[0]
			emit := func(t *table, often *[256]int, symbol, n int, extra uint32) {
				if count {
					often[symbol]++
					return
				}
				w.symbol(t, symbol)
				w.bits(extra, n)
			}
			emit(dc, &dcOften, category, category, extra)
			run := 0
			for _, v := range b[1:] {
				if v == 0 {
					run++
					continue
				}
				for ; run > 15; run -= 16 {
					emit(ac, &acOften, 0xF0, 0, 0)
				}
				size, extra := magnitude(v)
				emit(ac, &acOften, run<<4|size, size, extra)
				run = 0
			}
			if run > 0 {
				emit(ac, &acOften, 0, 0, 0)
			}
		}
	}
	w.align()
	return w.end(m)
}
