package surface

import (
	"math"
	"testing"
)

func TestNormalsPointOutwardAndAreUnit(t *testing.T) {
	m := Mesh{
		Vertices:  [][3]float32{{0, 0, 0}, {10, 0, 0}, {0, 10, 0}, {0, 0, 10}, {5, 5, 5}},
		Triangles: [][3]uint32{{0, 2, 1}, {0, 1, 3}, {1, 2, 3}, {0, 3, 2}},
	}
	for i, n := range Normals(&m) {
		if length := math.Hypot(math.Hypot(float64(n[0]), float64(n[1])), float64(n[2])); math.Abs(length-1) > 1e-6 {
			t.Errorf("normal %d has length %v", i, length)
		}
		if i == 4 {
			continue // no triangle touches it
		}
		outward := 0.0
		for k := range 3 {
			outward += float64(n[k]) * (float64(m.Vertices[i][k]) - 2.5)
		}
		if outward <= 0 {
			t.Errorf("normal %d = %v points inward", i, n)
		}
	}
}
