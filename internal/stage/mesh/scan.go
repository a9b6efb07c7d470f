package mesh

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/iris-oculus/iris/internal/job"
	"github.com/iris-oculus/iris/internal/meshfile"
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
	if _, err := build.ParseDecimation(r.Options.Decimation()); err != nil {
		return scan{}, err
	}
	// A remesh has no label map of its own: it begins from that of the attempt
	// shown, which holds what the model server was asked for then (job.Table.Holds).
	from, labelsIn, labelsName := r.Attempt, s.Work, job.LabelsObject
	if r.From == job.FromMesh {
		from, labelsIn, labelsName = r.Shown, s.Results, job.LabelsNIfTI
	}
	labels, err := readFrom(ctx, labelsIn, job.Key(r.ID, from, labelsName), nifti.ReadLabels)
	if err != nil {
		return scan{}, fmt.Errorf("read labels: %w", err)
	}
	need, err := build.MemoryOf(labels, s.options(r.Options, scan{}))
	if err != nil {
		return scan{}, fmt.Errorf("build surfaces: %w", err)
	}
	if err := job.CheckMemory(labels.Dims, memory(labels, need), s.MemoryBytes); err != nil {
		return scan{}, err
	}
	vol, err := s.readVolume(ctx, r.ID, from)
	if err != nil {
		return scan{}, fmt.Errorf("read volume: %w", err)
	}
	if vol != nil {
		if err := sameGrid(vol, labels); err != nil {
			return scan{}, err
		}
	}
	return scan{labels: labels, volume: vol}, nil
}

// gridTolerance is how far, in voxels, a corner of the label map may lie from the same
// corner of the volume. NIfTI stores affines as float32, whose rounding over 4,096 voxels
// at an origin of 1,000 mm is below a thousandth of a millimetre. A label map that is
// shifted, mirrored or of another spacing is off by a voxel or more. A twentieth of a
// voxel lies far from both, and is below the resolution of a surface.
const gridTolerance = 0.05

// sameGrid refuses a label map that does not lie on the volume's grid: its organs
// would be drawn and measured in the wrong place.
func sameGrid(v *volume.Volume, m *volume.LabelMap) error {
	if v.Dims != m.Dims {
		return &job.EndpointFailedError{Message: fmt.Sprintf("the label map has %v voxels, the volume %v", m.Dims, v.Dims)}
	}
	spacing := v.Affine.Spacing()
	voxel := min(spacing[0], spacing[1], spacing[2])
	for corner := range 8 {
		var p [3]float64
		for axis := range p {
			p[axis] = float64(corner >> axis & 1 * (v.Dims[axis] - 1))
		}
		a, b := v.Affine.Apply(p), m.Affine.Apply(p)
		off := math.Hypot(math.Hypot(a[0]-b[0], a[1]-b[1]), a[2]-b[2])
		if !(off <= gridTolerance*voxel) { // so written, a NaN is refused too
			return &job.EndpointFailedError{Message: fmt.Sprintf(
				"the label map lies %.3g mm beside the volume: want at most %.3g mm, a twentieth of a voxel", off, gridTolerance*voxel)}
		}
	}
	return nil
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

// memory is what the engine and the writers of the models need, and of each voxel two
// bytes for the volume and one for its coarse copy, which halves at least one axis.
func memory(m *volume.LabelMap, need build.Need) int64 {
	return need.Bytes(meshfile.Memory("glb", need.Model)+meshfile.ViewMemory(need.Model)) + 3*int64(m.Len())
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
