//go:build !windows

package durable

import (
	"errors"
	"fmt"
	"os"
)

// SyncDir makes names created, renamed or removed in dir last.
func SyncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("sync folder: %w", plain(err))
	}
	if err := errors.Join(d.Sync(), d.Close()); err != nil {
		return fmt.Errorf("sync folder: %w", plain(err))
	}
	return nil
}
