package settle

import (
	"context"
	"errors"
	"fmt"

	"github.com/iris-oculus/iris/internal/job"
)

// findUpload looks for the upload of a job that was not announced within a day. The job
// expires when there is no object, and starts when the object came and its event was
// lost.
func (s Stage) findUpload(ctx context.Context, r job.Record) error {
	object, err := s.Uploads.Head(ctx, r.Upload.Key)
	if errors.Is(err, job.ErrNotFound) {
		return s.expire(ctx, r)
	}
	if err != nil {
		return fmt.Errorf("look for the upload: %w", err)
	}
	r, err = s.Jobs.Amend(ctx, r.ID, func(now *job.Record) error {
		now.Upload.ETag, now.Upload.Size, now.Upload.Modified = object.ETag, object.Size, object.Modified
		return now.Enter(job.Received, s.Now())
	})
	if errors.Is(err, job.ErrStale) {
		return nil
	}
	if err != nil {
		return err
	}
	return job.Begin(ctx, s.Jobs, s.Workflow, r)
}

// expire ends a job for which nothing was uploaded, or not all of it.
func (s Stage) expire(ctx context.Context, r job.Record) error {
	if err := s.abortParts(ctx, r); err != nil {
		return err
	}
	_, err := s.Jobs.Amend(ctx, r.ID, func(now *job.Record) error {
		if now.Status != job.AwaitingUpload {
			return job.ErrStale
		}
		now.Error = &job.Notice{Code: "not_uploaded", Message: "no file was uploaded within a day"}
		return now.Enter(job.Expired, s.Now())
	})
	if errors.Is(err, job.ErrStale) {
		return nil
	}
	return err
}
