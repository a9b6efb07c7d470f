package store

import "time"

func init() { lockTimeout = 50 * time.Millisecond }

// Batches that nobody waits for stand in a group before ones that somebody does.
func (s *Store) WriteTogether(later []*Batch, now []*Batch) []error {
	var group []*write
	for _, b := range later {
		group = append(group, &write{batch: b})
	}
	for _, b := range now {
		group = append(group, &write{b, make(chan error, 1)})
	}
	s.writeGroup(group)
	var errs []error
	for _, w := range group[len(later):] {
		errs = append(errs, <-w.done)
	}
	return errs
}
