package dicom

import (
	"errors"
	"math/rand/v2"
	"os"
	"testing"
)

// Planes come out in order whatever their order of arrival, and no file is left.
func TestInOrder(t *testing.T) {
	const count, size = 30, 7
	t.Setenv("TMPDIR", t.TempDir())
	full := errors.New("disk full")
	for seed := range uint64(20) {
		rng := rand.New(rand.NewPCG(seed, 9))
		planes, free := make(chan plane, count), make(chan []int16, count)
		for _, k := range rng.Perm(count) {
			p := plane{k, make([]int16, size)}
			for i := range p.voxels {
				p.voxels[i] = int16(1000*k - i)
			}
			planes <- p
		}
		close(planes)
		next := 0
		err := inOrder(planes, free, count, size, func(voxels []int16) error {
			if voxels[0] != int16(1000*next) || voxels[size-1] != int16(1000*next-size+1) {
				t.Fatalf("plane %d is %v", next, voxels)
			}
			if next++; seed == 19 && next == 12 {
				return full
			}
			return nil
		})
		if seed == 19 {
			if !errors.Is(err, full) {
				t.Errorf("%v, want %v", err, full)
			}
			continue
		}
		if err != nil || next != count || len(free) != count {
			t.Errorf("%d planes, %d buffers back: %v", next, len(free), err)
		}
	}
	if left, err := os.ReadDir(os.Getenv("TMPDIR")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestInOrderMisses(t *testing.T) {
	planes, free := make(chan plane, 3), make(chan []int16, 3)
	planes <- plane{0, make([]int16, 1)}
	planes <- plane{2, make([]int16, 1)}
	close(planes)
	if err := inOrder(planes, free, 3, 1, func([]int16) error { return nil }); !errors.Is(err, errIncomplete) {
		t.Errorf("%v", err)
	}
}
