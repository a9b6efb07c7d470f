package tissue

import (
	"math/rand"
	"runtime"
	"slices"
	"testing"
)

// noisy is a mask with about one voxel in `one` set.
func noisy(g grid, rng *rand.Rand, one int) *mask {
	m := g.empty()
	for n := range g.ny * g.nz {
		for x := range g.nx {
			if rng.Intn(one) == 0 {
				m.set(n, x, x+1)
			}
		}
	}
	return m
}

// naive is dilation by its definition.
func naive(m *mask, mm float64, atLeast int) *mask {
	out := m.empty()
	var r [3]float64
	for a := range r {
		r[a] = max(mm/m.spacing[a], float64(atLeast))
	}
	for z := range m.nz {
		for y := range m.ny {
			for x := range m.nx {
				if !m.has(x, y, z) {
					continue
				}
				for dz := -8; dz <= 8; dz++ {
					for dy := -8; dy <= 8; dy++ {
						for dx := -80; dx <= 80; dx++ {
							sum := 0.0
							for a, d := range [3]int{dx, dy, dz} {
								if d != 0 {
									sum += float64(d*d) / (r[a] * r[a])
								}
							}
							X, Y, Z := x+dx, y+dy, z+dz
							if sum <= 1+1e-9 && X >= 0 && X < m.nx && Y >= 0 && Y < m.ny && Z >= 0 && Z < m.nz {
								out.set(Y+m.ny*Z, X, X+1)
							}
						}
					}
				}
			}
		}
	}
	return out
}

func TestDilateIsItsDefinition(t *testing.T) {
	rng := rand.New(rand.NewSource(1))
	for _, c := range []struct {
		dims    [3]int
		spacing [3]float64
		mm      float64
		atLeast int
	}{
		{[3]int{70, 9, 7}, [3]float64{1, 1, 1}, 2, 0},
		{[3]int{64, 9, 7}, [3]float64{1, 1, 1}, 1, 0},
		{[3]int{130, 6, 5}, [3]float64{0.05, 1, 2}, 3.3, 0}, // more than a word sideways
		{[3]int{20, 9, 7}, [3]float64{0.7, 0.9, 5}, 4, 1},
		{[3]int{20, 9, 7}, [3]float64{3, 3, 3}, 0, 1},
		{[3]int{1, 1, 1}, [3]float64{3, 3, 3}, 9, 1},
	} {
		g := newGrid(c.dims, c.spacing)
		m := noisy(g, rng, 60)
		if got, want := m.dilate(g.ball(c.mm, c.atLeast)), naive(m, c.mm, c.atLeast); !slices.Equal(got.bits, want.bits) {
			t.Errorf("%+v: differs from the definition", c)
		}
		// Eroding is dilating what is not set; some rows are empty, others nearly full.
		m.not()
		for n := range c.dims[1] * c.dims[2] {
			if n%5 < 2 {
				clear(m.row(n))
			}
		}
		if got, want := m.erode(g.ball(c.mm, c.atLeast)), naive(m.clone().not(), c.mm, c.atLeast).not(); !slices.Equal(got.bits, want.bits) {
			t.Errorf("%+v: erosion differs from the definition", c)
		}
	}
}

func TestMorphologyProperties(t *testing.T) {
	rng := rand.New(rand.NewSource(2))
	g := newGrid([3]int{75, 20, 15}, [3]float64{0.8, 0.8, 2})
	m := noisy(g, rng, 2).dilate(g.ball(0, 1))
	m = m.minus(noisy(g, rng, 9))
	b := g.ball(2, 1)
	within := func(what string, small, large *mask) {
		t.Helper()
		if !small.clone().minus(large).none() {
			t.Errorf("%s: not within", what)
		}
	}
	within("erosion in the mask", m.erode(b), m)
	within("opening in the mask", m.open(b), m)
	within("the mask in its closing", m, m.close(b))
	within("the mask in its dilation", m, m.dilate(b))
	if open := m.open(b); !slices.Equal(open.open(b).bits, open.bits) {
		t.Error("opening twice is not opening once")
	}
	if closed := m.close(b); !slices.Equal(closed.close(b).bits, closed.bits) {
		t.Error("closing twice is not closing once")
	}
	if full := g.empty().not(); !slices.Equal(full.erode(b).bits, full.bits) || full.count() != 75*20*15 {
		t.Error("a cut through the body is no surface")
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	one := m.dilate(b)
	runtime.GOMAXPROCS(5)
	if !slices.Equal(one.bits, m.dilate(b).bits) {
		t.Error("processors change the result")
	}
}

func TestRunsCoverTheRow(t *testing.T) {
	rng := rand.New(rand.NewSource(3))
	for _, nx := range []int{1, 63, 64, 65, 128, 200} {
		g := newGrid([3]int{nx, 1, 1}, [3]float64{1, 1, 1})
		for _, m := range []*mask{g.empty(), g.empty().not(), noisy(g, rng, 2), noisy(g, rng, 8)} {
			again, before, count := g.empty(), -1, 0
			runs(m.row(0), func(x0, x1 int) {
				count++
				if x0 <= before || x1 <= x0 || x1 > nx {
					t.Fatalf("%d voxels: run %d to %d after %d", nx, x0, x1, before)
				}
				again.set(0, x0, x1)
				before = x1
			})
			if !slices.Equal(again.bits, m.bits) || count != m.countRuns() {
				t.Errorf("%d voxels: the %d runs are not the row, or not %d", nx, count, m.countRuns())
			}
		}
	}
}

// TestComponentsAreThoseOfAFloodFill compares with the plain algorithm.
func TestComponentsAreThoseOfAFloodFill(t *testing.T) {
	rng := rand.New(rand.NewSource(4))
	for _, inSlice := range []bool{false, true} {
		g := newGrid([3]int{67, 11, 9}, [3]float64{1, 1, 1})
		m := noisy(g, rng, 2)
		c := m.components(inSlice)
		label := make([]int, g.nx*g.ny*g.nz)
		c.each(func(k, row, x0, x1 int) {
			for x := x0; x < x1; x++ {
				label[x+g.nx*row] = k + 1
			}
		})
		next := 0
		seen := make([]bool, len(label))
		for start := range label {
			if label[start] == 0 || seen[start] {
				continue
			}
			next++
			if label[start] != next {
				t.Fatalf("component %d is numbered %d: want the order of first voxels", next, label[start])
			}
			size, stack := 0, []int{start}
			seen[start] = true
			for len(stack) > 0 {
				n := stack[len(stack)-1]
				stack = stack[:len(stack)-1]
				size++
				x, y, z := n%g.nx, n/g.nx%g.ny, n/g.nx/g.ny
				for _, d := range [][3]int{{1, 0, 0}, {-1, 0, 0}, {0, 1, 0}, {0, -1, 0}, {0, 0, 1}, {0, 0, -1}} {
					X, Y, Z := x+d[0], y+d[1], z+d[2]
					if X < 0 || X >= g.nx || Y < 0 || Y >= g.ny || Z < 0 || Z >= g.nz || (inSlice && d[2] != 0) {
						continue
					}
					o := X + g.nx*(Y+g.ny*Z)
					if label[o] != 0 && !seen[o] {
						if label[o] != next {
							t.Fatal("neighbours in two components")
						}
						seen[o] = true
						stack = append(stack, o)
					}
				}
			}
			if got := c.sizes()[next-1]; got != size {
				t.Fatalf("component %d has %d voxels, want %d", next, got, size)
			}
		}
		if next != c.count {
			t.Errorf("%d components, want %d", c.count, next)
		}
	}
}

func TestThresholds(t *testing.T) {
	s := &scan{newGrid([3]int{70, 2, 2}, [3]float64{1, 1, 1}), make([]int16, 280)}
	for n := range s.hu {
		s.hu[n] = int16(n*500 - 32768)
	}
	for _, b := range [][2]int16{{-300, 300}, {lowest, -450}, {170, highest}, {lowest, highest}, {5, 5}} {
		m := s.between(b[0], b[1])
		for n, v := range s.hu {
			if got := m.has(n%70, n/70%2, n/140); got != (v >= b[0] && v <= b[1]) {
				t.Fatalf("%d in %v: %v", v, b, got)
			}
		}
	}
	for n := range s.hu {
		s.hu[n] = -100
	}
	s.hu[75] = 800 // seen from the other row the mean of 9 is 0; in its own, an edge, it counts twice
	if m := s.smoothBetween(0, 0); m.count() != 3 {
		t.Errorf("%d voxels have a mean of 0: want 3", m.count())
	}
}
