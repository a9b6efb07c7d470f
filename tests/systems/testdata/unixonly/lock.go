// Package unixonly has what Windows lacks.
package unixonly

import (
	"os"
	"syscall"
)

// Lock does not compile on Windows.
func Lock(f *os.File) error { return syscall.Flock(int(f.Fd()), syscall.LOCK_EX) }
