// Package jobtest holds working in-memory stores for tests of stages and of the
// API: job records with the conditional writes of cloud/jobs, and buckets.
package jobtest

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"iter"
	"maps"
	"slices"
	"sort"
	"sync"
	"time"

	"github.com/iris-oculus/iris/internal/job"
)

// Store keeps records, folders and claims. The zero value is empty and ready.
type Store struct {
	mu      sync.Mutex
	records map[string][]byte
	open    map[string]bool
	keys    map[string][]string
	uploads map[string]map[string]job.Upload // by job and key, as LinkKey was told
	folders map[string]job.Folder
	claims  map[string]string
}

func (s *Store) init() {
	if s.records == nil {
		s.records, s.open, s.keys = map[string][]byte{}, map[string]bool{}, map[string][]string{}
		s.uploads = map[string]map[string]job.Upload{}
		s.folders, s.claims = map[string]job.Folder{}, map[string]string{}
	}
}

func (s *Store) get(id string) (job.Record, error) {
	var r job.Record
	text, ok := s.records[id]
	if !ok {
		return r, fmt.Errorf("get record: %w", job.ErrNotFound)
	}
	return r, json.Unmarshal(text, &r)
}

func (s *Store) put(r job.Record) {
	text, err := json.Marshal(r)
	if err != nil {
		panic(err) // a record always has JSON
	}
	s.records[r.ID] = text
}

// Create writes a record unless its id is taken.
func (s *Store) Create(_ context.Context, r job.Record) (job.Record, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.init()
	if stored, err := s.get(r.ID); err == nil {
		return stored, false, nil
	}
	s.put(r)
	s.open[r.ID] = true
	return r, true, nil
}

// Get reads a record.
func (s *Store) Get(_ context.Context, id string) (job.Record, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.init()
	return s.get(id)
}

// Amend changes a record, or not when change fails.
func (s *Store) Amend(_ context.Context, id string, change func(*job.Record) error) (job.Record, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.init()
	r, err := s.get(id)
	if err != nil {
		return r, err
	}
	if r.Erased {
		return r, fmt.Errorf("the job was erased: %w", job.ErrStale)
	}
	if err := change(&r); err != nil {
		return r, err
	}
	s.put(r)
	s.open[id] = s.open[id] || !r.Status.Ended() || r.Erased
	return r, nil
}

// LinkKey makes a job findable by its upload's key or prefix.
func (s *Store) LinkKey(_ context.Context, r job.Record) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.init()
	if key := r.Upload.FoundBy(); !slices.Contains(s.keys[key], r.ID) {
		s.keys[key] = append(s.keys[key], r.ID)
	}
	if s.uploads[r.ID] == nil {
		s.uploads[r.ID] = map[string]job.Upload{}
	}
	s.uploads[r.ID][r.Upload.Key] = r.Upload
	return nil
}

// Linked yields the uploads by which a job can be found, in order of their keys.
func (s *Store) Linked(_ context.Context, id string) iter.Seq2[job.Upload, error] {
	s.mu.Lock()
	defer s.mu.Unlock()
	uploads := maps.Clone(s.uploads[id])
	return func(yield func(job.Upload, error) bool) {
		for _, key := range slices.Sorted(maps.Keys(uploads)) {
			if !yield(uploads[key], nil) {
				return
			}
		}
	}
}

// ByKey lists the jobs of an upload key, newest first, as ByOwner does.
func (s *Store) ByKey(_ context.Context, key string, limit int32, cursor string) (job.Page, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.init()
	return s.page(s.keys[key], limit, cursor, func(job.Record) bool { return true })
}

// ByOwner lists an owner's jobs, newest first. As in DynamoDB a full page has a
// cursor even if nothing follows; no limit (0) is one page of all.
func (s *Store) ByOwner(_ context.Context, owner string, limit int32, cursor string) (job.Page, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.init()
	var ids []string
	for id := range s.records {
		ids = append(ids, id)
	}
	return s.page(ids, limit, cursor, func(r job.Record) bool { return r.Owner == owner })
}

// page reads one page; its cursor is the last job's id in hexadecimal.
func (s *Store) page(ids []string, limit int32, cursor string, keep func(job.Record) bool) (job.Page, error) {
	last, err := hex.DecodeString(cursor)
	if err != nil {
		return job.Page{}, job.Reject("bad_cursor", "the cursor is not one that this service gave")
	}
	var page job.Page
	for _, id := range ids {
		if r, err := s.get(id); err == nil && keep(r) {
			page.Jobs = append(page.Jobs, r)
		}
	}
	sort.Slice(page.Jobs, func(i, j int) bool {
		a, b := page.Jobs[i], page.Jobs[j]
		return a.CreatedAt.After(b.CreatedAt) || a.CreatedAt.Equal(b.CreatedAt) && a.ID > b.ID
	})
	if at := slices.IndexFunc(page.Jobs, func(r job.Record) bool { return r.ID == string(last) }); at >= 0 {
		page.Jobs = page.Jobs[at+1:]
	}
	if limit > 0 && len(page.Jobs) >= int(limit) {
		page.Jobs = page.Jobs[:limit]
		page.Next = hex.EncodeToString([]byte(page.Jobs[limit-1].ID))
	}
	return page, nil
}

// Open yields the jobs that have not ended, in order of id.
func (s *Store) Open(_ context.Context) iter.Seq2[string, error] {
	s.mu.Lock()
	defer s.mu.Unlock()
	var ids []string
	for id, open := range s.open {
		if open {
			ids = append(ids, id)
		}
	}
	sort.Strings(ids)
	return func(yield func(string, error) bool) {
		for _, id := range ids {
			if !yield(id, nil) {
				return
			}
		}
	}
}

// Close takes a job from the open ones.
func (s *Store) Close(_ context.Context, id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.open, id)
	return nil
}

// IsOpen says whether a job is among the open ones.
func (s *Store) IsOpen(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.open[id]
}

// Erase leaves a tombstone of an erased record, without its links; it does not
// outlive its time. A record that is not erased is job.ErrStale.
func (s *Store) Erase(_ context.Context, r job.Record, _ time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.init()
	now, err := s.get(r.ID)
	if err != nil {
		return nil
	}
	if !now.Erased {
		return fmt.Errorf("erase: %w", job.ErrStale)
	}
	for key, ids := range s.keys {
		s.keys[key] = slices.DeleteFunc(ids, func(id string) bool { return id == r.ID })
	}
	delete(s.uploads, r.ID)
	s.put(job.Record{ID: r.ID, Attempt: r.Attempt, Status: r.Status, Erased: true, CreatedAt: r.CreatedAt, UpdatedAt: r.UpdatedAt})
	return nil
}

// Links counts by how many keys a job can be found.
func (s *Store) Links(id string) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, ids := range s.keys {
		if slices.Contains(ids, id) {
			n++
		}
	}
	return n
}

// Claimed is what is claimed under a key, empty for nothing.
func (s *Store) Claimed(_ context.Context, owner, key string) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.claims[owner+key], nil
}

// Unclaim undoes a claim.
func (s *Store) Unclaim(_ context.Context, owner, key string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.claims, owner+key)
	return nil
}

// Claim keeps the first value under a key.
func (s *Store) Claim(_ context.Context, owner, key, value string, _ time.Time) (string, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.init()
	if held, ok := s.claims[owner+key]; ok {
		return held, false, nil
	}
	s.claims[owner+key] = value
	return value, true, nil
}

// Folder reads what is known of a prefix.
func (s *Store) Folder(_ context.Context, bucket, prefix string) (job.Folder, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.init()
	f, ok := s.folders[bucket+"/"+prefix]
	if !ok {
		f = job.Folder{Bucket: bucket, Prefix: prefix}
	}
	return f, nil
}

// OpenFolder writes the next generation of a folder, or job.ErrStale.
func (s *Store) OpenFolder(_ context.Context, f job.Folder) error {
	return s.folder(f, func(held job.Folder) bool { return held.Generation == f.Generation-1 }, func(*job.Folder) {})
}

// TouchFolder notes an arrival, or job.ErrStale.
func (s *Store) TouchFolder(_ context.Context, f job.Folder, now time.Time) error {
	return s.folder(f, func(held job.Folder) bool { return held.Generation == f.Generation && !held.Sealed },
		func(f *job.Folder) { f.LastArrival = now })
}

// SealFolder ends a folder's quiet time, or job.ErrStale.
func (s *Store) SealFolder(_ context.Context, f job.Folder) error {
	return s.folder(f, func(held job.Folder) bool {
		return held.Generation == f.Generation && held.LastArrival.Equal(f.LastArrival)
	}, func(f *job.Folder) { f.Sealed = true })
}

func (s *Store) folder(f job.Folder, holds func(job.Folder) bool, change func(*job.Folder)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.init()
	name := f.Bucket + "/" + f.Prefix
	if !holds(s.folders[name]) {
		return fmt.Errorf("folder: %w", job.ErrStale)
	}
	change(&f)
	s.folders[name] = f
	return nil
}
