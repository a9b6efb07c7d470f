// Package nrrd reads label maps of NRRD files, first of all the .seg.nrrd files of
// 3D Slicer, which carry names and colours of their segments.
//
// In: a file of NRRD's versions 1 to 5 with its voxels in it, raw or gzip, integers or
// real numbers of either byte order, three axes in space or four of which the first
// lists layers. Out: a volume.LabelMap with axes as in the file, its affine in RAS
// millimetres, its table that of the segments.
//
// Every field is hostile until compared with its bounds; nothing is allocated for
// voxels that have not been read. A file at fault is a *volume.Error with one of the
// codes unrecognized, bad_header, unsupported_format, unsupported_datatype, bad_dims,
// too_large, missing_orientation, bad_affine, non_orthogonal_affine, bad_gzip,
// truncated, bad_labels, overlapping_segments. Anything else is the reader's own error.
package nrrd

import (
	"bufio"
	"bytes"
	"io"

	"github.com/iris-oculus/iris/internal/volume"
	"github.com/iris-oculus/iris/internal/volume/labelmap"
	"github.com/iris-oculus/iris/internal/volume/labeltable"
)

// magic is what every file of every version begins with.
const magic = "NRRD000"

// MagicLength is how many bytes Is wants to see.
const MagicLength = len(magic)

// Is says whether a file with these first bytes is NRRD.
func Is(head []byte) bool { return bytes.HasPrefix(head, []byte(magic)) }

// ReadLabels reads a label map, axes and affine as in the file. It is U8 unless a
// label is above 255; numbers above 65,535 are treated as nifti.ReadLabels does.
// Layers in which no voxel is labelled twice are merged into one; when segments of two
// layers have the same label value, all segments are numbered anew from 1. Warnings of
// the map say what is doubtful.
func ReadLabels(r io.Reader) (*volume.LabelMap, error) {
	in := &counter{r: r}
	b := bufio.NewReaderSize(in, readAhead)
	h, err := readHeader(b)
	if err != nil {
		return nil, err
	}
	d, err := openData(in, b, h.gzip)
	if err != nil {
		return nil, err
	}
	m := &volume.LabelMap{Dims: h.dims, Affine: h.affine, Warnings: h.warnings}
	t := newSegmentation(h)
	if h.kind.bytes == 1 && !h.kind.signed && h.layers == 1 {
		err = labelmap.ReadBytes(m, d.full)
	} else {
		err = labelmap.ReadValues(m, newDecoder(h, d, t).next)
	}
	if err != nil {
		return nil, err
	}
	trailing, err := d.finish()
	if err != nil {
		return nil, err
	}
	if trailing {
		m.Warnings = append(m.Warnings, volume.Warning{Code: "trailing_bytes", Message: "bytes follow the last voxel; they were ignored"})
	}
	m.Warnings = append(m.Warnings, t.warnings...)
	if labeltable.Apply(m, t.entries) == 0 {
		labelmap.Suspect(m)
	}
	return m, nil
}
