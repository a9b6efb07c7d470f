package weld

import (
	"cmp"
	"math"
	"math/bits"
	"slices"

	"github.com/iris-oculus/iris/internal/surface"
	"github.com/iris-oculus/iris/internal/surface/work"
)

// Move is the number of a vertex and its new position.
type Move struct {
	Vertex uint32
	To     [3]float32
}

// Pinches lists, for each mesh and in order, the vertices to move so that no mesh
// touches itself; meshes may still touch each other. It is for formats that store
// each mesh on its own. Very few vertices move, so that no copy of all is needed.
// Positions are rounded to so many decimals, or kept as they are (Exact), before they
// are compared.
func Pinches(meshes []surface.Mesh, digits int) [][]Move {
	moves := make([][]Move, len(meshes))
	workers := work.Workers(0, len(meshes))
	pinchers := make([]pincher, workers)
	// The largest mesh comes first, so that no worker's memory has to grow.
	order := make([]int, len(meshes))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(len(meshes[b].Vertices), len(meshes[a].Vertices)) })
	work.Share(workers, len(meshes), func(worker, n int) {
		i := order[n]
		moves[i] = pinchers[worker].moves(&meshes[i], digits)
	})
	return moves
}

// pincher is scratch for one mesh after the other.
type pincher struct {
	hashes            []uint32 // of each vertex's position, which several steps ask for
	seen, twice, mark []uint64 // sets of bits
	slots             []uint32
	candidates        []uint32
}

// moves finds the moves after which one mesh does not touch itself.
func (p *pincher) moves(m *surface.Mesh, digits int) []Move {
	at := func(v uint32) [3]float32 { return rounded(m.Vertices[v], digits) }
	pinched := p.equal(p.repeated(m, digits), at)
	if len(pinched) == 0 {
		return nil
	}
	p.mark = sized(p.mark, len(m.Vertices)/64+1)
	means := ringMeans(m, pinched, p.mark)
	moves, shares := make([]Move, len(pinched)), make([]float64, len(pinched))
	for i, v := range pinched {
		shares[i] = share
		moves[i] = Move{v, toward(at(v), means[i], shares[i], digits)}
	}
	for range maxRounds {
		again := p.collisions(m, moves, digits)
		if len(again) == 0 {
			break
		}
		for _, i := range again {
			shares[i] += share
			moves[i].To = toward(at(moves[i].Vertex), means[i], shares[i], digits)
		}
	}
	return moves
}

// How many bits the sets have for each vertex. One vertex in 16 shares its bit of
// seen by chance: sixteen bits would make it one in 32, and twice as much memory to wait
// for. Of twice, in which those few are, a smaller set suffices, which
// stays in a processor's cache.
const (
	seenBits  = 8
	twiceBits = 2
)

// setFor is a zeroed set of bits for n vertices, in the memory of s where it
// suffices, and by how much a hash must be shifted to the right to give a bit's
// number.
func setFor(s []uint64, n, bitsEach int) (set []uint64, shift int) {
	const wordBits = 6 // 2⁶ bits in a word
	log := min(max(wordBits, bits.Len(uint(n*bitsEach))), hashBits)
	return sized(s, 1<<(log-wordBits)), hashBits - log
}

const hashBits = 32

// sized is a zeroed slice of n words, in the memory of s where it suffices.
func sized[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	s = s[:n]
	clear(s)
	return s
}

// repeated lists, in order, the vertices whose position another vertex may have. It
// finds all such vertices and a few others.
func (p *pincher) repeated(m *surface.Mesh, digits int) []uint32 {
	var seenShift, twiceShift int
	p.seen, seenShift = setFor(p.seen, len(m.Vertices), seenBits)
	p.twice, twiceShift = setFor(p.twice, len(m.Vertices), twiceBits)
	seen, twice := p.seen, p.twice
	if cap(p.hashes) < len(m.Vertices) {
		p.hashes = make([]uint32, len(m.Vertices))
	}
	p.hashes = p.hashes[:len(m.Vertices)]
	// The sets lie in no near cache. Without branches that depend on what was read, the
	// processor waits for many words of them at once.
	const batch = 1 << 10
	var again [batch]uint32
	for from := 0; from < len(m.Vertices); from += batch {
		vertices := m.Vertices[from:min(from+batch, len(m.Vertices))]
		hashes := p.hashes[from:][:len(vertices)]
		if digits == Exact {
			for i := range vertices {
				hashes[i] = spread(&vertices[i])
			}
		} else {
			for i := range vertices {
				r := rounded(vertices[i], digits)
				hashes[i] = spread(&r)
			}
		}
		n := 0
		for _, h := range hashes {
			bit := h >> seenShift
			word := &seen[bit/64]
			again[n%batch] = h
			n += int(*word >> (bit % 64) & 1)
			*word |= 1 << (bit % 64)
		}
		for _, h := range again[:n] {
			bit := h >> twiceShift
			twice[bit/64] |= 1 << (bit % 64)
		}
	}
	p.candidates = p.candidates[:0]
	for i, h := range p.hashes {
		bit := h >> twiceShift
		if twice[bit/64]>>(bit%64)&1 != 0 {
			p.candidates = append(p.candidates, uint32(i))
		}
	}
	return p.candidates
}

// spread is a hash of a position. Its highest bits are taken, which depend on all of
// the position's; its multiplications can run
// at the same time. The multipliers are odd and have the digits of the golden ratio,
// of e and of π, which look random.
func spread(p *[3]float32) uint32 {
	// Adding zero makes -0 and +0, which compare equal, one pattern.
	h := uint64(math.Float32bits(p[0]+0))*0x9E3779B97F4A7C15 +
		uint64(math.Float32bits(p[1]+0))*0xADF85458A2BB4A9B +
		uint64(math.Float32bits(p[2]+0))*0xC90FDAA22168C235
	return uint32((h ^ h>>32) * 0x9E3779B97F4A7C15 >> hashBits)
}

// slotsFor is the size of a hash table that n entries fill at most by half.
func slotsFor(n int) int { return 1 << bits.Len(uint(2*n+1)) }

// equal keeps those elements of a list whose position another one has.
func (p *pincher) equal(list []uint32, at func(uint32) [3]float32) []uint32 {
	p.slots = sized(p.slots, slotsFor(len(list)))
	mask := len(p.slots) - 1
	double := make([]bool, len(list))
	for i, e := range list {
		position := at(e)
		for slot := int(hash(&position)>>32) & mask; ; slot = (slot + 1) & mask {
			if p.slots[slot] == 0 {
				p.slots[slot] = uint32(i + 1)
				break
			}
			if first := p.slots[slot] - 1; at(list[first]) == position {
				double[first], double[i] = true, true
				break
			}
		}
	}
	var out []uint32
	for i, e := range list {
		if double[i] {
			out = append(out, e)
		}
	}
	return out
}

// collisions lists the moves that end at the position of another moved vertex or of
// one that stays.
func (p *pincher) collisions(m *surface.Mesh, moves []Move, digits int) []int {
	set, shift := setFor(p.seen, len(moves), seenBits)
	p.seen = set
	for i := range moves {
		bit := spread(&moves[i].To) >> shift
		set[bit/64] |= 1 << (bit % 64)
	}
	// The moves come first, then vertices that may lie in their way.
	list := make([]uint32, len(moves))
	for i := range list {
		list[i] = uint32(i)
	}
	n := uint32(len(moves))
	rest := moves
	for i := range p.hashes {
		if len(rest) > 0 && int(rest[0].Vertex) == i {
			rest = rest[1:]
			continue
		}
		if bit := p.hashes[i] >> shift; set[bit/64]>>(bit%64)&1 != 0 {
			list = append(list, n+uint32(i))
		}
	}
	var again []int
	for _, e := range p.equal(list, func(e uint32) [3]float32 {
		if e < n {
			return moves[e].To
		}
		return rounded(m.Vertices[e-n], digits)
	}) {
		if e < n {
			again = append(again, int(e))
		}
	}
	return again
}

// Moved gives a stretch of a mesh's vertices, the first of which has number first,
// with the moves of the mesh. It is a copy where some of them move.
func Moved(stretch [][3]float32, moves []Move, first int) [][3]float32 {
	at, _ := slices.BinarySearchFunc(moves, uint32(first), func(m Move, v uint32) int { return int(m.Vertex) - int(v) })
	end := first + len(stretch)
	if at == len(moves) || int(moves[at].Vertex) >= end {
		return stretch
	}
	stretch = slices.Clone(stretch)
	for _, m := range moves[at:] {
		if int(m.Vertex) >= end {
			break
		}
		stretch[int(m.Vertex)-first] = m.To
	}
	return stretch
}

// Bounds are the extremes of a mesh's positions once some vertices are moved, as convert
// writes them. Convert may swap and turn axes and scale and round along each; it may not
// mix them. So it is asked for two corners only.
func Bounds(vertices [][3]float32, moves []Move, convert func([3]float32) [3]float32) (low, high [3]float32) {
	if len(vertices) == 0 {
		return low, high
	}
	low = vertices[0]
	if len(moves) > 0 && moves[0].Vertex == 0 {
		low = moves[0].To
	}
	high = low
	extend := func(some [][3]float32) {
		l, h := low, high
		for i := range some {
			// Comparisons are several times as fast as min and max, which order zeros.
			for axis, x := range some[i] {
				if x < l[axis] {
					l[axis] = x
				}
				if x > h[axis] {
					h[axis] = x
				}
			}
		}
		low, high = l, h
	}
	from := uint32(0)
	for i := range moves {
		extend(vertices[from:moves[i].Vertex])
		extend([][3]float32{moves[i].To})
		from = moves[i].Vertex + 1
	}
	extend(vertices[from:])
	a, b := convert(low), convert(high)
	for axis := range 3 {
		low[axis], high[axis] = min(a[axis], b[axis]), max(a[axis], b[axis])
	}
	return low, high
}
