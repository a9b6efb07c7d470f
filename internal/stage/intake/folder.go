package intake

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"time"

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

// addSlice adds a slice to its folder. The first slice starts the folder's job, further
// ones note that the folder is not quiet, and one that comes too late starts another job
// of the whole folder.
func (s Stage) addSlice(ctx context.Context, e Created, prefix string, object job.Object) error {
	id := job.DeriveID(e.Bucket, prefix, e.Sequencer)
	for range maxFolderTries {
		f, err := s.Folders.Folder(ctx, e.Bucket, prefix)
		if err != nil {
			return fmt.Errorf("read folder: %w", err)
		}
		state := isOver
		if !f.Sealed {
			if state, err = s.generation(ctx, f, object); err != nil {
				return err
			}
		}
		switch {
		case f.Job == id: // the slice that started it, again
			return s.start(ctx, s.newRecord(e, prefix, id, object))
		case state != isOver:
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

// generation says what the present generation of a folder means for a slice that
// arrives.
type generation int

const (
	isOver     generation = iota // or there is none: the slice begins the next one
	goesOn                       // the slice is one more of it
	unrecorded                   // its first slice is about to record its job
)

// generation finds out whether a slice belongs to a folder's present generation. A job
// may end before it has read its slices, by bad options or a cancellation. Then further
// slices of the same drop still arrive, which need no job, whereas those of another drop
// do. It is another drop when no slice came for a while, when the job was erased before
// the slice was uploaded, and when the job was refused for its options and the slice
// would not be.
func (s Stage) generation(ctx context.Context, f job.Folder, slice job.Object) (generation, error) {
	if f.Generation == 0 {
		return isOver, nil
	}
	quiet := s.Now().Sub(f.LastArrival) >= job.QuietFor
	r, err := s.Jobs.Get(ctx, f.Job)
	switch {
	case errors.Is(err, job.ErrNotFound) && !quiet:
		return unrecorded, nil
	case errors.Is(err, job.ErrNotFound):
		return isOver, nil
	case err != nil:
		return 0, fmt.Errorf("read folder's job: %w", err)
	case !r.Erased && !r.Status.Ended():
		return goesOn, nil
	case quiet, r.Erased && !slice.Modified.Before(r.UpdatedAt.Truncate(time.Second)): // HEAD tells whole seconds
		return isOver, nil
	case !r.Erased && r.Status == job.Rejected && !r.Execution:
		if _, err := s.options(slice.Metadata, slice.Size); err == nil {
			return isOver, nil
		}
	}
	return goesOn, nil
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
