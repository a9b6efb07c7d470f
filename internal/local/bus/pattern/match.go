package pattern

// maxSteps bounds the leaves looked at for one branch: wide arrays in an event
// would otherwise multiply. An event beyond it does not match.
const maxSteps = 1 << 20

// matcher finds one leaf for every field of a branch, such that no two of them
// come from different elements of the same array: a pattern that names two
// fields of an object in an array wants both in one object.
type matcher struct {
	leaves map[string][]leaf
	steps  int
}

func (m *matcher) fields(rest []field, chosen []leaf) bool {
	if len(rest) == 0 {
		return true
	}
	candidates := m.leaves[rest[0].path]
	if len(candidates) == 0 {
		return wantsAbsent(rest[0].terms) && m.fields(rest[1:], chosen)
	}
	for _, c := range candidates {
		if m.steps--; m.steps < 0 {
			return false
		}
		if matchesAny(rest[0].terms, c) && consistent(chosen, c) &&
			m.fields(rest[1:], append(chosen, c)) {
			return true
		}
	}
	return false
}

func wantsAbsent(terms []term) bool {
	for _, t := range terms {
		if t.absent {
			return true
		}
	}
	return false
}

func matchesAny(terms []term, l leaf) bool {
	for _, t := range terms {
		if !t.absent && t.match(l) {
			return true
		}
	}
	return false
}

// consistent says whether l lies in the same element as each chosen leaf, for
// every array that both lie in.
func consistent(chosen []leaf, l leaf) bool {
	for _, c := range chosen {
		for _, a := range c.within {
			for _, b := range l.within {
				if a.array == b.array && a.index != b.index {
					return false
				}
			}
		}
	}
	return true
}
