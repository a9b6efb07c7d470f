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

// advise asks for huge pages in the part of s that whole pages cover. A refusal
// (an old kernel, huge pages off) leaves small pages, so it is not an error.
func advise[T any](s []T) {
	if len(s) == 0 {
		return
	}
	start := uintptr(unsafe.Pointer(unsafe.SliceData(s)))
	end := start + uintptr(len(s))*unsafe.Sizeof(s[0])
	first := (start + hugePage - 1) &^ (hugePage - 1)
	last := end &^ (hugePage - 1)
	if first >= last {
		return
	}
	inner := unsafe.Slice((*byte)(unsafe.Add(unsafe.Pointer(unsafe.SliceData(s)), first-start)), last-first)
	_ = syscall.Madvise(inner, madvHugePage)
}
