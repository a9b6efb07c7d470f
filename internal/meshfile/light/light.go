// Package light makes models for a page's first look. In: a label map. Out: a GLB in the
// form of glb.WriteView with at most Triangles triangles, which packed by gzip has at
// most Bytes bytes, or none where no try leads below these. The same label map gives the
// same bytes. Errors are those of build and meshfile, and the context's.
//
// It does not come from the triangles of the full model: to decimate millions of them to
// a hundredth takes many seconds, and their thinnest folds could not go at all. The label
// map is made coarser until it has about as many as decimation can begin from.
package light

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"math"

	"github.com/iris-oculus/iris/internal/meshfile"
	"github.com/iris-oculus/iris/internal/surface"
	"github.com/iris-oculus/iris/internal/surface/build"
	"github.com/iris-oculus/iris/internal/volume"
)

// What a light model may be.
const (
	Triangles = 100_000
	Bytes     = 350_000 // as it is sent
)

// How it is made.
const (
	begin = 600_000 // triangles from which decimation begins
	// The grid's step, in voxels of the map that is meshed.
	step = 1.0 / 8
	// A try aims a little below the bound, since decimation is not exact to the triangle.
	aim   = 0.95
	tries = 8
)

// Model is a light model, as a file and as it is sent.
type Model struct{ File, Packed []byte }

// Options of Make.
type Options struct {
	// Build says how surfaces are made; how far they are decimated is chosen here.
	Build build.Options
	// Scene is what the file says of itself. Its surfaces come from the label map, and
	// positions are counted from its Origin.
	Scene meshfile.Scene
	// Whole is how many triangles the label map's own surface has, about; 0: not known.
	Whole int
	// Affordable says whether there is memory for a try; nil: always.
	Affordable func(build.Need) bool
	// Finish gives the surfaces of a try as they are to be written; nil: as they are.
	Finish func([]surface.Surface) []surface.Surface
}

// Make makes a light model of a label map. It is nil where no try leads below the bounds.
func Make(ctx context.Context, labels *volume.LabelMap, o Options) (*Model, error) {
	spacing := labels.Affine.Spacing()
	finest := min(spacing[0], spacing[1], spacing[2])
	var m *volume.LabelMap // coarse by the factors last
	var last [3]int
	edge := finest * max(1, math.Sqrt(float64(o.Whole)/begin)) // a surface has triangles by its voxels' area
	goal := Triangles * aim
	for range tries {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if f := factors(spacing, edge); m == nil || f != last {
			m, last = coarse(labels, o.Scene.Origin, f), f
		}
		how := o.Build
		how.Decimation = build.Decimation{Ratio: 0.5} // memory does not depend on the share
		need, err := build.MemoryOf(m, how)
		if err != nil {
			return nil, fmt.Errorf("count a light model: %w", err)
		}
		if n := float64(need.Model.Triangles); n > 2*begin {
			edge = coarser(spacing, edge*max(1.2, math.Sqrt(n/begin)), last, labels.Dims)
			continue
		}
		how.Decimation.Ratio = min(1, goal/float64(max(1, need.Model.Triangles)))
		if o.Affordable != nil && !o.Affordable(need) {
			edge = coarser(spacing, edge*1.5, last, labels.Dims)
			continue
		}
		surfaces, err := build.Surfaces(ctx, m, how)
		if err != nil {
			return nil, fmt.Errorf("build a light model: %w", err)
		}
		if o.Finish != nil {
			surfaces = o.Finish(surfaces)
		}
		if n := Count(surfaces); n > Triangles {
			edge = coarser(spacing, edge*max(1.2, math.Sqrt(float64(n)/goal)), last, labels.Dims)
			continue
		}
		model, err := Write(o.Scene, surfaces, edge/finest)
		if err != nil {
			return nil, err
		}
		if len(model.Packed) <= Bytes {
			return model, nil
		}
		goal *= aim * Bytes / float64(len(model.Packed))
	}
	return nil, nil
}

// Count is how many triangles surfaces have.
func Count(surfaces []surface.Surface) (n int) {
	for i := range surfaces {
		n += len(surfaces[i].Mesh.Triangles)
	}
	return n
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

// coarse is a label map in voxels that are so many of its own along each axis, counted
// from an origin.
func coarse(labels *volume.LabelMap, origin [3]float64, f [3]int) *volume.LabelMap {
	m := *labels
	if f != [3]int{1, 1, 1} {
		m = *volume.CoarseLabels(labels, f)
	}
	for axis, x := range origin {
		m.Affine[axis][3] -= x
	}
	return &m
}

// Write writes surfaces, whatever their weight. coarser is how much longer an edge of
// their voxels is than the scene says.
func Write(s meshfile.Scene, surfaces []surface.Surface, coarser float64) (*Model, error) {
	s.Surfaces = surfaces
	var file, packed bytes.Buffer
	if err := meshfile.WriteView(&file, s, step*coarser); err != nil {
		return nil, fmt.Errorf("write a light model: %w", err)
	}
	z, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	if err == nil {
		_, err = z.Write(file.Bytes())
	}
	if err == nil {
		err = z.Close()
	}
	if err != nil {
		return nil, fmt.Errorf("pack a light model: %w", err)
	}
	return &Model{file.Bytes(), packed.Bytes()}, nil
}
