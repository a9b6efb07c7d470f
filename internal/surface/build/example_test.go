package build_test

import (
	"context"
	"fmt"

	"github.com/iris-oculus/iris/internal/surface/build"
	"github.com/iris-oculus/iris/internal/volume"
)

// A label map that holds a cube of 4 × 4 × 4 voxels of a cubic millimetre gives one
// closed surface, in world RAS millimetres, whose volume is the cube's.
func ExampleSurfaces() {
	labels := &volume.LabelMap{
		Dims:   [3]int{8, 8, 8},
		Affine: volume.Affine{{1, 0, 0, 0}, {0, 1, 0, 0}, {0, 0, 1, 0}},
		U8:     make([]uint8, 8*8*8),
		Table:  volume.Table{Labels: []volume.Label{{ID: 7, Name: "cube"}}},
	}
	for k := 2; k < 6; k++ {
		for j := 2; j < 6; j++ {
			for i := 2; i < 6; i++ {
				labels.U8[i+8*(j+8*k)] = 7
			}
		}
	}
	surfaces, err := build.Surfaces(context.Background(), labels, build.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, s := range surfaces {
		m := s.Measure
		fmt.Println(s.Label.Name, len(s.Mesh.Triangles), "triangles, closed:", m.Watertight)
		fmt.Println(m.VolumeML, "ml, from", m.Min, "to", m.Max, "mm")
	}
	// Output:
	// cube 192 triangles, closed: true
	// 0.064 ml, from [1.5 1.5 1.5] to [5.5 5.5 5.5] mm
}
