package meshopt

// walk goes through the triangles of one window, from each one to a neighbour across
// the edge that was met last and has one left. So it circles around a vertex until
// that one's triangles are done, and then around the next. Vertices and triangles are
// numbered within the window. The zero value is ready; its memory is kept.
type walk struct {
	vertices  int
	triangles [][3]uint32

	first []uint32   // by vertex: where its edges begin in edges
	edges []halfEdge // by the vertex that they leave
	done  []uint64   // bits of triangles
	open  [][2]uint32
}

// halfEdge is an edge of a triangle without the vertex from which it leaves.
type halfEdge struct {
	to       uint32
	triangle uint16
	corner   uint16 // of the vertex from which it leaves
}

// maxDegree bounds how many edges of a vertex are looked through for a neighbour, and
// with it the work for a vertex that has thousands. Surfaces have about six.
const maxDegree = 32

// run calls emit for each triangle once, with the corner that is to come first.
func (w *walk) run(emit func(triangle, corner int)) {
	w.prepare()
	for i := range w.triangles {
		if w.done[i/64]>>(i%64)&1 != 0 {
			continue
		}
		w.take(i, 0, emit)
		for len(w.open) > 0 {
			e := w.open[len(w.open)-1]
			w.open = w.open[:len(w.open)-1]
			if triangle, corner, ok := w.across(e[0], e[1]); ok {
				w.take(triangle, corner, emit)
			}
		}
	}
}

// prepare lists the edges that leave each vertex.
func (w *walk) prepare() {
	w.first, w.done = zeroed(w.first, w.vertices+1), zeroed(w.done, len(w.triangles)/64+1)
	w.edges, w.open = sized(w.edges, 3*len(w.triangles)), w.open[:0]
	for i := range w.triangles {
		for _, v := range w.triangles[i] {
			w.first[v]++
		}
	}
	// first is where each vertex's edges end; filling them in makes it where they begin.
	for v, sum := 0, uint32(0); v <= w.vertices; v++ {
		sum += w.first[v]
		w.first[v] = sum
	}
	for i := len(w.triangles) - 1; i >= 0; i-- {
		t := &w.triangles[i]
		for k, v := range t {
			w.first[v]--
			w.edges[w.first[v]] = halfEdge{t[(k+1)%3], uint16(i), uint16(k)}
		}
	}
}

// take emits a triangle and remembers the two edges by which it is left.
func (w *walk) take(triangle, corner int, emit func(triangle, corner int)) {
	w.done[triangle/64] |= 1 << (triangle % 64)
	emit(triangle, corner)
	t := &w.triangles[triangle]
	a, b, c := t[corner], t[(corner+1)%3], t[(corner+2)%3]
	w.open = append(w.open, [2]uint32{c, b}, [2]uint32{a, c})
}

// across finds a triangle that is left and has the edge from a to b.
func (w *walk) across(a, b uint32) (triangle, corner int, ok bool) {
	from, to := w.first[a], w.first[a+1]
	for _, e := range w.edges[from:min(to, from+maxDegree)] {
		if e.to == b && w.done[e.triangle/64]>>(e.triangle%64)&1 == 0 {
			return int(e.triangle), int(e.corner), true
		}
	}
	return 0, 0, false
}
