package settle

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/iris-oculus/iris/internal/job"
)

// Cancel writes cancelled, stops the execution, and deletes the request's input from the
// work bucket, so that a request without a job fails at once. It returns a job that has
// ended as it is, with job.ErrStale.
func (s Stage) Cancel(ctx context.Context, id string) (job.Record, error) {
	r, err := s.Jobs.Amend(ctx, id, func(r *job.Record) error {
		if r.Status == job.Cancelled {
			return nil
		}
		r.Token = ""
		return r.Enter(job.Cancelled, s.Now())
	})
	if err != nil {
		return r, err
	}
	if err := s.abandon(ctx, r); err != nil {
		return r, err
	}
	return r, s.closeEnded(ctx, r)
}

// abandon stops the execution of a job and deletes the input of its request. The event
// of the aborted execution makes settle release the lease, which a stopped workflow
// cannot do itself.
func (s Stage) abandon(ctx context.Context, r job.Record) error {
	if err := s.Workflow.Stop(ctx, job.ExecutionName(r.ID, r.Attempt)); err != nil {
		return err
	}
	if err := s.abortParts(ctx, r); err != nil {
		return err
	}
	if err := s.Work.Delete(ctx, job.Key(r.ID, r.Attempt, job.VolumeObject)); err != nil {
		return fmt.Errorf("delete the request's input: %w", err)
	}
	return nil
}

// abortParts deletes what has arrived of an upload that the API began and that nobody
// will complete. On one machine no rule of the bucket does.
func (s Stage) abortParts(ctx context.Context, r job.Record) error {
	if r.Upload.Parts == "" {
		return nil
	}
	if err := s.Uploads.AbortParts(ctx, r.Upload.Key, r.Upload.Parts); err != nil {
		return fmt.Errorf("delete the parts of the upload: %w", err)
	}
	return nil
}

// Erase removes a job and every object of it, and the tombstone says who asked for that.
// The tombstone is written first: stages look at it before they write, and the janitor
// finishes what a crash left.
func (s Stage) Erase(ctx context.Context, id string, by job.Eraser) error {
	r, err := s.Jobs.Get(ctx, id)
	if errors.Is(err, job.ErrNotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("write tombstone: %w", err)
	}
	return s.erase(ctx, r, by)
}

func (s Stage) erase(ctx context.Context, r job.Record, by job.Eraser) error {
	if r.Erased { // before: finish what that left
		return s.finishErasure(ctx, r)
	}
	found, _, err := s.holds(ctx, r)
	if err != nil {
		return err
	}
	id := r.ID
	r, err = s.Jobs.Amend(ctx, id, func(r *job.Record) error {
		now := s.Now()
		r.Erased, r.Token, r.Owed, r.UpdatedAt, r.ExpiresAt = true, "", nil, now, now.Add(job.TombstoneLife)
		r.Erasure = &job.Erasure{At: now, By: by, Found: found}
		return nil
	})
	if errors.Is(err, job.ErrStale) { // by another meanwhile
		r, err = s.Jobs.Get(ctx, id)
	}
	if errors.Is(err, job.ErrNotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("write tombstone: %w", err)
	}
	return s.finishErasure(ctx, r)
}

// lateWrites is how long after an erasure something may still be written for the job. A
// function runs for 15 minutes at most, but a model server that holds the job's volume
// answers within the hour that InvocationTimeoutSeconds gives it; the rest is a reserve.
const lateWrites = 65 * time.Minute

// holds counts the objects of a job, and the uploads among them that stay when it is
// erased because another job was made of them.
func (s Stage) holds(ctx context.Context, r job.Record) (all job.Tally, kept int, err error) {
	for _, below := range s.below(r) {
		t, err := below.bucket.Tally(ctx, below.prefix)
		if err != nil {
			return all, 0, fmt.Errorf("count objects: %w", err)
		}
		all = all.Plus(t)
	}
	uploaded, kept, err := s.uploaded(ctx, r)
	if err != nil {
		return all, 0, fmt.Errorf("count uploads: %w", err)
	}
	return all.Plus(uploaded), kept, nil
}

// place is a prefix below which every key is of one job.
type place struct {
	role   string
	bucket Bucket
	prefix string
}

// below are the places of a job's objects in the buckets that only stages write.
// SageMaker writes failures below a prefix of its own.
func (s Stage) below(r job.Record) []place {
	return []place{
		{"work", s.Work, r.ID + "/"}, {"work", s.Work, job.FailuresPrefix + r.ID + "/"}, {"results", s.Results, r.ID + "/"},
	}
}

// finishErasure deletes every object of a job and leaves a bare tombstone. The
// janitor repeats it until nobody can write any more.
func (s Stage) finishErasure(ctx context.Context, r job.Record) error {
	begun, err := s.Uploads.AbortBelow(ctx, job.UploadKey(r.ID, ""))
	if err != nil {
		return fmt.Errorf("erase upload: %w", err)
	}
	if err := s.abandon(ctx, r); err != nil {
		return err
	}
	if r.Erasure == nil { // by an earlier version of this program
		r.Erasure = &job.Erasure{At: r.UpdatedAt, By: job.ByOwner}
	}
	deleted, err := s.eraseUploads(ctx, r)
	if err != nil {
		return fmt.Errorf("erase upload: %w", err)
	}
	deleted.Uploads += begun
	for _, below := range s.below(r) {
		t, err := below.bucket.DeletePrefix(ctx, below.prefix)
		if err != nil {
			return fmt.Errorf("erase objects: %w", err)
		}
		deleted = deleted.Plus(t)
	}
	done := *r.Erasure
	if done.LookedAt.IsZero() {
		done.Found = done.Found.AtLeast(deleted)
	} else {
		done.Late = done.Late.Plus(deleted)
	}
	left, kept, err := s.holds(ctx, r)
	if err != nil {
		return err
	}
	if r.Upload != (job.Upload{}) { // a bare tombstone does not know any more
		done.Kept = kept
	}
	done.Left, done.LookedAt = left, s.Now()
	done.Final = s.Now().Sub(r.UpdatedAt) > lateWrites
	r.Erasure = &done
	if err := s.Jobs.Erase(ctx, r, done.At.Add(job.TombstoneLife)); err != nil {
		return err
	}
	if done.Final && left.Empty() {
		return s.Jobs.Close(ctx, r)
	}
	return nil
}
