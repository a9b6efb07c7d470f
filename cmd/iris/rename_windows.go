package main

import (
	"errors"
	"os"
	"time"

	"golang.org/x/sys/windows"
)

// Virus scanners and indexers open each new file for some moments, in which Windows
// refuses to rename it or to replace what they hold. The waits sum up to 2 s.
const (
	renameTries = 20
	renamePause = 100 * time.Millisecond
)

// rename puts a file in the place of another one.
func rename(from, to string) error {
	for n := 1; ; n++ {
		err := os.Rename(from, to)
		held := errors.Is(err, windows.ERROR_SHARING_VIOLATION) || errors.Is(err, windows.ERROR_ACCESS_DENIED)
		if !held || n == renameTries {
			return inUse(err, to)
		}
		time.Sleep(renamePause)
	}
}

// inUse tells a file that another program keeps open, for which Windows says "access
// denied", from one that may not be written.
func inUse(err error, to string) error {
	info, at := os.Stat(to)
	if !errors.Is(err, windows.ERROR_ACCESS_DENIED) || at != nil || info.IsDir() || info.Mode().Perm()&0o200 == 0 {
		return err
	}
	return windows.ERROR_SHARING_VIOLATION
}
