package build

import (
	"math"
	"runtime"
	"slices"

	"github.com/iris-oculus/iris/internal/surface"
	"github.com/iris-oculus/iris/internal/surface/decimate"
	"github.com/iris-oculus/iris/internal/surface/nets"
	"github.com/iris-oculus/iris/internal/surface/work"
	"github.com/iris-oculus/iris/internal/volume"
)

// Need bounds the bytes that a label map's surfaces take. Each part counts all that
// is allocated, whether it is still used or not, so that the bound holds whenever
// the collector runs. The net is the exception: Surfaces runs the collector before
// it measures and writes meshes, and the net is gone then.
type Need struct {
	Fixed  int64 // the program and the label map
	Net    int64 // the net and the buffers of smoothing
	Shared int64 // the complex that is decimated
	Rounds int64 // what decimating it takes
	Meshes int64 // what Surfaces returns
	Survey int64 // what measuring takes
	// Model is how large the meshes are, at most.
	Model surface.Size
}

// Bytes is an upper bound of what is held at any one time. after is what the caller
// allocates once Surfaces has returned.
func (n Need) Bytes(after int64) int64 {
	const slack = 20 // allocators round up; a twentieth more than is asked for
	// The net is gone when decimation begins, and its tables are when meshes are made.
	most := max(n.Net+n.Shared, n.Shared+n.Rounds, n.Shared+n.Meshes+n.Survey+after)
	if n.Shared == 0 {
		most = n.Meshes + max(n.Net, n.Survey+after)
	}
	return n.Fixed + most + most/slack
}

// MemoryOf says what Surfaces of a label map needs. It counts the surface of the
// chosen structures in the map, because noise, checkerboards and maps of many labels
// have far more of it than organs, and allocates nothing for them. It takes about as
// long as a third of the extraction. Errors are those of Surfaces.
func MemoryOf(m *volume.LabelMap, o Options) (Need, error) {
	const (
		program  = 128 << 20 // with stacks and the buffers of readers
		offsets  = 2 * 8     // a vertex of the net: two buffers of smoothing
		mesh     = 12 + 12   // an own vertex: its position and its normal
		triangle = 12
		// Of a mesh's vertex: its part and a volume, twice where they grow, and shells.
		survey = 2*(4+8) + 16
		record = 2560    // a surface with its label and measurements, in lists that grow
		tables = 2 << 20 // by label
	)
	if err := check(m, &o); err != nil {
		return Need{}, err
	}
	choice, err := choose(m, &o)
	if err != nil {
		return Need{}, err
	}
	perVoxel, labels := int64(1), 1<<8 // bytes, and counters up to the largest label
	if m.U16 != nil {
		perVoxel = 2
	}
	if choice.dense != nil {
		labels = 1 + int(slices.Max(choice.dense))
	}
	workers := int64(work.Workers(o.Threads, labels))
	c := nets.Count(m, choice.dense, o.Threads)
	need := Need{
		Fixed:  int64(m.Len())*perVoxel + program,
		Net:    c.Bytes(labels, work.Workers(o.Threads, m.Dims[2])) + c.Vertices*offsets,
		Meshes: c.Own*mesh + 2*c.Quads*triangle + int64(labels)*record + tables,
		Survey: survey * min(c.Own, workers*c.Largest),
		Model: surface.Size{
			Meshes: int64(labels), Vertices: c.Own, Triangles: 2 * c.Quads,
			Worked: min(c.Own, int64(runtime.GOMAXPROCS(0))*c.Largest), Pinched: c.Pinched, Touching: c.Touching,
		},
	}
	if !o.Decimation.none() {
		const (
			vertex  = 12 + 12 // its position and, of a pinched one, its sheets
			corners = 12 + 4  // of a triangle, and its sides
		)
		need.Shared = (c.Vertices+c.Corners)*vertex + 2*c.Shared*corners
		need.Rounds = decimate.Bytes(c.Vertices+c.Corners, 2*c.Shared, int64(work.Workers(o.Threads, math.MaxInt)))
		need.Meshes += 2 * c.Quads * 4 // the list by which triangles are given to meshes
	}
	return need, nil
}
