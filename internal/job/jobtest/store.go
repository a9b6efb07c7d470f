// Package jobtest holds working in-memory stores for tests of stages and of the
// API: job records with the conditional writes of cloud/jobs, and buckets.
package jobtest

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/iris-oculus/iris/internal/job"
)

// Store keeps records, folders and claims. The zero value is empty and ready.
// It is held to the same conformance suite as cloud/jobs (storetest).
type Store struct {
	// Now says what has outlived its time; with nil nothing has.
	Now func() time.Time
	// Before runs before every call, with the call's name and the job's id, the
	// folder's prefix or the key that it is about. Its error is the call's.
	Before func(call, of string) error

	mu      sync.Mutex
	records map[string][]byte
	open    map[string]mark
	keys    map[string][]string
	uploads map[string]map[string]job.Upload // by job and by what finds it, as LinkKey was told
	folders map[string]job.Folder
	claims  map[string]claim
	due     map[string]time.Time // by job, when its time is over
	swept   string               // how far the janitor's last sweep came
	took    map[job.Class]job.Samples
}

// mark keeps a job among the open ones.
type mark struct {
	number int // the record's MarkNumber
	at     time.Time
}

type claim struct {
	value   string
	expires time.Time
}

// before runs the hook without holding the lock: a hook may use the store.
func (s *Store) before(call, of string) error {
	if s.Before == nil {
		return nil
	}
	return s.Before(call, of)
}

// past says whether a time to live has passed, in whole seconds as DynamoDB has it.
func (s *Store) past(expires time.Time) bool {
	return s.Now != nil && !expires.IsZero() && s.Now().Unix() > expires.Unix()
}

func (s *Store) now() time.Time {
	if s.Now == nil {
		return time.Now()
	}
	return s.Now()
}

func (s *Store) init() {
	if s.records == nil {
		s.records, s.open, s.keys = map[string][]byte{}, map[string]mark{}, map[string][]string{}
		s.uploads = map[string]map[string]job.Upload{}
		s.folders, s.claims = map[string]job.Folder{}, map[string]claim{}
		s.due = map[string]time.Time{}
		s.took = map[job.Class]job.Samples{}
	}
}

func (s *Store) get(id string) (job.Record, error) {
	r, err := s.lapsed(id)
	if err == nil && s.past(r.ExpiresAt) {
		return job.Record{}, fmt.Errorf("get record: %w", job.ErrNotFound)
	}
	return r, err
}

// lapsed is a record, even if its time is over.
func (s *Store) lapsed(id string) (job.Record, error) {
	var r job.Record
	text, ok := s.records[id]
	if !ok {
		return r, fmt.Errorf("get record: %w", job.ErrNotFound)
	}
	if err := json.Unmarshal(text, &r); err != nil {
		return r, err
	}
	if life := job.LapsedLife; !r.Erased && s.past(r.ExpiresAt.Add(life)) && !r.ExpiresAt.IsZero() || r.Erased && s.past(r.ExpiresAt) {
		return job.Record{}, fmt.Errorf("get record: %w", job.ErrNotFound)
	}
	return r, nil
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
	if err := s.before("Create", r.ID); err != nil {
		return r, false, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.init()
	if _, taken := s.records[r.ID]; taken {
		stored, err := s.get(r.ID)
		return stored, false, err
	}
	s.put(r)
	s.open[r.ID] = mark{r.MarkNumber(), s.now()}
	if !r.ExpiresAt.IsZero() {
		s.due[r.ID] = r.ExpiresAt
	}
	return r, true, nil
}

// Get reads a record.
func (s *Store) Get(_ context.Context, id string) (job.Record, error) {
	if err := s.before("Get", id); err != nil {
		return job.Record{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.init()
	return s.get(id)
}

// Amend changes a record, or not when change fails.
func (s *Store) Amend(_ context.Context, id string, change func(*job.Record) error) (job.Record, error) {
	if err := s.before("Amend", id); err != nil {
		return job.Record{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.init()
	r, err := s.lapsed(id)
	if err != nil {
		return r, err
	}
	if r.Erased {
		return r, fmt.Errorf("the job was erased: %w", job.ErrStale)
	}
	ended := r.Status.Ended()
	if err := change(&r); err != nil {
		return r, err
	}
	s.put(r)
	if ended && !r.Status.Ended() || r.Erased {
		s.open[id] = mark{r.MarkNumber(), s.now()}
	}
	return r, nil
}

// LinkKey makes a job findable by its upload's key or prefix.
func (s *Store) LinkKey(_ context.Context, r job.Record) error {
	if err := s.before("LinkKey", r.ID); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.init()
	if key := r.Upload.FoundBy(); !slices.Contains(s.keys[key], r.ID) {
		s.keys[key] = append(s.keys[key], r.ID)
	}
	if s.uploads[r.ID] == nil {
		s.uploads[r.ID] = map[string]job.Upload{}
	}
	s.uploads[r.ID][r.Upload.FoundBy()] = r.Upload
	return nil
}

// Linked yields the uploads by which a job can be found, in order of their keys;
// of a folder's slices the one that was linked last.
func (s *Store) Linked(_ context.Context, id string) iter.Seq2[job.Upload, error] {
	if err := s.before("Linked", id); err != nil {
		return func(yield func(job.Upload, error) bool) { yield(job.Upload{}, err) }
	}
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

// Erase leaves a tombstone of an erased record, without its links; it does not
// outlive the time given. A record that is not erased is job.ErrStale.
func (s *Store) Erase(_ context.Context, r job.Record, until time.Time) error {
	if err := s.before("Erase", r.ID); err != nil {
		return err
	}
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
	s.put(r.Bare(until))
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

// Record is a record as it is held, whatever its time, past every hook; the zero
// record when there is none.
func (s *Store) Record(id string) (r job.Record) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if text, ok := s.records[id]; ok {
		if err := json.Unmarshal(text, &r); err != nil {
			panic(err) // it was made by put
		}
	}
	return r
}

// Change writes a record as a test wants it, past every rule and hook: what
// happens meanwhile, or what an earlier version left. One that is not there is made.
func (s *Store) Change(id string, change func(*job.Record)) {
	r := s.Record(id)
	change(&r)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.init()
	r.ID = id
	s.put(r)
}

// Forget takes a record away without a trace.
func (s *Store) Forget(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.records, id)
	delete(s.open, id)
}
