// Package export writes structures of a ready job in another format. In: a job, its
// attempt that is shown, a format of meshfile, and structures or none for all. Out: one
// object among that attempt's results, named by job.ExportName; a repeat finds it there.
// A job that has moved on gets nothing, which is no error. An export that can never be
// made (bad_option for a structure that the scan has not, too_large for the format,
// too_large_to_mesh) leaves an object with the reason, job.RefusalName.
//
// Errors: job.UnsupportedError unsupported_format, and failures of the stores.
package export

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/iris-oculus/iris/internal/job"
	"github.com/iris-oculus/iris/internal/meshfile"
	"github.com/iris-oculus/iris/internal/surface"
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

	MemoryBytes int64 // the function's memory, or 0 for no limit
	Threads     int   // the number of goroutines, or 0 for one per processor
}

// Handle writes one export or, where it cannot be made, why.
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
	options, err := s.options(ctx, in, r)
	if err != nil {
		return err
	}
	return s.write(ctx, in, options, key)
}

// options are those that the attempt was meshed with. The record has those of its
// last attempt, which is another one while a remesh runs and after one that failed.
func (s Stage) options(ctx context.Context, in job.ExportInput, r job.Record) (job.Options, error) {
	const most = 1 << 20 // bytes: names of 512 structures are a tenth of it
	body, err := s.Results.Get(ctx, job.Key(in.Job, in.Attempt, job.ProvenanceJSON))
	if errors.Is(err, job.ErrNotFound) && r.Attempt == in.Attempt {
		return r.Options, nil
	}
	if err != nil {
		return job.Options{}, fmt.Errorf("read the attempt's options: %w", err)
	}
	defer body.Close()
	var written struct {
		Options *job.MeshOptions `json:"options"`
	}
	err = json.NewDecoder(io.LimitReader(body, most)).Decode(&written)
	if err == nil && written.Options == nil {
		err = errors.New("it holds none")
	}
	if err != nil {
		return job.Options{}, fmt.Errorf("read the attempt's options: %w", err)
	}
	o := written.Options
	return job.Options{Smoothing: o.Smoothing, Decimate: o.Decimate, Structures: o.Structures, Merge: o.Merge}, nil
}

// writeRefusal writes, for whoever asked, an error that every repeat would meet
// again. It returns any other error.
func (s Stage) writeRefusal(ctx context.Context, id, key string, err error) error {
	var notice job.Notice
	var rejected *job.RejectedError
	var unsupported *job.UnsupportedError
	switch named := job.Named(err); {
	case errors.As(named, &rejected):
		notice = job.Notice{Code: rejected.Code, Message: rejected.Message}
	case errors.As(named, &unsupported):
		notice = job.Notice{Code: unsupported.Code, Message: unsupported.Message}
	default:
		return err
	}
	if gone, err := s.gone(ctx, id); gone || err != nil {
		return err
	}
	text, err := json.Marshal(notice)
	if err != nil {
		return fmt.Errorf("encode refusal: %w", err)
	}
	if _, err := s.Results.Put(ctx, job.RefusalName(key), "application/json", bytes.NewReader(text)); err != nil {
		return fmt.Errorf("write refusal: %w", err)
	}
	return nil
}

// gone says whether the job was erased meanwhile, so that nothing may be written.
func (s Stage) gone(ctx context.Context, id string) (bool, error) {
	r, err := s.Jobs.Get(ctx, id)
	if errors.Is(err, job.ErrNotFound) || err == nil && r.Erased {
		return true, nil
	}
	if err != nil {
		return false, fmt.Errorf("look at the job again: %w", err)
	}
	return false, nil
}

func (s Stage) write(ctx context.Context, in job.ExportInput, options job.Options, key string) error {
	labels, err := s.labels(ctx, in)
	if err != nil {
		return err // a label map of ours that cannot be read is a fault of ours
	}
	surfaces, origin, err := s.surfaces(ctx, in, options, labels)
	if err != nil {
		return s.writeRefusal(ctx, in.Job, key, fmt.Errorf("build surfaces: %w", err))
	}
	if gone, err := s.gone(ctx, in.Job); gone || err != nil {
		return err
	}
	model := meshfile.Scene{Surfaces: surfaces, Provenance: labels.Table.Provenance, Spacing: labels.Affine.Spacing(), Origin: origin}
	_, err = job.Stream(func(body io.Reader) (job.Artifact, error) {
		return s.Results.Put(ctx, key, job.MediaType(key), body)
	}, func(w io.Writer) error { return meshfile.Write(w, in.Format, model) })
	if err != nil {
		return s.writeRefusal(ctx, in.Job, key, fmt.Errorf("write export: %w", err))
	}
	return nil
}

// surfaces are those of the model that an export asks for. All of the model's are made:
// neighbours share their border, and a decimation to a share is of the whole, so that
// a structure made by itself would be another surface than that in the model, and two of
// them would not fit together.
func (s Stage) surfaces(ctx context.Context, in job.ExportInput, options job.Options, labels *volume.LabelMap) (surfaces []surface.Surface, origin [3]float64, err error) {
	o := build.Options{Smoothing: options.Smoothing, Structures: options.Meshed(), Threads: s.Threads}
	for _, m := range options.Merge {
		o.Merge = append(o.Merge, build.Group(m))
	}
	if o.Decimation, err = build.ParseDecimation(options.Decimation()); err != nil {
		return nil, origin, err
	}
	need, err := build.MemoryOf(labels, o)
	if err != nil {
		return nil, origin, err
	}
	written := need.Model
	if len(in.Structures) > 0 {
		some := o
		some.Structures = in.Structures
		part, err := build.MemoryOf(labels, some)
		if err != nil {
			return nil, origin, err
		}
		written = part.Model
	}
	if err := job.CheckMemory(labels.Dims, need.Bytes(meshfile.Memory(in.Format, written)), s.MemoryBytes); err != nil {
		return nil, origin, err
	}
	if surfaces, origin, err = build.Near(ctx, labels, o); err != nil || len(in.Structures) == 0 {
		return surfaces, origin, err
	}
	surfaces = slices.DeleteFunc(surfaces, func(one surface.Surface) bool { return !slices.Contains(in.Structures, one.Label.Name) })
	return surfaces, origin, nil
}

// labels reads the attempt's label map.
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
	return m, nil
}
