// Package weld moves vertices of equal position apart. A mesh that is manifold by its
// indices may touch itself or a neighbour; a reader that merges equal positions, as
// every reader of STL does, then finds four faces at one edge. In and out: meshes in
// millimetres. The result does not depend on the number of processors. No errors.
package weld

import (
	"math"
	"sync/atomic"

	"github.com/iris-oculus/iris/internal/meshfile/decimal"
	"github.com/iris-oculus/iris/internal/pages"
	"github.com/iris-oculus/iris/internal/surface"
	"github.com/iris-oculus/iris/internal/surface/work"
)

// Tolerances are shares of a voxel, never lengths in millimetres, so that a map of
// 1 µm voxels is treated like one of 1 mm voxels.
const (
	// share is how far a vertex that touches its own mesh moves towards the mean of
	// its neighbours (research/meshing.md §7): the two fans of a pinch point lie on
	// opposite sides of it. Readers that merge vertices compare them exactly or to a
	// millionth. At a fortieth, ribs of 1.5 mm voxels lose less than 0.1 % of their
	// volume; a tenth took 0.25 %.
	share = 1.0 / 40
	// inset is how far, in voxels, a vertex shared with another mesh moves inward.
	// A cube of one voxel loses six times this share of its volume: 0.3 %.
	inset = 1.0 / 2048
	// resolution is the coarsest step, in voxels, to which a text format may
	// round: half the inset, so that rounding does not undo it. Vertices
	// themselves lie on a grid of 1/1024 voxel before the affine (nets.OffsetOne).
	resolution = 1.0 / 4096
	// leastUlps is the least inset in units of the last place of float32 at the
	// largest coordinate. A unit normal has a component of at least 0.57, so that
	// two move the vertex by one unit.
	leastUlps = 2
	// maxRounds bounds the repetitions. Every round moves the vertices that still
	// touch a little further, and after inwardRounds towards the mean of their
	// neighbours.
	maxRounds    = 8
	inwardRounds = 3
)

// Digits is how many decimals of a millimetre a text format needs at this length
// of a voxel.
func Digits(voxel float64) int { return decimal.Digits(voxel * resolution) }

// Exact stands for a format that writes float32 as it is.
const Exact = -1

// Separate gives copies of the meshes in which no two vertices have equal positions,
// so that a reader which merges equal positions changes nothing. Where a mesh touches
// itself its vertices move towards their own neighbours; where it touches another
// mesh they move inward. voxel is the shortest edge of a voxel in mm; positions are
// rounded to so many decimals of a millimetre, or kept as they are (Exact).
func Separate(meshes []surface.Mesh, voxel float64, digits int) []surface.Mesh {
	out := make([]surface.Mesh, len(meshes))
	each := func(do func(i int)) {
		work.Share(work.Workers(0, len(meshes)), len(meshes), func(_, i int) { do(i) })
	}
	each(func(i int) {
		out[i] = surface.Mesh{Triangles: meshes[i].Triangles, Vertices: pages.Make[[3]float32](len(meshes[i].Vertices))}
		for v, p := range meshes[i].Vertices {
			out[i].Vertices[v] = rounded(p, digits)
		}
	})
	step := max(voxel*inset, leastUlps*ulp(out))
	f := newFinder(out)
	for n := 1; n <= maxRounds; n++ {
		touch := f.find()
		var moved atomic.Bool
		each(func(i int) {
			var toRing []uint32
			var normals [][3]float32
			vertices := out[i].Vertices
			for v, t := range touch[f.base[i]:f.base[i+1]] {
				switch {
				case t == pinched || t == shared && n > inwardRounds:
					toRing = append(toRing, uint32(v))
				case t == shared:
					if normals == nil {
						normals = surface.Normals(&meshes[i])
						moved.Store(true)
					}
					vertices[v] = inward(vertices[v], normals[v], step*float64(n), digits)
				}
			}
			if len(toRing) > 0 {
				moved.Store(true)
				means := ringMeans(&meshes[i], toRing, make([]uint64, len(vertices)/64+1))
				for k, v := range toRing {
					vertices[v] = toward(vertices[v], means[k], share*float64(n), digits)
				}
			}
		})
		if !moved.Load() {
			break
		}
	}
	return out
}

// rounded rounds a position to so many decimals.
func rounded(p [3]float32, digits int) [3]float32 {
	if digits != Exact {
		for axis, x := range p {
			p[axis] = float32(decimal.Round(float64(x), digits))
		}
	}
	return p
}

// ulp is the distance of neighbouring float32 at the largest coordinate.
func ulp(meshes []surface.Mesh) float64 {
	largest := float32(0)
	for i := range meshes {
		for _, v := range meshes[i].Vertices {
			largest = max(largest, v[0], -v[0], v[1], -v[1], v[2], -v[2])
		}
	}
	return float64(math.Nextafter32(largest, math.MaxFloat32)) - float64(largest)
}
