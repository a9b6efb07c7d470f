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
	// Versions yields all versions below a prefix, and marks of deletions.
	Versions(ctx context.Context, prefix string) iter.Seq2[job.Version, error]
	// DeleteVersion removes a version; job.ErrReplaced when another is in its place.
	DeleteVersion(ctx context.Context, v job.Version) error
	// AbortParts deletes the parts of an upload that is not complete; of one that is
	// complete or was aborted before it deletes nothing. AbortBelow does so for every
	// upload below a prefix.
	AbortParts(ctx context.Context, key, upload string) error
	AbortBelow(ctx context.Context, prefix string) (int, error)
}

// Links finds the jobs that were made of an upload key or of a folder's prefix,
// and the uploads by which a job can be found.
type Links interface {
	ByKey(ctx context.Context, key string, limit int32, cursor string) (job.Page, error)
	Linked(ctx context.Context, id string) iter.Seq2[job.Upload, error]
}

// eraseRounds bounds how often the uploads are listed. In a bucket that keeps versions
// the deletion of one that has no version of its own takes a second round.
const eraseRounds = 3

// eraseUploads deletes the objects that a job was made from, in all versions. It keeps a
// version that was uploaded later, and one that another job was made from as well.
func (s Stage) eraseUploads(ctx context.Context, r job.Record) (deleted job.Tally, err error) {
	counted := map[string]bool{}
	for range eraseRounds {
		versions, _, err := s.taken(ctx, r)
		if err != nil || len(versions) == 0 {
			return deleted, err
		}
		for _, v := range versions {
			err := s.Uploads.DeleteVersion(ctx, v)
			if errors.Is(err, job.ErrReplaced) {
				continue
			}
			if err != nil {
				return deleted, err
			}
			if mark := v.Key + "\x00" + v.ID; !counted[mark] {
				counted[mark] = true
				deleted.Count(v)
			}
		}
	}
	return deleted, nil
}

// uploaded counts what eraseUploads would delete, and the uploads that it would keep for
// another job.
func (s Stage) uploaded(ctx context.Context, r job.Record) (all job.Tally, kept int, err error) {
	versions, kept, err := s.taken(ctx, r)
	for _, v := range versions {
		all.Count(v)
	}
	return all, kept, err
}

// taken are the versions of uploads that go with a job, each once, and how many stay
// because another job was made of them.
func (s Stage) taken(ctx context.Context, r job.Record) (all []job.Version, kept int, err error) {
	sum := func(versions []job.Version, kept1 int, err1 error) {
		all, kept, err = append(all, versions...), kept+kept1, errors.Join(err, err1)
	}
	sum(s.takenBelow(ctx, r))
	if id, _, ok := job.ParseUploadKey(r.Upload.Key); r.Upload.Key != "" && (!ok || id != r.ID) {
		if r.Upload.Prefix != "" {
			sum(s.takenFolder(ctx, r))
		} else {
			sum(s.takenFile(ctx, r))
		}
	}
	// The further slices of a series that was dropped without a folder. Intake may link
	// one while its job is being erased.
	for u, err1 := range s.Links.Linked(ctx, r.ID) {
		if err1 != nil {
			return nil, 0, fmt.Errorf("list the job's uploads: %w", err1)
		}
		if u.Prefix == "" && u.Key != r.Upload.Key && u.ETag != "" {
			further := r
			further.Upload = u
			sum(s.takenFile(ctx, further))
		}
	}
	return all, kept, err
}

// takenBelow are the versions in the folder that the API makes for a job's upload, but
// for a file there that another job was made of. No file that comes later becomes a job.
func (s Stage) takenBelow(ctx context.Context, r job.Record) (all []job.Version, kept int, err error) {
	var theirs bool
	key := ""
	for v, err := range s.Uploads.Versions(ctx, job.UploadKey(r.ID, "")) {
		if err != nil {
			return nil, 0, fmt.Errorf("list the job's folder: %w", err)
		}
		if v.Key != key {
			others, err := s.others(ctx, r, v.Key)
			if err != nil {
				return nil, 0, err
			}
			key, theirs = v.Key, len(others) > 0
		}
		if !theirs {
			all = append(all, v)
		}
	}
	return all, 0, nil
}

// takenFile are the versions of a job's one upload.
func (s Stage) takenFile(ctx context.Context, r job.Record) ([]job.Version, int, error) {
	others, err := s.others(ctx, r, r.Upload.Key)
	if err != nil {
		return nil, 0, err
	}
	return s.pick(ctx, r.Upload.Key, func(v job.Version) (whose, error) {
		if v.Key != r.Upload.Key {
			return outside, nil
		}
		// Of an earlier version the store on one machine does not keep the time. Nobody
		// reads such a version, so that its bytes are enough to know it by.
		old := v.Object
		if old.Modified = (time.Time{}); !took(r, v.Object) && (v.Latest || !took(r, old)) {
			return another, nil
		}
		for _, other := range others {
			theirs, err := s.alsoTook(ctx, other, v.Object)
			if !theirs && err == nil && !took(r, v.Object) {
				theirs, err = s.alsoTook(ctx, other, old)
			}
			if theirs || err != nil {
				return shared, err // the same bytes under the same key, uploaded twice
			}
		}
		return mine, nil
	})
}

// takenFolder are the slices of a folder's job. Objects in folders below, scans with a
// job of their own, slices that came later, and slices that another generation of the
// folder reads as well are not among them.
func (s Stage) takenFolder(ctx context.Context, r job.Record) ([]job.Version, int, error) {
	listed, read, err := s.slicesOf(ctx, r.ID)
	if err != nil {
		return nil, 0, err
	}
	others, err := s.others(ctx, r, r.Upload.Prefix)
	if err != nil {
		return nil, 0, err
	}
	theirs := map[string]bool{}
	unread := false // another job has not listed the folder yet and may need every slice
	for _, other := range others {
		digests, listed, err := s.slicesOf(ctx, other.ID)
		if err != nil {
			return nil, 0, err
		}
		unread = unread || !listed
		for digest := range digests {
			theirs[digest] = true
		}
	}
	return s.pick(ctx, r.Upload.Prefix, func(v job.Version) (whose, error) {
		digest := job.SliceDigest(v.Key, v.ETag)
		switch {
		case strings.Contains(strings.TrimPrefix(v.Key, r.Upload.Prefix), "/"), job.IsSingle(v.Key):
			return outside, nil
		case v.Marker:
			return mine, nil
		case read && !listed[digest], v.Modified.After(r.UpdatedAt):
			return another, nil
		case unread, theirs[digest]:
			return shared, nil
		}
		return mine, nil
	})
}

// whose says to whom a version of an upload belongs.
type whose int

const (
	outside whose = iota // its key is none of the job's
	another              // another upload's, under the job's key
	shared               // the job's and another job's
	mine                 // the job's alone
)

// pick lists the versions below a prefix that are the job's alone, and counts those that
// it shares. The mark of a deletion goes along when nothing else is left of its key, for
// the key may name a person. One without an id of its own stays: an upload could take its
// place before it is deleted.
func (s Stage) pick(ctx context.Context, prefix string, of func(job.Version) (whose, error)) (all []job.Version, kept int, err error) {
	var marks []job.Version
	stay := map[string]bool{} // keys of which a version stays
	for v, err := range s.Uploads.Versions(ctx, prefix) {
		if err != nil {
			return nil, 0, fmt.Errorf("list uploads: %w", err)
		}
		w, err := of(v)
		if err != nil {
			return nil, 0, err
		}
		switch {
		case w == outside:
		case v.Marker:
			if v.ID != job.NullVersion {
				marks = append(marks, v)
			}
		case w == mine:
			all = append(all, v)
		default:
			stay[v.Key] = true
			if w == shared {
				kept++
			}
		}
	}
	for _, m := range marks {
		if !stay[m.Key] {
			all = append(all, m)
		}
	}
	return all, kept, nil
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
