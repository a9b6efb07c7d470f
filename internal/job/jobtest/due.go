package jobtest

import (
	"context"
	"iter"
	"slices"
	"time"

	"github.com/iris-oculus/iris/internal/job"
)

// Due yields the jobs whose time was over before now, the one that waits longest first.
func (s *Store) Due(_ context.Context, now time.Time) iter.Seq2[job.Due, error] {
	if err := s.before("Due", ""); err != nil {
		return func(yield func(job.Due, error) bool) { yield(job.Due{}, err) }
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []job.Due
	for id, at := range s.due {
		if at.Before(now) {
			all = append(all, job.Due{ID: id, At: at})
		}
	}
	slices.SortFunc(all, func(a, b job.Due) int { return a.At.Compare(b.At) })
	return func(yield func(job.Due, error) bool) {
		for _, d := range all {
			if !yield(d, nil) {
				return
			}
		}
	}
}

// Settled removes the mark of a job's time.
func (s *Store) Settled(_ context.Context, d job.Due) error {
	if err := s.before("Settled", d.ID); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.due, d.ID)
	return nil
}

// Lapsed reads a record even if its time is over.
func (s *Store) Lapsed(_ context.Context, id string) (job.Record, error) {
	if err := s.before("Lapsed", id); err != nil {
		return job.Record{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.init()
	return s.lapsed(id)
}
