package tissue

import (
	"math/rand"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"testing"

	"github.com/iris-oculus/iris/internal/volume"
	"github.com/iris-oculus/iris/internal/volume/phantom"
)

// peak is the most bytes of the heap that were in use while do ran, beside what was
// before. The collector runs often, so that little of it is garbage.
func peak(do func()) uint64 {
	defer debug.SetGCPercent(debug.SetGCPercent(5))
	runtime.GC()
	heap := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	read := func() uint64 { metrics.Read(heap); return heap[0].Value.Uint64() }
	before, most := read(), uint64(0)
	ended := make(chan struct{})
	go func() { do(); close(ended) }()
	for {
		select {
		case <-ended:
			return max(most, before) - before
		default:
			most = max(most, read())
			runtime.Gosched()
		}
	}
}

// TestMemoryIsABound: what takes most memory are voxels that are each a part of their
// own, in a band of density that some step looks at.
func TestMemoryIsABound(t *testing.T) {
	dims := [3]int{96, 96, 96}
	board := func(even, odd int16) []int16 {
		out := make([]int16, dims[0]*dims[1]*dims[2])
		for n := range out {
			x, y, z := n%dims[0], n/dims[0]%dims[1], n/dims[0]/dims[1]
			switch {
			case x < dims[0]/3:
				out[n] = 40
			case (x+y+z)%2 == 0:
				out[n] = even
			default:
				out[n] = odd
			}
		}
		return out
	}
	noise := func() []int16 {
		rng, out := rand.New(rand.NewSource(1)), board(0, 0)
		for n := range out {
			out[n] = int16(max(-1024, 100+400*rng.NormFloat64()))
		}
		return out
	}
	for _, c := range []struct {
		name   string
		mm     float64
		voxels []int16
	}{
		{"torso with contrast medium", 3, phantom.Enhanced(dims, 3, 300).Voxels},
		{"bone and air", 0.7, board(400, -1000)},
		{"bone and fat", 6, board(400, -100)},
		{"lung and fat", 3, board(-900, -100)},
		{"air and lean tissue", 1, board(-1000, 40)},
		{"noise", 6, noise()},
	} {
		// Columns go forwards: the axes have to be turned.
		v := &volume.Volume{Dims: dims, Affine: volume.Affine{{0, c.mm, 0, 0}, {c.mm, 0, 0, 0}, {0, 0, c.mm, 0}}, Voxels: c.voxels}
		held := int64(peak(func() {
			if _, err := Segment(t.Context(), v); err != nil {
				t.Errorf("%s: %v", c.name, err)
			}
		})) + 2*int64(len(c.voxels))
		t.Logf("%s: %.1f bytes a voxel", c.name, float64(held)/float64(len(c.voxels)))
		if bound := Memory(len(c.voxels)) - program; held > bound {
			t.Errorf("%s: %d bytes were held, the bound is %d", c.name, held, bound)
		}
	}
}
