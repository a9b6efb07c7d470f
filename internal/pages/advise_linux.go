package pages

import (
	"syscall"
	"unsafe"
)

const (
	hugePage = 2 << 20
	// madvHugePage is MADV_HUGEPAGE of <asm-generic/mman-common.h>.
	madvHugePage = 14
)

// advise asks for huge pages over s and what shares its first and last one: the
// neighbours in the heap, which are as large or gain nothing. A refusal (an old
// kernel, huge pages off) leaves small pages, so it is not an error.
func advise[T any](s []T) {
	if len(s) == 0 {
		return
	}
	start := uintptr(unsafe.Pointer(unsafe.SliceData(s)))
	bytes := uintptr(len(s)) * unsafe.Sizeof(s[0])
	if bytes < hugePage/4 {
		return
	}
	first := start &^ (hugePage - 1)
	last := (start + bytes + hugePage - 1) &^ (hugePage - 1)
	// Heap arenas are multiples of a huge page, so all of this is mapped. It goes as
	// numbers, for it is no slice of ours to make.
	_, _, _ = syscall.Syscall(syscall.SYS_MADVISE, first, last-first, madvHugePage)
}
