package archive

import (
	"archive/tar"
	"bufio"
	"context"
	"io"

	"github.com/klauspost/compress/gzip"

	"github.com/iris-oculus/iris/internal/volume"
	"github.com/iris-oculus/iris/internal/volume/drop"
)

// readAhead is how much of a stream is read at a time.
const readAhead = 256 << 10

// TarGz is a gzipped tar archive. Every walk expands it from its start.
type TarGz struct {
	R    io.ReaderAt
	Size int64
}

// Each implements drop.Files: always in stored order. The walk without want
// goes to the last byte, so that the checksum is known to hold.
func (t *TarGz) Each(ctx context.Context, want []int, visit func(drop.File) error) error {
	src := &source{r: t.R}
	gz, err := gzip.NewReader(bufio.NewReaderSize(io.NewSectionReader(src, 0, t.Size), readAhead))
	if err != nil {
		return src.fault(err)
	}
	stream := &metered{r: gz, meter: newMeter(t.Size)}
	wanted := map[int]bool{}
	for _, n := range want {
		wanted[n] = true
	}
	tr := tar.NewReader(stream)
	n, seen := 0, 0
	for entries := 1; want == nil || seen < len(wanted); entries++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		h, err := tr.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return src.fault(err)
		}
		if entries > volume.MaxEntries {
			return tooMany()
		}
		if h.Typeflag != tar.TypeReg || h.Size < 0 {
			continue
		}
		n++
		if want != nil && !wanted[n-1] {
			continue
		}
		seen++
		// The stream's meter does not see the holes of a sparse file, the entry's does.
		body := &entry{r: tr, source: src, meter: newMeter(t.Size), left: h.Size}
		if err := visit(drop.File{Index: n - 1, Size: h.Size, Litter: drop.Litter(h.Name), Body: body}); err != nil {
			return err
		}
	}
	if want == nil {
		_, err = io.Copy(io.Discard, stream)
	}
	return src.fault(err)
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
