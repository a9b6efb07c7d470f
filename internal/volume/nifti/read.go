package nifti

import (
	"errors"
	"io"
	"math"

	"github.com/iris-oculus/iris/internal/pages"
	"github.com/iris-oculus/iris/internal/volume"
)

// goodFaith is how many voxels are decoded before memory for all of them is
// taken: a header cannot make a small file cost a large volume.
const goodFaith = 4 << 20

// Reader reads a volume while its voxels are wanted: the mirror of Writer.
type Reader struct {
	Dims   [3]int
	Affine volume.Affine

	voxels *decoder
	left   int64 // voxels still to come
}

// NewReader begins to read a prepared volume, gzip or not. Any scalar NIfTI of
// one rectangular volume will do.
func NewReader(r io.Reader) (*Reader, error) {
	f, err := open(r, false, false)
	if err != nil {
		return nil, err
	}
	affine, err := f.scanAffine()
	if err != nil {
		return nil, err
	}
	return &Reader{Dims: f.dims, Affine: affine, voxels: newDecoder(f), left: f.voxels()}, nil
}

// ReadVoxels fills dst with the next voxels, x fastest: int16 after scaling. It
// fills less only at the end, with io.EOF, and only if the file is sound up to
// its last byte.
func (r *Reader) ReadVoxels(dst []int16) (int, error) {
	n := int(min(int64(len(dst)), r.left))
	if err := r.voxels.fill(dst[:n]); err != nil {
		return 0, err
	}
	if r.left -= int64(n); n == len(dst) {
		return n, nil
	}
	if _, err := r.voxels.finish(); err != nil {
		return 0, err
	}
	return n, io.EOF
}

// ReadVolume reads a prepared volume as NewReader does, all of it, axes as in
// the file.
func ReadVolume(r io.Reader) (*volume.Volume, error) {
	in, err := NewReader(r)
	if err != nil {
		return nil, err
	}
	v := &volume.Volume{Dims: in.Dims, Affine: in.Affine}
	v.Voxels = pages.Make[int16](min(v.Len(), goodFaith))
	if _, err := in.ReadVoxels(v.Voxels); err != nil {
		return nil, err
	}
	if done := len(v.Voxels); done < v.Len() {
		v.Voxels = longer(v.Voxels, v.Len())
		if _, err := in.ReadVoxels(v.Voxels[done:]); err != nil {
			return nil, err
		}
	}
	if _, err := in.ReadVoxels(make([]int16, 1)); !errors.Is(err, io.EOF) {
		return nil, err
	}
	return v, nil
}

// ReadLabels reads a label map, gzip or not: whole numbers from 0 to 65535 of
// any datatype, axes and affine as in the file, the table from our own header
// extension if there is one. It is U8 unless a label is above 255.
func ReadLabels(r io.Reader) (*volume.LabelMap, error) {
	f, err := open(r, false, true)
	if err != nil {
		return nil, err
	}
	m := &volume.LabelMap{Dims: f.dims}
	if m.Affine, err = f.affine(); err != nil {
		return nil, err
	}
	if m.Table, err = findTable(f); err != nil {
		return nil, err
	}
	d := newDecoder(f)
	if f.kind.code == codeUint8 && f.slope == 1 && f.inter == 0 {
		err = readBytes(d, m)
	} else {
		err = readLabels(d, m)
	}
	if err != nil {
		return nil, err
	}
	if _, err := f.finish(); err != nil {
		return nil, err
	}
	return m, nil
}

// longer copies what has been read into memory for all n voxels.
func longer[T any](read []T, n int) []T {
	all := pages.Make[T](n)
	copy(all, read)
	return all
}

// readBytes reads labels that are stored as they are wanted.
func readBytes(d *decoder, m *volume.LabelMap) error {
	n := m.Len()
	m.U8 = pages.Make[uint8](min(n, goodFaith))
	if err := d.stream.full(m.U8, "voxels"); err != nil || len(m.U8) == n {
		return err
	}
	done := len(m.U8)
	m.U8 = longer(m.U8, n)
	return d.stream.full(m.U8[done:], "voxels")
}

func readLabels(d *decoder, m *volume.LabelMap) error {
	n := m.Len()
	m.U8 = pages.Make[uint8](min(n, goodFaith))
	for done := 0; done < n; {
		values, err := d.next(min(n-done, chunkVoxels))
		if err != nil {
			return err
		}
		end := done + len(values)
		if end > goodFaith && m.U8 != nil && len(m.U8) < n {
			m.U8 = longer(m.U8, n)
		}
		high, err := checkLabels(values)
		if err != nil {
			return err
		}
		if m.U8 != nil && high > math.MaxUint8 {
			m.U16 = pages.Make[uint16](n)
			for i, v := range m.U8[:done] {
				m.U16[i] = uint16(v)
			}
			m.U8 = nil
		}
		if m.U8 != nil {
			for i, v := range values {
				m.U8[done+i] = uint8(v)
			}
		} else {
			for i, v := range values {
				m.U16[done+i] = uint16(v)
			}
		}
		done = end
	}
	return nil
}

// checkLabels is the largest of the values, all of which must be labels.
func checkLabels(values []float64) (float64, error) {
	high := 0.0
	for _, v := range values {
		if !(v >= 0 && v <= math.MaxUint16) || v != math.Trunc(v) {
			return 0, volume.Reject("bad_labels", "a voxel is %g: want a label, a whole number from 0 to %d", v, math.MaxUint16)
		}
		high = max(high, v)
	}
	return high, nil
}
