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

// Boxes in steps overlap where boxes do, packed fields against plain comparison, whatever
// stands above the fields; and of the boxes of a grid into which two reach, one is the first.
func TestPackedBoxesOverlap(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 1))
	box := func() (e edges) {
		side := func(low, high *int32) {
			a, b := r.Int32N(mostSteps+1), r.Int32N(mostSteps+1)
			*low, *high = min(a, b), max(a, b)
		}
		side(&e.low.x, &e.high.x)
		side(&e.low.y, &e.high.y)
		side(&e.low.z, &e.high.z)
		return e
	}
	f := finder{shift: 6}
	over := 0
	for i := range 50000 {
		if i >= 200 { // the grid's boxes are gone through for few
			f.shift = 9
		}
		a, b := box(), box()
		want := a.low.x <= b.high.x && b.low.x <= a.high.x && a.low.y <= b.high.y && b.low.y <= a.high.y && a.low.z <= b.high.z && b.low.z <= a.high.z
		if got := overlap(pack(a), bottom(pack(b))|r.Uint64()<<beginsAt); got != want {
			t.Fatalf("%v and %v: %v", a, b, got)
		}
		if !want {
			continue
		}
		over++
		firsts := 0
		reaches := func(e edges, x, y, z int) bool {
			at := func(low, high int32, k int) bool { return int(low>>f.shift) <= k && k <= int(high>>f.shift) }
			return at(e.low.x, e.high.x, x) && at(e.low.y, e.high.y, y) && at(e.low.z, e.high.z, z)
		}
		n := mostSteps>>f.shift + 1
		for k := range n * n * n {
			x, y, z := k%n, k/n%n, k/n/n
			if reaches(a, x, y, z) && reaches(b, x, y, z) && f.begins(bottom(pack(a)), x, y, z)|f.begins(bottom(pack(b)), x, y, z) == inAll {
				firsts++
			}
		}
		if firsts != 1 {
			t.Fatalf("%v and %v have %d first boxes", a, b, firsts)
		}
	}
	if over < 1000 {
		t.Errorf("only %d overlapped", over)
	}
}
