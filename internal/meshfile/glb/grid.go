package glb

import (
	"math"

	"github.com/iris-oculus/iris/internal/meshfile/scene"
	"github.com/iris-oculus/iris/internal/meshfile/weld"
	"github.com/iris-oculus/iris/internal/surface/work"
)

// grid is the one grid to which all positions of a model are rounded, so that
// positions that structures share stay shared. It lies in the axes of glTF. Both of
// its numbers are exact in float32, for readers compute in it.
type grid struct {
	origin [3]float64 // of the grid's point (0, 0, 0), in metres
	reach  float64    // metres from there to the last point along an axis
}

// maxGrid is the largest coordinate on the grid: coordinates have 16 bits.
const maxGrid = math.MaxUint16

// gridOf is the grid of a scene. Its step is a share of the voxel, or, where 16 bits
// would not reach from one end of the scene to the other, the least that does.
func gridOf(s *scene.Scene, share float64) grid {
	meshes := s.Meshes()
	lows, highs := make([][3]float32, len(meshes)), make([][3]float32, len(meshes))
	work.Share(work.Workers(0, len(meshes)), len(meshes), func(_, i int) {
		lows[i], highs[i] = weld.Bounds(meshes[i].Vertices, nil, scene.Facing)
	})
	low, high := lows[0], highs[0]
	for i := range meshes {
		for k := range 3 {
			low[k], high[k] = min(low[k], lows[i][k]), max(high[k], highs[i][k])
		}
	}
	g := grid{}
	reach := 0.0 // in metres, from the origin as it is rounded
	for k := range 3 {
		g.origin[k] = below(float64(low[k]) * 1e-3)
		reach = max(reach, float64(high[k])*1e-3-g.origin[k])
	}
	g.reach = -below(-max(s.Voxel()*share*1e-3*maxGrid, reach))
	return g
}

// below is the largest float32 that is not above x.
func below(x float64) float64 {
	f := float32(x)
	if float64(f) > x {
		f = math.Nextafter32(f, -math.MaxFloat32)
	}
	return float64(f)
}

// point rounds a position in world RAS millimetres to the grid. It is off by at most
// half a step along each axis.
func (g *grid) point(v [3]float32) (p [3]uint16) {
	for k, x := range scene.Facing(v) {
		p[k] = uint16(max(0, min(maxGrid, math.Round((float64(x)*1e-3-g.origin[k])/g.reach*maxGrid))))
	}
	return p
}

// extent is the least and the greatest coordinates of points.
type extent struct{ low, high [3]uint16 }

// none is the extent of no point.
var none = extent{low: [3]uint16{maxGrid, maxGrid, maxGrid}}

func (e *extent) add(p [3]uint16) {
	for k, x := range p {
		e.low[k], e.high[k] = min(e.low[k], x), max(e.high[k], x)
	}
}
