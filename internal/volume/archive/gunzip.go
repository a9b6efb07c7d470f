package archive

import (
	"bufio"
	"errors"
	"io"

	"github.com/klauspost/compress/gzip"
)

// gunzip reads a gzip file of any number of members and verifies the checksum of
// each. Zeros may follow the last member, because pipes and tapes pad to a block; as
// in gzip(1) they are ignored. Any other bytes there mean a damaged archive.
type gunzip struct {
	r  *bufio.Reader
	gz *gzip.Reader
}

// errAfter is returned when bytes follow the gzip data that are neither a member nor
// padding.
var errAfter = errors.New("bytes after the gzip data")

func newGunzip(r io.Reader) (*gunzip, error) {
	buffer := bufio.NewReaderSize(r, readAhead)
	gz, err := gzip.NewReader(buffer)
	if err != nil {
		return nil, err
	}
	gz.Multistream(false)
	return &gunzip{buffer, gz}, nil
}

// Read implements io.Reader.
func (g *gunzip) Read(p []byte) (int, error) {
	for {
		n, err := g.gz.Read(p)
		if !errors.Is(err, io.EOF) {
			return n, err
		}
		if err = g.next(); err != nil || n > 0 {
			return n, err
		}
	}
}

// next opens the member that follows; io.EOF when none does.
func (g *gunzip) next() error {
	for {
		b, err := g.r.ReadByte()
		switch {
		case err != nil:
			return err
		case b == 0:
			continue
		}
		if err := g.r.UnreadByte(); err != nil {
			return err
		}
		if head, err := g.r.Peek(2); err != nil && !errors.Is(err, io.EOF) {
			return err
		} else if len(head) < 2 || head[0] != 0x1f || head[1] != 0x8b {
			return errAfter
		}
		if err := g.gz.Reset(g.r); err != nil {
			return err
		}
		g.gz.Multistream(false)
		return nil
	}
}
