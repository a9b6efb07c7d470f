package dicom

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"io"
	"sort"

	"github.com/iris-oculus/iris/internal/volume"
	"github.com/iris-oculus/iris/internal/volume/dicom/header"
	"github.com/iris-oculus/iris/internal/volume/dicom/pixel"
	"github.com/iris-oculus/iris/internal/volume/dicom/series"
	"github.com/iris-oculus/iris/internal/volume/drop"
)

// inFlight bounds the bytes of the planes between the reader and the writer. It
// suffices to keep both busy.
const inFlight = 8 << 20

// plane is one decoded slice, as the reader sends it to the writer.
type plane struct {
	k      int
	voxels []int16
}

// reader makes the second pass, in which it reads, decodes and sends planes.
type reader struct {
	series *series.Series
	slices map[int][]series.Slice // by file, in order of frames
	shared []int                  // number of slices at each plane
	sums   map[int][32]byte       // of planes with more than one slice
	free   chan []int16
	planes chan<- plane
	scale  pixel.Rescaler
	lifted bool // the samples are shifted up as HighBit says
	tally  *tally
	raw    []byte
}

// pixels reads the series' slices and pushes their planes in order of depth.
// Reading and decoding run beside the pushing.
func pixels(ctx context.Context, files drop.Files, s *series.Series, st *series.Stack, lifted bool, seen *tally, push func([]int16) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	size := st.Dims[0] * st.Dims[1]
	buffers := max(2, min(8, inFlight/(2*size)))
	planes := make(chan plane, buffers)
	r := &reader{series: s, shared: make([]int, len(st.Depth)), slices: map[int][]series.Slice{},
		sums: map[int][32]byte{}, free: make(chan []int16, buffers), planes: planes, lifted: lifted, tally: seen}
	r.scale.Background = pixel.BackgroundOf(seen.modality)
	for range buffers {
		r.free <- make([]int16, size)
	}
	done := make(chan error, 1)
	go func() {
		defer close(planes)
		done <- files.Each(ctx, r.plan(), func(f drop.File) error { return r.file(ctx, f) })
	}()
	err := inOrder(planes, r.free, len(st.Depth), size, push)
	cancel()
	for range planes { // let the reader end
	}
	if readErr := <-done; readErr != nil && (err == nil || errors.Is(err, errIncomplete)) {
		return readErr
	}
	return err
}

// plan sorts the slices by file and lists the files by their first plane.
func (r *reader) plan() []int {
	first := map[int]int{}
	var want []int
	for _, sl := range r.series.Slices { // in order of planes
		file := r.series.Images[sl.Image].File
		if _, seen := first[file]; !seen {
			first[file] = sl.Plane
			want = append(want, file)
		}
		r.slices[file] = append(r.slices[file], sl)
		r.shared[sl.Plane]++
	}
	for _, slices := range r.slices {
		sort.Slice(slices, func(i, j int) bool { return slices[i].Frame < slices[j].Frame })
	}
	return want
}

// file decodes one file's frames, in the order in which they are stored.
func (r *reader) file(ctx context.Context, f drop.File) error {
	return eachFrame(r.series, f, r.slices[f.Index], &r.raw, func(sl series.Slice, raw []byte, l pixel.Layout) error {
		return r.frame(ctx, raw, sl, l)
	})
}

// eachFrame reads the frames of slices, all of one file and in the order in
// which they are stored, into buffer, one after the other.
func eachFrame(s *series.Series, f drop.File, slices []series.Slice, buffer *[]byte, visit func(series.Slice, []byte, pixel.Layout) error) error {
	h, body, err := header.Read(f.Body, f.Size)
	if err != nil {
		return err
	}
	layout, err := pixel.Of(h)
	if err != nil {
		return err
	}
	if layout != s.Images[slices[0].Image].Layout {
		return volume.Reject("corrupt_dicom", "a file changed while it was read: send it again")
	}
	if cap(*buffer) < layout.FrameBytes() {
		*buffer = make([]byte, layout.FrameBytes())
	}
	raw, at := (*buffer)[:layout.FrameBytes()], 0
	for _, sl := range slices {
		skip := int64(sl.Frame-at) * int64(layout.FrameBytes())
		if _, err := io.CopyN(io.Discard, body, skip); err != nil {
			return cut(err)
		}
		if _, err := io.ReadFull(body, raw); err != nil {
			return cut(err)
		}
		if err := visit(sl, raw, layout); err != nil {
			return err
		}
		at = sl.Frame + 1
	}
	_, err = io.Copy(io.Discard, f.Body) // to the end, where containers keep their checksums
	return err
}

// frame decodes one frame and sends it, unless it repeats one already sent.
func (r *reader) frame(ctx context.Context, raw []byte, sl series.Slice, l pixel.Layout) error {
	var voxels []int16
	select {
	case voxels = <-r.free:
	case <-ctx.Done():
		return ctx.Err()
	}
	if r.lifted {
		l.Shift = r.series.Images[sl.Image].Lift
	}
	counts := r.scale.Frame(voxels, raw, l, sl.Slope, sl.Intercept)
	if again, err := r.repeats(sl.Plane, voxels); again || err != nil {
		r.free <- voxels
		return err
	}
	r.tally.add(sl, voxels, raw, l, counts)
	select {
	case r.planes <- plane{sl.Plane, voxels}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// repeats says whether an equal slice at this plane has been sent already. A different
// one there means that the series holds two volumes, which is an error.
func (r *reader) repeats(k int, voxels []int16) (bool, error) {
	if r.shared[k] == 1 {
		return false, nil
	}
	sum := checksum(voxels)
	was, seen := r.sums[k]
	if seen && was != sum {
		return false, volume.Reject("multiple_volumes", "the series has several different slices at one position: it holds more than one volume (phases or times); send one of them")
	}
	r.sums[k] = sum
	return seen, nil
}

func checksum(voxels []int16) [32]byte {
	h := sha256.New()
	var b [4096]byte
	for len(voxels) > 0 {
		part := voxels[:min(len(voxels), len(b)/2)]
		for i, v := range part {
			binary.LittleEndian.PutUint16(b[2*i:], uint16(v))
		}
		h.Write(b[:2*len(part)])
		voxels = voxels[len(part):]
	}
	return [32]byte(h.Sum(nil))
}

func cut(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return volume.Reject("truncated", "a DICOM file ends before its pixel data does: it was cut short, send it again")
	}
	return err
}
