// Package glimpse makes the first look at a CT while the job waits for its model: the
// surfaces of skin, bone, lungs and airway that package tissue finds in voxels of 2 mm or
// more, of a small scan in smaller ones. In: a job that runs, whose volume lies in the work bucket. Out: glimpse.glb in the
// results bucket, listed as provisional by the record, or in the record why there is none.
//
// Nobody waits for it, and no job changes by its failure. It may run twice, late, after
// the job has ended, was erased or has another attempt, or die half-way: it looks at the
// record before it writes and when it has written, and takes away what the record does not
// list; whoever ends a job does so too. A repeat writes equal bytes.
//
// Errors are those of the stores. A scan at fault, and one that is too large for the
// function's memory, is none: the record says so by code and sentence.
package glimpse

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/iris-oculus/iris/internal/job"
	"github.com/iris-oculus/iris/internal/meshfile/light"
)

// Jobs keeps job records.
type Jobs interface {
	Get(ctx context.Context, id string) (job.Record, error)
	Amend(ctx context.Context, id string, change func(*job.Record) error) (job.Record, error)
}

// Work is the work bucket. Get wraps job.ErrNotFound.
type Work interface {
	Get(ctx context.Context, key string) (io.ReadCloser, error)
}

// Results is the bucket of what a job offers.
type Results interface {
	PutEncoded(ctx context.Context, key, mediaType, encoding string, body io.Reader) (job.Artifact, error)
	Delete(ctx context.Context, key string) error
}

// Stage is the glimpse stage.
type Stage struct {
	Jobs    Jobs
	Work    Work
	Results Results

	MemoryBytes int64 // the function's memory, or 0 for no limit
	Threads     int   // the number of goroutines, or 0 for one per processor
}

// errOver says that the job does not take a first look any more.
var errOver = errors.New("the job takes no first look")

// Handle makes the first look of one attempt at a job.
func (s Stage) Handle(ctx context.Context, in job.StageInput) error {
	err := s.handle(ctx, in)
	if errors.Is(err, errOver) {
		// This run or one before it may have written after the job's end.
		if err := s.Results.Delete(ctx, key(in)); err != nil {
			return fmt.Errorf("delete the first look: %w", err)
		}
		return nil
	}
	return err
}

func key(in job.StageInput) string { return job.Key(in.Job, in.Attempt, job.GlimpseGLB) }

func (s Stage) handle(ctx context.Context, in job.StageInput) error {
	r, err := s.look(ctx, in)
	if err != nil || r.HasGlimpse(in.Attempt) {
		return err
	}
	made, none, err := s.make(ctx, in)
	if err != nil {
		return err
	}
	if _, err := s.look(ctx, in); err != nil { // seconds have passed
		return err
	}
	var listed *job.Artifact
	if made != nil {
		if listed, err = s.put(ctx, in, made); err != nil {
			return err
		}
	}
	_, err = s.Jobs.Amend(ctx, in.Job, func(r *job.Record) error {
		if !r.TakesGlimpse(in.Attempt) {
			return errOver
		}
		r.ShowGlimpse(listed, none)
		return nil
	})
	return over(err, "list the first look")
}

// look reads the record; errOver for a job that takes no first look of this attempt.
func (s Stage) look(ctx context.Context, in job.StageInput) (job.Record, error) {
	r, err := s.Jobs.Get(ctx, in.Job)
	if err == nil && !r.TakesGlimpse(in.Attempt) {
		err = errOver
	}
	return r, over(err, "look at the job")
}

// over names what was being done, and takes a job or an object that is not there any more,
// and a job that has moved on, for the end of the job.
func over(err error, doing string) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, job.ErrNotFound), errors.Is(err, job.ErrStale), errors.Is(err, errOver):
		return errOver
	}
	return fmt.Errorf("%s: %w", doing, err)
}

// put stores the model.
func (s Stage) put(ctx context.Context, in job.StageInput, m *light.Model) (*job.Artifact, error) {
	a, err := job.StorePacked(ctx, s.Results, in.Job, in.Attempt, job.GlimpseGLB, m.File, m.Packed)
	if err != nil {
		return nil, err
	}
	a.Attempt, a.Provisional = in.Attempt, true
	return &a, nil
}
