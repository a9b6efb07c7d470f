package surface

// forest is a union-find over the numbers 0 to len-1: each number points to a
// smaller one of its set, and the smallest one to itself. Call reset before use.
type forest []uint32

// reset makes each element a set of its own.
func (f forest) reset() {
	for i := range f {
		f[i] = uint32(i)
	}
}

// root finds the smallest element of a's set and halves the path to it.
func (f forest) root(a uint32) uint32 {
	for f[a] != a {
		f[a] = f[f[a]]
		a = f[a]
	}
	return a
}

// join makes the sets of two elements one set.
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

// number replaces each element by the number of its set and returns how many sets
// there are. Sets are numbered in the order of their smallest elements. Call reset
// before the forest is used again.
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
