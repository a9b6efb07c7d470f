package meshopt_test

import (
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/iris-oculus/iris/internal/meshfile/meshopt"
	"github.com/iris-oculus/iris/internal/meshfile/meshtest"
)

// turned is a triangle that begins at its least corner.
func turned(t [3]uint32) [3]uint32 {
	for t[0] > min(t[1], t[2]) || t[0] == t[2] && t[1] > t[0] {
		t = [3]uint32{t[1], t[2], t[0]}
	}
	return t
}

// sorted lists the triangles of a mesh whatever their order and first corner.
func sorted(list [][3]uint32) [][3]uint32 {
	out := make([][3]uint32, len(list))
	for i, t := range list {
		out[i] = turned(t)
	}
	slices.SortFunc(out, func(a, b [3]uint32) int { return slices.Compare(a[:], b[:]) })
	return out
}

// reorder gives the triangles in their new order, with the mesh's vertices, and
// checks the numbers.
func reorder(t *testing.T, s *meshopt.Sorter, vertices int, list [][3]uint32) [][3]uint32 {
	t.Helper()
	var emitted [][3]uint32
	order := s.Order(vertices, list, func(a, b, c uint32) { emitted = append(emitted, [3]uint32{a, b, c}) })
	next := uint32(0)
	used := map[uint32]bool{}
	for i := range emitted {
		for k, v := range emitted[i] {
			if v > next || int(v) >= len(order) {
				t.Fatalf("triangle %d uses vertex %d before vertex %d, of %d", i, v, next, len(order))
			}
			if v == next {
				next++
			}
			emitted[i][k] = order[v]
			used[order[v]] = true
		}
	}
	if int(next) != len(order) || len(used) != len(order) {
		t.Fatalf("%d vertices in order, %d of them used and %d different", len(order), next, len(used))
	}
	return emitted
}

func TestOrderKeepsEveryTriangle(t *testing.T) {
	r := rand.New(rand.NewPCG(6, 6))
	all := lists(r)
	sphere := meshtest.Sphere([3]float32{}, 1, 7).Triangles // more than one window
	shuffled := slices.Clone(sphere)
	r.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
	all["a large sphere"], all["a large sphere, shuffled"] = sphere, shuffled
	var wheel [][3]uint32 // one vertex of a hundred thousand triangles
	for i := range uint32(100_000) {
		wheel = append(wheel, [3]uint32{0, i + 1, (i+1)%100_000 + 1})
	}
	all["a wheel"] = wheel
	all["one triangle, for ever"] = slices.Repeat([][3]uint32{{0, 1, 2}}, 150_000)
	var s, other meshopt.Sorter
	for name, list := range all {
		vertices := uint32(0)
		for _, x := range list {
			vertices = max(vertices, x[0]+1, x[1]+1, x[2]+1)
		}
		if vertices > 1<<20 {
			continue // a mesh has as many vertices
		}
		got := reorder(t, &s, int(vertices), list)
		if !slices.Equal(sorted(got), sorted(list)) {
			t.Errorf("%s: other triangles", name)
		}
		other = meshopt.Sorter{}
		if !slices.Equal(got, reorder(t, &other, int(vertices), list)) {
			t.Errorf("%s: the order depends on the mesh before", name)
		}
	}
}

// Each processor's cache of 16 vertices meets hardly more than one new vertex a
// triangle, of a shuffled mesh too, and no more than two windows' borders of them
// come twice.
func TestOrderIsLocal(t *testing.T) {
	m := meshtest.Sphere([3]float32{}, 1, 6)
	rand.New(rand.NewPCG(7, 7)).Shuffle(len(m.Triangles), func(i, j int) { m.Triangles[i], m.Triangles[j] = m.Triangles[j], m.Triangles[i] })
	var s meshopt.Sorter
	came, misses := map[uint32]int{}, 0
	s.Order(len(m.Vertices), m.Triangles, func(a, b, c uint32) {
		for _, v := range [3]uint32{a, b, c} {
			if at, ok := came[v]; !ok || misses-at >= 16 {
				came[v] = misses
				misses++
			}
		}
	})
	if n := len(m.Triangles); misses > n*21/20 {
		t.Errorf("%d triangles load %d vertices", n, misses)
	}
}

func FuzzTriangles(f *testing.F) {
	f.Add([]byte{0, 1, 2, 2, 1, 3, 255, 254, 253}, uint8(0))
	f.Add([]byte{0, 0, 0, 1, 0, 0, 0, 1, 0, 1, 1, 0}, uint8(1))
	f.Fuzz(func(t *testing.T, data []byte, wide uint8) {
		var list [][3]uint32
		size := 1 + int(wide%2)
		for ; len(data) >= 3*size; data = data[3*size:] {
			var x [3]uint32
			for k := range x {
				x[k] = uint32(data[size*k])
				if size == 2 {
					x[k] = uint32(binary.LittleEndian.Uint16(data[2*k:]))
				}
			}
			list = append(list, x)
		}
		got, err := decodeTriangles(meshopt.AppendTriangles(nil, list), len(list))
		if err != nil {
			t.Fatal(err)
		}
		for i := range list {
			if turned(got[i]) != turned(list[i]) {
				t.Fatalf("triangle %d is %v, want %v", i, got[i], list[i])
			}
		}
		var s meshopt.Sorter
		if !slices.Equal(sorted(reorder(t, &s, 1<<16, list)), sorted(list)) {
			t.Fatal("other triangles in order")
		}
	})
}

func FuzzVertices(f *testing.F) {
	f.Add([]byte("positions and normals of a mesh that is not one"), uint8(0))
	f.Add(ramp(300, 12), uint8(2))
	f.Fuzz(func(t *testing.T, data []byte, n uint8) {
		stride := 4 * (1 + int(n)%64)
		data = data[:len(data)/stride*stride]
		got, err := decodeVertices(meshopt.AppendVertices(nil, data, stride), len(data)/stride, stride)
		if err != nil || !slices.Equal(got, data) {
			t.Fatalf("%d bytes of stride %d: %v", len(data), stride, err)
		}
	})
}
