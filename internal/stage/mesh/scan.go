package mesh

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/iris-oculus/iris/internal/job"
	"github.com/iris-oculus/iris/internal/surface/build"
	"github.com/iris-oculus/iris/internal/volume"
	"github.com/iris-oculus/iris/internal/volume/nifti"
)

// scan is what there is to mesh. volume is nil for a drop that is a label map
// itself, and when the prepared volume has expired.
type scan struct {
	labels *volume.LabelMap
	volume *volume.Volume
	origin [3]float64 // from which the surfaces count their positions (build.Near)
}

// read reads the label map and the volume beneath it, and refuses what would
// not fit into memory before any work is done.
func (s Stage) read(ctx context.Context, r job.Record) (scan, error) {
	if o := r.Options.Decimate; o != "" && o != "none" {
		return scan{}, &job.UnsupportedError{Code: "unsupported_option", Message: "option decimate: only none can be done yet"}
	}
	// A remesh has no label map of its own: it begins from that of the attempt
	// shown, which holds every structure whatever was asked for then.
	from, labelsIn, labelsName := r.Attempt, s.Work, job.LabelsObject
	if r.From == job.FromMesh {
		from, labelsIn, labelsName = r.Shown, s.Results, job.LabelsNIfTI
	}
	labels, err := readFrom(ctx, labelsIn, job.Key(r.ID, from, labelsName), nifti.ReadLabels)
	if err != nil {
		return scan{}, fmt.Errorf("read labels: %w", err)
	}
	if err := job.CheckMemory(labels.Dims, memory(labels), s.MemoryBytes); err != nil {
		return scan{}, err
	}
	vol, err := s.readVolume(ctx, r.ID, from)
	if err != nil {
		return scan{}, fmt.Errorf("read volume: %w", err)
	}
	if vol != nil && vol.Dims != labels.Dims {
		return scan{}, &job.EndpointFailedError{Message: fmt.Sprintf("the label map has %v voxels, the volume %v", labels.Dims, vol.Dims)}
	}
	return scan{labels: labels, volume: vol}, nil
}

// readVolume reads the volume that the labels of an attempt were made from: its
// own, or that of the last attempt before it that prepared one (a remesh of a
// remesh). nil: there is none.
func (s Stage) readVolume(ctx context.Context, id string, attempt int) (*volume.Volume, error) {
	for ; attempt > 0; attempt-- {
		v, err := readFrom(ctx, s.Work, job.Key(id, attempt, job.VolumeObject), nifti.ReadVolume)
		if !errors.Is(err, job.ErrNotFound) {
			return v, err
		}
	}
	return nil, nil
}

func readFrom[T any](ctx context.Context, b Bucket, key string, read func(io.Reader) (T, error)) (T, error) {
	body, err := b.Get(ctx, key)
	if err != nil {
		var none T
		return none, err
	}
	defer body.Close()
	return read(body)
}

// memory is the engine's own estimate, and two bytes a voxel for the volume.
func memory(m *volume.LabelMap) int64 {
	return build.MemoryOf(m) + 2*int64(m.Len())
}

// voxels hands the volume to the engine in one slab, nil when there is none.
func (s scan) voxels() func() ([]int16, error) {
	if s.volume == nil {
		return nil
	}
	rest := s.volume.Voxels
	return func() ([]int16, error) {
		slab := rest
		rest = nil
		if len(slab) == 0 {
			return nil, io.EOF
		}
		return slab, nil
	}
}
