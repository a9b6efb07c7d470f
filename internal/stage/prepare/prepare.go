// Package prepare turns an upload into one volume. In: a job whose upload is a NIfTI
// file, a DICOM file, an archive or a folder of slices. Out: volume.nii.gz (or, for a
// label map, which may lie in an archive with a table of its names, or have one beside it
// in the bucket, labels.bin) in the work bucket, source.json beside it for DICOM, scan.png
// of a scan among the results, also of one that no model here takes, and the record with its
// task, modality, warnings and that picture. For a CT that waits for a model the glimpse function is asked for a first
// look, which no job waits for. The output is {"ready":false} while a
// folder still receives slices, and {"gone":true} for a job that was cancelled or
// erased. Errors: *job.RejectedError or *job.UnsupportedError for a scan at fault; others
// are the stores' own.
//
// The stage may run twice or die half-way, because keys follow from the job and a repeat
// writes the same bytes. Source does the same work without a job, for the command line.
package prepare

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"time"

	"github.com/iris-oculus/iris/internal/job"
	"github.com/iris-oculus/iris/internal/picture"
	"github.com/iris-oculus/iris/internal/volume/nifti"
)

// Jobs keeps job records.
type Jobs interface {
	Amend(ctx context.Context, id string, change func(*job.Record) error) (job.Record, error)
	LinkKey(ctx context.Context, r job.Record) error
}

// Uploads is the bucket that people drop into.
type Uploads interface {
	ReaderAt(ctx context.Context, key string) (io.ReaderAt, job.Object, error)
	// GetIf streams an object that still has this ETag; job.ErrReplaced for another.
	GetIf(ctx context.Context, key, etag string) (io.ReadCloser, error)
	List(ctx context.Context, prefix string) iter.Seq2[job.Object, error]
}

// Work is the work bucket.
type Work interface {
	Get(ctx context.Context, key string) (io.ReadCloser, error)
	Put(ctx context.Context, key, mediaType string, body io.Reader) (job.Artifact, error)
	Delete(ctx context.Context, key string) error
}

// Results is the bucket of what a job offers.
type Results interface {
	Put(ctx context.Context, key, mediaType string, body io.Reader) (job.Artifact, error)
	Delete(ctx context.Context, key string) error
}

// Glimpse is the function that makes first looks.
type Glimpse interface {
	// Send queues an invocation, and does not wait for it.
	Send(ctx context.Context, input any) error
}

// Folders keeps what is known of folders of slices.
type Folders interface {
	Folder(ctx context.Context, bucket, prefix string) (job.Folder, error)
	// SealFolder answers job.ErrStale when a slice arrived since f was read.
	SealFolder(ctx context.Context, f job.Folder) error
}

// Stage is prepare. All fields are needed.
type Stage struct {
	Jobs    Jobs
	Uploads Uploads
	Work    Work
	Results Results
	Folders Folders
	Glimpse Glimpse
	Tasks   []string // what the model server can do
	Now     func() time.Time
}

// Prepare handles one job.
func (s Stage) Prepare(ctx context.Context, in job.StageInput) (job.PrepareOutput, error) {
	r, err := s.amend(ctx, in, func(r *job.Record) error { return r.Enter(job.Preparing, s.Now()) })
	if isGone(err) {
		return job.PrepareOutput{Gone: true}, nil
	}
	if err != nil {
		return job.PrepareOutput{}, fmt.Errorf("enter preparing: %w", err)
	}
	source, ready, err := s.open(ctx, r)
	if err != nil || !ready {
		return job.PrepareOutput{}, err
	}
	lost := &losses{}
	source.watch(lost)
	if r.Options.Task == job.TaskLabels {
		out, err := s.labels(ctx, in, r, source)
		return out, lost.blame(err)
	}
	slices := &picture.Slices{}
	report, err := s.volume(ctx, r, source, slices)
	if err != nil {
		return job.PrepareOutput{}, lost.blame(err)
	}
	task, modality, err := resolve(r.Options, s.Tasks, report)
	if err != nil {
		s.showRefused(ctx, in, slices, report.Units == unitsHounsfield || report.Modality == "CT" && report.Units != unitsOther)
		return job.PrepareOutput{}, err
	}
	scan := s.show(ctx, in, slices, modality == "CT")
	out, err := s.finish(ctx, in, job.PrepareOutput{Ready: true}, report.Dims, func(r *job.Record) {
		r.Options.Task, r.Options.Modality, r.Warnings = task, modality, report.Warnings
		r.ShowScan(scan)
		r.NoGlimpse = noGlimpse(modality)
	})
	if r.Options.Task, r.Options.Modality = task, modality; err == nil && !out.Gone && r.WantsGlimpse() {
		s.glimpse(ctx, in)
	}
	return out, err
}

// noGlimpse is why scans of a modality have no first look, if they have none.
func noGlimpse(modality string) *job.Notice {
	if modality == "CT" {
		return nil
	}
	return &job.Notice{Code: "glimpse_needs_ct", Message: "there is no first look at this scan while it waits: one is made of a CT, by its Hounsfield units"}
}

// glimpseWithin bounds how long a job may be held up by asking for its first look.
const glimpseWithin = 2 * time.Second

// glimpse asks for a first look at the volume. A job goes on without one: then the log
// says why.
func (s Stage) glimpse(ctx context.Context, in job.StageInput) {
	ctx, done := context.WithTimeout(ctx, glimpseWithin)
	defer done()
	if err := s.Glimpse.Send(ctx, in); err != nil {
		slog.Warn("there is no first look at the scan", job.LogJob, in.Job, job.LogAttempt, in.Attempt, job.LogError, err.Error())
	}
}

// show stores the picture of the scan, by which a person sees that the right one arrived.
// A job does not fail for want of it: then there is none, and the log says why.
func (s Stage) show(ctx context.Context, in job.StageInput, slices *picture.Slices, hounsfield bool) *job.Artifact {
	a, err := job.Stream(func(body io.Reader) (job.Artifact, error) {
		return s.Results.Put(ctx, job.Key(in.Job, in.Attempt, job.ScanPNG), job.MediaType(job.ScanPNG), body)
	}, func(w io.Writer) error { return slices.Write(w, hounsfield) })
	if err != nil {
		slog.Warn("there is no picture of the scan", job.LogJob, in.Job, job.LogAttempt, in.Attempt, job.LogError, err.Error())
		return nil
	}
	a.Name, a.Attempt = job.ScanPNG, in.Attempt
	return &a
}

// showRefused lists the picture of a scan that was read and that no model here takes as it
// is: its owner is asked what it is. A job that has gone meanwhile keeps none.
func (s Stage) showRefused(ctx context.Context, in job.StageInput, slices *picture.Slices, hounsfield bool) {
	scan := s.show(ctx, in, slices, hounsfield)
	if scan == nil {
		return
	}
	_, err := s.amend(ctx, in, func(r *job.Record) error { r.ShowScan(scan); return nil })
	if isGone(err) {
		err = s.Results.Delete(ctx, job.Key(in.Job, in.Attempt, job.ScanPNG))
	}
	if err != nil {
		slog.Warn("the picture of a refused scan is not listed", job.LogJob, in.Job, job.LogAttempt, in.Attempt, job.LogError, err.Error())
	}
}

// amend changes the record of this attempt; job.ErrStale for any other.
func (s Stage) amend(ctx context.Context, in job.StageInput, change func(*job.Record) error) (job.Record, error) {
	return s.Jobs.Amend(ctx, in.Job, func(r *job.Record) error {
		if r.Attempt != in.Attempt || r.Erased || r.Status.Ended() {
			return job.ErrStale
		}
		return change(r)
	})
}

// isGone says whether an error means that the job was cancelled, was erased, or is at
// another attempt.
func isGone(err error) bool { return errors.Is(err, job.ErrStale) || errors.Is(err, job.ErrNotFound) }

// open finds the upload. ready is false while a folder still receives slices.
func (s Stage) open(ctx context.Context, r job.Record) (source Source, ready bool, err error) {
	if r.Upload.Prefix != "" {
		slices, ready, err := s.slices(ctx, r)
		if err != nil || !ready {
			return source, false, err
		}
		return Source{Folder: slices}, true, nil
	}
	file, object, err := s.Uploads.ReaderAt(ctx, r.Upload.Key)
	if errors.Is(err, job.ErrNotFound) {
		return source, false, errMissing()
	}
	if err != nil {
		return source, false, fmt.Errorf("open upload: %w", err)
	}
	if r.Upload.ETag != "" && object.ETag != r.Upload.ETag {
		return source, false, errReplaced()
	}
	return Source{File: file, Size: object.Size}, true, nil
}

// volume writes the prepared scan, and for DICOM what it was made from. watch sees it.
func (s Stage) volume(ctx context.Context, r job.Record, source Source, watch nifti.Watcher) (Report, error) {
	var report Report
	err := s.stream(ctx, job.Key(r.ID, r.Attempt, job.VolumeObject), func(w io.Writer) (err error) {
		report, err = source.Volume(ctx, w, Options{Series: r.Options.Series, Modality: r.Options.Modality, Watch: watch})
		return err
	})
	if err != nil || report.Source == nil {
		return report, err
	}
	var text bytes.Buffer
	if err := report.Source.Write(&text); err != nil {
		return report, err
	}
	_, err = s.Work.Put(ctx, job.Key(r.ID, r.Attempt, job.SourceObject), job.MediaType(job.SourceObject), &text)
	return report, wrapped("write source", err)
}

// stream stores what write produces while it is produced. Nothing is stored
// when write fails, and its error is the one that counts.
func (s Stage) stream(ctx context.Context, key string, write func(io.Writer) error) error {
	r, w := io.Pipe()
	written := make(chan error, 1)
	go func() {
		err := write(w)
		w.CloseWithError(err)
		written <- err
	}()
	_, err := s.Work.Put(ctx, key, "application/gzip", r)
	r.CloseWithError(errStored) // a writer whose reader gave up ends, too
	if cause := <-written; cause != nil && !errors.Is(cause, errStored) {
		return cause
	}
	return wrapped("write volume", err)
}

// errStored is what write sees when the store stopped reading.
var errStored = errors.New("the store stopped reading")

// finish changes the record, and notes in it how large what was written is. If the job was
// cancelled or erased meanwhile it deletes what was written.
func (s Stage) finish(ctx context.Context, in job.StageInput, out job.PrepareOutput, dims [3]int, change func(*job.Record)) (job.PrepareOutput, error) {
	_, err := s.amend(ctx, in, func(r *job.Record) error {
		change(r)
		r.Voxels, r.PreparedAt = int64(dims[0])*int64(dims[1])*int64(dims[2]), s.Now()
		return nil
	})
	if !isGone(err) {
		return out, wrapped("record volume", err)
	}
	for _, name := range []string{job.VolumeObject, job.LabelsObject, job.SourceObject} {
		if err := s.Work.Delete(ctx, job.Key(in.Job, in.Attempt, name)); err != nil {
			return job.PrepareOutput{}, fmt.Errorf("delete volume: %w", err)
		}
	}
	if err := s.Results.Delete(ctx, job.Key(in.Job, in.Attempt, job.ScanPNG)); err != nil {
		return job.PrepareOutput{}, fmt.Errorf("delete the picture of the scan: %w", err)
	}
	return job.PrepareOutput{Gone: true}, nil
}

func wrapped(doing string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", doing, err)
}
