// Package labelmap makes a label map of voxels that volume/nifti and volume/nrrd read.
//
// In: numbers, x fastest, of any datatype. Out: the U8 or U16 of a volume.LabelMap, a
// table for labels that were numbered anew, and warnings of what is doubtful. Errors
// are *volume.Error bad_labels, or the reader's own.
package labelmap

import (
	"math"

	"github.com/iris-oculus/iris/internal/pages"
	"github.com/iris-oculus/iris/internal/volume"
	"github.com/iris-oculus/iris/internal/volume/labeltable"
)

// These bounds say how far a voxel may be from a whole number. Programs that store
// labels as scaled integers or resample float32 values leave them up to some 1e-3 off;
// such values are rounded without a warning, as mri_segstats, nnU-Net and 3D Slicer do.
// A label map that went through 8 bits may be 0.03 off, which gives a warning. Values
// further off were interpolated between labels and are refused.
const (
	roundSilently = 0.01
	roundAtMost   = 0.05
)

// reader reads the voxels of a label map.
type reader struct {
	m    *volume.LabelMap
	wide *wideLabels // not nil once a label is above 65,535
	off  float64     // the furthest that a voxel was from a whole number
}

// ReadBytes reads the voxels of m, whose Dims are known and within the limits, from
// a file that stores them as they are wanted: full fills a slice with the next ones.
func ReadBytes(m *volume.LabelMap, full func([]byte) error) error {
	n := m.Len()
	m.U8 = pages.Make[uint8](min(n, volume.GoodFaith))
	if err := full(m.U8); err != nil || len(m.U8) == n {
		return err
	}
	done := len(m.U8)
	m.U8 = pages.Longer(m.U8, n)
	return full(m.U8[done:])
}

// ReadValues reads the voxels of m, whose Dims are known and within the limits. next
// hands out the next ones, at least one and not more than it is asked for; they are
// overwritten.
//
// Labels above 65,535 are allowed while there are at most 65,535 different ones: then
// they are numbered anew, in order, and m's table keeps the file's numbers (Source).
func ReadValues(m *volume.LabelMap, next func(most int) ([]float64, error)) error {
	l := reader{m: m}
	if err := l.read(next); err != nil {
		return err
	}
	l.number()
	if l.off > roundSilently {
		m.Warnings = append(m.Warnings, volume.Warning{Code: "labels_rounded",
			Message: "the voxels of the label map are not whole numbers; each was taken for the nearest one"})
	}
	return nil
}

// read begins with one byte a voxel. It changes to two bytes at the first label above
// 255, and numbers labels anew at the first one above 65,535.
func (l *reader) read(next func(most int) ([]float64, error)) error {
	m, n := l.m, l.m.Len()
	m.U8 = pages.Make[uint8](min(n, volume.GoodFaith))
	for done := 0; done < n; {
		values, err := next(n - done)
		if err != nil {
			return err
		}
		end := done + len(values)
		switch {
		case end <= volume.GoodFaith:
		case m.U8 != nil && len(m.U8) < n:
			m.U8 = pages.Longer(m.U8, n)
		case m.U8 == nil && len(m.U16) < n:
			m.U16 = pages.Longer(m.U16, n)
		}
		high, err := l.round(values)
		if err != nil {
			return err
		}
		if m.U8 != nil && high > math.MaxUint8 {
			m.U16 = pages.Make[uint16](len(m.U8))
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

// Largest is beyond every number that float64 holds exactly.
const Largest = 1 << 53

// round makes values whole, and finds the largest.
func (l *reader) round(values []float64) (float64, error) {
	high, off := 0.0, l.off
	for i, v := range values {
		whole := math.RoundToEven(v)
		if d := math.Abs(v - whole); d > 0 {
			off = max(off, d)
			values[i] = whole
		}
		if !(whole >= 0 && whole < Largest) || off > roundAtMost {
			return 0, volume.Reject("bad_labels", "a voxel is %g: want a label, a whole number of 0 or more", v)
		}
		high = max(high, whole)
	}
	l.off = off
	return high, nil
}

// number ends the numbering of wide labels: it puts them into order, and writes the
// numbers of the file into the table.
func (l *reader) number() {
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
