package build_test

import (
	"runtime"
	"testing"

	"github.com/iris-oculus/iris/internal/surface/build"
	"github.com/iris-oculus/iris/internal/surface/surfacetest"
	"github.com/iris-oculus/iris/internal/volume"
)

// All that surfaces allocate while they are decimated, kept or not, is within the
// bound of their parts and of two rounds: the collector comes after each round, and
// what is left after the first one is smaller, or the second is the last.
func TestMemoryOfDecimationIsABound(t *testing.T) {
	for name, m := range map[string]*volume.LabelMap{
		"noise of one label":   surfacetest.Noise(1, [3]int{32, 32, 32}, 1),
		"noise of 200 labels":  surfacetest.Noise(2, [3]int{32, 32, 32}, 200),
		"noise in one slice":   surfacetest.Noise(4, [3]int{160, 160, 1}, 3),
		"a torso":              surfacetest.Torso([3]int{90, 80, 100}, [3]float64{4.5, 5, 6}),
		"three boxes in touch": organs(),
	} {
		o := build.Options{Smoothing: 0.5, Decimation: build.Decimation{Error: 0.25, Voxels: true}}
		need, err := build.MemoryOf(m, o)
		if err != nil {
			t.Fatal(err)
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if _, err := build.Surfaces(t.Context(), m, o); err != nil {
			t.Fatal(err)
		}
		runtime.ReadMemStats(&after)
		used := int64(after.TotalAlloc - before.TotalAlloc)
		const own = 4 << 20 // workers' tables that do not depend on the model
		bound := need.Net + need.Shared + 2*need.Rounds + need.Meshes + need.Survey + own
		t.Logf("%s: %d MiB allocated, the bound is %d; held at most %d", name, used>>20, bound>>20, need.Bytes(0)>>20)
		if used > bound {
			t.Errorf("%s: %d MiB allocated, the bound is %d", name, used>>20, bound>>20)
		}
	}
}

// The bound is not so wide that an ordinary scan is refused.
func TestMemoryOfADecimatedTorso(t *testing.T) {
	need, err := build.MemoryOf(surfacetest.Torso([3]int{256, 256, 300}, [3]float64{1.6, 1.6, 2}), build.Options{Threads: 2, Decimation: build.Decimation{Ratio: 0.25}})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d MiB", need.Bytes(0)>>20)
	if got := need.Bytes(0); got > 700<<20 {
		t.Errorf("%d MiB", got>>20)
	}
}
