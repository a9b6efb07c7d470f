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
	"github.com/iris-oculus/iris/internal/volume/dicom/origin"
	"github.com/iris-oculus/iris/internal/volume/nifti"
)

// scan is what there is to mesh. volume is nil for a drop that is a label map
// itself, and when the prepared volume has expired.
type scan struct {
	labels  *volume.LabelMap
	volume  *volume.Volume
	reading *reading   // of the volume, while surfaces are made; nil where there is none
	origin  [3]float64 // from which the surfaces count their positions (build.Near)

	source   *origin.Scan // the DICOM series that volume was made of, or nil
	doubtful *job.Notice  // why source is nil for what was a DICOM series
}

// read reads the label map, refuses what would not fit into memory before any work is
// done, and begins to read the volume beneath it. Whoever calls it must wait for that
// (finish).
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
		return scan{}, fmt.Errorf("read labels: %w", atFault(r, err))
	}
	need, err := build.MemoryOf(labels, s.options(r.Options))
	if err != nil {
		return scan{}, fmt.Errorf("build surfaces: %w", err)
	}
	if err := job.CheckMemory(labels.Dims, memory(labels, need), s.MemoryBytes); err != nil {
		return scan{}, err
	}
	out := scan{labels: labels}
	if out.source, out.doubtful, err = s.openSource(ctx, r, from); err != nil {
		return scan{}, err
	}
	body, err := s.openVolume(ctx, r.ID, from)
	if err != nil {
		return scan{}, fmt.Errorf("read volume: %w", err)
	}
	if body != nil {
		out.reading = startReading(body, labels)
	}
	return out, nil
}

// atFault names who is at fault when a label map cannot be read. An uploaded one is its
// owner's; any other was made of a volume that is right, so that the model server is, which
// has answered 200 with something else.
func atFault(r job.Record, err error) error {
	var fault *volume.Error
	if r.Options.Task == job.TaskLabels || !errors.As(err, &fault) {
		return err
	}
	return &job.EndpointFailedError{Message: "the model server's answer is no label map: " + fault.Message}
}

// finish waits until the volume is read.
func (s *scan) finish() (err error) {
	if s.reading != nil {
		s.volume, err = s.reading.wait()
	}
	return err
}

// reading is a volume that is being read: decompression is one processor's work, and
// HU are the last that surfaces need.
type reading struct {
	done   chan struct{}
	volume *volume.Volume
	err    error
}

// startReading reads a volume, which has to lie on the label map's grid, and closes body.
func startReading(body io.ReadCloser, labels *volume.LabelMap) *reading {
	r := &reading{done: make(chan struct{})}
	go func() {
		defer close(r.done)
		defer body.Close()
		if r.volume, r.err = nifti.ReadVolume(body); r.err != nil {
			r.err = fmt.Errorf("read volume: %w", r.err)
			return
		}
		r.err = sameGrid(r.volume, labels)
	}()
	return r
}

func (r *reading) wait() (*volume.Volume, error) {
	<-r.done
	return r.volume, r.err
}

// voxels hands the volume to the engine in one slab.
func (r *reading) voxels() func() ([]int16, error) {
	given := false
	return func() ([]int16, error) {
		v, err := r.wait()
		if err != nil {
			return nil, err
		}
		if given {
			return nil, io.EOF
		}
		given = true
		return v.Voxels, nil
	}
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

// openVolume opens the volume that the labels of an attempt were made from: its
// own, or that of the last attempt before it that prepared one (a remesh of a
// remesh). nil: there is none.
func (s Stage) openVolume(ctx context.Context, id string, attempt int) (io.ReadCloser, error) {
	for ; attempt > 0; attempt-- {
		body, err := s.Work.Get(ctx, job.Key(id, attempt, job.VolumeObject))
		if err == nil || !errors.Is(err, job.ErrNotFound) {
			return body, err
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
