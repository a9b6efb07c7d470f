package archive

import (
	"archive/zip"
	"context"
	"errors"
	"io"
	"io/fs"
	"sort"
	"strings"

	"github.com/klauspost/compress/flate"

	"github.com/iris-oculus/iris/internal/volume"
	"github.com/iris-oculus/iris/internal/volume/drop"
)

// maxDirectory bounds the bytes of a zip's directory: MaxEntries of 800 bytes.
// The reader below allocates for the entries that it has read, not for the number of
// entries that the archive claims.
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
	links   []*zip.File
}

// span is where an entry's packed data lies.
type span struct {
	from, to int64
	entry    int
}

// OpenZip reads the directory of a zip archive. It refuses an archive with encrypted
// entries or beyond the limits.
func OpenZip(r io.ReaderAt, size int64) (*Zip, error) {
	z := &Zip{source: &source{r: r}, size: size}
	directory := &budget{r: z.source, left: maxDirectory}
	zr, err := zip.NewReader(directory, size)
	// Insecure paths do no harm here, because no path is used.
	if err != nil && !errors.Is(err, zip.ErrInsecurePath) {
		return nil, z.fault(err)
	}
	directory.left = size + volume.MaxExpandedBytes // from here on the meter counts
	zr.RegisterDecompressor(zip.Deflate, func(r io.Reader) io.ReadCloser { return flate.NewReader(r) })
	if len(zr.File) > volume.MaxEntries {
		return nil, tooMany()
	}
	limit, total := newMeter(size).total, uint64(0)
	for _, f := range zr.File {
		if f.Mode()&fs.ModeSymlink != 0 {
			z.links = append(z.links, f)
			continue
		}
		// Some writers leave nonsense in the bits that hold the type of a file on Unix.
		// An entry with a name and bytes is taken for a file.
		if !f.Mode().IsRegular() && (f.UncompressedSize64 == 0 || strings.HasSuffix(f.Name, "/")) {
			continue
		}
		if f.Flags&encryptedFlag != 0 {
			return nil, volume.Reject("encrypted_archive", "the archive is protected by a password: pack it without one")
		}
		if f.Method != zip.Store && f.Method != zip.Deflate {
			return nil, volume.Unsupported("unsupported_archive", "the archive is packed with %s, which is not read: pack it with the usual one (deflate)", methodName(f.Method))
		}
		if total += min(f.UncompressedSize64, uint64(limit)+1); total > uint64(limit) {
			return nil, tooLarge(limit)
		}
		z.entries = append(z.entries, f)
	}
	z.offsets = make([]int64, len(z.entries))
	return z, nil
}

// fault is the package's own error for one of the decoder. It says when only the last
// part of an archive was sent.
func (z *Zip) fault(err error) error {
	err = z.source.fault(err)
	if named := (*volume.Error)(nil); errors.As(err, &named) && named.Code == "bad_archive" && inParts(z.source, z.size) {
		return errParts()
	}
	return err
}

// Each implements drop.Files. A walk over all entries begins at the end, where the
// directory is, and goes to the beginning; a walk over wanted entries goes the other
// way. So a cache of a few blocks suffices to read storage little more than once.
func (z *Zip) Each(ctx context.Context, want []int, visit func(drop.File) error) error {
	all := want == nil
	if all {
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
	if !all {
		return nil
	}
	dangling, err := z.dangling()
	if err != nil {
		return err
	}
	for _, f := range dangling {
		if err := visit(f); err != nil {
			return err
		}
	}
	return nil
}

// dangling are the symbolic links to files that are not in the archive.
func (z *Zip) dangling() ([]drop.File, error) {
	if len(z.links) == 0 {
		return nil, nil
	}
	var n names
	for _, f := range z.entries {
		if !drop.Litter(f.Name) {
			n.file(f.Name)
		}
	}
	for _, f := range z.links {
		target, err := z.target(f)
		if err != nil {
			return nil, err
		}
		n.link(f.Name, target, true)
	}
	return n.dangling(), nil
}

// target is where a link leads; empty when that cannot be read.
func (z *Zip) target(f *zip.File) (string, error) {
	body, err := f.Open()
	if err == nil {
		defer func() { _ = body.Close() }()
		var text []byte
		if text, err = io.ReadAll(io.LimitReader(body, longestTarget+1)); err == nil {
			return string(text), nil
		}
	}
	return "", z.source.err // a damaged link leads nowhere
}

func (z *Zip) entry(n int, m *meter, visit func(drop.File) error) error {
	f := z.entries[n]
	file := drop.File{Index: n, Size: int64(f.UncompressedSize64), Litter: drop.Litter(f.Name), Ending: drop.Ending(f.Name)}
	if file.Litter || file.Size == 0 {
		file.Body = strings.NewReader("")
		return visit(file)
	}
	if again, err := z.noteSpan(n); again || err != nil {
		return err // the directory may list one file twice
	}
	body, err := f.Open()
	if err != nil {
		return z.fault(err)
	}
	defer func() { _ = body.Close() }()
	file.Body = &entry{r: body, source: z.source, meter: m, left: file.Size}
	return visit(file)
}

// noteSpan notes where an entry lies and refuses one that lies over another, unless
// it is the same one, listed again.
func (z *Zip) noteSpan(n int) (again bool, err error) {
	if z.offsets[n] != 0 {
		return false, nil
	}
	f := z.entries[n]
	at, err := f.DataOffset()
	if err != nil {
		return false, z.fault(err)
	}
	z.offsets[n] = at
	s := span{at, at + int64(min(f.CompressedSize64, uint64(z.size))), n}
	i := sort.Search(len(z.spans), func(i int) bool { return z.spans[i].from >= s.from })
	if i < len(z.spans) && z.spans[i].from == s.from && z.spans[i].to == s.to {
		if was := z.entries[z.spans[i].entry]; was.Name == f.Name && was.CRC32 == f.CRC32 && was.UncompressedSize64 == f.UncompressedSize64 {
			return true, nil
		}
	}
	if i > 0 && z.spans[i-1].to > s.from || i < len(z.spans) && z.spans[i].from < s.to {
		return false, volume.Reject("unsafe_archive", "entries of the archive lie over each other: it was made to harm")
	}
	z.spans = append(z.spans, span{})
	copy(z.spans[i+1:], z.spans[i:])
	z.spans[i] = s
	return false, nil
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

// entry reads an entry's expanded bytes. It counts them, and refuses more than the
// directory announces.
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
