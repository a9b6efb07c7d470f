// Package chunk writes large files in pieces that are encoded on every processor
// and written in order. In: the number of pieces and a function that encodes one.
// Out: the bytes of piece 0, 1, 2, …, the same for any number of workers. Errors:
// the first one of the writer, after which encoding stops.
package chunk

import (
	"io"
	"runtime"
	"sync"
)

// Range is the elements From to before To of the array with number Of.
type Range struct{ Of, From, To int }

// Cut cuts arrays of these lengths into ranges of at most size elements, in order.
// An array without elements gets no range.
func Cut(lengths []int, size int) []Range {
	var out []Range
	for of, n := range lengths {
		for from := 0; from < n; from += size {
			out = append(out, Range{of, from, min(from+size, n)})
		}
	}
	return out
}

// Write writes n pieces. encode appends the bytes of piece i to b; it runs on
// several goroutines at once, and so may only read what it shares.
func Write(w io.Writer, n int, encode func(i int, b []byte) []byte) error {
	workers := min(runtime.GOMAXPROCS(0), n)
	if workers <= 1 {
		var b []byte
		for i := range n {
			b = encode(i, b[:0])
			if _, err := w.Write(b); err != nil {
				return err
			}
		}
		return nil
	}
	// Piece i is encoded by worker i mod workers, which owns two buffers: one with
	// the writer, one in work. Closing stop ends workers whose piece nobody takes.
	stop := make(chan struct{})
	var done sync.WaitGroup
	ready, free := make([]chan []byte, workers), make([]chan []byte, workers)
	for worker := range workers {
		ready[worker], free[worker] = make(chan []byte), make(chan []byte, 2)
		free[worker] <- nil
		free[worker] <- nil
		done.Go(func() {
			for i := worker; i < n; i += workers {
				select {
				case b := <-free[worker]:
					select {
					case ready[worker] <- encode(i, b[:0]):
					case <-stop:
						return
					}
				case <-stop:
					return
				}
			}
		})
	}
	defer done.Wait()
	defer close(stop)
	for i := range n {
		b := <-ready[i%workers]
		if _, err := w.Write(b); err != nil {
			return err
		}
		free[i%workers] <- b
	}
	return nil
}
