package nifti

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"

	"github.com/iris-oculus/iris/internal/volume"
)

// Writer writes an int16 volume as canonical .nii.gz while its voxels come in.
type Writer struct {
	gz      *gzipWriter
	dims    [3]int
	affine  volume.Affine
	left    int64 // voxels still to come
	raw     []byte
	watcher Watcher // nil: nobody
}

// Watcher sees a volume while it is written, so that nobody needs to read it again for a
// picture of it.
type Watcher interface {
	// Begin comes first and says what grid the voxels are of.
	Begin(dims [3]int, a volume.Affine)
	// Add gets the next voxels, x fastest. They are not to be kept or changed.
	Add(voxels []int16)
}

// WatchedBy has a watcher see the voxels that are written from now on; nil for none.
func (w *Writer) WatchedBy(watcher Watcher) {
	if w.watcher = watcher; watcher != nil {
		watcher.Begin(w.dims, w.affine)
	}
}

// NewWriter begins a file: NIfTI-1, slope 1, sform = qform = a, millimetres.
// The header holds nothing else, the gzip header neither name nor time.
func NewWriter(w io.Writer, dims [3]int, a volume.Affine) (*Writer, error) {
	return newWriter(w, image{dims: dims, affine: a, datatype: codeInt16, bytes: 2})
}

func newWriter(w io.Writer, m image) (*Writer, error) {
	head, err := m.header()
	if err != nil {
		return nil, err
	}
	gz, err := newGzipWriter(&limited{w: w, left: volume.MaxPreparedBytes})
	if err != nil {
		return nil, err
	}
	if _, err := gz.Write(head); err != nil {
		return nil, err
	}
	return &Writer{gz: gz, dims: m.dims, affine: m.affine, raw: make([]byte, 0, 2*chunkVoxels),
		left: int64(m.dims[0]) * int64(m.dims[1]) * int64(m.dims[2])}, nil
}

// WriteVoxels adds voxels, x fastest.
func (w *Writer) WriteVoxels(voxels []int16) error {
	if err := writeWords(w, voxels); err != nil {
		return err
	}
	if w.watcher != nil {
		w.watcher.Add(voxels)
	}
	return nil
}

// writeWords writes 16-bit values, a chunk at a time.
func writeWords[T int16 | uint16](w *Writer, voxels []T) error {
	if err := w.take(len(voxels)); err != nil {
		return err
	}
	for len(voxels) > 0 {
		part := voxels[:min(len(voxels), chunkVoxels)]
		voxels = voxels[len(part):]
		raw := w.raw[:2*len(part)]
		for n, v := range part {
			binary.LittleEndian.PutUint16(raw[2*n:], uint16(v))
		}
		if _, err := w.gz.Write(raw); err != nil {
			return err
		}
	}
	return nil
}

func (w *Writer) take(n int) error {
	if w.left -= int64(n); w.left < 0 {
		return fmt.Errorf("write voxels: %d more than dims ask for", -w.left)
	}
	return nil
}

// Close ends the file; it does not close what it was written to.
func (w *Writer) Close() error {
	if w.left != 0 {
		return fmt.Errorf("write voxels: %d fewer than dims ask for", w.left)
	}
	return w.gz.Close()
}

// WriteVolume writes a volume as canonical .nii.gz.
func WriteVolume(w io.Writer, v *volume.Volume) error {
	out, err := NewWriter(w, v.Dims, v.Affine)
	if err != nil {
		return err
	}
	if err := out.WriteVoxels(v.Voxels); err != nil {
		return err
	}
	return out.Close()
}

// WriteLabels writes a label map as .nii.gz: uint8 or uint16, intent_code 1002,
// its table as JSON in a header extension.
func WriteLabels(w io.Writer, m *volume.LabelMap) error {
	im := image{dims: m.Dims, affine: m.Affine, datatype: codeUint8, bytes: 1, intent: intentLabel}
	if m.U8 == nil {
		im.datatype, im.bytes = codeUint16, 2
	}
	var err error
	if im.extension, err = tableExtension(m.Table); err != nil {
		return err
	}
	out, err := newWriter(w, im)
	if err != nil {
		return err
	}
	if m.U8 == nil {
		err = writeWords(out, m.U16)
	} else if err = out.take(len(m.U8)); err == nil {
		_, err = out.gz.Write(m.U8)
	}
	if err != nil {
		return err
	}
	return out.Close()
}

// image is what a header says.
type image struct {
	dims                    [3]int
	affine                  volume.Affine
	datatype, bytes, intent int
	extension               []byte
}

// xformScanner is NIFTI_XFORM_SCANNER_ANAT: the affine is in scanner coordinates.
const xformScanner = 1

// header is the bytes before the first voxel.
func (m *image) header() ([]byte, error) {
	if err := volume.CheckDims(m.dims); err != nil {
		return nil, err
	}
	if !m.affine.Finite() || m.affine.Det() == 0 {
		return nil, volume.Reject("bad_affine", "the affine is singular or not finite")
	}
	h := make([]byte, size1+4, size1+4+len(m.extension))
	i16 := func(at, v int) { binary.LittleEndian.PutUint16(h[at:], uint16(int16(v))) }
	f32 := func(at int, v float64) { binary.LittleEndian.PutUint32(h[at:], math.Float32bits(float32(v))) }
	q, qfac := quaternion(m.affine)

	binary.LittleEndian.PutUint32(h, size1)
	h[38] = 'r' // regular
	i16(40, 3)
	spacing := m.affine.Spacing()
	f32(76, qfac)
	for n := range 3 {
		i16(42+2*n, m.dims[n])
		f32(80+4*n, spacing[n])
		f32(256+4*n, q[n])
		f32(268+4*n, m.affine[n][3])
		for c := range 4 {
			f32(280+16*n+4*c, m.affine[n][c])
		}
	}
	for n := 3; n < 7; n++ {
		i16(42+2*n, 1)
		f32(80+4*n, 1)
	}
	i16(68, m.intent)
	i16(70, m.datatype)
	i16(72, 8*m.bytes)
	f32(108, float64(size1+4+len(m.extension)))
	f32(112, 1) // slope
	h[123] = 2  // millimetres
	i16(252, xformScanner)
	i16(254, xformScanner)
	copy(h[344:], "n+1\x00")
	if len(m.extension) > 0 {
		h[348] = 1
	}
	return append(h, m.extension...), nil
}

// limited refuses a file that grows beyond what may be stored.
type limited struct {
	w    io.Writer
	left int64
}

func (l *limited) Write(p []byte) (int, error) {
	if l.left -= int64(len(p)); l.left < 0 {
		return 0, volume.Reject("too_large", "the prepared volume has more than %d bytes", int64(volume.MaxPreparedBytes))
	}
	return l.w.Write(p)
}
