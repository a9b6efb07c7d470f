package nifti

import (
	"context"
	"io"

	"github.com/iris-oculus/iris/internal/volume"
)

// ConvertOptions are what the scan's owner may say about it.
type ConvertOptions struct {
	// Modality is CT, MR or PT. When it is empty it is guessed from the voxels.
	Modality string
	// Watch sees what is written; nil for nobody.
	Watch Watcher
}

// Report is what Convert found and wrote.
type Report struct {
	Dims     [3]int
	Affine   volume.Affine
	Modality string // that of the options, or CT when the voxels look like Hounsfield units, or empty
	// Hounsfield says whether the voxels look like Hounsfield units.
	Hounsfield bool
	Warnings   []Warning
}

// Convert reads any NIfTI file of size bytes and writes the canonical one to dst. The
// bytes written are of use only if it returns no error, because some faults are found
// at the last byte. It holds one plane in memory, or the whole int16 volume when the
// third axis is not the patient's head-foot axis or runs downwards.
func Convert(ctx context.Context, src io.ReaderAt, size int64, dst io.Writer, o ConvertOptions) (Report, error) {
	if size > volume.MaxObjectBytes {
		return Report{}, volume.Reject("too_large", "the file has %d bytes: want at most %d", size, int64(volume.MaxObjectBytes))
	}
	f, err := open(io.NewSectionReader(src, 0, size), true, false)
	if err != nil {
		return Report{}, err
	}
	if end := f.offset + f.header.bytes(); f.stream.gz == nil && end > size {
		return Report{}, volume.Reject("truncated", "the header asks for %d bytes, the file has %d", end, size)
	}
	affine, err := f.scanAffine()
	if err != nil {
		return Report{}, err
	}
	turn := volume.Canonical(affine)
	var report Report
	report.Dims, report.Affine = turn.Apply(f.dims, affine)
	w, err := NewWriter(dst, report.Dims, report.Affine)
	if err != nil {
		return Report{}, err
	}
	w.WatchedBy(o.Watch)
	d, seen := newDecoder(f), &volume.Intensities{}
	if turn.From[2] == 2 && !turn.Flip[2] {
		err = streamPlanes(ctx, d, turn, w, seen)
	} else {
		err = turnVolume(ctx, d, turn, w, seen)
	}
	if err != nil {
		return Report{}, err
	}
	extra, err := f.finish()
	if err != nil {
		return Report{}, err
	}
	report.Warnings = append(f.warnings, extra...)
	if err := report.judge(d, seen, o); err != nil {
		return Report{}, err
	}
	return report, w.Close()
}

// judge refuses volumes without content and finds the modality.
func (r *Report) judge(d *decoder, seen *volume.Intensities, o ConvertOptions) error {
	values := volume.Values{Intensities: *seen, Low: d.low, High: d.high, Total: d.voxels(), Clipped: d.clipped}
	modality, warnings, err := values.Judge(o.Modality)
	r.Modality, r.Warnings = modality, append(r.Warnings, warnings...)
	r.Hounsfield = seen.Hounsfield()
	return err
}

// streamPlanes converts a file whose planes keep their order. Each is turned and
// written on its own.
func streamPlanes(ctx context.Context, d *decoder, turn volume.Orientation, w *Writer, seen *volume.Intensities) error {
	plane := make([]int16, d.dims[0]*d.dims[1])
	turned := plane
	if !turn.Identity() {
		turned = make([]int16, len(plane))
	}
	dims, _ := turn.Apply(d.dims, volume.Affine{})
	start, step := turn.Strides(d.dims)
	for range d.dims[2] {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := d.fill(plane); err != nil {
			return err
		}
		seen.Add(plane)
		if !turn.Identity() {
			for y := range dims[1] {
				from := start + y*step[1]
				row := turned[y*dims[0] : (y+1)*dims[0]]
				for x := range row {
					row[x] = plane[from]
					from += step[0]
				}
			}
		}
		if err := w.WriteVoxels(turned); err != nil {
			return err
		}
	}
	return nil
}

// turnVolume converts any other file. It keeps all planes and gathers the output from
// them. Memory is allocated plane by plane, so that a false header costs none.
func turnVolume(ctx context.Context, d *decoder, turn volume.Orientation, w *Writer, seen *volume.Intensities) error {
	size := d.dims[0] * d.dims[1]
	planes := make([][]int16, 0, d.dims[2])
	for range d.dims[2] {
		if err := ctx.Err(); err != nil {
			return err
		}
		plane := make([]int16, size)
		if err := d.fill(plane); err != nil {
			return err
		}
		seen.Add(plane)
		planes = append(planes, plane)
	}
	dims, _ := turn.Apply(d.dims, volume.Affine{})
	start, step := turn.Strides(d.dims)
	out := make([]int16, dims[0]*dims[1])
	for z := range dims[2] {
		if err := ctx.Err(); err != nil {
			return err
		}
		for y := range dims[1] {
			gather(out[y*dims[0]:(y+1)*dims[0]], planes, size, start+z*step[2]+y*step[1], step[0])
		}
		if err := w.WriteVoxels(out); err != nil {
			return err
		}
	}
	return nil
}

// gather fills a row from the voxel at the linear index from, step apart. A
// step is within a plane or a whole number of planes.
func gather(row []int16, planes [][]int16, size, from, step int) {
	k, at := from/size, from%size
	if across := step / size; across != 0 {
		for x := range row {
			row[x] = planes[k][at]
			k += across
		}
		return
	}
	plane := planes[k]
	for x := range row {
		row[x] = plane[at]
		at += step
	}
}
