package weld

import (
	"slices"

	"github.com/iris-oculus/iris/internal/surface"
)

// ringMeans gives, for a rising list of vertices, the mean of each one's
// neighbours. mark is scratch of a bit for each vertex, all zero before and after.
func ringMeans(m *surface.Mesh, vertices []uint32, mark []uint64) [][3]float64 {
	for _, v := range vertices {
		mark[v/64] |= 1 << (v % 64)
	}
	sums := make([][4]float64, len(vertices))
	for i := range m.Triangles {
		t := &m.Triangles[i]
		a, b, c := t[0], t[1], t[2]
		if (mark[a/64]>>(a%64)|mark[b/64]>>(b%64)|mark[c/64]>>(c%64))&1 == 0 { // as most
			continue
		}
		for k, v := range t {
			if mark[v/64]>>(v%64)&1 == 0 {
				continue
			}
			at, _ := slices.BinarySearch(vertices, v)
			s := &sums[at]
			// A closed fan meets each neighbour in two triangles: equal weights.
			for _, other := range [2]uint32{t[(k+1)%3], t[(k+2)%3]} {
				for axis, x := range m.Vertices[other] {
					s[axis] += float64(x)
				}
				s[3]++
			}
		}
	}
	means := make([][3]float64, len(vertices))
	for i, v := range vertices {
		mark[v/64] = 0
		for axis := range 3 {
			if means[i][axis] = float64(m.Vertices[v][axis]); sums[i][3] > 0 {
				means[i][axis] = sums[i][axis] / sums[i][3]
			}
		}
	}
	return means
}

// toward is the rounded point that lies a share of the way from p to another point.
func toward(p [3]float32, to [3]float64, share float64, digits int) [3]float32 {
	for axis, x := range p {
		p[axis] = float32(float64(x) + share*(to[axis]-float64(x)))
	}
	return rounded(p, digits)
}

// inward is p moved against a normal by a distance in mm, rounded.
func inward(p, normal [3]float32, distance float64, digits int) [3]float32 {
	for axis, x := range p {
		p[axis] = float32(float64(x) - distance*float64(normal[axis]))
	}
	return rounded(p, digits)
}
