package nets

import (
	"math/rand/v2"
	"testing"

	"github.com/iris-oculus/iris/internal/surface"
	"github.com/iris-oculus/iris/internal/surface/surfacetest"
	"github.com/iris-oculus/iris/internal/volume"
)

// positions are the corners of a mesh's triangles.
func positions(m *surface.Mesh) [][3][3]float32 {
	out := make([][3][3]float32, len(m.Triangles))
	for i, t := range m.Triangles {
		for c, v := range t {
			out[i][c] = m.Vertices[v]
		}
	}
	return out
}

// sameTriangle says whether two triangles have the same corners in the same sense.
func sameTriangle(a, b [3][3]float32) bool {
	for r := range 3 {
		if a[0] == b[r] && a[1] == b[(r+1)%3] && a[2] == b[(r+2)%3] {
			return true
		}
	}
	return false
}

// The complex falls into the meshes that the net is split into: the same triangles in
// the same order, joined by the same edges.
func TestComplexSplitsLikeTheNet(t *testing.T) {
	mirrored := volume.Affine{{-1, 0, 0, 5}, {0, 2, 0, -3}, {0, 0, 1.5, 7}}
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 3))
		dims := [3]int{1 + r.IntN(40), 1 + r.IntN(14), 1 + r.IntN(30)}
		m := surfacetest.Noise(seed, dims, 1+r.IntN(6))
		if seed%2 == 1 {
			m.Affine = mirrored
		}
		rule := Rule(seed / 2 % 2)
		n, err := Extract(t.Context(), m, Options{Rule: rule})
		if err != nil {
			t.Fatal(err)
		}
		want, err := n.Split(t.Context(), nil, m.Affine, 2)
		if err != nil {
			t.Fatal(err)
		}
		c, err := n.Complex(t.Context(), nil, m.Affine, 2)
		if err != nil {
			t.Fatal(err)
		}
		count := Count(m, nil, 2)
		if int(count.Shared) != len(c.Triangles)/2 || int(count.Corners) < len(c.Pinched) {
			t.Errorf("seed %d: counted %+v, found %d triangles and %d corners", seed, count, len(c.Triangles), len(c.Pinched))
		}
		got := c.Split(len(n.Labels), 2)
		checkAll(t, m, n, got)
		for l := range want {
			if len(got[l].Vertices) != len(want[l].Vertices) || len(got[l].Triangles) != len(want[l].Triangles) {
				t.Fatalf("seed %d, label %d: %d vertices, %d triangles, want %d, %d", seed, l, len(got[l].Vertices), len(got[l].Triangles), len(want[l].Vertices), len(want[l].Triangles))
			}
			a, b := positions(&got[l]), positions(&want[l])
			for i := range a {
				// The two of a quad come in either order.
				if !sameTriangle(a[i], b[i]) && !sameTriangle(a[i], b[i^1]) {
					t.Fatalf("seed %d, label %d, triangle %d: %v, want %v", seed, l, i, a[i], b[i])
				}
			}
		}
	}
}

// The largest label that a map can hold has its mesh like any other.
func TestComplexOfTheLargestLabel(t *testing.T) {
	m := &volume.LabelMap{Dims: [3]int{2, 1, 1}, Affine: volume.Affine{{1, 0, 0, 0}, {0, 1, 0, 0}, {0, 0, 1, 0}}, U16: []uint16{1, 65535}}
	n, err := Extract(t.Context(), m, Options{})
	if err != nil {
		t.Fatal(err)
	}
	c, err := n.Complex(t.Context(), nil, m.Affine, 1)
	if err != nil {
		t.Fatal(err)
	}
	meshes := c.Split(len(n.Labels), 1)
	if len(meshes) != 1<<16 {
		t.Fatalf("%d meshes", len(meshes))
	}
	checkAll(t, m, n, meshes)
	for _, l := range []int{1, 65535} {
		if got := len(meshes[l].Triangles); got != 12 {
			t.Errorf("label %d has %d triangles, want 12", l, got)
		}
	}
}
