package dicom

import (
	"encoding/binary"
	"errors"
	"io"
	"os"
)

// errIncomplete is returned when the reader has ended before every plane came. The
// reader's own error says why.
var errIncomplete = errors.New("not every plane was read")

// inOrder pushes planes 0 to count-1 in order. A plane that comes too early waits in a
// temporary file, so that a shuffled drop takes no more memory than a sorted one.
func inOrder(planes <-chan plane, free chan<- []int16, count, size int, push func([]int16) error) error {
	w := &waiting{size: size, there: make([]bool, count)}
	defer w.close()
	next := 0
	for p := range planes {
		var err error
		if p.k != next {
			err = w.put(p)
		} else {
			err = push(p.voxels)
			next++
		}
		for err == nil && next < count && w.there[next] {
			if err = w.get(next, p.voxels); err == nil {
				err = push(p.voxels)
				next++
			}
		}
		if err != nil {
			return err
		}
		free <- p.voxels
	}
	if next < count {
		return errIncomplete
	}
	return nil
}

// waiting holds planes in a file without a name.
type waiting struct {
	file  *os.File
	size  int // voxels of a plane
	there []bool
	raw   []byte
}

func (w *waiting) put(p plane) error {
	if w.file == nil {
		f, err := os.CreateTemp("", "iris-planes-*")
		if err != nil {
			return err
		}
		w.file, w.raw = f, make([]byte, 2*w.size)
		_ = os.Remove(f.Name()) // open, but without a name; Windows removes it at close
	}
	for i, v := range p.voxels {
		binary.LittleEndian.PutUint16(w.raw[2*i:], uint16(v))
	}
	w.there[p.k] = true
	_, err := w.file.WriteAt(w.raw, int64(p.k)*int64(len(w.raw)))
	return err
}

func (w *waiting) get(k int, voxels []int16) error {
	r := io.NewSectionReader(w.file, int64(k)*int64(len(w.raw)), int64(len(w.raw)))
	if _, err := io.ReadFull(r, w.raw); err != nil {
		return err
	}
	for i := range voxels {
		voxels[i] = int16(binary.LittleEndian.Uint16(w.raw[2*i:]))
	}
	return nil
}

func (w *waiting) close() {
	if w.file != nil {
		_ = w.file.Close()
		_ = os.Remove(w.file.Name())
	}
}
