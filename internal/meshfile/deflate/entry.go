package deflate

import (
	"io"
	"math"
	"math/bits"
	"sync"
	"unicode/utf8"

	"github.com/klauspost/compress/zip"

	"github.com/iris-oculus/iris/internal/meshfile/chunk"
)

// Entry writes a zip entry of n pieces, which are made on every processor and written
// in order. encode fills piece i; it runs on several goroutines at once. The entry has
// no time. Errors are those of the writer beneath.
func Entry(pack *zip.Writer, name string, n int, encode func(i int, p *Piece)) error {
	head := &zip.FileHeader{Name: name, Method: zip.Deflate, Flags: sizesFollow, CreatorVersion: version, ReaderVersion: version}
	head.ModifiedDate = epoch //nolint:staticcheck // Modified is not looked at where an entry is compressed already
	for _, r := range name {
		if r >= utf8.RuneSelf {
			head.Flags |= namesAreUTF8
		}
	}
	w, err := pack.CreateRaw(head)
	if err != nil {
		return err
	}
	type sum struct {
		crc    uint32
		length int64
	}
	sums := make([]sum, n)
	pieces := sync.Pool{New: func() any { return new(Piece) }}
	out := counter{w: w}
	if err := chunk.Write(&out, n, func(i int, b []byte) []byte {
		p := pieces.Get().(*Piece)
		defer pieces.Put(p)
		p.Reset()
		encode(i, p)
		b, crc := p.AppendTo(b, i == n-1)
		sums[i] = sum{crc, int64(len(p.Plain))}
		return b
	}); err != nil {
		return err
	}
	total, crc := int64(0), uint32(0)
	for _, s := range sums {
		crc = joined(crc, s.crc, s.length)
		total += s.length
	}
	// The zip writes these behind the entry, and in its directory at the end.
	head.CRC32, head.CompressedSize64, head.UncompressedSize64 = crc, uint64(out.n), uint64(total)
	// Sizes of 32 bits are written as they are found; all bits set point to those of 64.
	head.CompressedSize, head.UncompressedSize = uint32(min(out.n, math.MaxUint32)), uint32(min(total, math.MaxUint32)) //nolint:staticcheck // the writer reads them
	if max(out.n, total) >= math.MaxUint32 {
		head.ReaderVersion = version64
	}
	return nil
}

// Numbers of a zip entry (APPNOTE.TXT 4.4).
const (
	sizesFollow  = 1 << 3
	namesAreUTF8 = 1 << 11
	epoch        = 1<<5 | 1 // 1 January 1980: a zip cannot hold less
	version      = 20
	version64    = 45 // with sizes of 64 bits
)

type counter struct {
	w io.Writer
	n int64
}

func (c *counter) Write(b []byte) (int, error) {
	n, err := c.w.Write(b)
	c.n += int64(n)
	return n, err
}

// joined is the checksum of two texts one after the other, from their checksums and
// the length of the second. A checksum is the remainder of a polynomial over two
// elements by the polynomial of CRC-32: bytes behind it multiply it by x⁸ each.
func joined(first, second uint32, length int64) uint32 {
	const one = 1 << 31 // the highest bit stands for x⁰
	power, square := uint32(one), uint32(one>>8)
	for ; length > 0; length >>= 1 {
		if length&1 != 0 {
			power = times(power, square)
		}
		square = times(square, square)
	}
	return times(first, power) ^ second
}

// times multiplies two polynomials modulo that of CRC-32.
func times(a, b uint32) (product uint32) {
	const polynomial = 0xedb88320
	for ; a != 0; a <<= 1 {
		if bits.LeadingZeros32(a) == 0 {
			product ^= b
		}
		if b&1 != 0 {
			b = b>>1 ^ polynomial
		} else {
			b >>= 1
		}
	}
	return product
}
