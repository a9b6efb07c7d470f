package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"go.etcd.io/bbolt"
)

// write is a batch on its way to the disk. done is nil when nobody waits for it.
type write struct {
	batch *Batch
	done  chan error
}

// Write makes a batch's changes durable and returns then. On an error none of
// them was made.
func (s *Store) Write(b *Batch) error {
	if b.err != nil {
		return b.err
	}
	if s == nil {
		b.done()
		return nil
	}
	w := &write{b, make(chan error, 1)}
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return ErrClosed
	}
	if len(b.changes) == 0 {
		s.mu.Unlock()
		b.done()
		return nil
	}
	s.waiting = append(s.waiting, w)
	s.urgent = true
	s.wake.Signal()
	s.mu.Unlock()
	return <-w.done
}

// Later makes a batch's changes with the next Write, at the latest after a moment
// or with Close. A crash before that undoes them, so it is for what may happen
// twice: to forget a letter that was delivered.
func (s *Store) Later(b *Batch) {
	if s == nil || b.err != nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.waiting = append(s.waiting, &write{batch: b})
	s.delay()
}

// delay wakes the writing goroutine in a moment; s.mu is held.
func (s *Store) delay() {
	if s.delayed {
		return
	}
	s.delayed = true
	time.AfterFunc(laterWithin, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.delayed, s.urgent = false, true
		s.wake.Signal()
	})
}

// run writes what waits, all of it in one transaction, until the store is closed.
func (s *Store) run() {
	defer close(s.ended)
	for {
		s.mu.Lock()
		for !s.urgent && !s.closed && !s.quiet {
			s.wake.Wait()
		}
		group, closed, quiet := s.waiting, s.closed, s.quiet && !s.urgent
		s.waiting, s.urgent, s.quiet = nil, false, false
		s.mu.Unlock()
		s.writeGroup(group)
		if closed || quiet {
			s.scrub()
		} else {
			s.scrubLater()
		}
		if closed {
			return
		}
	}
}

// writeGroup writes a group of batches. One that cannot be written (it may be
// larger than what the disk has room for) must not fail the others, so after an
// error each is tried by itself, in the order in which they came; neighbours that
// nobody waits for stay together. What nobody waits for and fails is tried again
// until it is written or the store is closed, without what later batches have
// changed meanwhile.
func (s *Store) writeGroup(group []*write) {
	if len(group) == 0 {
		return
	}
	err := s.transact(group)
	if err == nil || len(group) == 1 && group[0].done != nil {
		for _, w := range group {
			w.end(err)
		}
		return
	}
	var kept []*write
	for len(group) > 0 {
		n := 1
		for group[0].done == nil && n < len(group) && group[n].done == nil {
			n++
		}
		err := s.transact(group[:n])
		for _, w := range group[:n] {
			if err == nil {
				for _, k := range kept {
					k.batch.yield(w.batch)
				}
			} else if w.done == nil {
				kept = append(kept, w)
				continue
			}
			w.end(err)
		}
		group = group[n:]
	}
	if len(kept) == 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.waiting = append(kept, s.waiting...)
	s.delay()
}

func (w *write) end(err error) {
	if err == nil {
		w.batch.done()
	}
	if w.done != nil {
		w.done <- err
	}
}

// transact writes batches in one transaction.
func (s *Store) transact(group []*write) (err error) {
	if s.broken != nil {
		return s.broken
	}
	if now, err := os.Stat(s.path); err != nil || !os.SameFile(now, s.file) {
		return ErrGone
	}
	id := -1
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%v", r)
			s.broken = fmt.Errorf("the store stopped after an error, start the stack again: %w", err)
		} else if err != nil && s.reached(id) {
			s.broken = fmt.Errorf("the store stopped after the disk failed at the end of a change, start the stack again: %w", err)
		}
		if err != nil {
			err = fmt.Errorf("write to the store: %w", plain(err))
		}
	}()
	return s.db.Update(func(tx *bbolt.Tx) error {
		id = tx.ID()
		for _, w := range group {
			if err := w.batch.apply(tx); err != nil {
				return err
			}
		}
		return nil
	})
}

// reached says whether a transaction that failed is nevertheless what is read now:
// its last page was written and only the wait for the disk failed. Then nobody can
// say what the disk holds, and bbolt would use pages again that are in use.
func (s *Store) reached(id int) (yes bool) {
	err := s.db.View(func(tx *bbolt.Tx) error {
		yes = tx.ID() >= id
		return nil
	})
	return yes || err != nil
}

// plain drops the path from an error of the operating system.
func plain(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}
