// Package build makes the surfaces of a label map. It calls the whole engine.
//
// In: a label map with its table, and Options. Out: one surface.Surface for each
// structure that has voxels, ordered by label id, its mesh closed, outward and in
// world RAS millimetres, with its measurements. The steps are: choose and merge
// labels (remap.go), find vertices (surface/nets), smooth them (surface/smooth),
// split them into one mesh for each label (surface/nets), measure (measure.go).
//
// The same map and options give the same bytes for any number of threads.
// Errors are *volume.Error (bad_option, bad_affine, too_large, grid_mismatch, …),
// the context's error, or what Options.Voxels returned.
package build

import (
	"context"
	"math"
	"runtime"
	"sync"

	"github.com/iris-oculus/iris/internal/surface"
	"github.com/iris-oculus/iris/internal/surface/decimate"
	"github.com/iris-oculus/iris/internal/surface/nets"
	"github.com/iris-oculus/iris/internal/surface/smooth"
	"github.com/iris-oculus/iris/internal/volume"
)

// Options of Surfaces. The zero value meshes every label as exact voxels, on all
// CPUs.
type Options struct {
	// Smoothing is 0 (exact voxels) to 1; 0.5 suits most.
	Smoothing float64
	// Structures are the names to mesh, of labels or of groups; empty: all.
	Structures []string
	// Merge makes each group one closed solid. A group in which a member is named
	// by Structures is meshed whole.
	Merge []Group
	// Decimation makes meshes lighter. Neighbours keep sharing their border.
	Decimation Decimation
	// Threads is the number of goroutines; 0 means one for each CPU.
	Threads int
	// Joined lets voxels that touch at an edge belong to one piece.
	Joined bool
	// Voxels returns the volume's next voxels on the label map's grid, in HU, in
	// slabs of any length, and io.EOF after the last. Where it is nil no HU is
	// measured.
	Voxels func() ([]int16, error)
	// Progress is called with a growing done, one call at a time.
	Progress func(done, total int)
}

// Group is a set of structures to be meshed as one: their voxels get one label
// before vertices are found, so that no wall stands where members touch. mergedLabel
// says what its label holds.
type Group struct {
	Name string
	Of   []string
}

// Surfaces builds the surface of every structure of a label map that has voxels.
func Surfaces(ctx context.Context, m *volume.LabelMap, o Options) ([]surface.Surface, error) {
	if err := check(m, &o); err != nil {
		return nil, err
	}
	choice, err := choose(m, &o)
	if err != nil {
		return nil, err
	}
	progress := progress{report: o.Progress}

	rule := nets.Separated
	if o.Joined {
		rule = nets.Joined
	}
	net, err := nets.Extract(ctx, m, nets.Options{
		Dense: choice.dense, Rule: rule, Threads: o.Threads,
		Progress: func(done, total int) { progress.at(0, 50, done, total) },
	})
	if err != nil {
		return nil, err
	}
	offsets, err := smooth.Offsets(ctx, net, smooth.Options{
		Strength: strengths(o.Smoothing, m.Affine.Spacing()),
		Shells:   choice.shells(net.Labels), Threads: o.Threads,
	})
	if err != nil {
		return nil, err
	}
	progress.at(50, 70, 1, 1)
	tallies := net.Labels
	meshes, before, err := meshesOf(ctx, net, offsets, m.Affine, &o)
	if err != nil {
		return nil, err
	}
	progress.at(70, 85, 1, 1)
	// The net and the offsets are not used below, so that the collector can give
	// their memory to the normals.
	runtime.GC()

	var surfaces []surface.Surface
	var numbers []int // dense label of each surface
	for d := 1; d < len(tallies); d++ {
		if t := tallies[d]; t.Voxels > 0 {
			numbers = append(numbers, d)
			surfaces = append(surfaces, surface.Surface{Label: choice.label(d), Mesh: meshes[d], Measure: voxelMeasure(t, m.Affine)})
			if before != nil {
				surfaces[len(surfaces)-1].Before = before[d]
			}
		}
	}
	if err := measure(ctx, m, choice, surfaces, numbers, &o, &progress); err != nil {
		return nil, err
	}
	return surfaces, nil
}

// meshesOf makes the mesh of each label of a net, which nobody uses afterwards, and
// says what each was before decimation, if it was decimated.
func meshesOf(ctx context.Context, net *nets.Net, offsets []nets.Offset, affine volume.Affine, o *Options) ([]surface.Mesh, []surface.Before, error) {
	if o.Decimation.none() {
		meshes, err := net.Split(ctx, offsets, affine, o.Threads)
		return meshes, nil, err
	}
	labels := len(net.Labels)
	shared, err := net.Complex(ctx, offsets, affine, o.Threads)
	if err != nil {
		return nil, nil, err
	}
	before := beforeOf(shared, labels)
	if err := decimate.Run(ctx, shared, labels, o.Decimation.options(affine.Spacing(), o.Threads)); err != nil {
		return nil, nil, err
	}
	return shared.Split(labels, o.Threads), before, nil
}

func check(m *volume.LabelMap, o *Options) error {
	if err := volume.CheckDims(m.Dims); err != nil {
		return err
	}
	if len(m.U8)+len(m.U16) != m.Len() {
		return volume.Reject("truncated", "the label map has %d voxels: its grid has %d", len(m.U8)+len(m.U16), m.Len())
	}
	if d := m.Affine.Det(); !m.Affine.Finite() || d == 0 || math.IsInf(d, 0) || math.IsNaN(d) {
		return volume.Reject("bad_affine", "the label map's axes do not span a space: its affine has determinant %g", d)
	}
	if !(o.Smoothing >= 0 && o.Smoothing <= 1) {
		return volume.Reject("bad_option", "smoothing = %g: want 0 to 1", o.Smoothing)
	}
	return o.Decimation.check()
}

// thickest is the largest factor by which smoothing is made stronger along thick
// slices. On a sphere in slices 3.75 times as thick as pixels are wide, 1.4 takes
// a sixth off the mean error; larger factors lose volume.
const thickest = 1.4

// strengths makes smoothing stronger along an axis of thicker slices, where one
// step of the staircase is taller.
func strengths(s float64, spacing [3]float64) (axes [3]float64) {
	for axis := range axes {
		axes[axis] = min(1, s*min(thickest, spacing[axis]/min(spacing[0], spacing[1], spacing[2])))
	}
	return axes
}

// progress reports the percentage done, which never decreases.
type progress struct {
	mu     sync.Mutex
	last   int
	report func(done, total int)
}

func (p *progress) at(from, to, done, total int) {
	if p.report == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if percent := from + (to-from)*done/max(total, 1); percent > p.last {
		p.last = percent
		p.report(percent, 100)
	}
}
