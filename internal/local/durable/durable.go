// Package durable writes small files that are either there in full or not at
// all, even after kill -9 or a power cut. In: a path and bytes. Errors wrap
// those of the operating system (a full disk is syscall.ENOSPC) and name the
// operation, never the path.
package durable

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// WriteFile replaces path: temporary file, fsync, rename, fsync of the folder.
// It returns when the bytes are on the disk.
func WriteFile(path string, data []byte) error {
	if err := replace(path, data); err != nil {
		return err
	}
	return SyncDir(filepath.Dir(path))
}

func replace(path string, data []byte) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), tempPrefix+"*")
	if err != nil {
		return fmt.Errorf("write file: %w", plain(err))
	}
	defer func() {
		if err != nil {
			_ = os.Remove(f.Name())
		}
	}()
	_, err = f.Write(data)
	err = errors.Join(err, f.Sync(), f.Close())
	if err != nil {
		return fmt.Errorf("write file: %w", plain(err))
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return fmt.Errorf("write file: %w", plain(err))
	}
	return nil
}

// tempPrefix marks files that a crash may leave behind; MakeDir removes them.
const tempPrefix = ".tmp-"

// MakeDir makes dir if it is not there and removes what an interrupted write
// left in it.
func MakeDir(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("make folder: %w", plain(err))
	}
	left, err := filepath.Glob(filepath.Join(dir, tempPrefix+"*"))
	if err != nil {
		return fmt.Errorf("make folder: %w", err)
	}
	for _, path := range left {
		if err := os.Remove(path); err != nil {
			return fmt.Errorf("make folder: %w", plain(err))
		}
	}
	return nil
}

// plain drops the path from an error of package os: file names may follow from
// what a person called something.
func plain(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	var l *os.LinkError
	if errors.As(err, &l) {
		return l.Err
	}
	return err
}
