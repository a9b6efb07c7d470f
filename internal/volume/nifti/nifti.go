// Package nifti reads NIfTI-1 and NIfTI-2 files and writes NIfTI-1.
//
// In: a single file (.nii, .nii.gz), either byte order, every scalar datatype.
// Out: a volume.Volume (int16, Hounsfield units for CT), a volume.LabelMap, or,
// by Convert, the canonical file that the rest of IRIS Oculus works on. That is
// NIfTI-1, int16, in millimetres, with axes permuted and flipped to RAS but never
// resampled, slope 1 and sform = qform; of the original header it keeps nothing but
// the geometry, and its gzip header has neither name nor time.
//
// Every field is compared with its bounds before it is used; nothing is allocated
// for voxels that have not been read. A file at fault is a *volume.Error with
// one of the codes unrecognized, bad_magic, unsupported_format, bad_header,
// bad_dims, too_large, too_few_slices, multiple_volumes, unsupported_datatype,
// missing_orientation, bad_affine, non_orthogonal_affine, bad_gzip, truncated,
// nan_voxels, empty_volume, not_hounsfield, bad_labels. Anything else is the
// reader's or the writer's own error.
package nifti

import (
	"io"

	"github.com/iris-oculus/iris/internal/volume"
)

// file is an open NIfTI file, its stream at the first voxel.
type file struct {
	header
	stream *stream
	// extensions are the bytes between the header and the voxels, when asked for.
	extensions []byte
}

// maxExtensions bounds what lies between header and voxels: the largest seen in
// the wild hold a whole DICOM header, about 1 MiB.
const maxExtensions = 64 << 20

// keptExtensions bounds the extensions that are kept for a label table: 65,535
// labels of 200 bytes.
const keptExtensions = 16 << 20

// open reads the header and stops at the first voxel. ratio asks for the limit on
// expanded to compressed bytes, and keep for the bytes of the extensions.
func open(r io.Reader, ratio, keep bool) (*file, error) {
	s, err := newStream(r, ratio)
	if err != nil {
		return nil, err
	}
	h, err := readHeader(s)
	if err != nil {
		return nil, err
	}
	f := &file{header: h, stream: s}
	between := h.offset - s.delivered
	if keep && between <= keptExtensions {
		f.extensions = make([]byte, between)
		err = s.full(f.extensions, "header extensions")
	} else {
		err = s.skip(between)
	}
	if err != nil {
		return nil, err
	}
	return f, nil
}

// Warning says what is doubtful about a file that could be read.
type Warning = volume.Warning

// extraBytes is how many bytes may follow the last voxel. They pad the file to a block;
// if there are more, the stated dims are wrong.
const extraBytes = 1 << 20

// finish reads to the end, which verifies the gzip checksums, and returns warnings of
// what followed the voxels.
func (f *file) finish() ([]Warning, error) {
	extra, err := f.stream.drain(extraBytes)
	if err != nil {
		return nil, err
	}
	if extra > extraBytes {
		return nil, volume.Reject("bad_header", "more than %d bytes follow the voxels that dim asks for", int64(extraBytes))
	}
	var w []Warning
	if extra > 0 {
		w = append(w, Warning{Code: "trailing_bytes", Message: "bytes follow the last voxel; they were ignored"})
	}
	if f.stream.garbage {
		w = append(w, Warning{Code: "trailing_bytes", Message: "bytes follow the gzip data; they were ignored"})
	}
	return w, nil
}
