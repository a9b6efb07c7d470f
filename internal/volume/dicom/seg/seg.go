// Package seg writes label maps as DICOM segmentations (PS3.3 A.51). In: a label map, the
// series its volume was made from (origin), and who made it. Out: a file on the series'
// own frames: one segment a structure, with its coded terms and colour, and a reference
// from each frame to the image that it lies on. A binary segmentation has a frame for each
// plane of a segment that is not empty, its pixels one bit each without a gap between the
// frames; a label map segmentation (Supplement 243) has the labels themselves.
//
// Nothing of the file is kept in memory but its header; the same input gives the same
// bytes. Errors: *volume.Error too_large, when the pixels are more than one file can have,
// and empty_segmentation, when no structure lies on the frames; those of the writer.
package seg

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"math"

	"github.com/iris-oculus/iris/internal/volume"
	"github.com/iris-oculus/iris/internal/volume/dicom/object"
	"github.com/iris-oculus/iris/internal/volume/dicom/origin"
	"github.com/iris-oculus/iris/internal/volume/dicom/planes"
)

// SOP classes (PS3.4 B.5).
const (
	Binary   = "1.2.840.10008.5.1.4.1.1.66.4"
	LabelMap = "1.2.840.10008.5.1.4.1.1.66.7"
)

// maxFrames bounds the header, which is made in memory: some 420 bytes a frame. 1,000 slices
// with 300 structures in each have fewer; a map of noise has a frame for each voxel.
const maxFrames = 1 << 19

// Options says how a segmentation is written.
type Options struct {
	Made     object.Made
	LabelMap bool // a label map segmentation, which fewer programs read, and smaller
}

// Report says what was written.
type Report struct {
	Instance string
	Frames   int
	Segments []volume.Label // in order of their numbers: those that lie on the frames
	Lost     []volume.Label // those of the label map that lie on none
	Exact    bool           // each pixel of the frames is a voxel of the label map
}

// file is a segmentation that is being written.
type file struct {
	scan     *origin.Scan
	planes   *planes.Planes
	options  Options
	provider volume.Provenance
	boxes    [][]planes.Box
	segments []volume.Label
	frames   []frame
	wide     bool // a label map segmentation of 16 bits
	report   Report
}

// frame is a plane of a segment; segment is -1 for the plane of a label map segmentation.
type frame struct {
	segment, plane int
	box            planes.Box
}

// Write writes a label map.
func Write(w io.Writer, m *volume.LabelMap, scan *origin.Scan, o Options) (Report, error) {
	if err := scan.Check(); err != nil {
		return Report{}, fmt.Errorf("write a segmentation: %w", err)
	}
	p, err := planes.Of(m, scan)
	if err != nil {
		return Report{}, fmt.Errorf("write a segmentation: %w", err)
	}
	f := &file{scan: scan, planes: p, options: o, provider: m.Table.Provenance, boxes: p.Boxes()}
	f.report.Exact = p.Same()
	if err := f.arrange(m); err != nil {
		return Report{}, err
	}
	class := Binary
	if o.LabelMap {
		class = LabelMap
	}
	f.report.Instance = object.UID("segmentation", class, o.Made.Seed, o.Made.Created.UTC().Format("20060102150405"), object.Digest(m), scan.Digest())
	s := object.NewSet(object.ExplicitLE)
	f.header(s, class)
	out := bufio.NewWriterSize(w, 1<<18)
	if err := object.File(out, object.ExplicitLE, class, f.report.Instance, s); err != nil {
		return Report{}, err
	}
	if err := f.pixels(out); err != nil {
		return Report{}, err
	}
	if err := out.Flush(); err != nil {
		return Report{}, fmt.Errorf("write a segmentation: %w", err)
	}
	return f.report, nil
}

// arrange numbers the segments and lists the frames.
func (f *file) arrange(m *volume.LabelMap) error {
	on, in := make([]bool, 1<<16), make([]bool, 1<<16)
	for _, plane := range f.boxes {
		for _, b := range plane {
			on[b.Label] = true
		}
	}
	for _, v := range m.U8 {
		in[v] = true
	}
	for _, v := range m.U16 {
		in[v] = true
	}
	named := map[int]volume.Label{}
	for _, l := range m.Table.Labels {
		named[l.ID] = l
	}
	for label := 1; label <= math.MaxUint16; label++ {
		if !in[label] {
			continue
		}
		l, ok := named[label]
		if !ok {
			l = volume.Label{ID: label, Name: fmt.Sprintf("label_%d", label)}
		}
		if on[label] {
			f.segments = append(f.segments, l)
		} else {
			f.report.Lost = append(f.report.Lost, l)
		}
	}
	f.report.Segments = f.segments
	if len(f.segments) == 0 {
		return volume.Reject("empty_segmentation", "no structure of the label map lies on the frames of the DICOM series: was it made of another series?")
	}
	f.wide = f.segments[len(f.segments)-1].ID > math.MaxUint8
	frames := 0
	for _, plane := range f.boxes {
		if frames += len(plane); f.options.LabelMap {
			frames += min(1, len(plane)) - len(plane)
		}
	}
	if frames > maxFrames {
		return volume.Reject("too_large", "the segmentation would have %d frames, one for each structure in each slice: at most %d can be written", frames, maxFrames)
	}
	f.list()
	f.report.Frames = len(f.frames)
	if n := f.bytes(); n > object.MaxPixelBytes {
		return volume.Reject("too_large", "the segmentation would have %d MB of pixels: one DICOM file holds at most %d", n>>20, int64(object.MaxPixelBytes)>>20)
	}
	return nil
}

// list lists the frames: of a binary segmentation by segment and then along the stack.
func (f *file) list() {
	if f.options.LabelMap {
		for k, plane := range f.boxes {
			if len(plane) > 0 {
				f.frames = append(f.frames, frame{segment: -1, plane: k})
			}
		}
		return
	}
	number := make([]int, 1<<16)
	for i, l := range f.segments {
		number[l.ID] = i
	}
	by := make([][]frame, len(f.segments))
	for k, plane := range f.boxes {
		for _, b := range plane {
			i := number[b.Label]
			by[i] = append(by[i], frame{segment: i, plane: k, box: b})
		}
	}
	for _, frames := range by {
		f.frames = append(f.frames, frames...)
	}
}

// bytes is how many bytes the pixels take.
func (f *file) bytes() int64 {
	pixels := int64(len(f.frames)) * int64(f.planes.Rows) * int64(f.planes.Columns)
	switch {
	case !f.options.LabelMap:
		return (pixels + 7) / 8
	case f.wide:
		return 2 * pixels
	}
	return pixels
}

// pixels writes the pixel data.
func (f *file) pixels(w io.Writer) error {
	n := f.bytes()
	if err := object.PixelHead(w, n, f.wide && f.options.LabelMap); err != nil {
		return err
	}
	write := f.bits
	if f.options.LabelMap {
		write = f.labels
	}
	err := write(w)
	if err == nil && n%2 == 1 {
		_, err = w.Write([]byte{0})
	}
	if err != nil {
		return fmt.Errorf("write a segmentation: %w", err)
	}
	return nil
}

// bits writes the frames of a binary segmentation: eight pixels a byte, the first in its
// lowest bit, each frame where the last one ended (PS3.5 §8.1.1).
func (f *file) bits(w io.Writer) error {
	size := f.planes.Rows * f.planes.Columns
	buffer, row := make([]byte, size/8+2), make([]uint16, f.planes.Columns)
	left := 0 // bits of buffer[0] that belong to the frame before
	for _, fr := range f.frames {
		b, label := fr.box, uint16(fr.box.Label)
		for r := b.Top; r < b.Bottom; r++ {
			part := row[:b.Right-b.Left]
			f.planes.Row(fr.plane, r, b.Left, part)
			at := left + r*f.planes.Columns + b.Left
			for i, v := range part {
				if v == label {
					buffer[(at+i)/8] |= 1 << ((at + i) % 8)
				}
			}
		}
		end := left + size
		if _, err := w.Write(buffer[:end/8]); err != nil {
			return err
		}
		last := buffer[end/8]
		clear(buffer)
		buffer[0], left = last, end%8
	}
	if left > 0 {
		_, err := w.Write(buffer[:1])
		return err
	}
	return nil
}

// labels writes the frames of a label map segmentation.
func (f *file) labels(w io.Writer) error {
	row, text := make([]uint16, f.planes.Columns), make([]byte, 0, 2*f.planes.Columns)
	for _, fr := range f.frames {
		for r := range f.planes.Rows {
			f.planes.Row(fr.plane, r, 0, row)
			text = text[:0]
			for _, v := range row {
				if f.wide {
					text = binary.LittleEndian.AppendUint16(text, v)
				} else {
					text = append(text, byte(v))
				}
			}
			if _, err := w.Write(text); err != nil {
				return err
			}
		}
	}
	return nil
}

// Warnings are what is doubtful about what was written.
func (r Report) Warnings() []volume.Warning { return object.Between(len(r.Lost)) }
