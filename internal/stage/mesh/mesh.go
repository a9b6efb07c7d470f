// Package mesh is the stage that turns a label map into results. In: a job whose
// label map lies in the work bucket or, for a remesh, among the results of the
// attempt that is shown. Out: the artifacts in the results bucket and, last of
// all, job.MeshObject in the work bucket, from which settle publishes. A repeat
// writes equal bytes; a job that has moved on gets nothing (Gone).
//
// Errors: job.RejectedError bad_option (a structure the scan has not),
// empty_segmentation, or what the reader says of a label map that was uploaded;
// job.UnsupportedError too_large_to_mesh and unsupported_option; job.EndpointFailedError
// when the model's answer is no label map, or does not lie on the volume's grid.
package mesh

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/iris-oculus/iris/internal/job"
	"github.com/iris-oculus/iris/internal/surface"
	"github.com/iris-oculus/iris/internal/surface/build"
)

// Jobs keeps job records.
type Jobs interface {
	Get(ctx context.Context, id string) (job.Record, error)
	Amend(ctx context.Context, id string, change func(*job.Record) error) (job.Record, error)
}

// Bucket is the work or the results bucket. Get wraps job.ErrNotFound; Put
// leaves the artifact's name empty.
type Bucket interface {
	Get(ctx context.Context, key string) (io.ReadCloser, error)
	Put(ctx context.Context, key, mediaType string, body io.Reader) (job.Artifact, error)
	PutEncoded(ctx context.Context, key, mediaType, encoding string, body io.Reader) (job.Artifact, error)
}

// Stage is the mesh stage.
type Stage struct {
	Jobs    Jobs
	Work    Bucket
	Results Bucket
	Now     func() time.Time

	MemoryBytes int64 // the function's memory, or 0 for no limit
	Threads     int   // the number of goroutines, or 0 for one per processor
	Draw        Draw
}

// maxStructures bounds a job's table, and with it what the API answers: 200 bytes
// a structure, and 800 for the longest name.
const maxStructures = 1500

// maxHolds bounds how many names of a label map are kept. For a map with more names none
// are kept, and a remesh cannot be checked before it runs.
const maxHolds = 4096

// Handle meshes one attempt at a job.
func (s Stage) Handle(ctx context.Context, in job.StageInput) (job.MeshOutput, error) {
	r, err := s.Jobs.Amend(ctx, in.Job, func(r *job.Record) error {
		if r.Attempt != in.Attempt || r.Erased {
			return job.ErrStale
		}
		return r.Enter(job.Meshing, s.Now())
	})
	if gone(err) {
		return job.MeshOutput{Gone: true}, nil
	}
	if err != nil {
		return job.MeshOutput{}, fmt.Errorf("enter meshing: %w", err)
	}
	scan, err := s.read(ctx, r)
	if err != nil {
		return job.MeshOutput{}, err
	}
	surfaces, err := s.surfaces(ctx, r, &scan)
	if err != nil {
		return job.MeshOutput{}, err
	}
	if len(surfaces) == 0 {
		return job.MeshOutput{}, noSurface(r.Options, build.Found(scan.labels))
	}
	if len(surfaces) > maxStructures {
		return job.MeshOutput{}, job.Reject("too_many_structures", "the label map has %d structures: at most %d are meshed in one job", len(surfaces), maxStructures)
	}
	// Minutes have passed. A job that was cancelled or erased gets no results.
	now, err := s.Jobs.Get(ctx, in.Job)
	if gone(err) || err == nil && (now.Erased || now.Attempt != in.Attempt || now.Status != job.Meshing) {
		return job.MeshOutput{Gone: true}, nil
	}
	if err != nil {
		return job.MeshOutput{}, fmt.Errorf("look at the job again: %w", err)
	}
	// The preview's steps leave a processor idle at times, in which pictures are drawn.
	pictures := s.startPictures(scan, surfaces)
	preview, err := s.preview(ctx, r, scan, surfaces)
	drawn := pictures.wait()
	if err != nil {
		return job.MeshOutput{}, err
	}
	return job.MeshOutput{}, s.write(ctx, r, scan, surfaces, preview, drawn)
}

// surfaces makes the surfaces of a scan, and has its volume when it returns. What is
// wrong with the volume comes before what is wrong with the surfaces.
func (s Stage) surfaces(ctx context.Context, r job.Record, scan *scan) (surfaces []surface.Surface, err error) {
	o := s.options(r.Options)
	if scan.reading != nil {
		o.Voxels = scan.reading.voxels()
	}
	surfaces, scan.origin, err = build.Near(ctx, scan.labels, o)
	if fault := scan.finish(); fault != nil {
		return nil, fault
	}
	if err != nil {
		return nil, fmt.Errorf("build surfaces: %w", err)
	}
	return surfaces, nil
}

// noSurface is the error that says why there is no surface: nothing was found in the scan, or nothing
// of what was asked for.
func noSurface(o job.Options, found []string) error {
	const code = "empty_segmentation"
	asked := job.Listed(o.Meshed())
	switch {
	case len(o.Structures) == 0:
		return job.Reject(code, "no structure was found in the scan: there is nothing to make a model of")
	case len(found) == 0: // a model gives no more than it is asked for
		return job.Reject(code, "none of what you asked for (%s) was found in the scan: ask for others, or for all by leaving structures out", asked)
	}
	return job.Reject(code, "none of what you asked for (%s) was found; the scan has %s", asked, job.Listed(found))
}

func gone(err error) bool { return errors.Is(err, job.ErrStale) || errors.Is(err, job.ErrNotFound) }

// options is what the engine is asked for.
func (s Stage) options(o job.Options) build.Options {
	out := build.Options{Smoothing: o.Smoothing, Structures: o.Meshed(), Threads: s.Threads}
	out.Decimation, _ = build.ParseDecimation(o.Decimation()) // read refuses what is none
	for _, m := range o.Merge {
		out.Merge = append(out.Merge, build.Group(m))
	}
	return out
}

// warnings are the model's own and those of the surfaces.
func (s Stage) warnings(r job.Record, scan scan, surfaces []surface.Surface) []job.Notice {
	out := []job.Notice{}
	told := build.Warnings(scan.labels, s.options(r.Options), surfaces)
	for _, w := range append(slices.Clone(scan.labels.Table.Warnings), told...) {
		out = append(out, job.Notice{Code: w.Code, Message: w.Message})
	}
	return out
}

// table is what the job says of its structures and of its label map.
func table(scan scan, surfaces []surface.Surface) job.Table {
	t := job.Table{Structures: structures(surfaces), Holds: build.Names(scan.labels)}
	if len(t.Holds) > maxHolds {
		t.Holds = nil
	}
	return t
}

// structures is what the job's record says of the surfaces.
func structures(surfaces []surface.Surface) []job.Structure {
	out := make([]job.Structure, len(surfaces))
	for i := range surfaces {
		m := &surfaces[i].Measure
		out[i] = job.Structure{
			Label: surfaces[i].Label.ID, Name: surfaces[i].Label.Name,
			VolumeML: m.VolumeML, MeshML: m.MeshML, SurfaceCM2: m.SurfaceCM2,
			Triangles: len(surfaces[i].Mesh.Triangles), Partial: m.Partial, Watertight: m.Watertight,
		}
	}
	return out
}
