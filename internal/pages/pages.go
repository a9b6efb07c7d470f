// Package pages allocates large slices on huge pages where the system has them. In: a
// number of elements. Out: a slice. No errors.
//
// A process that meshes one scan writes most of its memory exactly once. Then the first
// access to each page of 4 KiB, a fault that zeroes it, costs more than the arithmetic:
// 2.3 GB/s against 15 GB/s with pages of 2 MiB on the machine of docs/benchmarks.md. The
// advice to the system changes speed only, never a result.
package pages

// Make is make([]T, n), advised to lie on huge pages when it is large. T must
// hold no pointers, so that the collector never reads the slice.
func Make[T any](n int) []T {
	s := make([]T, n)
	advise(s)
	return s
}

// Longer copies what has been read so far into memory for all n elements.
func Longer[T any](read []T, n int) []T {
	all := Make[T](n)
	copy(all, read)
	return all
}

// Arena hands out slices of exact length from blocks that are shared between
// them, for the many medium-sized slices of one worker. The zero value is ready.
// An Arena is not safe for concurrent use; the slices never overlap.
type Arena[T any] struct {
	rest []T
	size int // of the last block
}

// largestBlock is the number of elements of a full-sized block: 4 to 16 MiB for
// elements of 4 to 16 bytes, some huge pages, so that what is left unused at the
// end of a block is small beside what a worker makes. Blocks double up to it, so
// that small volumes stay small.
const (
	firstBlock   = 1 << 10
	largestBlock = 1 << 20
)

// Take hands out a zeroed slice of n elements with exactly that capacity.
func (a *Arena[T]) Take(n int) []T {
	if n > len(a.rest) {
		a.size = min(max(2*a.size, firstBlock), largestBlock)
		a.rest = Make[T](max(n, a.size))
	}
	s := a.rest[:n:n]
	a.rest = a.rest[n:]
	return s
}
