package decimate

// budget counts how many vertices of the meshes are to go in one block, by label; in
// place 0 when all meshes are counted together.
type budget struct {
	share    []float32 // as in state; nil: no bound
	together bool
	left     []float32
}

func newBudget(s *state) budget {
	b := budget{share: s.share, together: s.o.Ratio > 0}
	if b.share != nil {
		b.left = make([]float32, s.labels)
	}
	return b
}

// fill counts the vertices that may go: what is there, less the share of what these
// stand for.
func (g *budget) fill(b *block) {
	if g.share == nil {
		return
	}
	clear(g.left)
	for v := range b.pinched {
		if b.v[v].kind == held {
			continue
		}
		stands := b.stands[v]
		s := b.tri[b.ring[b.v[v].first]].sides
		for _, label := range [2]uint16{uint16(s >> 16), uint16(s)} {
			if label == 0 {
				continue
			}
			if g.together {
				g.left[0] += 1 - g.share[0]*stands
			} else {
				g.left[label] += 1 - g.share[label]*stands
			}
		}
	}
}

// total is how many are left to go.
func (g *budget) total() float32 {
	sum := float32(0)
	for _, n := range g.left {
		sum += max(n, 0)
	}
	return sum
}

// spent says whether none is left to go, where all are counted together.
func (g *budget) spent() bool { return g.share != nil && g.together && g.left[0] <= 0 }

// wants says whether a vertex between these labels is to go.
func (g *budget) wants(sides uint32) bool {
	if g.share == nil {
		return true
	}
	if g.together {
		return g.left[0] > 0
	}
	a, b := sides>>16, sides&0xffff
	return a != 0 && g.left[a] > 0 || b != 0 && g.left[b] > 0
}

// take notes that one went.
func (g *budget) take(sides uint32) {
	if g.share == nil {
		return
	}
	for _, label := range [2]uint32{sides >> 16, sides & 0xffff} {
		if label == 0 {
			continue
		}
		if g.together {
			g.left[0]--
		} else {
			g.left[label]--
		}
	}
}
