// Package meshtest is for the tests of mesh files, as net/http/httptest is for
// net/http; no program links it. It makes shapes, judges meshes, and reads GLB,
// OBJ, PLY and STL back as far as IRIS writes them. Positions are world RAS
// millimetres. Any file of OBJ, PLY or STL gives surfaces or an error; a damaged
// GLB may make its decoder, which is not ours, panic.
package meshtest

import (
	"math"

	"github.com/iris-oculus/iris/internal/meshfile/scene"
	"github.com/iris-oculus/iris/internal/surface"
	"github.com/iris-oculus/iris/internal/volume"
)

// Box is a closed box from one corner to the opposite one: 8 vertices, 12 triangles.
func Box(low, high [3]float32) surface.Mesh {
	var m surface.Mesh
	for i := range 8 {
		p := low
		for k := range 3 {
			if i>>k&1 == 1 {
				p[k] = high[k]
			}
		}
		m.Vertices = append(m.Vertices, p)
	}
	for _, q := range [6][4]uint32{{0, 4, 6, 2}, {1, 3, 7, 5}, {0, 1, 5, 4}, {2, 6, 7, 3}, {0, 2, 3, 1}, {4, 5, 7, 6}} {
		m.Triangles = append(m.Triangles, [3]uint32{q[0], q[1], q[2]}, [3]uint32{q[0], q[2], q[3]})
	}
	return m
}

// Sphere is a closed sphere: an octahedron divided n times.
func Sphere(center [3]float32, radius float64, n int) surface.Mesh {
	m := surface.Mesh{
		Vertices:  [][3]float32{{1, 0, 0}, {-1, 0, 0}, {0, 1, 0}, {0, -1, 0}, {0, 0, 1}, {0, 0, -1}},
		Triangles: [][3]uint32{{0, 2, 4}, {2, 1, 4}, {1, 3, 4}, {3, 0, 4}, {2, 0, 5}, {1, 2, 5}, {3, 1, 5}, {0, 3, 5}},
	}
	for range n {
		m = divide(m)
	}
	for i, p := range m.Vertices {
		length := math.Sqrt(float64(p[0]*p[0] + p[1]*p[1] + p[2]*p[2]))
		for k := range 3 {
			m.Vertices[i][k] = center[k] + float32(radius*float64(p[k])/length)
		}
	}
	return m
}

func divide(m surface.Mesh) surface.Mesh {
	middle := map[[2]uint32]uint32{}
	out := surface.Mesh{Vertices: m.Vertices}
	half := func(a, b uint32) uint32 {
		key := [2]uint32{min(a, b), max(a, b)}
		if v, ok := middle[key]; ok {
			return v
		}
		p, q := out.Vertices[a], out.Vertices[b]
		middle[key] = uint32(len(out.Vertices))
		out.Vertices = append(out.Vertices, [3]float32{(p[0] + q[0]) / 2, (p[1] + q[1]) / 2, (p[2] + q[2]) / 2})
		return middle[key]
	}
	for _, t := range m.Triangles {
		ab, bc, ca := half(t[0], t[1]), half(t[1], t[2]), half(t[2], t[0])
		out.Triangles = append(out.Triangles, [3]uint32{t[0], ab, ca}, [3]uint32{ab, t[1], bc}, [3]uint32{ca, bc, t[2]}, [3]uint32{ab, bc, ca})
	}
	return out
}

// Scene has a sphere and two boxes that share a face, with full labels.
func Scene() scene.Scene {
	label := func(id int, name, color string) volume.Label {
		return volume.Label{ID: id, Name: name, NameEN: name + " (en)", NameES: name + " (es)", Color: color, SNOMED: "10200004", Group: "organs"}
	}
	return scene.Scene{
		Surfaces: []surface.Surface{
			{Label: label(1, "liver", "#dd8265"), Mesh: Sphere([3]float32{40, -20, 300}, 25, 3), Measure: surface.Measure{Voxels: 65450, VolumeML: 65.45, MeshML: 65.1, SurfaceCM2: 78.5, Components: 1, Watertight: true}},
			{Label: label(5, "spleen", "#9d6ca2"), Mesh: Box([3]float32{-60, 10, 280}, [3]float32{-40, 40, 300}), Measure: surface.Measure{Voxels: 12000, VolumeML: 12, MeshML: 12, SurfaceCM2: 32, Components: 1, Watertight: true, Partial: true}},
			{Label: label(9, "kidney_left", ""), Mesh: Box([3]float32{-40, 10, 280}, [3]float32{-20, 40, 300}), Measure: surface.Measure{Voxels: 12000, VolumeML: 12, MeshML: 12, SurfaceCM2: 32, Components: 1, Watertight: true}},
		},
		Provenance: volume.Provenance{Model: "tissue", Version: "1.0.0", Task: "tissue"},
		Spacing:    [3]float64{0.8, 0.8, 1.5},
	}
}
