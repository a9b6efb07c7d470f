package intake

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/iris-oculus/iris/internal/job"
	"github.com/iris-oculus/iris/internal/volume/dicom/header"
)

// rootFolder begins the name under which the slices of a series are kept that were
// dropped at the bucket's root. No upload key begins like this.
const rootFolder = "\x00series/"

// rootSeries is the series of a single DICOM slice that was dropped without a folder. It
// is empty for any other file, also for one of several frames.
func (s Stage) rootSeries(ctx context.Context, e Created) (string, error) {
	if folderOf(e.Key) != "" || job.IsSingle(e.Key) {
		return "", nil
	}
	dicom := strings.HasSuffix(strings.ToLower(e.Key), ".dcm")
	if !dicom {
		preamble, err := s.hasPreamble(ctx, e.Key)
		if !preamble || err != nil {
			return "", err
		}
	}
	r, object, err := s.Uploads.ReaderAt(ctx, e.Key)
	if errors.Is(err, job.ErrNotFound) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("look at upload: %w", err)
	}
	fetched := &fetchError{r: r}
	h, _, err := header.Read(io.NewSectionReader(fetched, 0, object.Size), object.Size)
	if fetched.err != nil {
		return "", fmt.Errorf("look at upload: %w", fetched.err)
	}
	if err != nil || h.Series == "" || h.Frames() > 1 {
		return "", nil // Prepare says what is wrong with it
	}
	return h.Series, nil
}

// fetchError tells a failure of the store from a fault of the file.
type fetchError struct {
	r   io.ReaderAt
	err error
}

func (f *fetchError) ReadAt(p []byte, off int64) (int, error) {
	n, err := f.r.ReadAt(p, off)
	if err != nil && !errors.Is(err, io.EOF) {
		f.err = err
	}
	return n, err
}

// addRootSlice makes one job of the slices of a series that come one after the
// other at the bucket's root, as "aws s3 cp folder s3://bucket/ --recursive"
// leaves them. The first slice's job is rejected by Prepare, which says to use a
// folder; the others find that job by their keys, instead of one rejection each.
func (s Stage) addRootSlice(ctx context.Context, e Created, series string, object job.Object) error {
	own := job.DeriveID(e.Bucket, e.Key, e.Sequencer)
	// The job to which an event was given is kept, because the event may come again
	// much later.
	event := e.Bucket + "/" + e.Key + "/" + e.Sequencer
	id, err := s.Folders.Claimed(ctx, job.BucketOwner, event)
	if err != nil {
		return fmt.Errorf("read claim of slice: %w", err)
	}
	if id == "" {
		if id, err = s.joinSeries(ctx, e, series, own, object); err != nil {
			return err
		}
		if id, _, err = s.Jobs.Claim(ctx, job.BucketOwner, event, id, s.Now()); err != nil {
			return fmt.Errorf("claim slice: %w", err)
		}
	}
	if id == own {
		return s.start(ctx, s.newRecord(e, "", own, object))
	}
	return s.linkSlice(ctx, id, e, object)
}

// joinSeries is the job for a slice that is new. It is the series' present job, or the
// slice's own when that opens the series. Nothing is claimed before the series is open,
// because many slices may arrive at once, of which only one may keep its own job.
func (s Stage) joinSeries(ctx context.Context, e Created, series, own string, object job.Object) (string, error) {
	for try := range maxFolderTries {
		f, err := s.Folders.Folder(ctx, e.Bucket, rootFolder+series)
		if err != nil {
			return "", fmt.Errorf("read series: %w", err)
		}
		if f.Job == own { // it opened the series, and died before it claimed
			return own, nil
		}
		state, err := s.generation(ctx, f, object)
		if err != nil {
			return "", err
		}
		id := f.Job
		switch state {
		case unrecorded:
			// Only a job that is recorded can be joined: one whose slice died before
			// that may never come.
			if err := s.wait(ctx, recordWithin/maxFolderTries); err != nil {
				return "", err
			}
			if try == maxFolderTries-1 {
				return "", &job.BusyError{Message: "the series' first slice is about to record its job"}
			}
			continue
		case goesOn:
			err = s.Folders.TouchFolder(ctx, f, s.Now())
		case isOver:
			id = own
			f.Generation, f.Job, f.LastArrival, f.Sealed = f.Generation+1, own, s.Now(), false
			err = s.Folders.OpenFolder(ctx, f)
		}
		if err == nil {
			return id, nil
		}
		if !errors.Is(err, job.ErrStale) {
			return "", fmt.Errorf("write series: %w", err)
		}
	}
	return "", &job.BusyError{Message: "a series is being written by too many at once"}
}

// recordWithin is how long the first slice of a series is waited for, which
// records its job some milliseconds after it opened the series.
const recordWithin = 3 * time.Second

// wait passes some time, or ends with the context. Tests replace it by s.Pause.
func (s Stage) wait(ctx context.Context, d time.Duration) error {
	if s.Pause != nil {
		return s.Pause(ctx, d)
	}
	timer, stop := context.WithTimeout(ctx, d)
	defer stop()
	<-timer.Done()
	return ctx.Err()
}

// linkSlice makes a job findable by a further upload, which is erased with it.
// That holds for a job that is being erased too: the janitor looks again for what
// was linked meanwhile.
func (s Stage) linkSlice(ctx context.Context, id string, e Created, object job.Object) error {
	if object.ETag != e.ETag {
		return nil // it was replaced, and the event of what lies there now links that
	}
	r, err := s.Jobs.Get(ctx, id)
	if errors.Is(err, job.ErrNotFound) {
		return nil // it has expired
	}
	if err != nil {
		return fmt.Errorf("read series' job: %w", err)
	}
	r.Upload = job.Upload{Bucket: e.Bucket, Key: e.Key, ETag: e.ETag, Modified: object.Modified}
	if err := s.Jobs.LinkKey(ctx, r); err != nil {
		return fmt.Errorf("link slice: %w", err)
	}
	return nil
}
