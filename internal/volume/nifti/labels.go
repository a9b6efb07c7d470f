package nifti

import (
	"io"
	"math"

	"github.com/iris-oculus/iris/internal/pages"
	"github.com/iris-oculus/iris/internal/volume"
	"github.com/iris-oculus/iris/internal/volume/labeltable"
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
	l := labelReader{decoder: newDecoder(f), m: m}
	if f.kind.code == codeUint8 && f.slope == 1 && f.inter == 0 {
		err = l.readBytes()
	} else {
		err = l.readValues()
	}
	if err != nil {
		return nil, err
	}
	if _, err := f.finish(); err != nil {
		return nil, err
	}
	l.number()
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
	if l.off > roundSilently {
		m.Warnings = append(m.Warnings, volume.Warning{Code: "labels_rounded",
			Message: "the voxels of the label map are not whole numbers; each was taken for the nearest one"})
	}
	if !named && !f.labels && LooksLikeScan(m) {
		m.Warnings = append(m.Warnings, scanWarning)
	}
	return m, nil
}

// How far a voxel may be from a whole number. Programs that store labels as scaled
// integers or resample float32 values leave them up to some 1e-3 off, which is
// rounded without a word (mri_segstats, nnU-Net and 3D Slicer round, too); a label
// map that went through 8 bits may be 0.03 off, of which a warning is given. What is
// further off was interpolated between labels, and means nothing.
const (
	roundSilently = 0.01
	roundAtMost   = 0.05
)

// labelReader reads the voxels of a label map.
type labelReader struct {
	*decoder
	m    *volume.LabelMap
	wide *wideLabels // not nil once a label is above 65,535
	off  float64     // the furthest that a voxel was from a whole number
}

// readBytes reads labels that are stored as they are wanted.
func (l *labelReader) readBytes() error {
	m, n := l.m, l.m.Len()
	m.U8 = pages.Make[uint8](min(n, goodFaith))
	if err := l.stream.full(m.U8, "voxels"); err != nil || len(m.U8) == n {
		return err
	}
	done := len(m.U8)
	m.U8 = longer(m.U8, n)
	return l.stream.full(m.U8[done:], "voxels")
}

// readValues reads labels of any datatype. It begins with one byte a voxel, goes on
// with two at the first label above 255, and gives labels numbers of its own from
// the first one above 65,535.
func (l *labelReader) readValues() error {
	m, n := l.m, l.m.Len()
	m.U8 = pages.Make[uint8](min(n, goodFaith))
	for done := 0; done < n; {
		values, err := l.next(min(n-done, chunkVoxels))
		if err != nil {
			return err
		}
		end := done + len(values)
		if end > goodFaith && m.U8 != nil && len(m.U8) < n {
			m.U8 = longer(m.U8, n)
		}
		high, err := l.round(values)
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
		if l.wide == nil && high > math.MaxUint16 {
			l.wide = newWideLabels(m.U16[:done])
		}
		switch {
		case l.wide != nil:
			if err := l.wide.add(m.U16[done:end], values); err != nil {
				return err
			}
		case m.U8 != nil:
			for i, v := range values {
				m.U8[done+i] = uint8(v)
			}
		default:
			for i, v := range values {
				m.U16[done+i] = uint16(v)
			}
		}
		done = end
	}
	return nil
}

// largest is beyond every number that float64 holds exactly.
const largest = 1 << 53

// round makes values whole, and finds the largest.
func (l *labelReader) round(values []float64) (float64, error) {
	high, off := 0.0, l.off
	for i, v := range values {
		whole := math.RoundToEven(v)
		if d := math.Abs(v - whole); d > 0 {
			off = max(off, d)
			values[i] = whole
		}
		if !(whole >= 0 && whole < largest) || off > roundAtMost {
			return 0, volume.Reject("bad_labels", "a voxel is %g: want a label, a whole number of 0 or more", v)
		}
		high = max(high, whole)
	}
	l.off = off
	return high, nil
}

// number ends the numbering of wide labels: it puts them into order, and writes the
// numbers of the file into the table.
func (l *labelReader) number() {
	if l.wide == nil {
		return
	}
	labels := l.wide.sort(l.m.U16)
	if len(labels) <= math.MaxUint8 {
		l.m.U8 = pages.Make[uint8](l.m.Len())
		for i, v := range l.m.U16 {
			l.m.U8[i] = uint8(v)
		}
		l.m.U16 = nil
	}
	if len(l.m.Table.Labels) > 0 { // our own table, whose ids are at most 65,535
		entries := make([]labeltable.Entry, len(l.m.Table.Labels))
		for i, e := range l.m.Table.Labels {
			entries[i] = labeltable.Entry{ID: int64(e.ID), Name: e.Name, Color: e.Color}
		}
		l.m.Table.Labels = labels
		labeltable.Apply(l.m, entries)
		return
	}
	l.m.Table.Labels = labels
}
