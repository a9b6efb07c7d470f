// Package httest encodes HT code-blocks (ITU-T T.814) for tests: after the standard's
// flow charts, as plain as they are, and without a word in common with the decoder but
// the table of code words.
package httest

import (
	"math/bits"
	"strconv"
	"strings"

	"github.com/iris-oculus/iris/internal/volume/dicom/j2k/ht/cxtvlc"
)

// Encode codes w × h quantiser indices in one HT set: the cleanup pass of a bit-plane
// and, with passes 2 or 3, the refinement passes of the one below. want is what a decoder
// must give: ±(2·index + 1), in the middle of the interval where planes are left out.
func Encode(q []int, w, h, plane, passes int, causal bool) (cleanup, refinement []byte, want []int32) {
	e := &blockEncoder{q: q, w: w, h: h, plane: plane, causal: causal, want: make([]int32, w*h)}
	cleanup = e.cleanup()
	if passes > 1 {
		refinement = e.refinement(passes)
	}
	return cleanup, refinement, e.want
}

type blockEncoder struct {
	q           []int
	w, h, plane int
	causal      bool
	want        []int32
	mag         forwardWriter
	vlc         backwardWriter
	mel         melWriter
}

func (e *blockEncoder) at(x, y, shift int) int {
	if x < 0 || y < 0 || x >= e.w || y >= e.h {
		return 0
	}
	return max(e.q[y*e.w+x], -e.q[y*e.w+x]) >> shift
}

// set notes a coefficient whose planes down to shift are coded.
func (e *blockEncoder) set(x, y, shift int) {
	v := int32(2*e.at(x, y, shift)+1) << shift
	if v>>shift == 1 {
		v = 0
	}
	if e.q[y*e.w+x] < 0 {
		v = -v
	}
	e.want[y*e.w+x] = v
}

// forwardWriter writes bits with stuffing behind 0xFF.
type forwardWriter struct {
	out  []byte
	acc  int
	used int
}

func (f *forwardWriter) put(v, count int) {
	for i := range count {
		f.acc |= v >> i & 1 << f.used
		f.used++
		full := 8
		if n := len(f.out); n > 0 && f.out[n-1] == 0xFF {
			full = 7
		}
		if f.used == full {
			f.out = append(f.out, byte(f.acc))
			f.acc, f.used = 0, 0
		}
	}
}

// finish fills the last byte. A last byte that says nothing more than the ones that
// follow by themselves is left out.
func (f *forwardWriter) finish(fill int) []byte {
	for f.used > 0 {
		f.put(fill, 1)
	}
	if n := len(f.out); fill == 1 && n > 0 && f.out[n-1] == 0xFF {
		return f.out[:n-1]
	}
	return f.out
}

// backwardWriter writes bytes that are read from the last one written to the first.
type backwardWriter struct {
	out       []byte // in the order in which they are read
	acc, used int
	high      bool
}

func (b *backwardWriter) put(v, count int) {
	for i := range count {
		b.acc |= v >> i & 1 << b.used
		b.used++
		if b.used == 8 || b.used == 7 && b.high && b.acc == 0x7F {
			b.out = append(b.out, byte(b.acc))
			b.high = b.acc > 0x8F
			b.acc, b.used = 0, 0
		}
	}
}

func (b *backwardWriter) bytes() (reversed []byte) {
	for b.used > 0 {
		b.put(0, 1)
	}
	for i := len(b.out) - 1; i >= 0; i-- {
		reversed = append(reversed, b.out[i])
	}
	return reversed
}

type melWriter struct {
	out          []byte
	acc, used    int
	state, zeros int
}

func (m *melWriter) bit(v int) {
	m.acc = m.acc<<1 | v
	m.used++
	full := 8
	if n := len(m.out); n > 0 && m.out[n-1] == 0xFF {
		full = 7
	}
	if m.used == full {
		m.out = append(m.out, byte(m.acc))
		m.acc, m.used = 0, 0
	}
}

func (m *melWriter) event(one bool) {
	n := melExponents[m.state]
	if !one {
		if m.zeros++; m.zeros == 1<<n {
			m.bit(1)
			m.zeros, m.state = 0, min(12, m.state+1)
		}
		return
	}
	m.bit(0)
	for i := n - 1; i >= 0; i-- {
		m.bit(m.zeros >> i & 1)
	}
	m.zeros, m.state = 0, max(0, m.state-1)
}

func (m *melWriter) bytes() []byte {
	if m.zeros > 0 {
		m.bit(1)
	}
	for m.used > 0 {
		m.bit(1)
	}
	return m.out
}

// quad is what the encoder knows of a quad.
type quad struct {
	rho, u int
	v, m   [4]int
}

func (e *blockEncoder) cleanup() []byte {
	e.vlc = backwardWriter{acc: 0x0F, used: 4, high: true}
	for y := 0; y < e.h; y += 2 {
		for x := 0; x < e.w; x += 4 {
			pair := [2]quad{e.quad(x, y), {}}
			if x+2 < e.w {
				pair[1] = e.quad(x+2, y)
			}
			e.putU(pair, y == 0)
			for _, q := range pair {
				for i := range 4 {
					if q.rho>>i&1 == 1 {
						e.mag.put(q.v[i], q.m[i])
					}
				}
			}
		}
	}
	for i := range e.q {
		e.set(i%e.w, i/e.w, e.plane)
	}
	suffix := append(e.mel.bytes(), e.vlc.bytes()...)
	suffix = append(suffix, 0)
	n := len(suffix)
	suffix[n-1] = byte(n >> 4)
	suffix[n-2] = suffix[n-2]&0xF0 | byte(n&15)
	return append(e.mag.finish(1), suffix...)
}

// significant says whether a sample is, as far as the cleanup pass codes it.
func (e *blockEncoder) significant(x, y int) int { return min(1, e.at(x, y, e.plane)) }

// exponent is the number of bits of 2μ - 1.
func (e *blockEncoder) exponent(x, y int) int {
	if mu := e.at(x, y, e.plane); mu > 0 {
		return bits.Len(uint(2*mu - 1))
	}
	return 0
}

func (e *blockEncoder) quad(x, y int) (q quad) {
	s := e.significant
	var context, table int
	if y == 0 {
		context = s(x-2, y) | s(x-2, y+1) | s(x-1, y)<<1 | s(x-1, y+1)<<2
	} else {
		table = 1
		context = s(x-1, y-1) | s(x, y-1) | (s(x-1, y)|s(x-1, y+1))<<1 | (s(x+1, y-1)|s(x+2, y-1))<<2
	}
	most, epsilon := 0, 0
	for i := range 4 {
		px, py := x+i/2, y+i%2
		if s(px, py) == 0 {
			continue
		}
		q.rho |= 1 << i
		q.v[i] = 2 * (e.at(px, py, e.plane) - 1)
		if e.q[py*e.w+px] < 0 {
			q.v[i]++
		}
		most = max(most, e.exponent(px, py))
	}
	kappa := 1
	if y > 0 && bits.OnesCount(uint(q.rho)) > 1 {
		for i := -1; i <= 2; i++ {
			kappa = max(kappa, e.exponent(x+i, y-1)-1)
		}
	}
	if q.rho != 0 {
		most = max(most, kappa)
		q.u = most - kappa
	}
	for i := range 4 {
		if q.u > 0 && q.rho>>i&1 == 1 && e.exponent(x+i/2, y+i%2) == most {
			epsilon |= 1 << i
		}
	}
	if context == 0 {
		e.mel.event(q.rho != 0)
		if q.rho == 0 {
			return q
		}
	}
	row := chooseRow(table, context, q, epsilon)
	for _, c := range row[5:] {
		e.vlc.put(int(c-'0'), 1)
	}
	for i := range 4 {
		q.m[i] = most - hex(row[2])>>i&1
	}
	return q
}

// tableRow is a row of a CxtVLC table.
type tableRow struct {
	text             string
	rho, off, ek, e1 int
}

var tableRows = func() (rows [2][8][]tableRow) {
	for t := range cxtvlc.Words {
		for c, text := range cxtvlc.Words[t] {
			for _, r := range strings.Fields(text) {
				rows[t][c] = append(rows[t][c], tableRow{r, hex(r[0]), hex(r[1]), hex(r[2]), hex(r[3])})
			}
		}
	}
	return rows
}()

func hex(c byte) int {
	n, err := strconv.ParseUint(string(c), 16, 8)
	if err != nil {
		panic(err)
	}
	return int(n)
}

// melExponents are the run lengths' logarithms for each state (table 2).
var melExponents = [13]int{0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 4, 5}

// chooseRow finds the row of the CxtVLC table for a quad, with as much of its exponent
// pattern as possible.
func chooseRow(table, context int, q quad, epsilon int) (best string) {
	most := -1
	for _, r := range tableRows[table][context] {
		if r.rho != q.rho || r.off != min(1, q.u) || epsilon&r.ek != r.e1 {
			continue
		}
		if n := bits.OnesCount(uint(r.ek)); n > most {
			most, best = n, r.text
		}
	}
	if best == "" {
		panic("no row of the table fits")
	}
	return best
}

// putU writes the u values of a pair of quads.
func (e *blockEncoder) putU(pair [2]quad, first bool) {
	prefix := func(u int) {
		switch {
		case u == 1:
			e.vlc.put(1, 1)
		case u == 2:
			e.vlc.put(2, 2)
		case u <= 4:
			e.vlc.put(4, 3)
		default:
			e.vlc.put(0, 3)
		}
	}
	suffix := func(u int) {
		switch {
		case u == 3 || u == 4:
			e.vlc.put(u-3, 1)
		case u > 4:
			e.vlc.put(u-5, 5)
		}
	}
	a, b := pair[0].u, pair[1].u
	if first && a > 0 && b > 0 {
		large := a > 2 && b > 2
		e.mel.event(large)
		if large {
			a, b = a-2, b-2
		} else if a > 2 {
			prefix(a)
			e.vlc.put(b-1, 1)
			suffix(a)
			return
		}
	}
	for _, u := range []int{a, b} {
		if u > 0 {
			prefix(u)
		}
	}
	suffix(a)
	suffix(b)
}

// refinement codes the bit-plane below the cleanup pass's.
func (e *blockEncoder) refinement(passes int) []byte {
	plane := e.plane - 1
	old := func(x, y int) bool { return e.significant(x, y) == 1 }
	var forward forwardWriter
	isNew := make([]bool, len(e.q))
	anyNear := func(x, y int) bool {
		for dy := -1; dy <= 1; dy++ {
			for dx := -1; dx <= 1; dx++ {
				nx, ny := x+dx, y+dy
				if nx < 0 || ny < 0 || nx >= e.w || ny >= e.h || e.causal && ny/4 > y/4 {
					continue
				}
				if old(nx, ny) || isNew[ny*e.w+nx] {
					return true
				}
			}
		}
		return false
	}
	backward := backwardWriter{high: true}
	for y := 0; y < e.h; y += 4 {
		for x := 0; x < e.w; x += 4 {
			var signs []int
			for i := range 16 {
				px, py := x+i/4, y+i%4
				if px >= e.w || py >= e.h {
					continue
				}
				bit := e.at(px, py, plane) & 1
				switch {
				case old(px, py):
					backward.put(bit, 1)
					if passes == 3 {
						e.set(px, py, plane)
					}
				case anyNear(px, py):
					forward.put(bit, 1)
					if bit == 1 {
						isNew[py*e.w+px] = true
						signs = append(signs, min(0, e.q[py*e.w+px])>>31&1)
						e.set(px, py, plane)
					}
				}
			}
			for _, s := range signs {
				forward.put(s, 1)
			}
		}
	}
	out := forward.finish(0)
	if passes == 3 {
		out = append(out, backward.bytes()...)
	}
	if len(out) == 0 {
		out = []byte{0}
	}
	return out
}
