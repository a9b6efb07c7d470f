package mesh

import (
	"bytes"
	"io"
	"sync"

	"github.com/iris-oculus/iris/internal/picture"
	"github.com/iris-oculus/iris/internal/surface"
	"github.com/iris-oculus/iris/internal/volume"
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

// Draw are the functions that draw; the zero value are those of package picture. Half of
// the time of a small scan is for its pictures, so that a simulation of thousands of jobs
// keeps what was drawn of equal ones.
type Draw struct {
	Check   func(*volume.LabelMap, *volume.Volume, io.Writer) error
	Preview func([]surface.Surface, io.Writer) error
}

// startPictures begins to draw. Whoever calls it must wait.
func (s Stage) startPictures(scan scan, surfaces []surface.Surface) *pictures {
	p, draw := &pictures{}, s.Draw
	if draw.Check == nil {
		draw = Draw{picture.Check, picture.Preview}
	}
	p.both.Go(func() { p.drawn.check.err = draw.Check(scan.labels, scan.volume, &p.drawn.check.file) })
	p.both.Go(func() { p.drawn.preview.err = draw.Preview(surfaces, &p.drawn.preview.file) })
	return p
}

func (p *pictures) wait() *drawn {
	p.both.Wait()
	return &p.drawn
}
