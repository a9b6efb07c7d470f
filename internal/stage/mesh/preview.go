package mesh

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/iris-oculus/iris/internal/job"
	"github.com/iris-oculus/iris/internal/meshfile"
	"github.com/iris-oculus/iris/internal/surface"
	"github.com/iris-oculus/iris/internal/surface/build"
	"github.com/iris-oculus/iris/internal/volume"
)

// What preview.glb may be, and how it is made.
const (
	previewTriangles = 100_000
	previewBytes     = 350_000 // as it is sent
	// Decimation begins from at most so many triangles. A label map with more of them is
	// made coarser first: a surface of millions would take many seconds to decimate to
	// a hundredth, and its thinnest folds could not go at all.
	previewBegin = 600_000
	// The grid's step, in voxels of the map that is meshed.
	previewStep = 1.0 / 8
	// A try aims a little below the bound, since decimation is not exact to the triangle.
	previewAim   = 0.95
	previewTries = 8
)

// preview is preview.glb, as a file and as it is sent.
type preview struct{ file, packed []byte }

// noPreview is what the job says where no try was light enough.
var noPreview = job.Notice{
	Code:    "no_preview",
	Message: "the model has too many parts for a small preview with all of them: pages show it when all of it is loaded",
}

// preview makes a light model of the structures that surfaces has, with the names,
// colours and measurements of these: of these themselves where they are few, else by
// meshing the label map anew in coarse voxels and decimating what comes. It is nil where that does not lead below the bounds.
func (s Stage) preview(ctx context.Context, r job.Record, scan scan, surfaces []surface.Surface) (*preview, error) {
	spacing := scan.labels.Affine.Spacing()
	finest := min(spacing[0], spacing[1], spacing[2])
	total := triangles(surfaces)
	if total <= previewTriangles { // the model is light enough itself, and lighter than what comes below
		if p, err := s.lightFile(scan, surfaces, slices.Clone(surfaces), 1); err != nil || len(p.packed) <= previewBytes {
			return p, err
		}
	}
	edge := finest * max(1, math.Sqrt(float64(total)/previewBegin)) // a surface has triangles by its voxels' area
	goal := previewTriangles * previewAim
	for range previewTries {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		m := coarse(scan, edge)
		o := s.options(r.Options, scan)
		o.Voxels, o.Decimation = nil, build.Decimation{}
		need, err := build.MemoryOf(m, o)
		if err != nil {
			return nil, fmt.Errorf("count the preview: %w", err)
		}
		if n := float64(need.Model.Triangles); n > 2*previewBegin {
			edge *= max(1.2, math.Sqrt(n/previewBegin))
			continue
		}
		o.Decimation.Ratio = min(1, goal/float64(max(1, need.Model.Triangles)))
		if need, err = build.MemoryOf(m, o); err != nil {
			return nil, fmt.Errorf("count the preview: %w", err)
		}
		if !s.affordable(scan, surfaces, need) {
			edge *= 1.5
			continue
		}
		light, err := build.Surfaces(ctx, m, o)
		if err != nil {
			return nil, fmt.Errorf("build the preview: %w", err)
		}
		if len(light) < len(surfaces) {
			return nil, nil // some found no voxel of their own
		}
		if n := triangles(light); n > previewTriangles {
			edge *= max(1.2, math.Sqrt(float64(n)/goal))
			continue
		}
		p, err := s.lightFile(scan, surfaces, light, edge/finest)
		if err != nil {
			return nil, err
		}
		if len(p.packed) <= previewBytes {
			return p, nil
		}
		goal *= previewAim * previewBytes / float64(len(p.packed))
	}
	return nil, nil
}

func triangles(surfaces []surface.Surface) (n int) {
	for i := range surfaces {
		n += len(surfaces[i].Mesh.Triangles)
	}
	return n
}

// coarse is the label map in voxels of about an edge, counted from the model's origin.
func coarse(scan scan, edge float64) *volume.LabelMap {
	spacing := scan.labels.Affine.Spacing()
	var f [3]int
	for axis := range f {
		f[axis] = max(1, int(min(1<<20, math.Round(edge/spacing[axis]))))
	}
	m := *scan.labels
	if f != [3]int{1, 1, 1} {
		m = *volume.CoarseLabels(scan.labels, f)
	}
	for axis, x := range scan.origin {
		m.Affine[axis][3] -= x
	}
	return &m
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

// lightFile writes the light surfaces with the measurements of the model's. coarser is
// how much longer an edge of their voxels is.
func (s Stage) lightFile(scan scan, surfaces, light []surface.Surface, coarser float64) (*preview, error) {
	measures := map[int]surface.Measure{}
	for i := range surfaces {
		measures[surfaces[i].Label.ID] = surfaces[i].Measure
	}
	for i := range light {
		if m, ok := measures[light[i].Label.ID]; ok {
			light[i].Measure = m
		}
	}
	model := meshfile.Scene{Surfaces: light, Provenance: scan.labels.Table.Provenance, Spacing: scan.labels.Affine.Spacing(), Origin: scan.origin}
	var file, packed bytes.Buffer
	if err := meshfile.WriteView(&file, model, previewStep*coarser); err != nil {
		return nil, fmt.Errorf("write %s: %w", job.PreviewGLB, err)
	}
	z, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	if err == nil {
		_, err = z.Write(file.Bytes())
	}
	if err == nil {
		err = z.Close()
	}
	if err != nil {
		return nil, fmt.Errorf("write %s: %w", job.PreviewGLB, err)
	}
	return &preview{file.Bytes(), packed.Bytes()}, nil
}
