// Package deflate compresses on every processor. In: bytes of any length. Out: one
// DEFLATE stream (RFC 1951), either alone, as a zip entry holds it, or in a gzip
// file. The bytes are cut into blocks of fixed size that are compressed
// independently, as pigz does, so that the stream depends neither on the number of
// workers nor on the lengths of the writes. Errors are those of the writer beneath.
package deflate

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"io"
	"runtime"
	"sync"

	"github.com/klauspost/compress/flate"
)

const (
	// blockBytes is the number of bytes that one worker compresses at a time. A
	// block cannot refer to the bytes before it, which costs some compression in its
	// first 32 KiB, a small part of it.
	blockBytes = 512 << 10
	// level is the fastest of the levels with matches: vertices and indices are
	// mostly noise, on which higher levels spend four times the work for a few
	// hundredths of the size (docs/benchmarks.md).
	level = 1
)

// Writer compresses what is written to it. Close ends the stream and must be
// called, also after an error, for it ends the goroutines.
type Writer struct {
	block []byte
	jobs  chan *job // to the workers
	order chan *job // to the goroutine that writes
	ended chan struct{}
	free  sync.Pool // of *job

	mu  sync.Mutex
	err error
}

type job struct {
	raw    []byte
	last   bool
	packed bytes.Buffer
	done   chan struct{}
}

// packers keeps compressors, of a megabyte each, from one stream to the next.
var packers = sync.Pool{New: func() any {
	pack, _ := flate.NewWriter(io.Discard, level) // fails for an unknown level only
	return pack
}}

// NewWriter starts a stream.
func NewWriter(w io.Writer) *Writer {
	workers := runtime.GOMAXPROCS(0)
	p := &Writer{jobs: make(chan *job, workers), order: make(chan *job, workers), ended: make(chan struct{})}
	p.free.New = func() any { return &job{done: make(chan struct{}, 1)} }
	for range workers {
		go func() {
			pack := packers.Get().(*flate.Writer)
			for j := range p.jobs {
				j.pack(pack)
			}
			packers.Put(pack)
		}()
	}
	go func() {
		defer close(p.ended)
		for j := range p.order {
			<-j.done
			if p.failed() == nil {
				if _, err := w.Write(j.packed.Bytes()); err != nil {
					p.fail(err)
				}
			}
			p.free.Put(j)
		}
	}()
	return p
}

func (j *job) pack(pack *flate.Writer) {
	j.packed.Reset()
	pack.Reset(&j.packed) // a bytes.Buffer does not fail, so neither do the calls below
	_, _ = pack.Write(j.raw)
	if j.last {
		_ = pack.Close()
	} else {
		_ = pack.Flush() // ends at a whole byte, where the next block goes on
	}
	j.done <- struct{}{}
}

func (p *Writer) failed() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.err
}

func (p *Writer) fail(err error) {
	p.mu.Lock()
	p.err = err
	p.mu.Unlock()
}

// Write takes bytes; an error of the writer beneath may come a few calls late.
func (p *Writer) Write(data []byte) (int, error) {
	n := len(data)
	for len(data) > 0 {
		if len(p.block) == blockBytes { // more is to come, so this block is not the last
			p.send(false)
			if err := p.failed(); err != nil {
				return 0, err
			}
		}
		part := min(len(data), blockBytes-len(p.block))
		p.block = append(p.block, data[:part]...)
		data = data[part:]
	}
	return n, nil
}

// send passes the block to the workers and takes another buffer for the next block.
func (p *Writer) send(last bool) {
	j := p.free.Get().(*job)
	j.raw, p.block, j.last = p.block, j.raw[:0], last
	p.order <- j
	p.jobs <- j
}

// Close compresses what is left and ends the stream.
func (p *Writer) Close() error {
	p.send(true)
	close(p.jobs)
	close(p.order)
	<-p.ended
	return p.failed()
}

// Gzip is a Writer whose stream is a gzip file (RFC 1952) without name and time.
type Gzip struct {
	*Writer
	out  io.Writer
	sum  uint32
	size uint32 // of the input, modulo 2³², as the format demands
}

// NewGzip starts a gzip file.
func NewGzip(w io.Writer) (*Gzip, error) {
	// Magic, method deflate, no flags, no time, no hint, unknown system.
	if _, err := w.Write([]byte{0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255}); err != nil {
		return nil, err
	}
	return &Gzip{Writer: NewWriter(w), out: w}, nil
}

// Write takes bytes and adds them to the checksum.
func (g *Gzip) Write(data []byte) (int, error) {
	g.sum = crc32.Update(g.sum, crc32.IEEETable, data)
	g.size += uint32(len(data))
	return g.Writer.Write(data)
}

// Close ends the file with its checksum and size.
func (g *Gzip) Close() error {
	if err := g.Writer.Close(); err != nil {
		return err
	}
	tail := binary.LittleEndian.AppendUint32(nil, g.sum)
	_, err := g.out.Write(binary.LittleEndian.AppendUint32(tail, g.size))
	return err
}
