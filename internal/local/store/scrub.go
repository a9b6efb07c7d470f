package store

import (
	"bytes"
	"fmt"
	"os"
	"time"

	"go.etcd.io/bbolt"
)

// scrubAfter is how long after the last change deleted records are overwritten.
const scrubAfter = 300 * time.Millisecond

// scrubbedKey is a record of no meaning, whose change ends a transaction.
const scrubbedKey = "scrubbed"

// scrubLater has what was deleted overwritten once nothing was written for a moment.
func (s *Store) scrubLater() {
	if s.scrubTimer != nil && s.scrubTimer.Stop() {
		s.scrubTimer.Reset(scrubAfter)
		return
	}
	s.scrubTimer = time.AfterFunc(scrubAfter, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.quiet = true
		s.wake.Signal()
	})
}

// scrub overwrites pages that are no longer in use: bbolt leaves deleted records in
// them, and the name of an erased upload may not stay in a file. What it cannot do
// now (the disk fails) it does after the next change.
//
// A page is overwritten when it was free before a transaction and is after it: then
// neither that transaction nor the one before, to which a power cut may lead back,
// uses it.
func (s *Store) scrub() {
	if s.broken != nil {
		return
	}
	before, err := s.freePages()
	if err != nil || len(before) == 0 {
		return
	}
	b := &Batch{}
	b.Put(metaBucket, scrubbedKey, true)
	if s.transact([]*write{{batch: b}}) != nil {
		return
	}
	after, err := s.freePages()
	if err != nil {
		return
	}
	_ = s.overwrite(before, after)
}

// freePages are the pages that no record is in. Only the writing goroutine, which
// alone changes them, may ask.
func (s *Store) freePages() (free map[int]bool, err error) {
	free = map[int]bool{}
	err = s.db.View(func(tx *bbolt.Tx) error {
		for id := 2; ; id++ {
			page, err := tx.Page(id)
			if err != nil || page == nil {
				return err
			}
			if page.Type == "free" {
				free[id] = true
			}
		}
	})
	return free, err
}

// overwrite fills the pages that are in both sets with zeros.
func (s *Store) overwrite(before, after map[int]bool) (err error) {
	f, err := os.OpenFile(s.path, os.O_RDWR, 0)
	if err != nil {
		return fmt.Errorf("scrub: %w", plain(err))
	}
	defer func() { _ = f.Close() }()
	if now, err := f.Stat(); err != nil || !os.SameFile(now, s.file) {
		return ErrGone
	}
	size := s.db.Info().PageSize
	zeros, page := make([]byte, size), make([]byte, size)
	for id := range before {
		if !after[id] {
			continue
		}
		at := int64(id) * int64(size)
		if _, err := f.ReadAt(page, at); err != nil || bytes.Equal(page, zeros) {
			continue // behind the end of the file, or overwritten before
		}
		if _, err := f.WriteAt(zeros, at); err != nil {
			return fmt.Errorf("scrub: %w", plain(err))
		}
	}
	return f.Sync()
}
