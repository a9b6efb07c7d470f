package header

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"

	"github.com/iris-oculus/iris/internal/volume"
)

// cursor is a forward-only reader that knows how many bytes there can be.
type cursor struct {
	r     *bufio.Reader
	order binary.ByteOrder
	pos   int64
	end   int64 // what the container says; the stream may end before
	// beyond is the error of a length over end; nil: the file is cut short.
	beyond error
	buf    [maxValue]byte
}

func newCursor(r io.Reader, size int64) *cursor {
	return &cursor{r: bufio.NewReaderSize(r, 16<<10), order: binary.LittleEndian, end: size}
}

func (c *cursor) left() int64 { return c.end - c.pos }

// errTruncated is the error of a file that ends before the length that it announces.
func errTruncated() error {
	return volume.Reject("truncated", "a DICOM file ends before its data does: it was cut short, send it again")
}

// short is the error of a length greater than the number of bytes left.
func (c *cursor) short() error {
	if c.beyond != nil {
		return c.beyond
	}
	return errTruncated()
}

func (c *cursor) fail(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errTruncated()
	}
	return err
}

// peek looks at the next n bytes; fewer come back only at the end of the file.
func (c *cursor) peek(n int) ([]byte, error) {
	n = int(min(int64(n), c.left()))
	b, err := c.r.Peek(n)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, err
	}
	return b, nil
}

// read returns the next n ≤ maxValue bytes, valid until the next read.
func (c *cursor) read(n int) ([]byte, error) {
	if int64(n) > c.left() {
		return nil, c.short()
	}
	if _, err := io.ReadFull(c.r, c.buf[:n]); err != nil {
		return nil, c.fail(err)
	}
	c.pos += int64(n)
	return c.buf[:n], nil
}

// keep returns the next n bytes in a slice of their own. n is bounded by its caller.
func (c *cursor) keep(n int) ([]byte, error) {
	if int64(n) > c.left() {
		return nil, c.short()
	}
	b := make([]byte, n)
	if _, err := io.ReadFull(c.r, b); err != nil {
		return nil, c.fail(err)
	}
	c.pos += int64(n)
	return b, nil
}

// skip passes over n bytes. It refuses to skip further than the longest header before
// it reads them, because that could take minutes in a file of gigabytes or one that
// is inflated.
func (c *cursor) skip(n int64) error {
	if n > c.left() {
		return c.short()
	}
	if n > MaxBytes-c.pos {
		return corrupt("its header has no end")
	}
	c.pos += n
	for n > 0 {
		step, err := c.r.Discard(int(min(n, 1<<20)))
		if err != nil {
			return c.fail(err)
		}
		n -= int64(step)
	}
	return nil
}
