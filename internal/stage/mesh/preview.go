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
	var m *volume.LabelMap // coarse by the factors last
	var last [3]int
	total := triangles(surfaces)
	if total <= previewTriangles { // the model is light enough itself, and lighter than what comes below
		if p, err := s.lightFile(scan, surfaces, slices.Clone(surfaces), 1); err != nil || len(p.packed) <= previewBytes {
			return p, err
		}
	}
	whole := max(total, before(surfaces))
	edge := finest * max(1, math.Sqrt(float64(whole)/previewBegin)) // a surface has triangles by its voxels' area
	goal := previewTriangles * previewAim
	for range previewTries {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if f := factors(spacing, edge); m == nil || f != last {
			m, last = coarse(scan, f), f
		}
		o := s.options(r.Options)
		o.Decimation = build.Decimation{Ratio: 0.5} // memory does not depend on the share
		need, err := build.MemoryOf(m, o)
		if err != nil {
			return nil, fmt.Errorf("count the preview: %w", err)
		}
		if n := float64(need.Model.Triangles); n > 2*previewBegin {
			edge = coarser(spacing, edge*max(1.2, math.Sqrt(n/previewBegin)), last, scan.labels.Dims)
			continue
		}
		o.Decimation.Ratio = min(1, goal/float64(max(1, need.Model.Triangles)))
		if !s.affordable(scan, surfaces, need) {
			edge = coarser(spacing, edge*1.5, last, scan.labels.Dims)
			continue
		}
		light, err := build.Surfaces(ctx, m, o)
		if err != nil {
			return nil, fmt.Errorf("build the preview: %w", err)
		}
		light = withLost(light, surfaces)
		if n := triangles(light); n > previewTriangles {
			edge = coarser(spacing, edge*max(1.2, math.Sqrt(float64(n)/goal)), last, scan.labels.Dims)
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

// withLost adds the model's own surfaces of structures that have none in a coarse map,
// because several share a voxel of it: they are smaller than that voxel. The order is
// that of surfaces.
func withLost(light, surfaces []surface.Surface) []surface.Surface {
	out := make([]surface.Surface, 0, len(surfaces))
	for i := range surfaces {
		if len(light) > 0 && light[0].Label.ID == surfaces[i].Label.ID {
			out, light = append(out, light[0]), light[1:]
		} else {
			out = append(out, surfaces[i])
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

// factors are how many voxels along each axis make one whose edges are about so long.
func factors(spacing [3]float64, edge float64) (f [3]int) {
	for axis := range f {
		f[axis] = max(1, int(min(1<<20, math.Round(edge/spacing[axis]))))
	}
	return f
}

// coarser is an edge of at least this length that gives other factors than the last
// ones, if the grid has any coarser ones: the same map meshed again would be as heavy.
func coarser(spacing [3]float64, edge float64, last, dims [3]int) float64 {
	const step = 1.1
	most := max(spacing[0]*float64(dims[0]), spacing[1]*float64(dims[1]), spacing[2]*float64(dims[2]))
	for factors(spacing, edge) == last && edge < most {
		edge *= step
	}
	return edge
}

// coarse is the label map in voxels that are so many of its own along each axis, counted
// from the model's origin.
func coarse(scan scan, f [3]int) *volume.LabelMap {
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
