package tissue

import (
	"math"
	"testing"
)

// painted is a scan of 2 mm voxels, 120 × 100 × 40, painted by a function of mm
// from its centre.
func painted(at func(x, y, z float64) int16) *scan {
	g := newGrid([3]int{120, 100, 40}, [3]float64{2, 2, 2})
	s := &scan{g, make([]int16, 120*100*40)}
	for n := range s.hu {
		s.hu[n] = at(2*float64(n%120)-119, 2*float64(n/120%100)-99, 2*float64(n/120/100)-39)
	}
	return s
}

// index is the voxel of a place in mm.
func index(x, y, z float64) (int, int, int) {
	return int(x+119) / 2, int(y+99) / 2, int(z+39) / 2
}

func ellipse(x, y, a, b float64) bool { return x*x/(a*a)+y*y/(b*b) <= 1 }

func (s *scan) mustBody(t *testing.T) *mask {
	t.Helper()
	inside, err := s.body()
	if err != nil {
		t.Fatal(err)
	}
	return inside
}

func TestBodyLeavesTableAndCloth(t *testing.T) {
	inside := painted(func(x, y, z float64) int16 {
		switch {
		case ellipse(x, y, 80, 60):
			return 40
		case y < -70 && y > -84 && math.Abs(x) < 112: // a table, solid and thick
			return 80
		case ellipse(x, y, 84, 64) && !ellipse(x, y, 81.9, 61.9): // cloth, a voxel thick
			return -150
		}
		return -1000
	}).mustBody(t)
	want := math.Pi * 80 * 60 * 80 / 1000
	if got := float64(inside.count()) * inside.voxelML(); got < want*0.98 || got > want*1.06 {
		t.Errorf("the body has %.0f ml: want %.0f", got, want)
	}
	if inside.has(index(0, -77, 0)) {
		t.Error("the table is part of the body")
	}
}

func TestBodyKeepsBothLegs(t *testing.T) {
	inside := painted(func(x, y, z float64) int16 {
		if ellipse(x-50, y, 30, 30) || ellipse(x+50, y, 32, 32) {
			return 40
		}
		return -1000
	}).mustBody(t)
	if !inside.has(index(50, 0, 0)) || !inside.has(index(-50, 0, 0)) {
		t.Error("a leg is missing")
	}
}

func TestBareBoneIsABody(t *testing.T) {
	inside := painted(func(x, y, z float64) int16 {
		if ellipse(x, y, 60, 70) && !ellipse(x, y, 56, 66) { // a skull without scalp
			return 800
		}
		return -1000
	}).mustBody(t)
	if !inside.has(index(58, 0, 0)) {
		t.Error("bone thinner than the opening is no part of the body")
	}
}

// TestPocketsAreOutside: air between arm and chest is outside if it is joined to
// the outside by more than a nostril, gas in the bowel is inside.
func TestPocketsAreOutside(t *testing.T) {
	inside := painted(func(x, y, z float64) int16 {
		switch {
		case ellipse(x, y-40, 10, 10): // bowel gas
			return -990
		case ellipse(x, y, 60, 60):
			return 40
		case ellipse(x-90, y, 20, 40): // an arm
			return 40
		case x > 40 && x < 90 && math.Abs(y) > 32 && math.Abs(y) < 46 && z < 20: // that touches the chest but for the upper slices
			return 40
		}
		return -1000
	}).mustBody(t)
	if inside.has(index(65, 0, -10)) {
		t.Error("the pocket between arm and chest is within the body")
	}
	if !inside.has(index(0, 40, 0)) {
		t.Error("bowel gas is outside the body")
	}
}

// TestLungAtTheEdge: a narrow field of view cuts through the lung.
func TestLungAtTheEdge(t *testing.T) {
	s := painted(func(x, y, z float64) int16 {
		switch {
		case ellipse(x+30, y, 60, 60):
			return -860
		case ellipse(x-110, y, 60, 60): // goes on beyond the edge
			return -850
		}
		return 40
	})
	left, right, airway, _ := s.lungs(s.mustBody(t))
	want := math.Pi * 60 * 60 * 80 / 1000
	if got := float64(left.count()) * s.voxelML(); math.Abs(got-want) > want*0.03 {
		t.Errorf("the left lung has %.0f ml, want %.0f", got, want)
	}
	if !right.has(index(117, 0, 0)) {
		t.Error("the right lung ends before the edge of the scan")
	}
	if !airway.none() {
		t.Error("an airway was found where there is none")
	}
}

func TestAirwayDoesNotLeak(t *testing.T) {
	// A windpipe of 8 mm radius that opens into a lung at its lower end.
	s := painted(func(x, y, z float64) int16 {
		switch {
		case ellipse(x, y, 8, 8) && z > -20:
			return -990
		case ellipse(x-50, y, 40, 60), ellipse(x+50, y, 40, 60), ellipse(x, y, 60, 20) && z < -15:
			return -870
		case ellipse(x, y, 110, 90):
			return 40
		}
		return -1000
	})
	_, _, airway, _ := s.lungs(s.mustBody(t))
	got, want := float64(airway.count())*s.voxelML(), math.Pi*8*8*59/1000
	if got < want*0.8 || got > want*1.8 {
		t.Errorf("the airway has %.1f ml: want about %.1f", got, want)
	}
}

func TestBone(t *testing.T) {
	s := painted(func(x, y, z float64) int16 {
		switch {
		case ellipse(x, y, 20, 20) && math.Abs(z) < 24: // marrow within compact bone
			if ellipse(x, y, 12, 12) && math.Abs(z) < 20 {
				return 20
			}
			return 700
		case ellipse(x-60, y, 12, 12) && math.Abs(z) < 30: // an enhanced organ: dense, without compact bone
			return 200
		case ellipse(x+60, y, 20, 20): // skull: its hollow is no marrow
			if ellipse(x+60, y, 14, 14) {
				return 35
			}
			return 900
		case ellipse(x, y+70, 18, 14): // a vertebra: its shell open above and below
			if ellipse(x, y+70, 14, 10) {
				return 110
			}
			return 600
		case ellipse(x, y-60, 1, 1) && math.Abs(z) < 2: // a calcification
			return 500
		}
		return 40
	})
	bone := s.bone(s.empty().not()).bone
	for _, c := range []struct {
		name string
		x, y float64
		want bool
	}{{"compact", 17, 0, true}, {"marrow", 0, 0, true}, {"organ", 60, 0, false}, {"skull", -77, 0, true}, {"brain", -60, 0, false}, {"spongy", 0, -70, true}, {"calcification", 0, 60, false}} {
		if got := bone.has(index(c.x, c.y, 0)); got != c.want {
			t.Errorf("%s: bone is %v", c.name, got)
		}
	}
}

func TestSkinIsAClosedShell(t *testing.T) {
	for _, spacing := range [][3]float64{{1, 1, 1}, {0.7, 0.7, 5}, {3, 3, 3}} {
		g := newGrid([3]int{60, 60, 40}, spacing)
		inside := g.empty()
		for n := range g.ny * g.nz {
			y, z := n%g.ny, n/g.ny
			if y > 8 && y < 50 && z > 5 { // reaches the last slice: cut there
				inside.set(n, 7, 52)
			}
		}
		s := &scan{g, make([]int16, 60*60*40)}
		skin := s.skin(inside)
		// Taking the skin off leaves a core that the outside does not touch.
		core := inside.clone().minus(skin)
		outside := inside.clone().not()
		if !outside.dilate(g.ball(0, 1)).and(core).none() {
			t.Errorf("%v: the shell has a hole", spacing)
		}
		if skin.has(30, 30, 39) {
			t.Errorf("%v: skin across the cut", spacing)
		}
	}
}

func TestSoftTissueTakesTheRims(t *testing.T) {
	s := painted(func(x, y, z float64) int16 {
		switch r := math.Hypot(x, y); {
		case r < 30:
			return 50
		case r < 32: // half a voxel of each
			return -25
		case r < 70:
			return -100
		case r < 74:
			return -400
		}
		return -1000
	})
	all := &tissues{inside: s.mustBody(t), skin: s.empty(), found: found{bone: s.empty()}, left: s.empty(), right: s.empty(), airway: s.empty()}
	fat, muscle := s.soft(all)
	if !fat.clone().and(muscle).none() {
		t.Error("a voxel is fat and muscle")
	}
	rest := float64(all.inside.clone().minus(fat).minus(muscle).count()) / float64(all.inside.count())
	if rest > 0.01 {
		t.Errorf("%.1f %% of the body is neither fat nor muscle", 100*rest)
	}
	if !muscle.has(index(0, 0, 0)) || !fat.has(index(50, 0, 0)) {
		t.Error("fat or muscle is not where it was painted")
	}
}

func TestPartsOfTheGrid(t *testing.T) {
	if got := largest([]int{3, 9, 1, 9}, 3); got[0] != 1 || got[1] != 3 || got[2] != 0 {
		t.Errorf("largest: %v, want ties by index", got)
	}
	if got := largest(nil, 2); len(got) != 0 {
		t.Errorf("largest of nothing: %v", got)
	}
	g := newGrid([3]int{1, 1, 1}, [3]float64{1e-3, 1e-3, 1e-3})
	if b := g.ball(8, 1); b.ry > maxReach || b.rz > maxReach || b.widths > maxReach+1 {
		t.Errorf("a ball of %d × %d × %d voxels", b.widths, b.ry, b.rz)
	}
}
