package archive

import (
	"archive/tar"
	"bufio"
	"encoding/binary"
	"errors"
	"io"

	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/gzip"

	"github.com/iris-oculus/iris/internal/volume/magic"
)

// Peek looks into an archive or a compressed file that lies inside a drop, where it
// can only be read forward, and passes the first bytes of every file in it to visit
// until that returns false. It expands at most limit bytes, which it subtracts from
// limit, and opens no archives inside. It returns whether it saw all files, which is
// false for an archive that is damaged, protected, of another format than zip, gzip
// and tar, or larger than the limit.
func Peek(r io.Reader, limit *int64, visit func(head []byte) bool) (all bool) {
	in := bufio.NewReaderSize(r, readAhead)
	head, _ := in.Peek(magic.Length) // what cannot be read is not seen
	p := &peek{limit: limit, visit: visit}
	switch magic.Of(head).Class {
	case magic.Zip:
		return p.zip(in)
	case magic.Tar:
		return p.tar(in)
	case magic.Gzip:
		gz, err := gzip.NewReader(in)
		if err != nil {
			return false
		}
		plain := bufio.NewReaderSize(gz, readAhead)
		if head, err = plain.Peek(magic.Length); err != nil && !errors.Is(err, io.EOF) {
			return false
		}
		if magic.TarHeader(head) {
			return p.tar(plain)
		}
		return p.show(plain) || p.ended
	}
	return false
}

type peek struct {
	limit *int64
	visit func([]byte) bool
	ended bool // visit has seen enough
}

// show reads a file's first bytes and shows them; false when the limit is reached.
func (p *peek) show(r io.Reader) bool {
	head := make([]byte, min(magic.Length, max(0, *p.limit)))
	n, err := io.ReadFull(r, head)
	*p.limit -= int64(n)
	if n > 0 || errors.Is(err, io.EOF) {
		p.ended = !p.visit(head[:n])
	}
	return !p.ended && *p.limit > 0
}

// skip reads over the rest of a file.
func (p *peek) skip(r io.Reader) bool {
	n, err := io.Copy(io.Discard, io.LimitReader(r, max(0, *p.limit)))
	*p.limit -= n
	return err == nil && *p.limit > 0
}

func (p *peek) tar(r io.Reader) bool {
	tr := tar.NewReader(io.LimitReader(r, *p.limit))
	for {
		h, err := tr.Next()
		if err != nil {
			return errors.Is(err, io.EOF) && *p.limit > 0
		}
		*p.limit -= max(0, h.Size) + block
		if h.Typeflag != tar.TypeDir && h.Size > 0 && !p.show(tr) {
			return p.ended
		}
	}
}

// The parts of a local header of a zip entry (APPNOTE 4.3.7).
const (
	localHeader    = 30
	descriptorFlag = 8
)

// zip goes from one local header to the next, because the directory at the end cannot
// be reached before them.
func (p *peek) zip(r *bufio.Reader) bool {
	if b, err := r.Peek(4); err == nil && (string(b) == "PK00" || string(b) == "PK\x07\x08") {
		_, _ = r.Discard(4) // the mark of an archive that fitted into one part
	}
	for {
		h := make([]byte, localHeader)
		if n, err := io.ReadFull(r, h); err != nil && n < 4 {
			return false
		}
		if string(h[:4]) != "PK\x03\x04" {
			return string(h[:3]) == "PK\x01" || string(h[:3]) == "PK\x05" // the directory
		}
		flags, method := binary.LittleEndian.Uint16(h[6:]), binary.LittleEndian.Uint16(h[8:])
		size := binary.LittleEndian.Uint32(h[18:])
		after := int(binary.LittleEndian.Uint16(h[26:])) + int(binary.LittleEndian.Uint16(h[28:]))
		*p.limit -= localHeader
		if _, err := r.Discard(after); err != nil || flags&encryptedFlag != 0 {
			return false
		}
		described := flags&descriptorFlag != 0
		var body io.Reader
		switch {
		case method == 8:
			body = flate.NewReader(r)
		case method == 0 && !described && size != 0xFFFFFFFF:
			body = io.LimitReader(r, int64(size))
		default:
			return false
		}
		if (method != 0 || size > 0) && !p.show(body) || !p.skip(body) {
			return p.ended
		}
		if described && !skipDescriptor(r) {
			return false
		}
	}
}

// skipDescriptor skips the sizes that follow an entry. There are four ways to write
// them, which only the bytes after them tell apart.
func skipDescriptor(r *bufio.Reader) bool {
	b, _ := r.Peek(24 + 4)
	for _, n := range []int{16, 12, 24, 20} {
		if len(b) < n+3 || string(b[n:n+2]) != "PK" || b[n+2] != 1 && b[n+2] != 3 && b[n+2] != 5 {
			continue
		}
		_, err := r.Discard(n)
		return err == nil
	}
	return false
}
