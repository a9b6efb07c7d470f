package surface

// forest is a union-find over 0..n-1: every element points to another of its
// set, the smallest one to itself.
type forest []uint32

func newForest(n int) forest {
	f := make(forest, n)
	f.reset()
	return f
}

// reset makes each element a set of its own.
func (f forest) reset() {
	for i := range f {
		f[i] = uint32(i)
	}
}

// root is the smallest element of a's set. It halves the path that it walks.
func (f forest) root(a uint32) uint32 {
	for f[a] != a {
		f[a] = f[f[a]]
		a = f[a]
	}
	return a
}

func (f forest) join(a, b uint32) {
	if f[a] == f[b] {
		return
	}
	a, b = f.root(a), f.root(b)
	if a < b {
		f[b] = a
	} else {
		f[a] = b
	}
}

// number replaces each element by the number of its set, in order of the sets'
// smallest elements, and says how many there are. The forest is none after that.
func (f forest) number() int {
	count := uint32(0)
	for i, to := range f {
		if to == uint32(i) {
			f[i] = count
			count++
		} else {
			f[i] = f[to] // to is smaller, so it is a number already
		}
	}
	return int(count)
}
