package printing

import (
	"cmp"
	"slices"

	"github.com/iris-oculus/iris/internal/surface"
)

// addPieces finds the connected parts of a mesh and returns the box around it. Parts
// of positive volume are pieces, the others bound cavities.
func (s *Structure) addPieces(m *surface.Mesh, origin [3]float64) box {
	connected := surface.NewForest(len(m.Vertices))
	for _, t := range m.Triangles {
		connected.Join(t[0], t[1])
		connected.Join(t[0], t[2])
	}
	type part struct {
		root uint32
		six  float64 // times its volume in mm³
		box  box
	}
	var parts []part
	number := make(map[uint32]int) // of a root
	from := vectorOf(m.Vertices[m.Triangles[0][0]])
	all := emptyBox()
	for _, t := range m.Triangles {
		root := connected.Root(t[0])
		n, known := number[root]
		if !known {
			n = len(parts)
			number[root] = n
			parts = append(parts, part{root: root, box: emptyBox()})
		}
		p := &parts[n]
		a, b, c := vectorOf(m.Vertices[t[0]]).minus(from), vectorOf(m.Vertices[t[1]]).minus(from), vectorOf(m.Vertices[t[2]]).minus(from)
		p.six += a.dot(b.cross(c))
		for _, v := range t {
			p.box.add(m.Vertices[v])
		}
	}
	slices.SortFunc(parts, func(a, b part) int { return cmp.Or(cmp.Compare(b.six, a.six), cmp.Compare(a.root, b.root)) })
	s.Listed = []Piece{}
	for i := range parts {
		p := &parts[i]
		all.join(&p.box)
		ml := p.six / 6 / 1000
		s.VolumeML += ml
		piece := Piece{VolumeML: ml, At: p.box.middle(origin), SizeMM: p.box.size()}
		if ml > 0 {
			s.Pieces++
			if len(s.Listed) < maxListed {
				s.Listed = append(s.Listed, piece)
			}
			continue
		}
		s.Cavities++
		s.CavityML -= ml
		piece.VolumeML = -ml
		s.LargestCavity = &piece // the last is the largest: they are sorted
	}
	return all
}
