package jobtest

import (
	"context"
	"fmt"
	"time"

	"github.com/iris-oculus/iris/internal/job"
)

// claimLife is how long a claim holds.
const claimLife = 24 * time.Hour

// Claim keeps the first value under a key, for a day from now.
func (s *Store) Claim(_ context.Context, owner, key, value string, now time.Time) (string, bool, error) {
	if err := s.before("Claim", key); err != nil {
		return value, false, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.init()
	if held, ok := s.claims[owner+"\x00"+key]; ok && held.expires.Unix() >= now.Unix() {
		return held.value, false, nil
	}
	s.claims[owner+"\x00"+key] = claim{value, now.Add(claimLife)}
	return value, true, nil
}

// Claimed is what is claimed under a key, empty for nothing.
func (s *Store) Claimed(_ context.Context, owner, key string) (string, error) {
	if err := s.before("Claimed", key); err != nil {
		return "", err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	held := s.claims[owner+"\x00"+key]
	if s.past(held.expires) {
		return "", nil
	}
	return held.value, nil
}

// Unclaim undoes a claim.
func (s *Store) Unclaim(_ context.Context, owner, key string) error {
	if err := s.before("Unclaim", key); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.claims, owner+"\x00"+key)
	return nil
}

// Folder reads what is known of a prefix.
func (s *Store) Folder(_ context.Context, bucket, prefix string) (job.Folder, error) {
	if err := s.before("Folder", prefix); err != nil {
		return job.Folder{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.init()
	f, ok := s.folders[bucket+"/"+prefix]
	if !ok || s.past(f.LastArrival.Add(job.Lifetime)) {
		f = job.Folder{Bucket: bucket, Prefix: prefix}
	}
	return f, nil
}

// OpenFolder writes the next generation of a folder, or job.ErrStale. The first
// generation is written over a folder that has outlived its time, too.
func (s *Store) OpenFolder(_ context.Context, f job.Folder) error {
	return s.folder("OpenFolder", f, func(held job.Folder) bool {
		over := f.Generation == 1 && f.LastArrival.Unix() > held.LastArrival.Add(job.Lifetime).Unix()
		return held.Generation == f.Generation-1 || over
	}, func(held *job.Folder) {
		*held = f
		held.LastArrival, held.Sealed = f.LastArrival.UTC().Truncate(time.Millisecond), false
	})
}

// TouchFolder notes an arrival, or job.ErrStale.
func (s *Store) TouchFolder(_ context.Context, f job.Folder, now time.Time) error {
	return s.folder("TouchFolder", f, func(held job.Folder) bool { return held.Generation == f.Generation && !held.Sealed },
		func(held *job.Folder) { held.LastArrival = now.UTC().Truncate(time.Millisecond) })
}

// SealFolder ends a folder's quiet time, or job.ErrStale.
func (s *Store) SealFolder(_ context.Context, f job.Folder) error {
	return s.folder("SealFolder", f, func(held job.Folder) bool {
		return held.Generation == f.Generation && held.LastArrival.UnixMilli() == f.LastArrival.UnixMilli()
	}, func(held *job.Folder) { held.Sealed = true })
}

func (s *Store) folder(call string, f job.Folder, holds func(job.Folder) bool, change func(*job.Folder)) error {
	if err := s.before(call, f.Prefix); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.init()
	name := f.Bucket + "/" + f.Prefix
	held := s.folders[name]
	if !holds(held) {
		return fmt.Errorf("folder: %w", job.ErrStale)
	}
	change(&held)
	s.folders[name] = held
	return nil
}

// SetFolder writes a folder as a test wants it, past every rule and hook.
func (s *Store) SetFolder(f job.Folder) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.init()
	s.folders[f.Bucket+"/"+f.Prefix] = f
}
