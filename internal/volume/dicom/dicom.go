// Package dicom turns a drop of DICOM files into the canonical volume. In: files in
// any order, mixed with others. Out: one NIfTI, int16, in Hounsfield units for CT,
// with axes closest to RAS, and a report. It reads the headers in a first pass and the
// pixels in a second one, in which several workers decode the frames. It needs memory for
// a few planes a worker whatever the number of slices, but for the whole int16 volume when
// the slices are not stacked along the patient's long axis.
//
// Errors that are the drop's fault are *volume.Error with the codes of the packages
// header, encapsulated, decode, pixel, series and syntax, of volume.Values, or
// empty_archive, nested_archive, unrecognized. Nothing of a file's text reaches an error
// or a warning.
package dicom

import (
	"context"
	"fmt"
	"io"

	"github.com/iris-oculus/iris/internal/volume"
	"github.com/iris-oculus/iris/internal/volume/dicom/origin"
	"github.com/iris-oculus/iris/internal/volume/dicom/pixel"
	"github.com/iris-oculus/iris/internal/volume/dicom/regrid"
	"github.com/iris-oculus/iris/internal/volume/dicom/series"
	"github.com/iris-oculus/iris/internal/volume/drop"
	"github.com/iris-oculus/iris/internal/volume/nifti"
)

// Options is what the scan's owner may say about it.
type Options struct {
	Series   int           // number from the list of a multiple_series error, or 0 for the only or best one
	Modality string        // CT, MR or PT, or empty for what the files say
	Watch    nifti.Watcher // sees what is written; nil for nobody
}

// Report is what Convert found and wrote.
type Report struct {
	Dims     [3]int
	Affine   volume.Affine
	Modality string
	Warnings []nifti.Warning
	Source   origin.Scan // it identifies a study
}

// Convert chooses the series and writes its volume to dst. The bytes written are of
// use only if it returns no error.
func Convert(ctx context.Context, files drop.Files, dst io.Writer, o Options) (Report, error) {
	found, err := scan(ctx, files)
	if err != nil {
		return Report{}, err
	}
	chosen, err := found.series.Choose(series.Choice{Number: o.Series, Modality: o.Modality})
	if err != nil {
		return Report{}, err
	}
	report, err := write(ctx, files, dst, o, found, chosen)
	if err != nil {
		return Report{}, chosen.Explain(err)
	}
	return report, nil
}

// Describe is what Convert says of the series that it would choose, from the headers
// alone, and what is doubtful about the choice.
func Describe(ctx context.Context, files drop.Files, o Options) (*origin.Scan, []nifti.Warning, error) {
	found, err := scan(ctx, files)
	if err != nil {
		return nil, nil, err
	}
	chosen, err := found.series.Choose(series.Choice{Number: o.Series, Modality: o.Modality})
	if err != nil {
		return nil, nil, err
	}
	stack, err := chosen.Stack()
	if err != nil {
		return nil, nil, chosen.Explain(err)
	}
	described := source(chosen, stack)
	var doubts Report
	doubts.warn(found, chosen, stack)
	return &described, doubts.Warnings, nil
}

// write writes the volume of one series.
func write(ctx context.Context, files drop.Files, dst io.Writer, o Options, found *found, chosen *series.Series) (Report, error) {
	report := Report{Modality: chosen.Modality}
	if o.Modality != "" {
		report.Modality = o.Modality
	}
	seen, err := look(ctx, files, chosen)
	if err != nil {
		return Report{}, err
	}
	stack, err := chosen.Stack()
	if err != nil {
		return Report{}, err
	}
	scale, err := chosen.Scale(report.Modality)
	if err != nil {
		return Report{}, err
	}
	report.Source = source(chosen, stack)
	report.warn(found, chosen, stack)
	report.warnResampled(stack)
	report.Warnings = append(append(report.Warnings, seen.warnings...), scale...)
	background := pixel.BackgroundOf(report.Modality)
	out := output{dims: stack.Dims, affine: stack.Affine}
	if !stack.Regular() {
		grid, err := regrid.Of(stack)
		if err != nil {
			return Report{}, err
		}
		out = output{dims: grid.Dims, affine: grid.Affine, grid: grid, fill: background.Value}
	}
	if report.Dims, report.Affine, err = out.open(ctx, dst); err != nil {
		return Report{}, err
	}
	out.writer.WatchedBy(o.Watch)
	tally := newTally(len(stack.Depth), report.Modality)
	if err := pixels(ctx, files, chosen, stack, seen.lifted, tally, out.push); err != nil {
		return Report{}, err
	}
	doubts, err := tally.judge(chosen)
	if err != nil {
		return Report{}, err
	}
	report.Warnings = append(report.Warnings, doubts...)
	return report, out.close()
}

func (r *Report) doubt(code, format string, args ...any) {
	r.Warnings = append(r.Warnings, nifti.Warning{Code: code, Message: fmt.Sprintf(format, args...)})
}

// warn says what was chosen, and what of the files was left out.
func (r *Report) warn(found *found, s *series.Series, st *series.Stack) {
	doubt := r.doubt
	r.Warnings = append(r.Warnings, found.others.warnings()...)
	if n := s.Scouts(); n > 0 {
		doubt("localizers_left_out", "images that lie across the slices were taken for localizers and left out: %d", n)
	}
	if n := s.Pictures(); n > 0 {
		doubt("pictures_left_out", "images that were made from others and have no place in the patient, such as screenshots, were left out: %d", n)
	}
	if n := s.Joined(); n > 0 {
		doubt("series_joined", "every slice says that it is a series of its own, as careless anonymisers write: %d of equal orientation and size were taken as one series", n)
	}
	if s.Scattered() {
		doubt("frames_of_reference", "every slice says that it has a frame of reference of its own, as careless anonymisers write: their positions were taken as they are")
	}
	if n, list := s.Others(); n > 0 {
		doubt("other_series", "further series in the upload: %d; the one of %d slices was taken; to take another, choose its number: %s", n, len(s.Slices), list)
	}
	if n := s.Strays(); n > 0 {
		doubt("other_series", "images of other series, too few for a volume of their own, were left out: %d; if the scan lacks slices, they are lost in these", n)
	}
	if n := s.Coloured(); n > 0 {
		doubt("pictures_left_out", "images of the series that are in colour, as summaries are, were left out: %d; if the scan lacks slices, they are damaged files", n)
	}
	if n := len(s.Slices) - len(st.Depth); n > 0 {
		doubt("duplicate_slices", "repeated slices left out: %d", n)
	}
	if s.Stepped {
		doubt("frames_assumed", "the file says where its first slice lies and how far apart the slices are (%.2f mm), not on which side the others follow: the usual side was taken; check that head and feet are not exchanged", st.Spacing[2])
	}
}

// warnResampled says why the volume is not on the frames' grid.
func (r *Report) warnResampled(st *series.Stack) {
	if st.Tilted {
		r.doubt("tilt_corrected", "the gantry was tilted: the scan was resampled to a rectangular grid")
	}
	if !st.Even {
		r.doubt("variable_spacing", "the distance between slices varies: the scan was resampled to even slices")
	}
}

// source describes the series for objects that refer to it.
func source(s *series.Series, st *series.Stack) origin.Scan {
	first := s.Slices[0].Geometry()
	out := origin.Scan{
		Study: s.Study, Series: s.UID, FrameOfReference: s.FrameOfReference, Modality: s.Modality, Resampled: !st.Regular(),
		Rows: st.Dims[1], Columns: st.Dims[0], Orientation: first.Orientation, Spacing: first.Spacing, Gap: st.Spacing[2], Thickness: first.Thickness,
	}
	for _, a := range s.Identity {
		out.Attributes = append(out.Attributes, origin.Attribute(a))
	}
	plane := -1
	for i := range s.Slices {
		sl := &s.Slices[i]
		if sl.Plane == plane {
			continue // a duplicate
		}
		plane = sl.Plane
		im := s.Images[sl.Image]
		slice := origin.Slice{Class: im.SOPClass, Instance: im.SOPInstance, Position: sl.Geometry().Position}
		if im.Series != s.UID {
			slice.Series = im.Series
		}
		if im.Frames > 1 {
			slice.Frame = sl.Frame + 1
		}
		out.Slices = append(out.Slices, slice)
	}
	return out
}
