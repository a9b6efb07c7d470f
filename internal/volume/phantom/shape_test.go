package phantom

import (
	"math"
	"math/rand"
	"testing"

	"github.com/iris-oculus/iris/internal/volume"
)

// TestBoundsHoldTheShape: the painter trusts bounds, so nothing may lie outside.
func TestBoundsHoldTheShape(t *testing.T) {
	rng := rand.New(rand.NewSource(1))
	for n, s := range organs(bloodHU) {
		low, high := s.bounds()
		found := false
		for range 4000 {
			var p point
			inside := true
			for a := range p {
				room := high[a] - low[a]
				p[a] = low[a] - 0.3*room + 1.6*room*rng.Float64()
				inside = inside && p[a] >= low[a] && p[a] <= high[a]
			}
			_, in := s.at(p)
			if in && !inside {
				t.Fatalf("shape %d reaches %v beyond its bounds %v to %v", n, p, low, high)
			}
			found = found || in
		}
		if !found {
			t.Errorf("shape %d has no inside between %v and %v", n, low, high)
		}
	}
}

func TestTubeHasAWall(t *testing.T) {
	tb := tube{from: point{0, 0, 0}, to: point{0, 0, 10}, r0: 4, r1: 2, hu: -990, wall: 1, wallHU: 20}
	for _, c := range []struct {
		p  point
		hu float64
		in bool
	}{
		{point{3.9, 0, 0}, -990, true}, {point{4.5, 0, 0}, 20, true}, {point{5.1, 0, 0}, 0, false},
		{point{2.5, 0, 10}, 20, true}, {point{0, 0, 11.9}, -990, true}, {point{0, 0, 13.1}, 0, false},
	} {
		if hu, in := tb.at(c.p); hu != c.hu || in != c.in {
			t.Errorf("%v: %g %v, want %g %v", c.p, hu, in, c.hu, c.in)
		}
	}
	tb.lumenAlone = true
	if _, in := tb.at(point{4.5, 0, 0}); in {
		t.Error("the lumen alone has a wall")
	}
}

func TestEllipsoidHasARim(t *testing.T) {
	e := ellipsoid{centre: point{1, 2, 3}, radii: point{10, 20, 30}, hu: 45, rim: 2, rimHU: -100}
	for _, c := range []struct {
		p  point
		hu float64
		in bool
	}{{point{1, 2, 3}, 45, true}, {point{10.5, 2, 3}, -100, true}, {point{11.5, 2, 3}, 0, false}} {
		if hu, in := e.at(c.p); hu != c.hu || in != c.in {
			t.Errorf("%v: %g %v, want %g %v", c.p, hu, in, c.hu, c.in)
		}
	}
}

// TestDepth: 0 on the skin, growing inwards, and the layers in their order.
func TestDepth(t *testing.T) {
	for _, z := range []float64{-300, -150, 0, 90, 150, 300} {
		width, deep := trunk(z)
		for turn := 0.0; turn < 2*math.Pi; turn += 0.1 {
			last := math.Inf(1)
			for r := 1.0; r < 260; r++ {
				d := depth(point{r * math.Cos(turn), r * math.Sin(turn), z}, width, deep)
				if d >= last {
					t.Fatalf("at %g mm, turn %g, height %g the depth is %g after %g", r, turn, z, d, last)
				}
				last = d
			}
			if last > 0 {
				t.Errorf("260 mm from the axis is within the body at height %g", z)
			}
		}
		if d := depth(point{width, 0, z}, width, deep); math.Abs(d) > 1e-9 {
			t.Errorf("the skin lies %g mm deep at height %g", d, z)
		}
	}
	side := point{150, 0, -20}
	for _, c := range []struct{ below, hu float64 }{{1, skinHU}, {8, fatHU}, {24, muscleHU}, {60, fatHU}} {
		if hu := wall(point{side[0], side[1], -75}, c.below); hu != c.hu {
			t.Errorf("%g mm below the skin: %g HU, want %g", c.below, hu, c.hu)
		}
	}
}

func TestBlurKeepsWhatIsEven(t *testing.T) {
	v := &volume.Volume{Dims: [3]int{5, 4, 3}, Voxels: make([]int16, 60)}
	for n := range v.Voxels {
		v.Voxels[n] = -777
	}
	blur(v)
	for n, hu := range v.Voxels {
		if hu != -777 {
			t.Fatalf("voxel %d of an even volume is %d", n, hu)
		}
	}
	v.Voxels[2+5*(1+4*1)] += 64
	blur(v)
	if a, b := v.Voxels[2+5*(1+4*1)], v.Voxels[1+5*(1+4*1)]; a != -777+8 || b != -777+4 {
		t.Errorf("a spike of 64 leaves %d and %d above the rest: want 8 and 4", a+777, b+777)
	}
}
