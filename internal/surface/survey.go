package surface

import (
	"math/bits"

	"github.com/iris-oculus/iris/internal/pages"
)

// Totals are sums over the triangles of a mesh.
type Totals struct {
	// Volume is what the mesh encloses in mm³, by the divergence theorem: the sum of
	// the signed tetrahedra between the triangles and one point. It is positive when
	// triangles wind counter-clockwise seen from outside. The point is the first
	// vertex rather than the origin, which may be metres away: the tetrahedra stay of
	// the mesh's own size and lose no digits.
	Volume float64
	Area   float64 // mm²
	// Shells counts the connected parts, and Solids those of them that enclose a
	// positive volume; the others bound cavities.
	Shells, Solids int
	// Closed says that triangles walk every edge as often in one direction as in the
	// other, so that there is no hole and no triangle the wrong way round. Each edge
	// adds a 64-bit hash of its ends and its reverse subtracts it, so that an open
	// mesh passes with a probability of about 2^-64. This is many times faster than
	// surfacetest.Check, which also finds pinched edges.
	Closed bool
}

// Surveyor surveys meshes one after the other in the same working memory. The
// zero value is ready. A Surveyor is not safe for concurrent use.
type Surveyor struct {
	parts   Forest
	volumes []float64 // six times the volume of each part, spread over its vertices
	normals pages.Arena[[3]float32]
}

// Survey sums up a mesh whose triangles are in range and finds its normals: one
// unit normal per vertex, the mean of its triangles' normals weighted by their
// areas, outward like the winding. A vertex without area around it gets +z, so
// that every normal is a unit vector.
//
// It walks the triangles once. nets.Split writes the two halves of a quad one after
// the other; such a pair is taken in one step, because the edge between them cancels
// and they share most of the work.
func (s *Surveyor) Survey(m *Mesh) (Totals, [][3]float32) {
	s.reset(len(m.Vertices))
	normals := s.normals.Take(len(m.Vertices))
	var sums Totals
	var edges uint64
	var origin vector // the first vertex, see Totals.Volume
	if len(m.Vertices) > 0 {
		origin = vectorOf(m.Vertices[0])
	}
	for rest := m.Triangles; len(rest) > 0; {
		a, b, c := rest[0][0], rest[0][1], rest[0][2]
		edges += edgeHash(a, b) + edgeHash(b, c)
		s.parts.Join(a, b)
		s.parts.Join(a, c)
		pa := vectorOf(m.Vertices[a])
		diagonal := vectorOf(m.Vertices[c]).minus(pa)
		one := vectorOf(m.Vertices[b]).minus(pa).cross(diagonal)
		sums.Area += one.length()
		one.addTo(&normals[b])
		if len(rest) > 1 && rest[1][0] == a && rest[1][1] == c && a != c {
			d := rest[1][2]
			edges += edgeHash(c, d) + edgeHash(d, a)
			s.parts.Join(a, d)
			two := diagonal.cross(vectorOf(m.Vertices[d]).minus(pa))
			sums.Area += two.length()
			two.addTo(&normals[d])
			one = one.plus(two)
			rest = rest[2:]
		} else {
			edges += edgeHash(c, a)
			rest = rest[1:]
		}
		one.addTo(&normals[a])
		one.addTo(&normals[c])
		s.volumes[s.parts[a]] += pa.minus(origin).dot(one)
	}
	sums.Area /= 2 // a face vector is twice as long as its triangle is large
	sums.Closed = edges == 0
	s.countShells(&sums)
	for i := range normals {
		normalise(&normals[i])
	}
	return sums, normals
}

func (s *Surveyor) reset(vertices int) {
	if cap(s.parts) < vertices {
		room := max(vertices, 2*cap(s.parts))
		s.parts, s.volumes = pages.Make[uint32](room), pages.Make[float64](room)
	}
	s.parts, s.volumes = s.parts[:vertices], s.volumes[:vertices]
	s.parts.reset()
	clear(s.volumes)
}

// countShells adds up the volume of each part of more than one vertex: one that
// stands alone has no triangle.
func (s *Surveyor) countShells(sums *Totals) {
	type part struct {
		vertices int
		six      float64
	}
	parts := make([]part, s.parts.number())
	for v, number := range s.parts {
		p := &parts[number]
		p.vertices++
		p.six += s.volumes[v]
	}
	for _, p := range parts {
		if p.vertices == 1 {
			continue
		}
		sums.Volume += p.six / 6
		sums.Shells++
		if p.six > 0 {
			sums.Solids++
		}
	}
}

// edgeHash is a hash of an edge's ends whose sign follows from its direction. It
// xors the halves of a 128-bit product, as wyhash does. The two primes are longer
// than 32 bits, so that neither factor is 0.
func edgeHash(a, b uint32) uint64 {
	high, low := bits.Mul64(uint64(min(a, b))^0xa0761d6478bd642f, uint64(max(a, b))^0xe7037ed1a0b428db)
	back := uint64(int64(b)-int64(a)) >> 63 // 1 when the edge runs down
	return (high ^ low ^ -back) + back
}
