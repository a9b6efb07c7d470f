package work

import (
	"slices"
	"testing"
)

func TestShareDoesEachItemOnce(t *testing.T) {
	for _, workers := range []int{1, 2, 7} {
		for _, items := range []int{0, 1, 100} {
			done := make([]int32, items)
			by := make([][]int, workers)
			Share(workers, items, func(w, i int) { done[i]++; by[w] = append(by[w], i) })
			for i, n := range done {
				if n != 1 {
					t.Errorf("%d workers: item %d done %d times", workers, i, n)
				}
			}
			for w := range by {
				if !slices.IsSorted(by[w]) {
					t.Errorf("worker %d went out of order", w)
				}
			}
		}
	}
}

func TestWorkers(t *testing.T) {
	for _, c := range [][3]int{{3, 10, 3}, {3, 2, 2}, {1, 0, 1}, {5, 0, 1}} {
		if got := Workers(c[0], c[1]); got != c[2] {
			t.Errorf("%d for %d items: %d, want %d", c[0], c[1], got, c[2])
		}
	}
	if Workers(0, 1<<20) < 1 {
		t.Error("no worker")
	}
}
