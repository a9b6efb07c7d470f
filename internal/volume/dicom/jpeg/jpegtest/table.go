package jpegtest

import "slices"

// Tables is a way to choose the codes of a Huffman table.
type Tables int

const (
	Optimal  Tables = iota // K.2: the shortest stream
	Flat                   // all codes are equally long, as far as they go
	Steep                  // one code each of 1 to 15 bits, and the rest of 16
	Crowded                // all 256 symbols, used or not
	Complete               // no code is left over, not even the one of ones; for up to 17 symbols
)

// table is a Huffman table as DHT has it, and the codes of its symbols.
type table struct {
	counts  [16]byte
	symbols []byte
	code    [256]uint32
	length  [256]int
}

// newTable makes a table for symbols that occur as often as the counts say.
func newTable(kind Tables, often *[256]int) *table {
	t := new(table)
	for s, n := range often {
		if n > 0 {
			t.symbols = append(t.symbols, byte(s))
		}
	}
	slices.SortStableFunc(t.symbols, func(a, b byte) int { return often[b] - often[a] })
	if kind == Crowded {
		for s, n := range often {
			if n == 0 {
				t.symbols = append(t.symbols, byte(s))
			}
		}
	}
	switch n := len(t.symbols); kind {
	case Complete:
		for i := range n {
			t.counts[min(i, max(n-2, 0))]++
		}
	case Crowded:
		t.counts[7], t.counts[14] = 49, 207
	case Flat:
		bits := 1
		for 1<<bits <= n {
			bits++
		}
		t.counts[bits-1] = byte(n)
	case Steep:
		if n > 16 { // the rest would not fit behind ten
			for i := range 8 {
				t.counts[i] = 1
			}
			t.counts[15] = byte(n - 8)
			break
		}
		slices.Reverse(t.symbols) // so that most codes are long
		for i := range n {
			t.counts[16-n+i] = 1
		}
	default:
		t.optimal(often)
	}
	code, i := uint32(0), 0
	for n, count := range t.counts { // C.2
		for range count {
			t.code[t.symbols[i]], t.length[t.symbols[i]] = code, n+1
			code++
			i++
		}
		code <<= 1
	}
	return t
}

// optimal is K.2: codes by frequency, none of ones alone, none longer than 16 bits.
func (t *table) optimal(often *[256]int) {
	freq, other, size := make([]int, 257), make([]int, 257), make([]int, 257)
	for i := range other {
		other[i] = -1
	}
	copy(freq, often[:])
	freq[256] = 1 // reserves the code of ones
	for {
		v1, v2 := -1, -1
		for i, f := range freq {
			switch {
			case f == 0:
			case v1 < 0 || f <= freq[v1]:
				v1, v2 = i, v1
			case v2 < 0 || f <= freq[v2]:
				v2 = i
			}
		}
		if v2 < 0 {
			break
		}
		freq[v1] += freq[v2]
		freq[v2] = 0
		for size[v1]++; other[v1] >= 0; size[v1]++ {
			v1 = other[v1]
		}
		other[v1] = v2
		for size[v2]++; other[v2] >= 0; size[v2]++ {
			v2 = other[v2]
		}
	}
	bits := make([]int, 258)
	for _, n := range size {
		bits[n]++
	}
	for i := len(bits) - 1; i > 16; {
		if bits[i] == 0 {
			i--
			continue
		}
		j := i - 2
		for bits[j] == 0 {
			j--
		}
		bits[i] -= 2
		bits[i-1]++
		bits[j+1] += 2
		bits[j]--
	}
	i := 16
	for bits[i] == 0 {
		i--
	}
	bits[i]--
	for n := range t.counts {
		t.counts[n] = byte(bits[n+1])
	}
	slices.SortStableFunc(t.symbols, func(a, b byte) int { return size[a] - size[b] })
}

// define writes DHT (B.2.4.2).
func (w *writer) define(class byte, t *table) {
	w.segment(0xC4, slices.Concat([]byte{class<<4 | w.TableID}, t.counts[:], t.symbols)...)
}

func (w *writer) symbol(t *table, s int) { w.bits(t.code[s], t.length[s]) }
