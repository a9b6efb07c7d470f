package stack

import (
	"context"
	"syscall"
	"time"
)

const (
	// smallWrites is what services need to note what they were asked.
	smallWrites = 1 << 20
	// patience with a full disk: less than the 30 s of the functions that ask.
	patience  = 25 * time.Second
	lookEvery = 200 * time.Millisecond
)

// waitForDisk makes requests wait while the disk that holds path is full, so that
// jobs go on once somebody has freed space; after that the services say what is wrong.
func waitForDisk(path string) func(context.Context) {
	return func(ctx context.Context) {
		ctx, cancel := context.WithTimeout(ctx, patience)
		defer cancel()
		for {
			var st syscall.Statfs_t
			if err := syscall.Statfs(path, &st); err != nil || int64(st.Bavail)*int64(st.Bsize) >= smallWrites {
				return
			}
			select {
			case <-ctx.Done():
				return
			case <-time.After(lookEvery):
			}
		}
	}
}
