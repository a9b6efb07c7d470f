package mesh

import (
	"bytes"
	"io"
	"sync"

	"github.com/iris-oculus/iris/internal/picture"
	"github.com/iris-oculus/iris/internal/surface"
)

// drawn are the pictures of a job: a few hundred kilobytes.
type drawn struct{ preview, check png }

// png is a picture as a file, or why there is none.
type png struct {
	file bytes.Buffer
	err  error
}

// write writes the picture, or is its error.
func (p *png) write(w io.Writer) error {
	if p.err != nil {
		return p.err
	}
	_, err := w.Write(p.file.Bytes())
	return err
}

// pictures are being drawn.
type pictures struct {
	drawn drawn
	both  sync.WaitGroup
}

// startPictures begins to draw. Whoever calls it must wait.
func startPictures(scan scan, surfaces []surface.Surface) *pictures {
	p := &pictures{}
	p.both.Go(func() { p.drawn.check.err = picture.Check(scan.labels, scan.volume, &p.drawn.check.file) })
	p.both.Go(func() { p.drawn.preview.err = picture.Preview(surfaces, &p.drawn.preview.file) })
	return p
}

func (p *pictures) wait() *drawn {
	p.both.Wait()
	return &p.drawn
}
