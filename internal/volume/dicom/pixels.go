package dicom

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"io"

	"github.com/iris-oculus/iris/internal/volume"
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

// reader makes the second pass, in which it sends planes.
type reader struct {
	shared []int            // number of slices at each plane
	sums   map[int][32]byte // of planes with more than one slice
	free   chan []int16
	planes chan<- plane
	tally  *tally
}

// pixels reads the series' slices and pushes their planes in order of depth.
// Reading and decoding run beside the pushing.
func pixels(ctx context.Context, files drop.Files, s *series.Series, st *series.Stack, lifted bool, seen *tally, push func([]int16) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	size := st.Dims[0] * st.Dims[1]
	buffers := max(2, min(8, inFlight/(2*size))) + workers(size)
	planes := make(chan plane, buffers)
	r := &reader{shared: make([]int, len(st.Depth)), sums: map[int][32]byte{}, free: make(chan []int16, buffers), planes: planes, tally: seen}
	p := &pass{files: files, series: s, visit: r.frame, voxels: r.free, plane: size, background: pixel.BackgroundOf(seen.modality), lifted: lifted}
	for n, sl := range s.Slices { // in order of planes, so that files are read by their first one
		p.add(sl, n)
		r.shared[sl.Plane]++
	}
	for range buffers {
		r.free <- nil
	}
	done := make(chan error, 1)
	go func() {
		defer close(planes)
		done <- p.run(ctx)
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

// frame sends a decoded frame, unless it repeats one already sent.
func (r *reader) frame(ctx context.Context, f *frame) error {
	voxels := f.voxels
	f.voxels = nil
	if again, err := r.repeats(f.slice.Plane, voxels); again || err != nil {
		r.free <- voxels
		return err
	}
	r.tally.add(f, voxels)
	select {
	case r.planes <- plane{f.slice.Plane, voxels}:
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
