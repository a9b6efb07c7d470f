// Package weld deals with vertices of equal position. A mesh that is manifold
// by its indices may touch itself or a neighbour; a reader that merges equal
// positions (every reader of STL) then sees four faces at one edge. In and out:
// meshes in millimetres; no errors.
package weld

import (
	"math"

	"github.com/iris-oculus/iris/internal/surface"
)

// Tolerances of Separate.
const (
	// toRing is how far a vertex that touches its own mesh moves towards the
	// mean of its neighbours (research/meshing.md §7): the two fans of a pinch
	// point lie on opposite sides of it, so a tenth parts them for any tolerance.
	toRing = 0.1
	// inset is how far, in mm, a vertex shared with another mesh moves inward.
	// It is 16 times the spacing of float32 at 2 m and far below what is printed
	// or measured.
	inset = 2e-3
	// maxRounds bounds the repetitions; every round moves what still touches a
	// little further.
	maxRounds = 8
)

// Separate gives copies of the meshes in which no two vertices have equal
// positions, so that welding changes nothing: where a mesh touches itself its
// vertices draw back to their own neighbours, where it touches another mesh
// they draw back inward. Vertices that touch nothing stay as they are.
func Separate(meshes []surface.Mesh) []surface.Mesh {
	out := make([]surface.Mesh, len(meshes))
	copied := make([]bool, len(meshes))
	copy(out, meshes)
	for round := 1; round <= maxRounds; round++ {
		pinched, shared := touching(out)
		moved := false
		for i := range out {
			if len(pinched[i])+len(shared[i]) == 0 {
				continue
			}
			moved = true
			if !copied[i] {
				out[i].Vertices, out[i].Normals = append([][3]float32(nil), out[i].Vertices...), nil
				copied[i] = true
			}
			drawToRing(&out[i], pinched[i], toRing*float64(round))
			drawInward(&out[i], shared[i], inset*float64(round))
		}
		if !moved {
			break
		}
	}
	return out
}

// touching lists, per mesh, the vertices that have the position of another
// vertex of the same mesh, and else those that have one of another mesh.
func touching(meshes []surface.Mesh) (pinched, shared [][]uint32) {
	total := 0
	for i := range meshes {
		total += len(meshes[i].Vertices)
	}
	positions := NewPositions(total)
	number := make([]uint32, 0, total) // by vertex, all meshes in order
	const many = math.MaxUint32
	owner := make([]uint32, 0, total) // by position: the one mesh that has it, or many
	last := make([]uint32, 0, total)  // by position: the last vertex, counted over all meshes, that had it
	pinch := make([]bool, total)
	base := uint32(0)
	for i := range meshes {
		for v, p := range meshes[i].Vertices {
			at := base + uint32(v)
			n, isNew := positions.Add(p)
			number = append(number, n)
			if isNew {
				owner, last = append(owner, uint32(i)), append(last, at)
				continue
			}
			if last[n] >= base {
				pinch[last[n]], pinch[at] = true, true
			}
			if owner[n] != uint32(i) {
				owner[n] = many
			}
			last[n] = at
		}
		base += uint32(len(meshes[i].Vertices))
	}
	pinched, shared = make([][]uint32, len(meshes)), make([][]uint32, len(meshes))
	at := 0
	for i := range meshes {
		for v := range meshes[i].Vertices {
			switch {
			case pinch[at]:
				pinched[i] = append(pinched[i], uint32(v))
			case owner[number[at]] == many:
				shared[i] = append(shared[i], uint32(v))
			}
			at++
		}
	}
	return pinched, shared
}

// drawToRing moves vertices by a share of the way to the mean of their
// neighbours. All means are taken before anything moves.
func drawToRing(m *surface.Mesh, vertices []uint32, share float64) {
	if len(vertices) == 0 {
		return
	}
	slot := make([]int32, len(m.Vertices)) // of sums, plus one
	sums := make([][4]float64, len(vertices))
	for i, v := range vertices {
		slot[v] = int32(i + 1)
	}
	for _, t := range m.Triangles {
		for k := range 3 {
			if slot[t[k]] == 0 {
				continue
			}
			s := &sums[slot[t[k]]-1]
			// A closed fan meets each neighbour in two triangles: equal weights.
			for _, other := range [2]uint32{t[(k+1)%3], t[(k+2)%3]} {
				for axis, x := range m.Vertices[other] {
					s[axis] += float64(x)
				}
				s[3]++
			}
		}
	}
	for i, v := range vertices {
		for axis, sum := range sums[i][:3] {
			if x := float64(m.Vertices[v][axis]); sums[i][3] > 0 {
				m.Vertices[v][axis] = float32(x + share*(sum/sums[i][3]-x))
			}
		}
	}
}

// drawInward moves vertices against their normals by a distance in mm.
func drawInward(m *surface.Mesh, vertices []uint32, distance float64) {
	if len(vertices) == 0 {
		return
	}
	normals := surface.Normals(m)
	for _, v := range vertices {
		for axis := range 3 {
			m.Vertices[v][axis] -= float32(distance * float64(normals[v][axis]))
		}
	}
}
