package mesh

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/iris-oculus/iris/internal/job"
	"github.com/iris-oculus/iris/internal/volume"
	"github.com/iris-oculus/iris/internal/volume/dicom/object"
	"github.com/iris-oculus/iris/internal/volume/dicom/origin"
	"github.com/iris-oculus/iris/internal/volume/dicom/rtstruct"
	"github.com/iris-oculus/iris/internal/volume/dicom/seg"
)

// noDICOM is what a job of DICOM images says that lacks these DICOM objects, for this reason.
func noDICOM(why string, names ...string) job.Notice {
	return job.Notice{Code: "no_dicom_object", Message: "there is no " + strings.Join(names, ", no ") + ": " + why}
}

// asked are the artifacts that the option dicom asks for.
func asked(o job.Options) (names []string) {
	for _, of := range []struct{ object, name string }{
		{job.DICOMSeg, job.LabelsSEG}, {job.DICOMLabelMap, job.LabelsDICOM}, {job.DICOMStruct, job.LabelsStruct},
	} {
		if o.Makes(of.object) {
			names = append(names, of.name)
		}
	}
	return names
}

// openSource reads what is kept of the DICOM series behind the labels of an attempt, as
// openVolume finds its volume. nil: the scan was no DICOM, that has expired, or no DICOM
// object is asked for.
func (s Stage) openSource(ctx context.Context, r job.Record, attempt int) (*origin.Scan, *job.Notice, error) {
	names := asked(r.Options)
	if len(names) == 0 {
		return nil, nil, nil
	}
	for ; attempt > 0; attempt-- {
		body, err := s.Work.Get(ctx, job.Key(r.ID, attempt, job.SourceObject))
		if errors.Is(err, job.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, nil, fmt.Errorf("read the description of the series: %w", err)
		}
		defer body.Close()
		scan, err := origin.Read(body)
		if errors.Is(err, origin.ErrUnusable) { // an earlier version wrote it
			notice := noDICOM("the scan was prepared by an earlier version; a retry prepares it again", names...)
			return nil, &notice, nil
		}
		return scan, nil, err
	}
	return nil, nil, nil
}

// partOfMemory is the part of the function's memory that the contours of a structure set
// may have: three times that is needed, beside the model and the scan.
const partOfMemory = 16

// writeDICOM stores the DICOM objects that are asked for, on the frames of the series. They
// are stored as gzip: most bits of a segmentation are 0, and contours are text. What keeps
// one from being written keeps nobody from the rest: then the job says why.
func (s Stage) writeDICOM(ctx context.Context, r job.Record, scan scan, meshed *job.Meshed) error {
	if scan.source == nil {
		return nil
	}
	lacking := map[string][]string{} // the artifacts, by the reason
	var reasons []string
	for _, name := range asked(r.Options) {
		var warnings []volume.Warning
		done, err := s.putGzip(ctx, r, name, func(w io.Writer) (err error) {
			warnings, err = s.writeObject(w, name, r, scan)
			return err
		})
		var fault *volume.Error
		if errors.As(err, &fault) {
			if lacking[fault.Message] == nil {
				reasons = append(reasons, fault.Message)
			}
			lacking[fault.Message] = append(lacking[fault.Message], name)
			continue
		}
		if err != nil {
			return err
		}
		meshed.Artifacts = append(meshed.Artifacts, done)
		for _, w := range warnings { // each object says the same of the same labels
			if n := (job.Notice{Code: w.Code, Message: w.Message}); !slices.Contains(meshed.Warnings, n) {
				meshed.Warnings = append(meshed.Warnings, n)
			}
		}
	}
	for _, why := range reasons {
		meshed.Warnings = append(meshed.Warnings, noDICOM(why, lacking[why]...))
	}
	return nil
}

// writeObject writes one of the DICOM objects, by its artifact's name.
func (s Stage) writeObject(w io.Writer, name string, r job.Record, scan scan) ([]volume.Warning, error) {
	made := object.Made{Seed: r.ID, Created: r.CreatedAt}
	if name == job.LabelsStruct {
		report, err := rtstruct.Write(w, scan.labels, scan.source, rtstruct.Options{Made: made, MaxBytes: s.MemoryBytes / partOfMemory})
		return report.Warnings(), err
	}
	report, err := seg.Write(w, scan.labels, scan.source, seg.Options{Made: made, LabelMap: name == job.LabelsDICOM})
	return report.Warnings(), err
}
