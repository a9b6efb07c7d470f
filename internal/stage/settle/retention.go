package settle

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/iris-oculus/iris/internal/job"
)

// Retention says which jobs have been kept for as long as jobs are.
type Retention interface {
	// Due yields the jobs whose time was over before now.
	Due(ctx context.Context, now time.Time) iter.Seq2[job.Due, error]
	// Lapsed reads a record whose time is over, which nobody else can read.
	Lapsed(ctx context.Context, id string) (job.Record, error)
	// Settled forgets that a job's time was over.
	Settled(ctx context.Context, d job.Due) error
}

// maxDue bounds the jobs that one sweep erases because their time is over. The next sweep
// goes on.
const maxDue = 500

// eraseDue erases the jobs whose time is over, with every object of them. The rules of
// the buckets and of the table would delete what is left, but later and one thing at a
// time, and on one machine there are no such rules.
func (s Stage) eraseDue(ctx context.Context) error {
	if s.Retention == nil {
		return nil
	}
	ctx, done := context.WithTimeout(ctx, limitsOf(ctx).look)
	defer done()
	var failed problems
	n := 0
	for d, err := range s.Retention.Due(ctx, s.Now()) {
		if n++; err != nil || n > maxDue {
			failed.add("list jobs whose time is over", err)
			break
		}
		if err := s.eraseOneDue(ctx, d); err != nil {
			if ctx.Err() != nil {
				break // the next sweep goes on
			}
			failed.add("job "+d.ID, err)
		}
	}
	return failed.join()
}

func (s Stage) eraseOneDue(ctx context.Context, d job.Due) error {
	r, err := s.Retention.Lapsed(ctx, d.ID)
	switch {
	case errors.Is(err, job.ErrNotFound), err == nil && r.Erased: // an erasure has a mark of its own
		return s.Retention.Settled(ctx, d)
	case err != nil:
		return fmt.Errorf("read a job whose time is over: %w", err)
	case s.Now().Before(r.ExpiresAt):
		return nil
	}
	if err := s.erase(ctx, r, job.ByRetention); err != nil {
		return err
	}
	return s.Retention.Settled(ctx, d)
}
