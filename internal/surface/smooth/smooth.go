// Package smooth moves the vertices of a net so that the staircase of voxels
// disappears and the shape is kept.
//
// In: a net and a strength for each voxel axis, 0 (exact voxels) to 1. Out: the
// offset of each vertex from the middle of its cell (nets.Offset). Labels share
// vertices, so neighbours stay without gap or overlap. Errors are the context's.
//
// # Twicing
//
// Let A replace each vertex by the mean of its neighbours. Diffusion for a time t
// multiplies a wave on the surface with A = a by s = exp(-t(1-a)); it removes the
// staircase (a near -1) and shrinks the shape as well, by first order in 1-a.
// Twicing smooths what smoothing took away and gives it back: f = 2s - s², that
// is 1-f = (1-s)², of second order in 1-a: organs keep their volume to a few parts
// in ten thousand. What is too small for that has its volume put back, see keep.go.
//
// f is not run as a diffusion of some 40 steps but as the polynomial in A nearest
// to it, of degree 10 for the default strength, see filter.go. Steps are computed
// in fixed point, three axes in one word, see lanes.go. Spacing never enters: A is
// an affine invariant. A vertex stays within its cell; where that is not enough to
// keep two sheets of a surface apart, nets.Split draws it back, see nets/envelope.go.
package smooth

import (
	"context"
	"runtime"

	"github.com/iris-oculus/iris/internal/pages"
	"github.com/iris-oculus/iris/internal/surface/nets"
	"github.com/iris-oculus/iris/internal/surface/work"
)

// Options of Offsets. The zero value leaves the exact voxels.
type Options struct {
	// Strength says, for each voxel axis, how far the coordinates along that axis are
	// smoothed, from 0 to 1. Thick slices need more along their axis.
	Strength [3]float64
	// Shells marks, by dense label, structures known to be thin. They keep their
	// volume, as do all that are found to be thin, see keep.go.
	Shells []bool
	// Threads is the number of goroutines; 0 means one for each CPU.
	Threads int
}

// Offsets smooths a net. It returns nil, exact voxels, when all strengths are 0.
func Offsets(ctx context.Context, n *nets.Net, o Options) ([]nets.Offset, error) {
	if o.Strength == [3]float64{} || n.Len() == 0 {
		return nil, ctx.Err()
	}
	var axes [3][]float64
	degree := 0
	for axis, s := range o.Strength {
		axes[axis] = coefficients(longestTime * min(max(s, 0), 1))
		degree = max(degree, len(axes[axis])-1)
	}
	chunks := cut(n)
	workers := work.Workers(o.Threads, len(chunks))
	each := func(do func(c chunk)) {
		work.Share(workers, len(chunks), func(_, i int) { do(chunks[i]) })
	}

	// Clenshaw's recurrence, from the highest coefficient down:
	// b[k] = c[k]·d + 2A b[k+1] - b[k+2], and the offset is c[0]·d + A b[1] - b[2].
	// next holds b[k+1], and last b[k+2], over which b[k] is written.
	next, last := pages.Make[nets.Offset](n.Len()), pages.Make[nets.Offset](n.Len())
	top := startTable(axes, degree)
	each(func(c chunk) { c.start(n, &top, next, last) })
	for k := degree - 1; k >= 0; k-- {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		table := stepTable(axes, k)
		if k > 0 {
			each(func(c chunk) { c.step(n, &table, next, last) })
		} else {
			each(func(c chunk) { c.finish(n, &table, next, last) })
		}
		next, last = last, next
	}
	// The other buffer is a tenth of all that the engine holds. The next step
	// allocates more at once than the collector would wait for, so it runs here.
	runtime.GC()
	newKeeper(n, next, o.Shells, work.Workers(o.Threads, n.Slabs())).run()
	return next, nil
}

// chunk is a range of layers, the piece of work of one step.
type chunk struct{ from, to int }

// cut divides the layers into chunks of roughly equal numbers of vertices.
func cut(n *nets.Net) []chunk {
	const chunks = 64
	var cs []chunk
	for z := 0; z < len(n.Layers); {
		to := z + 1
		for to < len(n.Layers) && (n.Start[to]-n.Start[z])*chunks < n.Len() {
			to++
		}
		cs = append(cs, chunk{z, to})
		z = to
	}
	return cs
}
