package intake

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"

	"github.com/iris-oculus/iris/internal/job"
)

// Uploads is the bucket that people drop into.
type Uploads interface {
	Head(ctx context.Context, key string) (job.Object, error)
	ReaderAt(ctx context.Context, key string) (io.ReaderAt, job.Object, error)
	List(ctx context.Context, prefix string) iter.Seq2[job.Object, error]
}

// Consumed is the work bucket, where a folder's job lists what it has read.
type Consumed interface {
	Get(ctx context.Context, key string) (io.ReadCloser, error)
}

// maxConsumedBytes bounds the list of consumed slices: 20,000 digests of 35 bytes.
const maxConsumedBytes = 1 << 20

// maxFolderTries bounds how often a slice begins again because others of its folder came first.
const maxFolderTries = 10

// addSlice adds a slice to its folder: the first starts the folder's job, later
// ones say that it is not quiet yet, late ones start a job over the whole folder.
func (s Stage) addSlice(ctx context.Context, e Created, prefix string, object job.Object) error {
	id := job.DeriveID(e.Bucket, prefix, e.Sequencer)
	for range maxFolderTries {
		f, err := s.Folders.Folder(ctx, e.Bucket, prefix)
		if err != nil {
			return fmt.Errorf("read folder: %w", err)
		}
		switch {
		case f.Job == id: // the slice that started it, again
			return s.start(ctx, s.newRecord(e, prefix, id, object))
		case f.Generation > 0 && !f.Sealed && !s.abandoned(ctx, f):
			if err = s.Folders.TouchFolder(ctx, f, s.Now()); err == nil {
				return nil // the folder's job is found by its prefix, which stands for every slice
			}
		default:
			if f.Sealed {
				known, err := s.consumed(ctx, f, object)
				if known || err != nil {
					return err
				}
			}
			f.Generation, f.Job, f.LastArrival, f.Sealed = f.Generation+1, id, s.Now(), false
			err = s.Folders.OpenFolder(ctx, f)
			if err == nil {
				return s.start(ctx, s.newRecord(e, prefix, id, object))
			}
		}
		if !errors.Is(err, job.ErrStale) {
			return fmt.Errorf("write folder: %w", err)
		}
	}
	return &job.BusyError{Message: "a folder is being written by too many at once"}
}

// abandoned: the folder's job ended before it had read its slices (bad options,
// a cancellation), and this slice is not of the same drop.
func (s Stage) abandoned(ctx context.Context, f job.Folder) bool {
	if s.Now().Sub(f.LastArrival) < job.QuietFor {
		return false
	}
	r, err := s.Jobs.Get(ctx, f.Job)
	return errors.Is(err, job.ErrNotFound) || err == nil && (r.Erased || r.Status.Ended())
}

// consumed says whether a sealed folder's job has read the slice as it lies
// there now: the event may be of a version before.
func (s Stage) consumed(ctx context.Context, f job.Folder, slice job.Object) (bool, error) {
	r, err := s.Jobs.Get(ctx, f.Job)
	if errors.Is(err, job.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("read folder's job: %w", err)
	}
	body, err := s.Consumed.Get(ctx, job.Key(f.Job, 1, job.SlicesObject))
	if errors.Is(err, job.ErrNotFound) {
		if r.Erased || r.Status.Ended() {
			return false, nil // it ended before it read anything
		}
		return false, &job.BusyError{Message: "the folder's job is about to list its slices"}
	}
	if err != nil {
		return false, fmt.Errorf("read consumed slices: %w", err)
	}
	defer body.Close()
	var digests []string
	if err := json.NewDecoder(io.LimitReader(body, maxConsumedBytes)).Decode(&digests); err != nil {
		return false, fmt.Errorf("read consumed slices: %w", err)
	}
	return slices.Contains(digests, job.SliceDigest(slice.Key, slice.ETag)), nil
}
