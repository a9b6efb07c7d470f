package nets

import (
	"math/rand/v2"
	"testing"
)

func pack(v [3]int) Offset {
	return Offset(OffsetZero+v[0]) | Offset(OffsetZero+v[1])<<OffsetLane | Offset(OffsetZero+v[2])<<(2*OffsetLane)
}

// Four corners anywhere inside their cells: folds is the sign of the areas, and
// when one diagonal folds the quad, the other does not.
func TestFolds(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	cells := [4][2]int{{-1, -1}, {0, -1}, {0, 0}, {-1, 0}}
	folded := 0
	for range 200_000 {
		axis := r.IntN(3)
		var o [4]Offset
		var p [4][2]int
		for c := range o {
			var v [3]int
			for a := range v {
				v[a] = r.IntN(OffsetOne-1) - OffsetOne/2 + 1
			}
			o[c] = pack(v)
			p[c] = [2]int{cells[c][0]*OffsetOne + v[(axis+1)%3], cells[c][1]*OffsetOne + v[(axis+2)%3]}
		}
		area := func(a, b, c int) int {
			return (p[b][0]-p[a][0])*(p[c][1]-p[a][1]) - (p[b][1]-p[a][1])*(p[c][0]-p[a][0])
		}
		want := area(0, 1, 2) <= 0 || area(0, 2, 3) <= 0
		if got := folds(o[0], o[1], o[2], o[3], axis); got != want {
			t.Fatalf("axis %d, %v: %v", axis, p, got)
		}
		if want {
			folded++
			if area(1, 2, 3) <= 0 || area(1, 3, 0) <= 0 {
				t.Fatalf("axis %d, %v: folds either way", axis, p)
			}
		}
	}
	if folded == 0 {
		t.Error("no fold was tried")
	}
}

func TestOffsetVoxels(t *testing.T) {
	if x, y, z := Offset(OffsetMiddle).Voxels(); x != 0 || y != 0 || z != 0 {
		t.Errorf("middle: %g %g %g", x, y, z)
	}
	if x, y, z := pack([3]int{OffsetOne / 4, -OffsetOne / 2, 1}).Voxels(); x != 0.25 || y != -0.5 || z != 1.0/OffsetOne {
		t.Errorf("%g %g %g", x, y, z)
	}
}
