package surface

// Forest holds disjoint sets of the numbers 0 to len-1 (union-find): each number
// points to a smaller one of its set, and the smallest one to itself.
type Forest []uint32

// NewForest makes each number below n a set of its own.
func NewForest(n int) Forest {
	f := make(Forest, n)
	f.reset()
	return f
}

// reset makes each element a set of its own.
func (f Forest) reset() {
	for i := range f {
		f[i] = uint32(i)
	}
}

// Root finds the smallest element of a's set and halves the path to it.
func (f Forest) Root(a uint32) uint32 {
	for f[a] != a {
		f[a] = f[f[a]]
		a = f[a]
	}
	return a
}

// Join makes the sets of two elements one set.
func (f Forest) Join(a, b uint32) {
	if f[a] == f[b] {
		return
	}
	a, b = f.Root(a), f.Root(b)
	if a < b {
		f[b] = a
	} else {
		f[a] = b
	}
}

// number replaces each element by the number of its set and returns how many sets
// there are. Sets are numbered in the order of their smallest elements. Call reset
// before the forest is used again.
func (f Forest) number() int {
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
