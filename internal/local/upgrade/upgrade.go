// Package upgrade opens the store of a state folder. Where an earlier version kept
// its queues, executions and requests in folders of files, it brings them into the
// store first, and removes the folders once they are all in it.
//
// In: a state folder that no other process uses. Out: its store. Errors: those of
// package store; *MixedError; and of files in the folders that cannot be read, by
// name: then nothing was changed.
package upgrade

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"github.com/iris-oculus/iris/internal/local/durable"
	"github.com/iris-oculus/iris/internal/local/store"
)

// File is the store's name in the state folder.
const File = "store.db"

// The record that says that folders are in the store and may not be removed yet.
const (
	bucket      = "meta"
	importedKey = "imported"
)

// MixedError refuses a state folder that holds both: its owner has to say which.
type MixedError struct{ Left []string }

func (e *MixedError) Error() string {
	return fmt.Sprintf("state_mixed: beside %s, the state folder holds %s of an earlier iris that ran on it later: move them away, or move %s away to go on with them", File, strings.Join(e.Left, ", "), File)
}

// old is where earlier versions kept what the store keeps, by the state folder.
var old = []string{"events", "topics", "lambda", "states", "sagemaker", filepath.Join("s3", "announced.log")}

// Open opens the store of a state folder.
func Open(dir string, log *slog.Logger) (_ *store.Store, err error) {
	s, err := store.Open(filepath.Join(dir, File), func(s *store.Store) error {
		left, err := leftovers(dir)
		if err != nil || len(left) == 0 {
			return err
		}
		b := &store.Batch{}
		b.Put(bucket, importedKey, true)
		if err := s.Write(b); err != nil {
			return err
		}
		log.Info("the state of an earlier version is brought into one file", "file", File)
		return (&importer{dir: dir, store: s, log: log}).run()
	})
	if err != nil {
		return nil, err
	}
	if err := finish(dir, s); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// leftovers are the files and folders of earlier versions that are there.
func leftovers(dir string) (left []string, err error) {
	for _, name := range old {
		_, err := os.Stat(filepath.Join(dir, name))
		switch {
		case err == nil:
			left = append(left, name)
		case !errors.Is(err, fs.ErrNotExist):
			return nil, err
		}
	}
	return left, nil
}

// finish removes the folders that the store holds.
func finish(dir string, s *store.Store) error {
	left, err := leftovers(dir)
	if err != nil {
		return err
	}
	imported, _, err := store.Get[bool](s, bucket, importedKey)
	if err != nil {
		return err
	}
	if !imported && len(left) > 0 {
		return &MixedError{left}
	}
	for _, name := range left {
		if err := os.RemoveAll(filepath.Join(dir, name)); err != nil {
			return fmt.Errorf("remove what is in the store: %w", err)
		}
	}
	if !imported {
		return nil
	}
	if err := durable.SyncDir(dir); err != nil {
		return err
	}
	b := &store.Batch{}
	b.Delete(bucket, importedKey)
	return s.Write(b)
}
