package nifti

import (
	"errors"
	"io"

	"github.com/iris-oculus/iris/internal/pages"
	"github.com/iris-oculus/iris/internal/volume"
)

// Reader reads a volume piece by piece, as Writer writes one.
type Reader struct {
	Dims   [3]int
	Affine volume.Affine

	voxels *decoder
	left   int64 // voxels still to come
}

// NewReader begins to read a prepared volume, with or without gzip. It takes any scalar
// NIfTI of one rectangular volume.
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

// ReadVolume reads the whole of a prepared volume, as NewReader does, with the axes of
// the file.
func ReadVolume(r io.Reader) (*volume.Volume, error) {
	in, err := NewReader(r)
	if err != nil {
		return nil, err
	}
	return in.Volume()
}

// Volume reads the whole volume, of which nothing was read yet.
func (r *Reader) Volume() (*volume.Volume, error) {
	v := &volume.Volume{Dims: r.Dims, Affine: r.Affine}
	v.Voxels = pages.Make[int16](min(v.Len(), volume.GoodFaith))
	if _, err := r.ReadVoxels(v.Voxels); err != nil {
		return nil, err
	}
	if done := len(v.Voxels); done < v.Len() {
		v.Voxels = pages.Longer(v.Voxels, v.Len())
		if _, err := r.ReadVoxels(v.Voxels[done:]); err != nil {
			return nil, err
		}
	}
	if _, err := r.ReadVoxels(make([]int16, 1)); !errors.Is(err, io.EOF) {
		return nil, err
	}
	return v, nil
}
