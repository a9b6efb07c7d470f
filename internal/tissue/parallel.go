package tissue

import (
	"runtime"
	"sync"
)

// slabs splits n slices among the processors, in order, and waits. Work writes
// to its own slices only, so the number of processors changes no result.
func slabs(n int, work func(first, last int)) {
	workers := min(runtime.GOMAXPROCS(0), n)
	if workers <= 1 {
		work(0, n)
		return
	}
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() { work(w*n/workers, (w+1)*n/workers) })
	}
	wg.Wait()
}
