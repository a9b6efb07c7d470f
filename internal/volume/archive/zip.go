package archive

import (
	"archive/zip"
	"context"
	"errors"
	"io"
	"sort"
	"strings"

	"github.com/klauspost/compress/flate"

	"github.com/iris-oculus/iris/internal/volume"
	"github.com/iris-oculus/iris/internal/volume/drop"
)

// maxDirectory bounds the bytes of a zip's directory: MaxEntries of 800 bytes.
// The reader below allocates by what it reads of it, not by what it is told.
const maxDirectory = 16 << 20

// encryptedFlag is bit 0 of an entry's general purpose flags.
const encryptedFlag = 1

// Zip is an opened zip archive.
type Zip struct {
	source  *source
	size    int64
	entries []*zip.File
	spans   []span // of the entries opened so far, by offset
	offsets []int64
}

// span is where an entry's packed data lies.
type span struct{ from, to int64 }

// OpenZip reads the directory of a zip archive and refuses what must not be read.
func OpenZip(r io.ReaderAt, size int64) (*Zip, error) {
	z := &Zip{source: &source{r: r}, size: size}
	directory := &budget{r: z.source, left: maxDirectory}
	zr, err := zip.NewReader(directory, size)
	// Insecure paths are an error to those who use paths.
	if err != nil && !errors.Is(err, zip.ErrInsecurePath) {
		return nil, z.source.fault(err)
	}
	directory.left = size + volume.MaxExpandedBytes // from here on the meter counts
	zr.RegisterDecompressor(zip.Deflate, func(r io.Reader) io.ReadCloser { return flate.NewReader(r) })
	if len(zr.File) > volume.MaxEntries {
		return nil, tooMany()
	}
	limit, total := newMeter(size).total, uint64(0)
	for _, f := range zr.File {
		if !f.Mode().IsRegular() {
			continue
		}
		if f.Flags&encryptedFlag != 0 {
			return nil, volume.Reject("encrypted_archive", "the archive is protected by a password: pack it without one")
		}
		if f.Method != zip.Store && f.Method != zip.Deflate {
			return nil, volume.Unsupported("unsupported_archive", "the archive uses zip method %d: only stored and deflated entries are read", f.Method)
		}
		if total += min(f.UncompressedSize64, uint64(limit)+1); total > uint64(limit) {
			return nil, tooLarge(limit)
		}
		z.entries = append(z.entries, f)
	}
	z.offsets = make([]int64, len(z.entries))
	return z, nil
}

// Each implements drop.Files. The walk over all goes from the end, where the
// directory is, to the beginning, and one over wanted entries comes back:
// storage behind a cache of a few blocks is read little more than once.
func (z *Zip) Each(ctx context.Context, want []int, visit func(drop.File) error) error {
	if want == nil {
		want = make([]int, len(z.entries))
		for n := range want {
			want[n] = len(want) - 1 - n
		}
	} else {
		want = append([]int(nil), want...)
		sort.Slice(want, func(i, j int) bool { return z.offsets[want[i]] < z.offsets[want[j]] })
	}
	m := newMeter(z.size)
	for _, n := range want {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := z.entry(n, m, visit); err != nil {
			return err
		}
	}
	return nil
}

func (z *Zip) entry(n int, m *meter, visit func(drop.File) error) error {
	f := z.entries[n]
	file := drop.File{Index: n, Size: int64(f.UncompressedSize64), Litter: drop.Litter(f.Name)}
	if file.Litter || file.Size == 0 {
		file.Body = strings.NewReader("")
		return visit(file)
	}
	if err := z.place(n); err != nil {
		return err
	}
	body, err := f.Open()
	if err != nil {
		return z.source.fault(err)
	}
	defer func() { _ = body.Close() }()
	file.Body = &entry{r: body, source: z.source, meter: m, left: file.Size}
	return visit(file)
}

// place notes where an entry lies and refuses one that lies over another.
func (z *Zip) place(n int) error {
	if z.offsets[n] != 0 {
		return nil
	}
	at, err := z.entries[n].DataOffset()
	if err != nil {
		return z.source.fault(err)
	}
	z.offsets[n] = at
	s := span{at, at + int64(min(z.entries[n].CompressedSize64, uint64(z.size)))}
	i := sort.Search(len(z.spans), func(i int) bool { return z.spans[i].from >= s.from })
	if i > 0 && z.spans[i-1].to > s.from || i < len(z.spans) && z.spans[i].from < s.to {
		return volume.Reject("unsafe_archive", "entries of the archive lie over each other: it was made to harm")
	}
	z.spans = append(z.spans, span{})
	copy(z.spans[i+1:], z.spans[i:])
	z.spans[i] = s
	return nil
}

// budget refuses to read more than it has, for a reader that allocates as it reads.
type budget struct {
	r    io.ReaderAt
	left int64
}

func (b *budget) ReadAt(p []byte, off int64) (int, error) {
	if b.left -= int64(len(p)); b.left < 0 {
		return 0, tooMany()
	}
	return b.r.ReadAt(p, off)
}

// entry is an entry's expanded bytes: no more than announced, all of them counted.
type entry struct {
	r      io.Reader
	source *source
	meter  *meter
	left   int64
}

func (e *entry) Read(p []byte) (int, error) {
	n, err := e.r.Read(p)
	if e.left -= int64(n); e.left < 0 {
		return 0, volume.Reject("bad_archive", "an entry of the archive is longer than the archive says")
	}
	if limit := e.meter.take(n); limit != nil {
		return 0, limit
	}
	if !errors.Is(err, io.EOF) {
		err = e.source.fault(err)
	}
	return n, err
}
