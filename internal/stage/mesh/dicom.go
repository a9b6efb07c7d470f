package mesh

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/iris-oculus/iris/internal/job"
	"github.com/iris-oculus/iris/internal/volume"
	"github.com/iris-oculus/iris/internal/volume/dicom/object"
	"github.com/iris-oculus/iris/internal/volume/dicom/origin"
	"github.com/iris-oculus/iris/internal/volume/dicom/seg"
)

// noDICOM is what a job of DICOM images says that has no DICOM object, for this reason.
func noDICOM(why string) job.Notice {
	return job.Notice{Code: "no_dicom_object", Message: "there is no DICOM segmentation: " + why}
}

// openSource reads what is kept of the DICOM series behind the labels of an attempt, as
// openVolume finds its volume. nil: the scan was no DICOM, or that has expired.
func (s Stage) openSource(ctx context.Context, id string, attempt int) (*origin.Scan, *job.Notice, error) {
	for ; attempt > 0; attempt-- {
		body, err := s.Work.Get(ctx, job.Key(id, attempt, job.SourceObject))
		if errors.Is(err, job.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, nil, fmt.Errorf("read the description of the series: %w", err)
		}
		defer body.Close()
		scan, err := origin.Read(body)
		if errors.Is(err, origin.ErrUnusable) { // an earlier version wrote it
			notice := noDICOM("the scan was prepared by an earlier version; a retry prepares it again")
			return nil, &notice, nil
		}
		return scan, nil, err
	}
	return nil, nil, nil
}

// writeSEG stores the label map as a DICOM segmentation on the frames of its series. It is
// stored as gzip, for most of its bits are 0. What keeps it from being written keeps nobody
// from the rest: then the job says why.
func (s Stage) writeSEG(ctx context.Context, r job.Record, scan scan, meshed *job.Meshed) error {
	if scan.source == nil {
		return nil
	}
	var report seg.Report
	made := object.Made{Seed: r.ID, Created: r.CreatedAt}
	done, err := s.putGzip(ctx, r, job.LabelsSEG, func(w io.Writer) (err error) {
		report, err = seg.Write(w, scan.labels, scan.source, seg.Options{Made: made})
		return err
	})
	var fault *volume.Error
	if errors.As(err, &fault) {
		meshed.Warnings = append(meshed.Warnings, noDICOM(fault.Message))
		return nil
	}
	if err != nil {
		return err
	}
	meshed.Artifacts = append(meshed.Artifacts, done)
	for _, w := range report.Warnings() {
		meshed.Warnings = append(meshed.Warnings, job.Notice{Code: w.Code, Message: w.Message})
	}
	return nil
}
