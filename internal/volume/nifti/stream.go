package nifti

import (
	"bufio"
	"errors"
	"io"

	"github.com/klauspost/compress/gzip"

	"github.com/iris-oculus/iris/internal/volume"
)

// stream gives the plain bytes of a file that may be compressed with gzip. It reads any
// number of gzip members, verifies their checksums and ignores their names and
// comments.
type stream struct {
	raw     *counter
	buffer  *bufio.Reader
	gz      *gzip.Reader // nil when the file is not compressed
	ratio   bool         // limit the ratio of expanded to compressed bytes
	members int

	delivered int64 // plain bytes handed out
	garbage   bool  // bytes follow the last gzip member
}

// rawBuffer is how much is read from the file at a time.
const rawBuffer = 256 << 10

// maxMembers bounds the members of a gzip file; bgzip makes one per 64 KiB, so
// 8 GiB have 131,072.
const maxMembers = 1 << 18

func newStream(r io.Reader, ratio bool) (*stream, error) {
	s := &stream{raw: &counter{r: r}, ratio: ratio}
	s.buffer = bufio.NewReaderSize(s.raw, rawBuffer)
	head, err := s.buffer.Peek(2)
	if len(head) < 2 {
		if !errors.Is(err, io.EOF) {
			return nil, err
		}
		return nil, volume.Reject("unrecognized", "the file has %d bytes: not a NIfTI file", len(head))
	}
	if head[0] == 0x1f && head[1] == 0x8b {
		if s.gz, err = gzip.NewReader(s.buffer); err != nil {
			return nil, s.fault(err)
		}
		s.gz.Multistream(false)
		s.members = 1
	}
	return s, nil
}

// Read hands out plain bytes. io.EOF is a clean end: of the last member, with
// its checksum right, or of a plain file.
func (s *stream) Read(p []byte) (int, error) {
	for {
		n, err := s.read(p)
		s.delivered += int64(n)
		if s.delivered > volume.MaxExpandedBytes {
			return 0, volume.Reject("too_large", "the file expands to more than %d bytes", int64(volume.MaxExpandedBytes))
		}
		if s.ratio && s.delivered > volume.RatioFloor && s.delivered > volume.MaxRatio*s.raw.n {
			return 0, volume.Reject("too_large", "the file expands to more than %d times its size", volume.MaxRatio)
		}
		if errors.Is(err, io.EOF) && s.gz != nil {
			if err = s.nextMember(); err == nil {
				if n == 0 {
					continue
				}
				return n, nil
			}
		}
		if err != nil && !errors.Is(err, io.EOF) {
			err = s.fault(err)
		}
		return n, err
	}
}

func (s *stream) read(p []byte) (int, error) {
	if s.gz != nil {
		return s.gz.Read(p)
	}
	return s.buffer.Read(p)
}

// nextMember opens the gzip member that follows. It gives io.EOF when none does, and
// notes whether bytes follow that do not begin a member.
func (s *stream) nextMember() error {
	head, err := s.buffer.Peek(2)
	if len(head) < 2 || head[0] != 0x1f || head[1] != 0x8b {
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		s.garbage = len(head) > 0
		return io.EOF
	}
	if s.members++; s.members > maxMembers {
		return volume.Reject("bad_gzip", "more than %d gzip members", maxMembers)
	}
	if err := s.gz.Reset(s.buffer); err != nil {
		return s.fault(err)
	}
	s.gz.Multistream(false)
	return nil
}

// fault tells an error of the gzip data from one of the reader beneath it.
func (s *stream) fault(err error) error {
	var known *volume.Error
	switch {
	case s.raw.err != nil:
		return s.raw.err
	case errors.As(err, &known):
		return err
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return volume.Reject("truncated", "the gzip data ends before its own end mark")
	}
	return volume.Reject("bad_gzip", "the gzip data is damaged: %v", err)
}

// full fills p or rejects the file as truncated. what names the bytes in the error.
func (s *stream) full(p []byte, what string) error {
	n, err := io.ReadFull(s, p)
	if err != nil && s.raw.err != nil {
		return s.raw.err // a broken connection, not a truncated file
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return volume.Reject("truncated", "the file ends within the %s: %d of %d bytes are missing", what, len(p)-n, len(p))
	}
	return err
}

func (s *stream) skip(n int64) error {
	skipped, err := io.CopyN(io.Discard, s, n)
	if errors.Is(err, io.EOF) {
		return volume.Reject("truncated", "the file ends %d bytes before its first voxel", n-skipped)
	}
	return err
}

// drain reads to the end, but not much further than limit bytes, and returns how many
// it read.
func (s *stream) drain(limit int64) (int64, error) {
	return io.Copy(io.Discard, io.LimitReader(s, limit+1))
}

// counter counts the bytes read and remembers the reader's own error.
type counter struct {
	r   io.Reader
	n   int64
	err error
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	if err != nil && !errors.Is(err, io.EOF) {
		c.err = err
	}
	return n, err
}
