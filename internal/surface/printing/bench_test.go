package printing_test

import (
	"testing"

	"github.com/iris-oculus/iris/internal/surface/build"
	"github.com/iris-oculus/iris/internal/surface/printing"
	"github.com/iris-oculus/iris/internal/surface/surfacetest"
)

// BenchmarkExamine examines 112 structures at 3 mm.
func BenchmarkExamine(b *testing.B) {
	made, err := build.Surfaces(b.Context(), surfacetest.Torso([3]int{136, 136, 200}, [3]float64{3, 3, 3}), build.Options{Smoothing: 0.5})
	if err != nil {
		b.Fatal(err)
	}
	triangles := 0
	for i := range made {
		triangles += len(made[i].Mesh.Triangles)
	}
	for b.Loop() {
		if _, err := printing.Examine(b.Context(), made, [3]float64{}, printing.Options{}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(triangles)*float64(b.N)/b.Elapsed().Seconds(), "triangles/s")
}
