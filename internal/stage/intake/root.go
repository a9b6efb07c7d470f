package intake

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/iris-oculus/iris/internal/job"
	"github.com/iris-oculus/iris/internal/volume/dicom/header"
)

// rootFolder names the slices of one series that were dropped at the bucket's
// root. No upload key begins so.
const rootFolder = "\x00series/"

// rootSeries is the series of a single DICOM slice that was dropped without a
// folder; empty for anything else, a multi-frame file included.
func (s Stage) rootSeries(ctx context.Context, e Created) (string, error) {
	if path.Dir(e.Key) != "." || job.IsSingle(e.Key) {
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
	for range maxFolderTries {
		id, err := s.rootJob(ctx, e, series, own)
		switch {
		case errors.Is(err, job.ErrStale):
			continue // another slice of the series was faster
		case err != nil:
			return err
		case id == own:
			return s.start(ctx, s.newRecord(e, "", own, object))
		}
		return s.linkSlice(ctx, id, e, object)
	}
	return &job.BusyError{Message: "a series is being written by too many at once"}
}

// rootJob is the job that a slice belongs to: its own, when it is the first of its
// series, else that of the first. The answer is kept, for the event may come again
// much later, but never before it is certain: a slice that lost the race for being
// the first belongs to the one that won it. job.ErrStale: ask again.
func (s Stage) rootJob(ctx context.Context, e Created, series, own string) (string, error) {
	kept := e.Bucket + "/" + e.Key + "/" + e.Sequencer
	if id, err := s.Jobs.Claimed(ctx, job.BucketOwner, kept); err != nil || id != "" {
		return id, err
	}
	f, err := s.Folders.Folder(ctx, e.Bucket, rootFolder+series)
	if err != nil {
		return "", fmt.Errorf("read series: %w", err)
	}
	joins := f.Generation > 0 && f.Job != own && !s.abandoned(ctx, f)
	if !joins && f.Job != own {
		f.Generation, f.Job, f.LastArrival, f.Sealed = f.Generation+1, own, s.Now(), false
		if err := s.Folders.OpenFolder(ctx, f); err != nil {
			return "", fmt.Errorf("write series: %w", err)
		}
	}
	id, first, err := s.Jobs.Claim(ctx, job.BucketOwner, kept, f.Job, s.Now())
	if err != nil {
		return "", fmt.Errorf("claim slice: %w", err)
	}
	if joins && first {
		// A slice that arrived meanwhile has touched the series already.
		if err := s.Folders.TouchFolder(ctx, f, s.Now()); err != nil && !errors.Is(err, job.ErrStale) {
			return "", fmt.Errorf("write series: %w", err)
		}
	}
	return id, nil
}

// linkSlice makes a job findable by a further upload, which is erased with it.
func (s Stage) linkSlice(ctx context.Context, id string, e Created, object job.Object) error {
	r, err := s.Jobs.Get(ctx, id)
	if errors.Is(err, job.ErrNotFound) {
		return &job.BusyError{Message: "the series' first slice is about to record its job"}
	}
	if err != nil {
		return fmt.Errorf("read series' job: %w", err)
	}
	if r.Erased {
		return nil
	}
	r.Upload = job.Upload{Bucket: e.Bucket, Key: e.Key, ETag: e.ETag, Modified: object.Modified}
	if err := s.Jobs.LinkKey(ctx, r); err != nil {
		return fmt.Errorf("link slice: %w", err)
	}
	return nil
}
