package printing

import (
	"cmp"
	"math"
	"math/bits"
	"slices"

	"github.com/iris-oculus/iris/internal/surface"
)

// touching lists the pairs of structures that have a triangle in common, in order of
// the structures: neighbours share their wall to the bit, seen from either side.
func touching(surfaces []surface.Surface) [][2]string {
	if len(surfaces) < 2 {
		return [][2]string{}
	}
	type place struct {
		triangle uint64 // a hash of it: two of ten million are alike by chance once in 400,000 models
		of       int32
	}
	total := 0
	for i := range surfaces {
		total += len(surfaces[i].Mesh.Triangles)
	}
	places := make([]place, 0, total)
	for i := range surfaces {
		m := &surfaces[i].Mesh
		for _, t := range m.Triangles {
			// A sum, because it does not matter which corner is the first.
			places = append(places, place{hash(m.Vertices[t[0]]) + hash(m.Vertices[t[1]]) + hash(m.Vertices[t[2]]), int32(i)})
		}
	}
	slices.SortFunc(places, func(a, b place) int { return cmp.Or(cmp.Compare(a.triangle, b.triangle), cmp.Compare(a.of, b.of)) })
	shared := make(map[[2]int32]bool)
	for i := 0; i < len(places); {
		from := i
		for ; i < len(places) && places[i].triangle == places[from].triangle; i++ {
			for j := from; j < i; j++ {
				if pair := [2]int32{places[j].of, places[i].of}; pair[0] != pair[1] {
					shared[pair] = true
				}
			}
		}
	}
	var pairs [][2]int32
	for pair := range shared {
		pairs = append(pairs, pair)
	}
	slices.SortFunc(pairs, func(a, b [2]int32) int { return cmp.Or(cmp.Compare(a[0], b[0]), cmp.Compare(a[1], b[1])) })
	names := make([][2]string, len(pairs))
	for i, p := range pairs {
		names[i] = [2]string{surfaces[p[0]].Label.Name, surfaces[p[1]].Label.Name}
	}
	return names
}

// hash mixes a position; -0 is 0.
func hash(p [3]float32) uint64 {
	x, y, z := uint64(math.Float32bits(p[0]+0)), uint64(math.Float32bits(p[1]+0)), uint64(math.Float32bits(p[2]+0))
	high, low := bits.Mul64(x<<32|y^0xa0761d6478bd642f, z^0xe7037ed1a0b428db)
	return high ^ low
}
