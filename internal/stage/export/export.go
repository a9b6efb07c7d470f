// Package export writes structures of a ready job in another format. In: a job,
// its attempt that is shown, a format of meshfile and structures, none for all.
// Out: one object among that attempt's results, named by job.ExportName; a
// repeat finds it there. A job that has moved on gets nothing and is no error.
//
// Errors: job.RejectedError bad_option (a structure the scan has not) or
// empty_segmentation; job.UnsupportedError unsupported_format, too_large (for
// the format) and too_large_to_mesh.
package export

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/iris-oculus/iris/internal/job"
	"github.com/iris-oculus/iris/internal/meshfile"
	"github.com/iris-oculus/iris/internal/surface/build"
	"github.com/iris-oculus/iris/internal/volume"
	"github.com/iris-oculus/iris/internal/volume/nifti"
)

// Jobs keeps job records.
type Jobs interface {
	Get(ctx context.Context, id string) (job.Record, error)
}

// Results is the results bucket. Get and Head wrap job.ErrNotFound.
type Results interface {
	Head(ctx context.Context, key string) (job.Object, error)
	Get(ctx context.Context, key string) (io.ReadCloser, error)
	Put(ctx context.Context, key, mediaType string, body io.Reader) (job.Artifact, error)
}

// Stage is the export stage.
type Stage struct {
	Jobs    Jobs
	Results Results

	MemoryBytes int64 // what the function may use; 0: no limit
	Threads     int   // 0: one per processor
}

// Handle writes one export.
func (s Stage) Handle(ctx context.Context, in job.ExportInput) error {
	if !meshfile.Known(in.Format) {
		return &job.UnsupportedError{Code: "unsupported_format", Message: "the format of the export is not known"}
	}
	r, err := s.Jobs.Get(ctx, in.Job)
	if errors.Is(err, job.ErrNotFound) || err == nil && (r.Erased || r.Shown != in.Attempt) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("look at the job: %w", err)
	}
	key := job.Key(in.Job, in.Attempt, job.ExportName(in.Format, in.Structures))
	if _, err := s.Results.Head(ctx, key); err == nil || !errors.Is(err, job.ErrNotFound) {
		return err
	}
	labels, err := s.labels(ctx, in)
	if err != nil {
		return err
	}
	o := build.Options{Smoothing: r.Options.Smoothing, Structures: in.Structures, Threads: s.Threads}
	if len(o.Structures) == 0 {
		o.Structures = r.Options.Structures // all that the job was asked for
	}
	for _, m := range r.Options.Merge {
		o.Merge = append(o.Merge, build.Group(m))
	}
	surfaces, err := build.Surfaces(ctx, labels, o)
	if err != nil {
		return fmt.Errorf("build surfaces: %w", err)
	}
	if r, err = s.Jobs.Get(ctx, in.Job); errors.Is(err, job.ErrNotFound) || r.Erased {
		return nil // erased meanwhile: nothing may be written
	}
	model := meshfile.Scene{Surfaces: surfaces, Provenance: labels.Table.Provenance, Spacing: labels.Affine.Spacing()}
	_, err = job.Stream(func(body io.Reader) (job.Artifact, error) {
		return s.Results.Put(ctx, key, job.MediaType(key), body)
	}, func(w io.Writer) error { return meshfile.Write(w, in.Format, model) })
	if err != nil {
		return fmt.Errorf("write export: %w", err)
	}
	return nil
}

// labels reads the attempt's label map and refuses one that needs more memory
// than there is.
func (s Stage) labels(ctx context.Context, in job.ExportInput) (*volume.LabelMap, error) {
	body, err := s.Results.Get(ctx, job.Key(in.Job, in.Attempt, job.LabelsNIfTI))
	if err != nil {
		return nil, fmt.Errorf("read labels: %w", err)
	}
	defer body.Close()
	m, err := nifti.ReadLabels(body)
	if err != nil {
		return nil, fmt.Errorf("read labels: %w", err)
	}
	bytesPerLabel := 1
	if m.U16 != nil {
		bytesPerLabel = 2
	}
	return m, job.CheckMemory(m.Dims, build.Memory(m.Dims, bytesPerLabel), s.MemoryBytes)
}
