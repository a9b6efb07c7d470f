package build

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/iris-oculus/iris/internal/surface"
	"github.com/iris-oculus/iris/internal/surface/nets"
	"github.com/iris-oculus/iris/internal/surface/work"
	"github.com/iris-oculus/iris/internal/volume"
)

// voxelMeasure gives the measurements that follow from the counts of extraction.
func voxelMeasure(t nets.Tally, a volume.Affine) surface.Measure {
	n := float64(t.Voxels)
	return surface.Measure{
		Voxels:   t.Voxels,
		VolumeML: n * a.VoxelML(),
		Centroid: a.Apply([3]float64{float64(t.Sum[0]) / n, float64(t.Sum[1]) / n, float64(t.Sum[2]) / n}),
	}
}

// measure completes the measurements of all surfaces.
func measure(ctx context.Context, m *volume.LabelMap, c *choice, surfaces []surface.Surface, numbers []int, o *Options, p *progress) error {
	border := borderStructures(m, c)
	for i, d := range numbers {
		surfaces[i].Measure.Partial = border[d]
	}
	workers := work.Workers(o.Threads, len(surfaces))
	surveyors := make([]surface.Surveyor, workers)
	work.Share(workers, len(surfaces), func(w, i int) {
		if ctx.Err() == nil {
			meshMeasure(&surfaces[i], &surveyors[w])
		}
	})
	p.at(85, 100, 1, 1)
	if err := ctx.Err(); err != nil || o.Voxels == nil {
		return err
	}
	return measureHU(ctx, m, c, surfaces, numbers, o.Voxels)
}

func meshMeasure(s *surface.Surface, by *surface.Surveyor) {
	mesh, out := &s.Mesh, &s.Measure
	totals, normals := by.Survey(mesh)
	mesh.Normals = normals
	out.MeshML = totals.Volume / 1000
	out.SurfaceCM2 = totals.Area / 100
	out.Min, out.Max = surface.Extent(mesh)
	out.Components = totals.Solids
	// Euler's formula over closed shells: V - E + F = 2·shells - 2·genus, and a
	// closed triangle mesh has E = 3F/2.
	euler := len(mesh.Vertices) - len(mesh.Triangles)/2
	out.Genus = totals.Shells - euler/2
	out.Watertight = totals.Closed
}

// borderStructures says, by number, which structures have a voxel on the border
// of the grid.
func borderStructures(m *volume.LabelMap, c *choice) []bool {
	touches := make([]bool, 1<<16)
	nx, ny, nz := m.Dims[0], m.Dims[1], m.Dims[2]
	mark := func(n int) { touches[c.of(m.At(n))] = true }
	for y := range ny {
		for x := range nx {
			mark(y*nx + x)
			mark(((nz-1)*ny+y)*nx + x)
		}
	}
	for z := range nz {
		for x := range nx {
			mark(z*ny*nx + x)
			mark((z*ny+ny-1)*nx + x)
		}
		for y := range ny {
			mark((z*ny + y) * nx)
			mark((z*ny+y)*nx + nx - 1)
		}
	}
	return touches
}

// moments are the sums of one structure's samples. Squares of int16 over 2²⁹
// voxels stay below 2⁵⁹, so both sums are exact.
type moments struct{ count, sum, squares int64 }

// measureHU reads the volume slab by slab beside the label map and adds up the HU
// of each structure.
func measureHU(ctx context.Context, m *volume.LabelMap, c *choice, surfaces []surface.Surface, numbers []int, voxels func() ([]int16, error)) error {
	sums := make([]moments, 1<<16)
	at, total := 0, m.Len()
	for {
		slab, err := voxels()
		if at+len(slab) > total {
			return volume.Reject("grid_mismatch", "the volume has more than the label map's %d voxels", total)
		}
		at += addSlab(m, c, at, slab, sums)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return fmt.Errorf("read volume at voxel %d: %w", at, err)
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	if at != total {
		return volume.Reject("grid_mismatch", "the volume has %d voxels: the label map has %d", at, total)
	}
	for i, d := range numbers {
		s := sums[d]
		mean := float64(s.sum) / float64(s.count)
		surfaces[i].Measure.HU = &surface.Intensity{Mean: mean, SD: math.Sqrt(max(0, float64(s.squares)/float64(s.count)-mean*mean))}
	}
	return nil
}

// addSlab adds the samples of a slab that begins at voxel at. It adds a run of
// voxels with one label at a time.
func addSlab(m *volume.LabelMap, c *choice, at int, slab []int16, sums []moments) int {
	for i := 0; i < len(slab); {
		label := m.At(at + i)
		start := i
		var sum, squares int64
		for ; i < len(slab) && m.At(at+i) == label; i++ {
			v := int64(slab[i])
			sum += v
			squares += v * v
		}
		s := &sums[c.of(label)]
		s.count += int64(i - start)
		s.sum += sum
		s.squares += squares
	}
	return len(slab)
}
