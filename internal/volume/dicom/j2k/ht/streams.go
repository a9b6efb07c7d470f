package ht

import (
	"bytes"
	"encoding/binary"
	"math/bits"
)

// The cleanup segment holds three bit streams: MagSgn forward from its start, MEL forward
// from a place that its last two bytes say, VLC backward from its end (T.814 7.1.2).
// Stuffing bits keep markers out of them. Streams are copied without stuffing into
// buffers first: then the next bits are one load away at any position, and no load
// depends on the one before.

// bitsAt is the bits of a buffer from position pos on, the first one lowest: 57 or more.
func bitsAt(buffer []byte, pos int) uint64 {
	return binary.LittleEndian.Uint64(buffer[pos>>3:]) >> (pos & 7)
}

// unstuff copies the bits of a forward stream, the lowest of each byte first. A byte
// behind 0xFF has 7 of them (T.814 7.1.3). It returns how many bits dst holds; at least 57
// behind them are rest's. dst has 8 bytes more than src.
func unstuff(dst, src []byte, rest uint64) int {
	var acc uint64
	at, n := 0, 0 // acc holds n bits, less than 8, that follow dst[:at]
	full := false // the last byte was 0xFF
	for len(src) > 0 {
		if full {
			acc |= uint64(src[0]&0x7F) << n
			if n += 7; n >= 8 {
				dst[at] = byte(acc)
				acc >>= 8
				at++
				n -= 8
			}
			full = src[0] == 0xFF
			src = src[1:]
			continue
		}
		plain := bytes.IndexByte(src, 0xFF) + 1
		if full = plain > 0; !full {
			plain = len(src)
		}
		i := 0
		for ; i+8 <= plain; i += 8 {
			v := binary.LittleEndian.Uint64(src[i:])
			binary.LittleEndian.PutUint64(dst[at:], acc|v<<n)
			acc = v >> 1 >> (63 - n)
			at += 8
		}
		for ; i < plain; i++ {
			acc |= uint64(src[i]) << n
			dst[at] = byte(acc)
			acc >>= 8
			at++
		}
		src = src[plain:]
	}
	binary.LittleEndian.PutUint64(dst[at:], acc|rest<<n)
	return 8*at + n
}

// The lowest bit, and the seven lowest bits, of each byte of a word.
const (
	ones   = 0x0101010101010101
	sevens = 0x7F * ones
)

// unstuffBackward copies the bits of a backward stream: the bytes of src from the last
// to the first, the lowest bit of each first. A byte has 7 bits if its lower 7 are ones
// and the byte read before it is above 0x8F (T.814 7.1.4). high says that for the first
// byte, acc and n are bits that precede it.
func unstuffBackward(dst, src []byte, high bool, acc uint64, n int) int {
	at := 0
	for i := len(src); i > 0; {
		if i >= 8 {
			v := bits.ReverseBytes64(binary.LittleEndian.Uint64(src[i-8:]))
			// No byte has 7 ones: the complement of none has seven zeros.
			if zeros := ^v & sevens; (zeros-ones)&^zeros&^sevens == 0 {
				binary.LittleEndian.PutUint64(dst[at:], acc|v<<n)
				acc = v >> 1 >> (63 - n)
				at += 8
				i -= 8
				high = src[i] > 0x8F
				continue
			}
		}
		i--
		v := src[i]
		acc |= uint64(v) << n
		if high && v&0x7F == 0x7F {
			acc &= 1<<(n+7) - 1
			n--
		}
		high = v > 0x8F
		dst[at] = byte(acc)
		n += 8
		if n >= 8 {
			acc >>= 8
			n -= 8
			at++
		}
	}
	binary.LittleEndian.PutUint64(dst[at:], acc)
	return 8*at + n
}

// mel decodes the MEL stream, an adaptive run-length code (T.814 7.3.3).
type mel struct {
	src   []byte
	acc   uint64 // the next bits, from the highest one down
	n     int
	full  bool // the last byte was 0xFF: the next one has 7 bits
	state int
	zeros int  // events 0 that are left of the run
	one   bool // then an event 1 follows
}

// melExponents are the run lengths' logarithms for each state (T.814 table 2).
var melExponents = [13]uint8{0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 4, 5}

// refill makes acc hold 8 bits or more. Behind the end bits are ones.
func (m *mel) refill() {
	for m.n <= 56 {
		v, count := uint64(0xFF), 8
		if m.full {
			count = 7
		}
		if len(m.src) > 0 {
			v = uint64(m.src[0])
			if m.src = m.src[1:]; len(m.src) == 0 {
				v |= 0x0F // the rest of this byte is the length's
			}
		}
		m.full = v == 0xFF
		v &= 1<<count - 1
		m.acc |= v << (64 - count - m.n)
		m.n += count
	}
}

// next reads the next run, so that zeros or one is set.
func (m *mel) next() {
	if m.n < 8 {
		m.refill()
	}
	e := int(melExponents[m.state])
	if m.acc>>63 == 1 {
		m.zeros, m.one = 1<<e, false
		m.state = min(12, m.state+1)
		e = 0
	} else {
		m.zeros, m.one = int(m.acc<<1>>1>>(63-e)), true
		m.state = max(0, m.state-1)
	}
	m.acc <<= e + 1
	m.n -= e + 1
}

// event decodes the next event.
func (m *mel) event() bool {
	if m.zeros > 0 {
		m.zeros--
		return false
	}
	return m.endRun()
}

func (m *mel) endRun() bool {
	if !m.one {
		m.next()
		if m.zeros > 0 {
			m.zeros--
			return false
		}
	}
	m.one = false
	return true
}
