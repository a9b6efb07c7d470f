package chunk_test

import (
	"bytes"
	"errors"
	"fmt"
	"runtime"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/iris-oculus/iris/internal/meshfile/chunk"
)

func TestPiecesComeInOrderForAnyNumberOfWorkers(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	encode := func(i int, b []byte) []byte { return fmt.Appendf(b, "%d,", i*i) }
	for _, n := range []int{0, 1, 2, 3, 100} {
		var want []byte
		for i := range n {
			want = encode(i, want)
		}
		for _, workers := range []int{1, 2, 7} {
			runtime.GOMAXPROCS(workers)
			var got bytes.Buffer
			if err := chunk.Write(&got, n, encode); err != nil || !bytes.Equal(got.Bytes(), want) {
				t.Errorf("%d pieces, %d workers: %v, %.50q", n, workers, err, got.Bytes())
			}
		}
	}
}

// room is a writer that takes so many writes.
type room int

func (r *room) Write(p []byte) (int, error) {
	if *r--; *r < 0 {
		return 0, errors.New("disk full")
	}
	return len(p), nil
}

func TestAnErrorStopsTheWork(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(3))
	for _, workers := range []int{1, 3} {
		runtime.GOMAXPROCS(workers)
		left := room(2)
		encoded := make([]int, 1000)
		err := chunk.Write(&left, len(encoded), func(i int, b []byte) []byte { encoded[i]++; return b })
		total := 0
		for _, n := range encoded { // Write has returned: nobody encodes any more
			total += n
		}
		if err == nil || total > 3+3*workers {
			t.Errorf("%d workers: %v after %d pieces", workers, err, total)
		}
	}
}

func TestCut(t *testing.T) {
	got := chunk.Cut([]int{5, 0, 2}, 2)
	want := []chunk.Range{{0, 0, 2}, {0, 2, 4}, {0, 4, 5}, {2, 0, 2}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
