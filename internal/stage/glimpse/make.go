package glimpse

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/iris-oculus/iris/internal/job"
	"github.com/iris-oculus/iris/internal/meshfile"
	"github.com/iris-oculus/iris/internal/meshfile/light"
	"github.com/iris-oculus/iris/internal/surface/build"
	"github.com/iris-oculus/iris/internal/tissue"
	"github.com/iris-oculus/iris/internal/volume"
	"github.com/iris-oculus/iris/internal/volume/nifti"
)

// How fine a first look is.
const (
	leastMM = 2 // the shortest edge of a voxel of a body
	// A hand, a jaw or a mouse is looked at in smaller ones: its longest side has so many.
	leastSide = 128
	// A scan of 500 × 500 × 500 mm has as many voxels of 2 mm. A larger one is looked at in
	// larger ones, so that it takes seconds, too, and a gigabyte at most (tissue.Memory).
	mostVoxels = 16 << 20
)

// leastHU is the end of a scanner's scale. What is below it is padding, and a mean of
// padding and air would be a value that no CT has.
const leastHU = -1024

// shown are the structures of a first look: those that a person knows by their shape.
// Through the skin the others are seen.
var (
	shown       = []string{"skin", "bone", "lung_left", "lung_right", "airway"}
	translucent = []string{"skin"}
)

// make makes the model, or says why there is none.
func (s Stage) make(ctx context.Context, in job.StageInput) (*light.Model, *job.Notice, error) {
	v, none, err := s.read(ctx, in)
	if err != nil || none != nil {
		return nil, none, err
	}
	labels, err := tissue.Segment(ctx, v)
	if err != nil {
		return declined(err)
	}
	model, err := light.Make(ctx, labels, light.Options{
		Build: build.Options{Smoothing: job.DefaultOptions().Smoothing, Structures: shown, Threads: s.Threads},
		Scene: meshfile.Scene{
			Provenance: labels.Table.Provenance, Spacing: labels.Affine.Spacing(), Origin: build.Origin(labels), Translucent: translucent, Provisional: true,
		},
		Affordable: func(need build.Need) bool { return s.fits(need.Bytes(meshfile.ViewMemory(need.Model))) },
	})
	if err != nil {
		return declined(err)
	}
	if model == nil {
		return nil, tooLarge("none could be made that is light enough"), nil
	}
	return model, nil, nil
}

// declined tells a scan of which there can be no first look from what may pass.
func declined(err error) (*light.Model, *job.Notice, error) {
	var fault *volume.Error
	if errors.As(err, &fault) {
		if fault.Code == "empty_segmentation" { // of the structures that are shown
			fault = &volume.Error{Code: "glimpse_empty", Message: "neither skin, bone, lungs nor airway was found in it"}
		}
		return nil, &job.Notice{Code: fault.Code, Message: noLook + fault.Message}, nil
	}
	return nil, nil, fmt.Errorf("make the first look: %w", err)
}

// noLook begins each sentence about that: the scan itself is not refused.
const noLook = "there is no first look at this scan while it waits: "

func tooLarge(why string) *job.Notice {
	return &job.Notice{Code: "glimpse_too_large", Message: noLook + why}
}

// fineness is the shortest edge in mm of a voxel in which a scan is looked at.
func fineness(dims [3]int, a volume.Affine) float64 {
	longest := 0.0
	for axis, mm := range a.Spacing() {
		longest = max(longest, float64(dims[axis])*mm)
	}
	return min(leastMM, longest/leastSide)
}

func (s Stage) fits(bytes int64) bool { return s.MemoryBytes <= 0 || bytes <= s.MemoryBytes }

// read reads the volume in coarse voxels. It declines what would not fit into memory as
// soon as the header says so.
func (s Stage) read(ctx context.Context, in job.StageInput) (*volume.Volume, *job.Notice, error) {
	body, err := s.Work.Get(ctx, job.Key(in.Job, in.Attempt, job.VolumeObject))
	if err != nil {
		return nil, nil, over(err, "read volume")
	}
	defer body.Close()
	r, err := nifti.NewReader(body)
	if err != nil {
		return nil, nil, fmt.Errorf("read volume: %w", err)
	}
	f := volume.CoarseFactors(r.Dims, r.Affine, fineness(r.Dims, r.Affine), mostVoxels)
	d := volume.CoarseDims(r.Dims, f)
	if need := tissue.Memory(d[0] * d[1] * d[2]); !s.fits(need) {
		return nil, tooLarge(fmt.Sprintf("it takes %d MB, and there are %d MB (StageMemory)", need>>20, s.MemoryBytes>>20)), nil
	}
	v, err := volume.CoarseFrom(r.Dims, r.Affine, f, func(row []int16) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		_, err := r.ReadVoxels(row)
		for i, hu := range row {
			row[i] = max(hu, leastHU)
		}
		return err
	})
	if err == nil {
		if _, err = r.ReadVoxels(make([]int16, 1)); errors.Is(err, io.EOF) { // sound to its last byte
			return v, nil, nil
		}
	}
	return nil, nil, fmt.Errorf("read volume: %w", err)
}
