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
	return r, s.Jobs.Close(ctx, r)
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

// Erase removes a job and every object of it. The tombstone is written first:
// stages look at it before they write, and the janitor finishes what a crash left.
func (s Stage) Erase(ctx context.Context, id string) error {
	r, err := s.Jobs.Amend(ctx, id, func(r *job.Record) error {
		r.Erased, r.Token, r.Owed, r.UpdatedAt = true, "", nil, s.Now()
		return nil
	})
	if errors.Is(err, job.ErrStale) { // erased before: finish what that left
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

// lateWrites is how long a stage that was running at the erasure may still write: the
// 15 minutes that a Lambda function may run, and a reserve of five.
const lateWrites = 20 * time.Minute

// tombstoneLife is how long the bare tombstone is kept. After it no event, message or
// execution refers to the job any more.
const tombstoneLife = 2 * time.Hour

// finishErasure deletes every object of a job and leaves a bare tombstone. The
// janitor repeats it until nobody can write any more.
func (s Stage) finishErasure(ctx context.Context, r job.Record) error {
	if err := s.abandon(ctx, r); err != nil {
		return err
	}
	if err := s.eraseUpload(ctx, r); err != nil {
		return fmt.Errorf("erase upload: %w", err)
	}
	linked, err := s.eraseLinked(ctx, r)
	if err != nil {
		return fmt.Errorf("erase upload: %w", err)
	}
	for _, b := range []Bucket{s.Work, s.Results} {
		if err := b.DeletePrefix(ctx, r.ID+"/"); err != nil {
			return fmt.Errorf("erase objects: %w", err)
		}
	}
	if bare := r.Upload == (job.Upload{}); !bare || linked {
		if err := s.Jobs.Erase(ctx, r, s.Now().Add(tombstoneLife)); err != nil {
			return err
		}
	}
	if s.Now().Sub(r.UpdatedAt) > lateWrites {
		return s.Jobs.Close(ctx, r)
	}
	return nil
}
