package settle

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"
	"time"

	"github.com/iris-oculus/iris/internal/job"
)

// Uploads is the bucket that people drop into.
type Uploads interface {
	Head(ctx context.Context, key string) (job.Object, error)
	List(ctx context.Context, prefix string) iter.Seq2[job.Object, error]
	// DeleteIf removes an object that still has this ETag; job.ErrReplaced for another.
	DeleteIf(ctx context.Context, key, etag string) error
	// AbortParts deletes the parts of an upload that is not complete; of one that is
	// complete or was aborted before it deletes nothing.
	AbortParts(ctx context.Context, key, upload string) error
}

// Links finds the jobs that were made of an upload key or of a folder's prefix,
// and the uploads by which a job can be found.
type Links interface {
	ByKey(ctx context.Context, key string, limit int32, cursor string) (job.Page, error)
	Linked(ctx context.Context, id string) iter.Seq2[job.Upload, error]
}

// eraseUpload deletes the objects that a job was made from. It keeps an object that was
// uploaded under the same key later, and one that another job was made from as well.
func (s Stage) eraseUpload(ctx context.Context, r job.Record) error {
	switch {
	case r.Upload.Key == "":
		return nil // a bare tombstone: its upload is gone
	case r.Upload.Prefix != "":
		return s.eraseFolder(ctx, r)
	}
	return s.eraseFile(ctx, r)
}

// eraseLinked deletes the further slices of a series that was dropped without a folder,
// and says whether the job can still be found by an upload. Intake may link an upload
// while its job is being erased; that one is deleted here as well.
func (s Stage) eraseLinked(ctx context.Context, r job.Record) (found bool, err error) {
	for u, err := range s.Links.Linked(ctx, r.ID) {
		if err != nil {
			return found, fmt.Errorf("list the job's uploads: %w", err)
		}
		found = true
		if u.Prefix == "" && u.Key != r.Upload.Key && u.ETag != "" {
			further := r
			further.Upload = u
			if err := s.eraseFile(ctx, further); err != nil {
				return found, err
			}
		}
	}
	return found, nil
}

// eraseFile deletes the one object of a job's upload.
func (s Stage) eraseFile(ctx context.Context, r job.Record) error {
	object, err := s.Uploads.Head(ctx, r.Upload.Key)
	if errors.Is(err, job.ErrNotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("look at upload: %w", err)
	}
	if !took(r, object) {
		return nil
	}
	others, err := s.others(ctx, r, r.Upload.Key)
	if err != nil {
		return err
	}
	for _, other := range others {
		theirs, err := s.alsoTook(ctx, other, object)
		if theirs || err != nil {
			return err // the same bytes under the same key, uploaded twice
		}
	}
	return s.deleteTaken(ctx, object)
}

// alsoTook says whether an object is the upload of a job, or a further slice of
// its series.
func (s Stage) alsoTook(ctx context.Context, r job.Record, object job.Object) (bool, error) {
	if r.Upload.Prefix != "" {
		return false, nil
	}
	if r.Upload.Key == object.Key {
		return took(r, object), nil
	}
	for u, err := range s.Links.Linked(ctx, r.ID) {
		if err != nil {
			return false, fmt.Errorf("list another job's uploads: %w", err)
		}
		if r.Upload = u; u.Key == object.Key && u.ETag != "" {
			return took(r, object), nil
		}
	}
	return false, nil
}

// took says whether an object is the one that a job was made from. An object with the
// same bytes that was uploaded later has the same ETag, but a later time. A job of the
// API's is the only one of its key, and may be erased before it has an upload.
func took(r job.Record, object job.Object) bool {
	u := r.Upload
	if u.ETag == "" {
		id, _, ok := job.ParseUploadKey(u.Key)
		return ok && id == r.ID
	}
	sameTime := u.Modified.IsZero() || object.Modified.IsZero() ||
		u.Modified.Truncate(time.Second).Equal(object.Modified.Truncate(time.Second)) // HEAD tells whole seconds
	return object.ETag == u.ETag && sameTime
}

func (s Stage) deleteTaken(ctx context.Context, object job.Object) error {
	if err := s.Uploads.DeleteIf(ctx, object.Key, object.ETag); err != nil && !errors.Is(err, job.ErrReplaced) {
		return err
	}
	return nil
}

// eraseFolder deletes the slices of a folder's job. It keeps objects in folders below,
// scans with a job of their own, slices that came later, and slices that another
// generation of the folder reads as well.
func (s Stage) eraseFolder(ctx context.Context, r job.Record) error {
	mine, listed, err := s.slicesOf(ctx, r.ID)
	if err != nil {
		return err
	}
	others, err := s.others(ctx, r, r.Upload.Prefix)
	if err != nil {
		return err
	}
	theirs := map[string]bool{}
	for _, other := range others {
		digests, listed, err := s.slicesOf(ctx, other.ID)
		if err != nil {
			return err
		}
		if !listed {
			return nil // the other job has not listed the folder yet and may need every slice
		}
		for digest := range digests {
			theirs[digest] = true
		}
	}
	for object, err := range s.Uploads.List(ctx, r.Upload.Prefix) {
		if err != nil {
			return fmt.Errorf("list folder: %w", err)
		}
		digest := job.SliceDigest(object.Key, object.ETag)
		switch {
		case strings.Contains(strings.TrimPrefix(object.Key, r.Upload.Prefix), "/"), job.IsSingle(object.Key):
			continue
		case theirs[digest], listed && !mine[digest], object.Modified.After(r.UpdatedAt):
			continue
		}
		if err := s.deleteTaken(ctx, object); err != nil {
			return err
		}
	}
	return nil
}

// maxSlices bounds the list of slices: 20,000 digests of 35 bytes.
const maxSlices = 1 << 20

// slicesOf reads which slices a folder's job has consumed; false when it has
// not listed them.
func (s Stage) slicesOf(ctx context.Context, id string) (digests map[string]bool, listed bool, err error) {
	body, err := s.Work.Get(ctx, job.Key(id, 1, job.SlicesObject))
	if errors.Is(err, job.ErrNotFound) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, fmt.Errorf("read list of slices: %w", err)
	}
	defer body.Close()
	var list []string
	if err := json.NewDecoder(io.LimitReader(body, maxSlices)).Decode(&list); err != nil {
		return nil, false, fmt.Errorf("read list of slices: %w", err)
	}
	digests = make(map[string]bool, len(list))
	for _, digest := range list {
		digests[digest] = true
	}
	return digests, true, nil
}

// othersPage is how many jobs of one key are read at a time.
const othersPage = 100

// others are the jobs, not erased, that were made of the same key or prefix.
func (s Stage) others(ctx context.Context, r job.Record, key string) ([]job.Record, error) {
	var others []job.Record
	for cursor := ""; ; {
		page, err := s.Links.ByKey(ctx, key, othersPage, cursor)
		if err != nil {
			return nil, fmt.Errorf("look for other jobs of the upload: %w", err)
		}
		for _, other := range page.Jobs {
			if other.ID != r.ID && !other.Erased {
				others = append(others, other)
			}
		}
		if cursor = page.Next; cursor == "" {
			return others, nil
		}
	}
}
