package surfacetest

import "github.com/iris-oculus/iris/internal/surface"

// Report is what Check finds of a triangle mesh.
type Report struct {
	Vertices    int // vertices that a triangle uses
	Triangles   int
	OutOfRange  int // triangles that use a vertex that does not exist; if any, nothing below is counted
	Degenerate  int // triangles that use a vertex twice
	Edges       int
	Boundary    int // edges of one triangle only
	NonManifold int // edges of more than two triangles
	Misoriented int // edges that are not walked as often in one direction as in the other
	Fans        int // vertices whose triangles form more than one fan
	Shells      int // connected parts
	Solids      int // shells that enclose a positive volume; the others bound cavities
	Euler       int // vertices - edges + triangles
	Genus       int // handles over all shells, meaningful for a manifold
}

// Watertight says whether the mesh has no boundary and one orientation.
func (r Report) Watertight() bool {
	return r.Triangles > 0 && r.OutOfRange+r.Boundary+r.NonManifold+r.Misoriented == 0
}

// Manifold says whether the mesh is watertight and every vertex has one fan of
// proper triangles.
func (r Report) Manifold() bool {
	return r.Watertight() && r.Fans+r.Degenerate == 0
}

// side is one side of a triangle, kept with the smaller of its two vertices.
type side struct {
	high   uint32 // the larger vertex
	corner uint32 // 3·triangle + place of the vertex that the side starts at
}

// Check examines the topology of a mesh. It takes about 60 bytes a triangle.
func Check(m *surface.Mesh) Report {
	r := Report{Triangles: len(m.Triangles)}
	n := uint32(len(m.Vertices))
	first := make([]uint32, n+1)
	used := make([]bool, n)
	for _, t := range m.Triangles {
		if max(t[0], t[1], t[2]) >= n {
			r.OutOfRange++
			continue
		}
		if t[0] == t[1] || t[1] == t[2] || t[2] == t[0] {
			r.Degenerate++
		}
		for i, v := range t {
			first[min(v, t[(i+1)%3])+1]++
			used[v] = true
		}
	}
	if r.OutOfRange > 0 {
		return r
	}
	for v := range n {
		first[v+1] += first[v]
		if used[v] {
			r.Vertices++
		}
	}
	sides := make([]side, 3*len(m.Triangles))
	next := append([]uint32(nil), first...)
	for i, t := range m.Triangles {
		for c, a := range t {
			b := t[(c+1)%3]
			low := min(a, b)
			sides[next[low]] = side{high: max(a, b), corner: uint32(3*i + c)}
			next[low]++
		}
	}
	fans := newSets(3 * len(m.Triangles)) // corners at one vertex, joined across edges
	for v := range n {
		r.matchSides(m, v, sides[first[v]:first[v+1]], fans)
	}
	r.countFans(m, fans)
	r.Euler = r.Vertices - r.Edges + r.Triangles
	r.countShells(m)
	r.Genus = r.Shells - r.Euler/2
	return r
}

// matchSides groups the sides of low vertex v by their other end into edges,
// counts what is wrong with each and joins the corners on either side of it.
// A vertex has few sides, so the groups are found by comparing them all.
func (r *Report) matchSides(m *surface.Mesh, v uint32, sides []side, fans sets) {
	for i, s := range sides {
		seen := s.high == v // a degenerate triangle's
		for _, before := range sides[:i] {
			seen = seen || before.high == s.high
		}
		if seen {
			continue
		}
		r.Edges++
		count, balance := 0, 0
		for _, o := range sides[i:] {
			if o.high != s.high {
				continue
			}
			count++
			if m.Triangles[o.corner/3][o.corner%3] == v {
				balance++
			} else {
				balance--
			}
			sv, sh := sideCorners(m, s, v)
			ov, oh := sideCorners(m, o, v)
			fans.join(sv, ov)
			fans.join(sh, oh)
		}
		switch {
		case count == 1:
			r.Boundary++
		case count > 2:
			r.NonManifold++
		}
		if count > 1 && balance != 0 {
			r.Misoriented++
		}
	}
}

// sideCorners are the corners of a side's triangle at the side's low vertex v
// and at its high one.
func sideCorners(m *surface.Mesh, s side, v uint32) (low, high uint32) {
	t, c := s.corner/3, s.corner%3
	start, end := s.corner, 3*t+(c+1)%3
	if m.Triangles[t][c] == v {
		return start, end
	}
	return end, start
}

// countFans counts the vertices whose corners form more than one set.
func (r *Report) countFans(m *surface.Mesh, fans sets) {
	seen := make([]uint8, len(m.Vertices))
	for i, t := range m.Triangles {
		for c, v := range t {
			corner := uint32(3*i + c)
			if fans.root(corner) != corner || seen[v] == 2 {
				continue
			}
			if seen[v]++; seen[v] == 2 {
				r.Fans++
			}
		}
	}
}

// countShells counts the sets of vertices that triangles connect, and those of
// them whose tetrahedra with the first vertex add up to a positive volume.
func (r *Report) countShells(m *surface.Mesh) {
	connected := newSets(len(m.Vertices))
	for _, t := range m.Triangles {
		connected.join(t[0], t[1])
		connected.join(t[0], t[2])
	}
	volumes := map[uint32]float64{}
	for _, t := range m.Triangles {
		volumes[connected.root(t[0])] += tetrahedron(m, m.Vertices[0], t)
	}
	r.Shells = len(volumes)
	for _, v := range volumes {
		if v > 0 {
			r.Solids++
		}
	}
}

// sets are disjoint sets of the numbers 0 to n-1. Each number points to another
// one of its set, and the set's root to itself.
type sets []uint32

func newSets(n int) sets {
	s := make(sets, n)
	for i := range s {
		s[i] = uint32(i)
	}
	return s
}

// root finds the root of a number's set and halves the path to it.
func (s sets) root(a uint32) uint32 {
	for s[a] != a {
		s[a] = s[s[a]]
		a = s[a]
	}
	return a
}

func (s sets) join(a, b uint32) { s[s.root(a)] = s.root(b) }
