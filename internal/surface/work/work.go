// Package work shares numbered pieces of work between goroutines. In: how many
// pieces and goroutines there are, and what to do with a piece. Callers store each
// result under the number of its piece, so that results do not depend on the number
// of goroutines or on the order in which pieces end. No errors.
package work

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// Workers is how many goroutines to use for so many items when n are asked for,
// 0 meaning one for each CPU.
func Workers(n, items int) int {
	if n <= 0 {
		n = runtime.GOMAXPROCS(0)
	}
	return max(1, min(n, items))
}

// Share runs do(worker, item) once for every item below items, on so many
// goroutines that each take the lowest item left, and returns when all are done.
func Share(workers, items int, do func(worker, item int)) {
	if workers == 1 {
		for i := range items {
			do(0, i)
		}
		return
	}
	var next atomic.Int64
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < items; i = int(next.Add(1)) - 1 {
				do(w, i)
			}
		})
	}
	wg.Wait()
}
