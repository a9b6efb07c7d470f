package mesh

import (
	"context"
	"fmt"
	"slices"

	"github.com/iris-oculus/iris/internal/job"
	"github.com/iris-oculus/iris/internal/meshfile"
	"github.com/iris-oculus/iris/internal/meshfile/light"
	"github.com/iris-oculus/iris/internal/surface"
	"github.com/iris-oculus/iris/internal/surface/build"
)

// noPreview is what the job says where no try was light enough.
var noPreview = job.Notice{
	Code:    "no_preview",
	Message: "the model has too many parts for a small preview with all of them: pages show it when all of it is loaded",
}

// preview makes a light model of the structures that surfaces has, with the names,
// colours and measurements of these: of these themselves where they are few, else by
// meshing the label map anew in coarse voxels and decimating what comes. It is nil where
// that does not lead below the bounds.
func (s Stage) preview(ctx context.Context, r job.Record, scan scan, surfaces []surface.Surface) (*light.Model, error) {
	scene := meshfile.Scene{Provenance: scan.labels.Table.Provenance, Spacing: scan.labels.Affine.Spacing(), Origin: scan.origin}
	total := light.Count(surfaces)
	if total <= light.Triangles { // the model is light enough itself, and lighter than what comes below
		if p, err := light.Write(scene, surfaces, 1); err != nil || len(p.Packed) <= light.Bytes {
			return p, err
		}
	}
	p, err := light.Make(ctx, scan.labels, light.Options{
		Build: s.options(r.Options), Scene: scene, Whole: max(total, before(surfaces)),
		Affordable: func(need build.Need) bool { return s.affordable(scan, surfaces, need) },
		Finish:     func(made []surface.Surface) []surface.Surface { return withLost(made, surfaces) },
	})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", job.PreviewGLB, err)
	}
	return p, nil
}

// withLost gives the surfaces of a coarse map the measurements of the model's, and adds the
// model's own of structures that have none, because several share a voxel of it: they are
// smaller than that voxel. The order is that of surfaces.
func withLost(coarse, surfaces []surface.Surface) []surface.Surface {
	out := slices.Clone(surfaces)
	for i := range out {
		if len(coarse) > 0 && coarse[0].Label.ID == out[i].Label.ID {
			coarse[0].Measure = out[i].Measure
			out[i], coarse = coarse[0], coarse[1:]
		}
	}
	return out
}

// before counts the triangles that surfaces had before they were decimated, as far as
// they were: so many has the surface of the label map that a coarse one is made of.
func before(surfaces []surface.Surface) int {
	n := int64(0)
	for i := range surfaces {
		n += surfaces[i].Before.Triangles
	}
	return int(n)
}

// affordable says whether there is memory for a preview beside the model and the scan.
func (s Stage) affordable(scan scan, surfaces []surface.Surface, need build.Need) bool {
	model := int64(0)
	for i := range surfaces {
		m := &surfaces[i].Mesh
		model += int64(12 * (len(m.Vertices) + len(m.Normals) + len(m.Triangles)))
	}
	const voxel = 2 + 2 // of the volume and of a label map
	bytes := need.Bytes(meshfile.ViewMemory(need.Model)) + model + voxel*int64(scan.labels.Len())
	return s.MemoryBytes <= 0 || bytes <= s.MemoryBytes
}
