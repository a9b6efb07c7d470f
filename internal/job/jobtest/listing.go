package jobtest

import (
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/iris-oculus/iris/internal/job"
)

// ByKey lists the jobs of an upload key, newest first, as ByOwner does.
func (s *Store) ByKey(_ context.Context, key string, limit int32, cursor string) (job.Page, error) {
	if err := s.before("ByKey", key); err != nil {
		return job.Page{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.init()
	return s.page(s.keys[key], limit, cursor, func(job.Record) bool { return true })
}

// ByOwner lists an owner's jobs, newest first. As in DynamoDB the limit is from 1,
// and a full page has a cursor even if nothing follows.
func (s *Store) ByOwner(_ context.Context, owner string, limit int32, cursor string) (job.Page, error) {
	if err := s.before("ByOwner", owner); err != nil {
		return job.Page{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.init()
	var ids []string
	for id := range s.records {
		ids = append(ids, id)
	}
	return s.page(ids, limit, cursor, func(r job.Record) bool { return r.Owner == owner })
}

// page reads one page; its cursor is the place of the last job, in hexadecimal,
// which stays a place when that job is erased.
func (s *Store) page(ids []string, limit int32, cursor string, keep func(job.Record) bool) (job.Page, error) {
	if limit < 1 {
		return job.Page{}, fmt.Errorf("query: limit %d: want at least 1", limit)
	}
	text, err := hex.DecodeString(cursor)
	last := string(text)
	if err != nil || last != "" && !isPlace(last) {
		return job.Page{}, job.Reject("bad_cursor", "the cursor is not one that this service gave")
	}
	var page job.Page
	for _, id := range ids {
		r, err := s.get(id)
		if errors.Is(err, job.ErrNotFound) {
			continue // it has expired
		}
		if err != nil {
			return job.Page{}, err
		}
		if keep(r) && (last == "" || place(r) < last) {
			page.Jobs = append(page.Jobs, r)
		}
	}
	slices.SortFunc(page.Jobs, func(a, b job.Record) int { return cmp.Compare(place(b), place(a)) })
	if len(page.Jobs) >= int(limit) {
		page.Jobs = page.Jobs[:limit]
		page.Next = s.Behind(page.Jobs[limit-1])
	}
	return page, nil
}

// Behind is the cursor of what follows a job.
func (*Store) Behind(r job.Record) string { return hex.EncodeToString([]byte(place(r))) }

const createdLayout = "2006-01-02T15:04:05.000Z"

// place is where a job stands in a listing.
func place(r job.Record) string { return r.CreatedAt.UTC().Format(createdLayout) + "#" + r.ID }

func isPlace(text string) bool {
	created, id, ok := strings.Cut(text, "#")
	_, err := time.Parse(createdLayout, created)
	return ok && err == nil && job.ValidID(id)
}

// Open yields the jobs that have not ended and whose id is greater than after, in
// order of id.
func (s *Store) Open(_ context.Context, after string) iter.Seq2[string, error] {
	if err := s.before("Open", ""); err != nil {
		return func(yield func(string, error) bool) { yield("", err) }
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var ids []string
	for id := range s.open {
		if id > after {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return func(yield func(string, error) bool) {
		for _, id := range ids {
			if !yield(id, nil) {
				return
			}
		}
	}
}

// SweptTo is what SetSweptTo noted last.
func (s *Store) SweptTo(context.Context) (string, error) {
	if err := s.before("SweptTo", ""); err != nil {
		return "", err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.swept, nil
}

// SetSweptTo notes how far a sweep came.
func (s *Store) SetSweptTo(_ context.Context, id string) error {
	if err := s.before("SetSweptTo", id); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.swept = id
	return nil
}

// Close removes the mark of a job as cloud/jobs does: not one of a later attempt, nor
// one of an erasure that began since the record was read, unless it is abandoned.
func (s *Store) Close(_ context.Context, r job.Record) error {
	if err := s.before("Close", r.ID); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if m := s.open[r.ID]; m.number <= r.MarkNumber() || s.now().Sub(m.at) > job.MarkAbandoned {
		delete(s.open, r.ID)
	}
	return nil
}

// IsOpen says whether a job is among the open ones.
func (s *Store) IsOpen(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, open := s.open[id]
	return open
}
