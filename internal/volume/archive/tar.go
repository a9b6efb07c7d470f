package archive

import (
	"archive/tar"
	"context"
	"errors"
	"io"

	"github.com/iris-oculus/iris/internal/volume"
	"github.com/iris-oculus/iris/internal/volume/drop"
	"github.com/iris-oculus/iris/internal/volume/magic"
)

// readAhead is how much of a stream is read at a time.
const readAhead = 256 << 10

// TarGz is a gzipped tar archive. Every walk expands it from its start.
type TarGz struct {
	R    io.ReaderAt
	Size int64
}

// Each implements drop.Files and visits files in the order in which they are stored.
// A walk over all files reads to the last byte, so that the checksum is verified.
func (t *TarGz) Each(ctx context.Context, want []int, visit func(drop.File) error) error {
	src := &source{r: t.R}
	gz, err := newGunzip(io.NewSectionReader(src, 0, t.Size))
	if err != nil {
		return src.fault(err)
	}
	w := &tarWalk{
		source: src, all: want == nil, wanted: map[int]bool{}, visit: visit,
		blocks: blocks{r: &metered{r: gz, meter: newMeter(t.Size)}},
		// The stream's meter does not see the holes of sparse files, this one does.
		bodies: newMeter(t.Size),
	}
	for _, n := range want {
		w.wanted[n] = true
	}
	return src.fault(w.walk(ctx))
}

// tarWalk goes over one stream of tar archives, mostly one.
type tarWalk struct {
	source *source
	blocks blocks
	bodies *meter
	all    bool
	wanted map[int]bool
	visit  func(drop.File) error
	names  names

	entries, files, seen int
}

// done says that every wanted file has been visited.
func (w *tarWalk) done() bool { return !w.all && w.seen == len(w.wanted) }

// walk reads one archive after the other. Several may have been appended to each
// other, or compressed as members of one gzip file; tar(1) would stop at the end of
// the first.
func (w *tarWalk) walk(ctx context.Context) error {
	for more := true; more && !w.done(); {
		if err := w.archive(ctx); err != nil {
			return err
		}
		if w.done() {
			break
		}
		var err error
		if more, err = w.blocks.nextArchive(); err != nil {
			return err
		}
	}
	for _, f := range w.names.dangling() {
		if !w.all {
			break
		}
		if err := w.visit(f); err != nil {
			return err
		}
	}
	return nil
}

// archive visits the entries of one archive up to its end mark.
func (w *tarWalk) archive(ctx context.Context) error {
	tr := tar.NewReader(&w.blocks)
	for !w.done() {
		if err := ctx.Err(); err != nil {
			return err
		}
		h, err := tr.Next()
		if errors.Is(err, io.EOF) || errors.Is(err, tar.ErrHeader) && w.blocks.afterZeros() {
			return nil
		}
		if err != nil {
			return err
		}
		if w.entries++; w.entries > volume.MaxEntries {
			return tooMany()
		}
		if err := w.entry(tr, h); err != nil {
			return err
		}
	}
	return nil
}

func (w *tarWalk) entry(tr *tar.Reader, h *tar.Header) error {
	switch h.Typeflag {
	case tar.TypeDir, tar.TypeChar, tar.TypeBlock, tar.TypeFifo, tar.TypeXGlobalHeader,
		'D', 'V', 'A', 'E', 'I', 'N', 'X': // listings, labels and attributes of GNU tar, star and Solaris
		return nil
	case tar.TypeSymlink, tar.TypeLink:
		w.names.link(h.Name, h.Linkname, h.Typeflag == tar.TypeSymlink)
		return nil
	case 'M':
		return errParts()
	}
	// Anything else is a file (POSIX: so is a type that is not known): sparse,
	// contiguous, or an ordinary one.
	if h.Size < 0 {
		return tar.ErrHeader
	}
	n := w.files
	w.files++
	litter := drop.Litter(h.Name)
	if w.all && !litter {
		w.names.file(h.Name)
	}
	if !w.all && !w.wanted[n] {
		return nil
	}
	w.seen++
	body := &entry{r: tr, source: w.source, meter: w.bodies, left: h.Size}
	return w.visit(drop.File{Index: n, Size: h.Size, Litter: litter, Ending: drop.Ending(h.Name), Body: body})
}

// blocks is a stream of tar archives. Reads of one block are headers or end marks; the
// last two are kept in order to find out what follows an archive's end.
type blocks struct {
	r        io.Reader
	pending  []byte // a header that was read already
	last     [block]byte
	isBlock  bool // the last read was of one block
	zeroed   bool // and the one before it of zeros
	lastZero bool
}

const block = 512

// Read implements io.Reader.
func (b *blocks) Read(p []byte) (int, error) {
	if len(b.pending) > 0 {
		n := copy(p, b.pending)
		b.pending, b.isBlock, b.lastZero = b.pending[n:], false, false
		return n, nil
	}
	if len(p) != block {
		b.isBlock, b.lastZero = false, false
		return b.r.Read(p)
	}
	n, err := io.ReadFull(b.r, p)
	if errors.Is(err, io.ErrUnexpectedEOF) && n > 0 {
		err = nil // a short read; the next one says why
	}
	b.zeroed, b.isBlock = b.lastZero, n == block
	b.lastZero = b.isBlock && allZero(p[:n])
	copy(b.last[:], p[:n])
	return n, err
}

// afterZeros says whether the block read last is a header that follows a single block
// of zeros. An end mark has two such blocks; GNU tar ignores half of one.
func (b *blocks) afterZeros() bool {
	if !b.isBlock || !b.zeroed || b.lastZero || !magic.TarHeader(b.last[:]) {
		return false
	}
	b.pending = append([]byte(nil), b.last[:]...)
	return true
}

// nextArchive finds the archive that follows an end mark. When there is none it reads to
// the end of the stream, where only padding lies.
func (b *blocks) nextArchive() (bool, error) {
	if len(b.pending) > 0 {
		return true, nil
	}
	var p [block]byte
	for {
		n, err := io.ReadFull(b.r, p[:])
		switch {
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF) && n > 0:
			_, err = b.r.Read(p[:1]) // the stream's own end, with its checksum
			if errors.Is(err, io.EOF) {
				err = nil
			}
			return false, err
		case err != nil:
			return false, err
		case magic.TarHeader(p[:]):
			b.pending = append([]byte(nil), p[:]...)
			return true, nil
		}
	}
}

func allZero(p []byte) bool {
	for _, v := range p {
		if v != 0 {
			return false
		}
	}
	return true
}

// metered counts a stream.
type metered struct {
	r     io.Reader
	meter *meter
}

func (m *metered) Read(p []byte) (int, error) {
	n, err := m.r.Read(p)
	if limit := m.meter.take(n); limit != nil {
		return 0, limit
	}
	return n, err
}
