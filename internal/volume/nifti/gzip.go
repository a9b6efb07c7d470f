package nifti

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"io"
	"runtime"

	"github.com/klauspost/compress/flate"
)

// gzipLevel takes a 13th of the time of the usual level 6 and makes the file 8 % larger
// (shared/research/imaging.md §1.3).
const gzipLevel = 1

// gzipBlock is how many bytes are compressed independently of all others. It is so
// large that next to no compression is lost, and fixed, so that the output does not
// depend on the number of processors.
const gzipBlock = 1 << 20

// gzipHeader states deflate, no name, no time, the fastest level, an unknown system.
var gzipHeader = []byte{0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 4, 255}

// gzipWriter writes one gzip member whose blocks are compressed at the same time.
// After a flush a deflate stream ends at a whole byte, so that the blocks can be
// joined, as pigz does. Its goroutines end with their blocks, so that a gzipWriter may
// be abandoned without Close.
type gzipWriter struct {
	w       io.Writer
	block   []byte
	pending []chan compressed // oldest first
	idle    []*compressor
	crc     uint32
	size    uint32
}

// compressor is a worker's own encoder and output.
type compressor struct {
	deflate *flate.Writer
	out     bytes.Buffer
	block   []byte
}

type compressed struct {
	by  *compressor
	err error
}

func newGzipWriter(w io.Writer) (*gzipWriter, error) {
	if _, err := w.Write(gzipHeader); err != nil {
		return nil, err
	}
	return &gzipWriter{w: w, block: make([]byte, 0, gzipBlock)}, nil
}

func (g *gzipWriter) Write(p []byte) (int, error) {
	g.crc = crc32.Update(g.crc, crc32.IEEETable, p)
	g.size += uint32(len(p)) // modulo 2³², as RFC 1952 has it
	for rest := p; len(rest) > 0; {
		n := min(len(rest), gzipBlock-len(g.block))
		g.block = append(g.block, rest[:n]...)
		rest = rest[n:]
		if len(g.block) == gzipBlock {
			if err := g.send(false); err != nil {
				return len(p) - len(rest), err
			}
		}
	}
	return len(p), nil
}

// Close compresses the last block, waits for all, and writes the trailer.
func (g *gzipWriter) Close() error {
	if err := g.send(true); err != nil {
		return err
	}
	for len(g.pending) > 0 {
		if err := g.collect(); err != nil {
			return err
		}
	}
	trailer := binary.LittleEndian.AppendUint32(nil, g.crc)
	_, err := g.w.Write(binary.LittleEndian.AppendUint32(trailer, g.size))
	return err
}

// send starts the compression of the block; when every processor has one, the
// oldest is waited for and written.
func (g *gzipWriter) send(last bool) error {
	if len(g.pending) >= runtime.GOMAXPROCS(0) {
		if err := g.collect(); err != nil {
			return err
		}
	}
	c, err := g.compressor()
	if err != nil {
		return err
	}
	c.block, g.block = g.block, c.block[:0]
	done := make(chan compressed, 1)
	g.pending = append(g.pending, done)
	go func() { done <- compressed{c, c.run(last)} }()
	return nil
}

func (g *gzipWriter) compressor() (*compressor, error) {
	if n := len(g.idle); n > 0 {
		c := g.idle[n-1]
		g.idle = g.idle[:n-1]
		return c, nil
	}
	deflate, err := flate.NewWriter(io.Discard, gzipLevel)
	return &compressor{deflate: deflate, block: make([]byte, 0, gzipBlock)}, err
}

// run compresses the block; the last one closes the deflate stream.
func (c *compressor) run(last bool) error {
	c.out.Reset()
	c.deflate.Reset(&c.out)
	if _, err := c.deflate.Write(c.block); err != nil {
		return err
	}
	if last {
		return c.deflate.Close()
	}
	return c.deflate.Flush()
}

// collect writes the oldest block.
func (g *gzipWriter) collect() error {
	done := <-g.pending[0]
	g.pending = g.pending[1:]
	if done.err != nil {
		return done.err
	}
	g.idle = append(g.idle, done.by)
	_, err := g.w.Write(done.by.out.Bytes())
	return err
}
