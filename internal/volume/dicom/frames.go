package dicom

import (
	"context"
	"io"
	"runtime"
	"sort"
	"sync"

	"github.com/iris-oculus/iris/internal/volume"
	"github.com/iris-oculus/iris/internal/volume/dicom/codec"
	"github.com/iris-oculus/iris/internal/volume/dicom/decode"
	"github.com/iris-oculus/iris/internal/volume/dicom/encapsulated"
	"github.com/iris-oculus/iris/internal/volume/dicom/header"
	"github.com/iris-oculus/iris/internal/volume/dicom/pixel"
	"github.com/iris-oculus/iris/internal/volume/dicom/series"
	"github.com/iris-oculus/iris/internal/volume/drop"
)

// frame is one slice on its way from the file to the planes.
type frame struct {
	slice  series.Slice
	index  int // of the slice, as it was given to pass.add
	layout pixel.Layout
	stream []byte // compressed, in the transfer syntax
	syntax string
	lossy  bool       // its file says that it was compressed with loss
	raw    []byte     // samples
	info   codec.Info // of the stream; the zero Info for samples stored as they are

	voxels []int16 // values, where they are wanted
	counts pixel.Counts
	above  bool // the stream's samples use bits above those that the data set calls stored

	done chan error // from the worker
}

// pass reads the frames of some slices. The caller's goroutine sees them in the order of
// the files and, within a file, in the order in which they are stored; others read and
// decode the next ones meanwhile.
type pass struct {
	files  drop.Files
	series *series.Series
	visit  func(context.Context, *frame) error

	// voxels are planes for values, nil for those that are yet to be made; a nil channel:
	// samples only. Lifted samples are shifted up as HighBit says.
	voxels     chan []int16
	plane      int // voxels of a plane
	background pixel.Background
	lifted     bool

	want   []int            // files in the order in which they are wanted
	slices map[int][]wanted // by file
	free   chan *frame
	jobs   chan *frame
	line   chan *frame // the same frames as jobs
}

// wanted is a slice and its index.
type wanted struct {
	series.Slice
	index int
}

// add asks for a slice.
func (p *pass) add(sl series.Slice, index int) {
	if p.slices == nil {
		p.slices = map[int][]wanted{}
	}
	file := p.series.Images[sl.Image].File
	if p.slices[file] == nil {
		p.want = append(p.want, file)
	}
	p.slices[file] = append(p.slices[file], wanted{sl, index})
}

// These bound the memory of frames on their way. A decoder takes some 12 bytes a pixel.
const (
	decodingBytes = 256 << 20
	pixelBytes    = 12
)

// workers is how many goroutines decode frames of some pixels.
func workers(pixels int) int {
	return max(1, min(runtime.GOMAXPROCS(0), decodingBytes/(pixelBytes*max(1, pixels))))
}

// run reads the slices. Where several errors meet, the one of the first frame counts.
func (p *pass) run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	pixels := 0
	for _, slices := range p.slices {
		sort.SliceStable(slices, func(i, j int) bool { return slices[i].Frame < slices[j].Frame })
		l := p.series.Images[slices[0].Image].Layout
		pixels = max(pixels, l.Rows*l.Columns)
	}
	workers := workers(pixels)
	n := workers + 2 // the reader holds two
	p.free, p.jobs, p.line = make(chan *frame, n), make(chan *frame, n), make(chan *frame, n)
	for range n {
		p.free <- &frame{done: make(chan error, 1)}
	}
	var group sync.WaitGroup
	for range workers {
		group.Go(func() { p.work(ctx) })
	}
	var readErr error
	group.Go(func() {
		readErr = p.files.Each(ctx, p.want, func(f drop.File) error { return p.file(ctx, f) })
		close(p.jobs)
		close(p.line)
	})
	var err error
	for f := range p.line {
		if fault := <-f.done; err == nil {
			if err = fault; err == nil {
				err = p.visit(ctx, f)
			}
			if err != nil {
				cancel()
			}
		}
		p.free <- f
	}
	group.Wait()
	if err == nil {
		err = readErr
	}
	return err
}

// file reads one file's frames. The last one is passed on after the end of the file was
// seen, where containers keep their checksums: a file that was damaged on its way is
// better called so than by what a decoder makes of it.
func (p *pass) file(ctx context.Context, f drop.File) error {
	slices := p.slices[f.Index]
	image := p.series.Images[slices[0].Image]
	h, body, err := header.Read(f.Body, f.Size)
	if err != nil {
		return err
	}
	layout, err := pixel.Of(h)
	if err != nil {
		return err
	}
	if layout != image.Layout || h.Frames() != image.Frames {
		return volume.Reject("corrupt_dicom", "a file changed while it was read: send it again")
	}
	stored, err := pixelDataOf(h, layout, body)
	if err != nil {
		return err
	}
	defer stored.close()
	var last *frame
	for _, sl := range slices {
		next, err := p.take(ctx)
		if err != nil {
			return err
		}
		next.slice, next.index, next.layout, next.syntax, next.lossy = sl.Slice, sl.index, layout, h.TransferSyntax, h.Lossy
		if err := stored.read(sl.Frame, next); err != nil {
			return err
		}
		if last != nil {
			p.send(last)
		}
		last = next
	}
	if _, err := io.Copy(io.Discard, f.Body); err != nil {
		return err
	}
	p.send(last)
	return nil
}

// take waits for a frame that is free. Its voxels are taken in the same order, so that
// the frame that is visited next never waits for one behind it.
func (p *pass) take(ctx context.Context) (*frame, error) {
	var f *frame
	select {
	case f = <-p.free:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if p.voxels == nil {
		return f, nil
	}
	select {
	case f.voxels = <-p.voxels:
		if f.voxels == nil {
			f.voxels = make([]int16, p.plane)
		}
		return f, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (p *pass) send(f *frame) {
	p.line <- f
	p.jobs <- f
}

// work decodes and converts frames.
func (p *pass) work(ctx context.Context) {
	scale := pixel.Rescaler{Background: p.background}
	for f := range p.jobs {
		if err := ctx.Err(); err != nil { // nobody waits for the frames behind
			f.done <- err
			continue
		}
		f.done <- p.decode(f, &scale)
	}
}

func (p *pass) decode(f *frame, scale *pixel.Rescaler) error {
	if f.layout.Encapsulated {
		l := codec.Limits{Columns: f.layout.Columns, Rows: f.layout.Rows, Bits: f.layout.Bits}
		f.raw = sized(f.raw, l.Bytes())
		var err error
		if f.info, err = decode.Frame(f.raw, f.stream, f.syntax, l); err != nil {
			return err
		}
		if f.layout.Signed && !f.info.Signed {
			// The stream holds the low bits of signed samples, and knows of no sign.
			f.layout.Stored = min(f.layout.Stored, f.info.Precision)
		}
	}
	if f.voxels == nil {
		return nil
	}
	if p.lifted && f.wholeWords() {
		f.layout.Shift = p.series.Images[f.slice.Image].Lift
	}
	if f.above = f.contradicts(p.series.Images[f.slice.Image].Lift); f.above {
		cut := f.info.Lossy && pixel.Saturate(f.raw, f.layout, f.info.Precision)
		f.above = !cut && pixel.Above(f.raw, f.layout)
	}
	f.counts = scale.Frame(f.voxels, f.raw, f.layout, f.slice.Slope, f.slice.Intercept)
	return nil
}

// wholeWords says whether the samples may be shifted up in their words. A stream of the
// stored bits alone has samples that are not; one of whole words is like samples that are
// stored as they are.
func (f *frame) wholeWords() bool {
	return !f.layout.Encapsulated || f.info.Precision > f.layout.Stored
}

// contradicts says whether the frame's stream speaks of more bits than the data set
// stores. Where the data set contradicts itself too, with a lift, look judges it.
func (f *frame) contradicts(lift int) bool {
	return f.layout.Encapsulated && !f.info.Whole && lift == 0 && f.info.Precision > f.layout.Stored
}

// sized is buffer, or a new one, with n bytes.
func sized(buffer []byte, n int) []byte {
	if cap(buffer) < n {
		return make([]byte, n)
	}
	return buffer[:n]
}

// pixelData gives the frames of one file, in ascending order.
type pixelData struct {
	body   io.Reader // of samples that are stored as they are
	at     int       // the frame at which body stands
	one    encapsulated.Element
	many   *encapsulated.Frames
	single bool
}

func pixelDataOf(h *header.Header, l pixel.Layout, body io.Reader) (*pixelData, error) {
	s := &pixelData{body: body}
	if !l.Encapsulated {
		return s, nil
	}
	s.one = encapsulated.Element{Frames: h.Frames(), FrameBytes: l.FrameBytes(), Length: h.Pixels.Length, Offsets: h.Pixels.Offsets, Start: decode.Start}
	if s.single = h.Frames() == 1; s.single {
		return s, nil
	}
	var err error
	s.many, err = encapsulated.Many(body, s.one)
	return s, err
}

// read fills f with a frame: its stream, or its samples.
func (s *pixelData) read(n int, f *frame) (err error) {
	switch {
	case s.many != nil:
		f.stream, err = s.many.Read(n, f.stream)
		return err
	case s.single:
		f.stream, err = encapsulated.One(s.body, s.one, f.stream)
		return err
	}
	size := f.layout.FrameBytes()
	if _, err := io.CopyN(io.Discard, s.body, int64(n-s.at)*int64(size)); err != nil {
		return cut(err)
	}
	s.at = n + 1
	f.info = codec.Info{}
	f.raw = sized(f.raw, size)
	_, err = io.ReadFull(s.body, f.raw)
	return cut(err)
}

func (s *pixelData) close() {
	if s.many != nil {
		s.many.Close()
	}
}
