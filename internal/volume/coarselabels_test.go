package volume

import (
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"
)

// labelled is a map in 1 mm voxels whose labels a function says.
func labelled(dims [3]int, label func(x, y, z int) int) *LabelMap {
	m := &LabelMap{Dims: dims, Affine: Affine{{1, 0, 0, 5}, {0, 1, 0, 0}, {0, 0, 1, 0}}, U8: make([]uint8, dims[0]*dims[1]*dims[2])}
	for n := range m.U8 {
		m.U8[n] = uint8(label(n%dims[0], n/dims[0]%dims[1], n/dims[0]/dims[1]))
	}
	return m
}

// Boxes that fit the new voxels stay the boxes that they were, where they were, also
// at the end of an axis.
func TestCoarseLabelsOfBoxes(t *testing.T) {
	m := labelled([3]int{10, 8, 7}, func(x, y, _ int) int { return 1 + x/4 + 3*(y/4) })
	got := CoarseLabels(m, [3]int{4, 4, 4})
	if got.Dims != [3]int{3, 2, 2} || !slices.Equal(got.U16, []uint16{1, 2, 3, 4, 5, 6, 1, 2, 3, 4, 5, 6}) {
		t.Errorf("%v: %v", got.Dims, got.U16)
	}
	if at := got.Affine.Apply([3]float64{1, 0, 0}); at != [3]float64{5 + 5.5, 1.5, 1.5} {
		t.Errorf("the second voxel lies at %v", at)
	}
	if same := CoarseLabels(m, [3]int{1, 0, 1}); same.Dims != m.Dims || same.At(9) != m.At(9) || same.Affine != m.Affine {
		t.Errorf("by ones: %v, %v", same.Dims, same.Affine)
	}
}

// A vessel of one voxel, a plate and a point are in the minority everywhere, and are
// there all the same; nobody else loses his last voxel to them.
func TestCoarseLabelsKeepEveryLabel(t *testing.T) {
	m := labelled([3]int{24, 24, 24}, func(x, y, z int) int {
		switch {
		case x == 5 && y == 5:
			return 2 // a vessel
		case z == 13:
			return 3 // a plate
		case x == 20 && y == 20 && z == 20:
			return 4 // a point
		case x > 16:
			return 1
		}
		return 0
	})
	got := CoarseLabels(m, [3]int{6, 6, 6})
	for label := range uint16(5) {
		if !slices.Contains(got.U16, label) {
			t.Errorf("label %d is gone", label)
		}
	}
	// All labels in one new voxel: one stays, and no label takes its only voxel.
	crowd := labelled([3]int{4, 4, 4}, func(x, y, z int) int { return 1 + x + 4*y + 16*z })
	if got := CoarseLabels(crowd, [3]int{4, 4, 4}); len(got.U16) != 1 || got.U16[0] != 1 {
		t.Errorf("%v", got.U16)
	}
	// Half background is not more than half.
	half := labelled([3]int{2, 2, 2}, func(x, _, _ int) int { return x * 7 })
	if got := CoarseLabels(half, [3]int{2, 2, 2}); got.U16[0] != 7 {
		t.Errorf("%v", got.U16)
	}
}

func TestCoarseLabelsForAnyNumberOfProcessors(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 9))
	m := labelled([3]int{31, 17, 23}, func(_, _, _ int) int { return max(0, r.IntN(60)-30) })
	m.U16, m.U8 = make([]uint16, len(m.U8)), nil
	for i := range m.U16 {
		m.U16[i] = uint16(max(0, r.IntN(70_000)-35_000))
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	alone := CoarseLabels(m, [3]int{3, 2, 4})
	runtime.GOMAXPROCS(5)
	if !slices.Equal(alone.U16, CoarseLabels(m, [3]int{3, 2, 4}).U16) {
		t.Error("another map")
	}
}
