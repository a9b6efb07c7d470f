package decimate

import (
	"math"
	"math/rand/v2"
	"testing"
)

// blockOf is a block of one interior vertex in the middle of a closed ring of corners.
func blockOf(ring []point) *block {
	b := &block{}
	b.pinched = len(ring) + 1
	b.v = make([]vertex, b.pinched)
	for i, p := range ring {
		b.v[i+1].at = p
	}
	for i := range ring {
		b.tri, b.ring = append(b.tri, triangle{v: [3]int32{0, int32(i + 1), int32((i+1)%len(ring) + 1)}}), append(b.ring, int32(i))
	}
	b.v[0].kind, b.v[0].count = interior, uint16(len(ring))
	return b
}

// Triangles around a vertex that are a graph over a plane are known as such; those that
// go around twice, fold back or lie on one another are not, although two of the three
// face one way everywhere.
func TestFlat(t *testing.T) {
	around := func(n int, turns, height float64) []point {
		var ring []point
		for i := range n {
			a := 2 * math.Pi * turns * float64(i) / float64(n)
			ring = append(ring, point{float32(math.Cos(a)), float32(math.Sin(a)), float32(height * math.Cos(3*a))})
		}
		return ring
	}
	for _, c := range []struct {
		name string
		ring []point
		want bool
	}{
		{"a plane", around(6, 1, 0), true},
		{"a saddle", around(9, 1, 0.3), true},
		{"three corners", around(3, 1, 0), true},
		{"twice around", around(11, 2, 0), false},
		{"three times around", around(16, 3, 0), false},
		{"the other way is one way too", around(6, -1, 0), true},
		{"a fold", []point{{1, 0, 0}, {0, 1, 0}, {0.5, 0.5, 0}, {-1, 0, 0}, {0, -1, 0}}, false},
		{"no area", []point{{1, 0, 0}, {2, 0, 0}, {3, 0, 0}}, false},
	} {
		if got := blockOf(c.ring).flat(0); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}

// Where flat says yes, no two of the triangles cross: random rings, all pairs by the
// exact comparison.
func TestFlatNeverHidesACrossing(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 5))
	flat := 0
	for range 20000 {
		ring := make([]point, 3+r.IntN(9))
		turns := 1 + r.IntN(3)
		for i := range ring {
			a := 2 * math.Pi * (float64(turns*i) + 1.5*r.Float64()) / float64(len(ring))
			l := 0.2 + r.Float64()
			ring[i] = point{float32(l * math.Cos(a)), float32(l * math.Sin(a)), float32(r.NormFloat64() * 0.3)}
		}
		b := blockOf(ring)
		if !b.flat(0) {
			continue
		}
		flat++
		var all []solid
		for i := range b.tri {
			v := b.tri[i].v
			s := solid{p: [3]point{b.v[v[0]].at, b.v[v[1]].at, b.v[v[2]].at}}
			s.span()
			all = append(all, s)
		}
		for i := range all {
			for j := range i {
				own, other := (&corners{b.tri[i].v[0], b.tri[i].v[1], b.tri[i].v[2]}).common(&corners{b.tri[j].v[0], b.tri[j].v[1], b.tri[j].v[2]})
				if all[i].crosses(&all[j], own, other) {
					t.Fatalf("%v: triangles %d and %d cross", ring, i, j)
				}
			}
		}
	}
	if flat < 1000 {
		t.Errorf("only %d rings were flat", flat)
	}
}

// Boxes in steps overlap where boxes do: packed fields against plain comparison.
func TestPackedBoxesOverlap(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 1))
	box := func() (low, high [3]uint64) {
		for axis := range low {
			a, b := uint64(r.IntN(mostSteps+1)), uint64(r.IntN(mostSteps+1))
			low[axis], high[axis] = min(a, b), max(a, b)
		}
		return low, high
	}
	for range 50000 {
		aLow, aHigh := box()
		bLow, bHigh := box()
		want := true
		for axis := range aLow {
			want = want && aLow[axis] <= bHigh[axis] && bLow[axis] <= aHigh[axis]
		}
		if got := overlap(pack(aLow, aHigh), bottom(pack(bLow, bHigh))); got != want {
			t.Fatalf("%v to %v and %v to %v: %v", aLow, aHigh, bLow, bHigh, got)
		}
	}
}
