package meshopt

import "math"

// window is how many triangles are put in order at a time. The lists of one window
// stay in a processor's cache, and 16 bits hold a triangle's number. Engines list
// triangles layer by layer, so that little is lost between windows.
const window = 1 << 16

// Sorter puts triangles into an order in which most share an edge with one just
// before, by a walk over the surface that always leaves by the last edge it met; and
// numbers vertices in the order in which they are met. The zero value is ready. A
// Sorter keeps its memory for the next mesh.
type Sorter struct {
	local  []uint32 // by vertex: base + number within the window
	base   uint32
	number []uint32 // by vertex: number in the order of first use + 1
	order  []uint32 // the vertices in that order
	walk   walk
}

// Order calls emit for every triangle of a mesh of so many vertices, once, in an
// order that encodes well, with vertices numbered in the order of their first use,
// and gives the vertices in that order: emit's vertex n is the mesh's order[n]. A
// vertex that no triangle uses is not in it. The list is valid until the next call.
// Triangles must not use a vertex that does not exist.
func (s *Sorter) Order(vertices int, triangles [][3]uint32, emit func(a, b, c uint32)) (order []uint32) {
	s.local, s.number = zeroed(s.local, vertices), zeroed(s.number, vertices)
	s.base, s.order = 1, sized(s.order, vertices)[:0]
	for from := 0; from < len(triangles); from += window {
		part := triangles[from:min(from+window, len(triangles))]
		s.localise(part)
		s.walk.run(func(triangle, corner int) {
			t := &part[triangle]
			emit(s.use(t[corner]), s.use(t[(corner+1)%3]), s.use(t[(corner+2)%3]))
		})
	}
	return s.order
}

// use is a vertex's number in the order of first use.
func (s *Sorter) use(v uint32) uint32 {
	if s.number[v] == 0 {
		s.order = append(s.order, v)
		s.number[v] = uint32(len(s.order))
	}
	return s.number[v] - 1
}

// localise numbers the vertices of a window and hands its triangles to the walk.
func (s *Sorter) localise(part [][3]uint32) {
	w := &s.walk
	w.triangles = sized(w.triangles, len(part))[:0]
	if s.base > math.MaxUint32-3*window {
		clear(s.local)
		s.base = 1
	}
	next := s.base
	for _, t := range part {
		for k, v := range t {
			if s.local[v] < s.base {
				s.local[v] = next
				next++
			}
			t[k] = s.local[v] - s.base
		}
		w.triangles = append(w.triangles, t)
	}
	w.vertices = int(next - s.base)
	s.base = next
}

// sized is a slice of n elements of any value, in the memory of s where it suffices.
func sized[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}

// zeroed is sized with all elements zero.
func zeroed[T any](s []T, n int) []T {
	s = sized(s, n)
	clear(s)
	return s
}
