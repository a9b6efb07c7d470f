package nifti

import (
	"io"

	"github.com/iris-oculus/iris/internal/volume"
	"github.com/iris-oculus/iris/internal/volume/labelmap"
)

// ReadLabels reads a label map, gzip or not, axes and affine as in the file: whole
// numbers of any datatype. It is U8 unless a label is above 255. Numbers above
// 65,535 are allowed while there are at most 65,535 different ones: then the labels
// are numbered anew, in order, and the table keeps the file's numbers (Source).
//
// The table is that of our own header extension, or else of another program's.
// Warnings of the map say what is doubtful.
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
	if f.kind.code == codeUint8 && f.slope == 1 && f.inter == 0 {
		err = labelmap.ReadBytes(m, func(dst []byte) error { return f.stream.full(dst, "voxels") })
	} else {
		d := newDecoder(f)
		err = labelmap.ReadValues(m, func(most int) ([]float64, error) { return d.next(min(most, chunkVoxels)) })
	}
	if err != nil {
		return nil, err
	}
	if _, err := f.finish(); err != nil {
		return nil, err
	}
	named := len(m.Table.Labels) > 0 && m.Table.Iris != ""
	if !named {
		named = foreignTable(f, m)
	}
	if len(m.Table.Labels) > 0 {
		m.Table.Iris = volume.TableVersion
	}
	for _, w := range f.warnings {
		m.Warnings = append(m.Warnings, volume.Warning(w))
	}
	if !named && !f.labels {
		labelmap.Suspect(m)
	}
	return m, nil
}
