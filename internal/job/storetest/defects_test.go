package storetest_test

import (
	"context"
	"errors"
	"io"
	"iter"
	"slices"
	"testing"
	"time"

	"github.com/iris-oculus/iris/internal/job"
	"github.com/iris-oculus/iris/internal/job/jobtest"
	"github.com/iris-oculus/iris/internal/job/storetest"
)

// jobsWith is a table with a defect: a function that is set takes the place of the call.
type jobsWith struct {
	*jobtest.Store
	amend   func(ctx context.Context, id string, change func(*job.Record) error) (job.Record, error)
	get     func(ctx context.Context, id string) (job.Record, error)
	create  func(ctx context.Context, r job.Record) (job.Record, bool, error)
	erase   func(ctx context.Context, r job.Record, until time.Time) error
	list    func(page func(limit int32, cursor string) (job.Page, error), limit int32, cursor string) (job.Page, error)
	claim   func(ctx context.Context, owner, key, value string, now time.Time) (string, bool, error)
	claimed func(ctx context.Context, owner, key string) (string, error)
	open    func(ctx context.Context, f job.Folder) error
	seal    func(ctx context.Context, f job.Folder) error
	marks   func(ctx context.Context, after string) iter.Seq2[string, error]
	closed  func(ctx context.Context, r job.Record) error
	measure func(ctx context.Context, s job.Sample) error
	took    func(ctx context.Context, classes []job.Class) (map[job.Class]job.Samples, error)
}

func (j *jobsWith) Measure(ctx context.Context, s job.Sample) error {
	if j.measure != nil {
		return j.measure(ctx, s)
	}
	return j.Store.Measure(ctx, s)
}

func (j *jobsWith) Took(ctx context.Context, classes []job.Class) (map[job.Class]job.Samples, error) {
	if j.took != nil {
		return j.took(ctx, classes)
	}
	return j.Store.Took(ctx, classes)
}

func (j *jobsWith) Close(ctx context.Context, r job.Record) error {
	if j.closed != nil {
		return j.closed(ctx, r)
	}
	return j.Store.Close(ctx, r)
}

func (j *jobsWith) Open(ctx context.Context, after string) iter.Seq2[string, error] {
	if j.marks != nil {
		return j.marks(ctx, after)
	}
	return j.Store.Open(ctx, after)
}

func (j *jobsWith) Amend(ctx context.Context, id string, change func(*job.Record) error) (job.Record, error) {
	if j.amend != nil {
		return j.amend(ctx, id, change)
	}
	return j.Store.Amend(ctx, id, change)
}

func (j *jobsWith) Get(ctx context.Context, id string) (job.Record, error) {
	if j.get != nil {
		return j.get(ctx, id)
	}
	return j.Store.Get(ctx, id)
}

func (j *jobsWith) Create(ctx context.Context, r job.Record) (job.Record, bool, error) {
	if j.create != nil {
		return j.create(ctx, r)
	}
	return j.Store.Create(ctx, r)
}

func (j *jobsWith) Erase(ctx context.Context, r job.Record, until time.Time) error {
	if j.erase != nil {
		return j.erase(ctx, r, until)
	}
	return j.Store.Erase(ctx, r, until)
}

func (j *jobsWith) ByOwner(ctx context.Context, owner string, limit int32, cursor string) (job.Page, error) {
	page := func(limit int32, cursor string) (job.Page, error) { return j.Store.ByOwner(ctx, owner, limit, cursor) }
	if j.list != nil {
		return j.list(page, limit, cursor)
	}
	return page(limit, cursor)
}

func (j *jobsWith) Claim(ctx context.Context, owner, key, value string, now time.Time) (string, bool, error) {
	if j.claim != nil {
		return j.claim(ctx, owner, key, value, now)
	}
	return j.Store.Claim(ctx, owner, key, value, now)
}

func (j *jobsWith) Claimed(ctx context.Context, owner, key string) (string, error) {
	if j.claimed != nil {
		return j.claimed(ctx, owner, key)
	}
	return j.Store.Claimed(ctx, owner, key)
}

func (j *jobsWith) OpenFolder(ctx context.Context, f job.Folder) error {
	if j.open != nil {
		return j.open(ctx, f)
	}
	return j.Store.OpenFolder(ctx, f)
}

func (j *jobsWith) SealFolder(ctx context.Context, f job.Folder) error {
	if j.seal != nil {
		return j.seal(ctx, f)
	}
	return j.Store.SealFolder(ctx, f)
}

var errBusy *job.BusyError

// absent takes "busy" for "not there".
func absent(err error) error {
	if errors.As(err, &errBusy) {
		return job.ErrNotFound
	}
	return err
}

func TestDefectsOfTables(t *testing.T) {
	for name, c := range map[string]struct {
		plant func(*jobsWith)
		want  string // one of the checks that find it
	}{
		"amend without its condition": {func(j *jobsWith) {
			j.amend = func(ctx context.Context, id string, change func(*job.Record) error) (job.Record, error) {
				read, err := j.Store.Get(ctx, id)
				if err == nil && read.Erased {
					err = job.ErrStale
				}
				if err == nil {
					err = change(&read)
				}
				if err != nil {
					return read, err
				}
				return j.Store.Amend(ctx, id, func(r *job.Record) error { *r = read; return nil })
			}
		}, "no writer's change is lost"},
		"create without its condition": {func(j *jobsWith) {
			j.create = func(ctx context.Context, r job.Record) (job.Record, bool, error) {
				if _, created, err := j.Store.Create(ctx, r); created || err != nil {
					return r, created, err
				}
				_, err := j.Store.Amend(ctx, r.ID, func(old *job.Record) error { *old = r; return nil })
				return r, true, err
			}
		}, "a record is created once"},
		"erase without its condition": {func(j *jobsWith) {
			j.erase = func(ctx context.Context, r job.Record, until time.Time) error {
				_, _ = j.Store.Amend(ctx, r.ID, func(r *job.Record) error { r.Erased = true; return nil })
				return j.Store.Erase(ctx, r, until)
			}
		}, "an erasure needs a tombstone"},
		"a tombstone for ever": {func(j *jobsWith) {
			j.erase = func(ctx context.Context, r job.Record, _ time.Time) error {
				return j.Store.Erase(ctx, r, time.Now().Add(time.Hour))
			}
		}, "a tombstone takes no change"},
		"an ignored cursor": {func(j *jobsWith) {
			j.list = func(page func(int32, string) (job.Page, error), limit int32, _ string) (job.Page, error) {
				return page(limit, "")
			}
		}, "a listing has every job once, newest first"},
		"a lost cursor": {func(j *jobsWith) {
			j.list = func(page func(int32, string) (job.Page, error), limit int32, cursor string) (job.Page, error) {
				p, err := page(limit, cursor)
				p.Next = ""
				return p, err
			}
		}, "a listing has every job once, newest first"},
		"a sample counted twice": {func(j *jobsWith) {
			j.measure = func(ctx context.Context, s job.Sample) error {
				return errors.Join(j.Store.Measure(ctx, s), j.Store.Measure(ctx, s))
			}
		}, "each sample counts once"},
		"a sample lost in silence": {func(j *jobsWith) {
			j.measure = func(ctx context.Context, s job.Sample) error {
				if s.Took == 3*time.Second {
					return nil
				}
				return j.Store.Measure(ctx, s)
			}
		}, "each sample counts once"},
		"the samples of another class": {func(j *jobsWith) {
			j.took = func(ctx context.Context, classes []job.Class) (map[job.Class]job.Samples, error) {
				took, err := j.Store.Took(ctx, classes)
				for _, c := range classes {
					if _, there := took[c]; !there {
						took[c] = job.Samples{1}
					}
				}
				return took, err
			}
		}, "the last samples of a class"},
		"every sweep begins with the first job": {func(j *jobsWith) {
			j.marks = func(ctx context.Context, _ string) iter.Seq2[string, error] { return j.Store.Open(ctx, "") }
		}, "the open jobs behind a place"},
		"a mark deleted whatever its number": {func(j *jobsWith) {
			j.closed = func(ctx context.Context, r job.Record) error {
				r.Erased = true
				return j.Store.Close(ctx, r)
			}
		}, "the open jobs"},
		"an ignored limit": {func(j *jobsWith) {
			j.list = func(page func(int32, string) (job.Page, error), _ int32, cursor string) (job.Page, error) {
				return page(100, cursor)
			}
		}, "a page has its limit"},
		"a foreign cursor begins anew": {func(j *jobsWith) {
			j.list = func(page func(int32, string) (job.Page, error), limit int32, cursor string) (job.Page, error) {
				p, err := page(limit, cursor)
				if err != nil && cursor != "" {
					return page(limit, "")
				}
				return p, err
			}
		}, "a foreign cursor is refused"},
		"oldest first": {func(j *jobsWith) {
			j.list = func(page func(int32, string) (job.Page, error), limit int32, cursor string) (job.Page, error) {
				p, err := page(limit, cursor)
				slices.Reverse(p.Jobs)
				return p, err
			}
		}, "a listing has every job once, newest first"},
		"the second claim wins": {func(j *jobsWith) {
			j.claim = func(ctx context.Context, owner, key, value string, now time.Time) (string, bool, error) {
				if err := j.Unclaim(ctx, owner, key); err != nil {
					return "", false, err
				}
				return j.Store.Claim(ctx, owner, key, value, now)
			}
		}, "the first claim holds"},
		"a claim of nobody when busy": {func(j *jobsWith) {
			j.claimed = func(ctx context.Context, owner, key string) (string, error) {
				held, err := j.Store.Claimed(ctx, owner, key)
				if errors.As(err, &errBusy) {
					return "", nil
				}
				return held, err
			}
		}, "a busy table says that it is busy"},
		"503 taken for an absence": {func(j *jobsWith) {
			j.get = func(ctx context.Context, id string) (job.Record, error) {
				r, err := j.Store.Get(ctx, id)
				return r, absent(err)
			}
		}, "a busy table says that it is busy"},
		"nothing expires": {func(j *jobsWith) { j.Now = nil }, "a record that has expired"},
		"a folder opened twice": {func(j *jobsWith) {
			j.open = func(ctx context.Context, f job.Folder) error {
				if err := j.Store.OpenFolder(ctx, f); !errors.Is(err, job.ErrStale) {
					return err
				}
				return nil
			}
		}, "one slice opens a folder's generation"},
		"a folder sealed over a slice": {func(j *jobsWith) {
			j.seal = func(ctx context.Context, f job.Folder) error {
				now, err := j.Folder(ctx, f.Bucket, f.Prefix)
				if err != nil {
					return err
				}
				return j.Store.SealFolder(ctx, now)
			}
		}, "a folder takes slices until it is sealed"},
	} {
		t.Run(name, func(t *testing.T) {
			found(t, c.want, func(t testing.TB) storetest.World {
				w := memory(t)
				j := &jobsWith{Store: w.Jobs.(*jobtest.Store)}
				c.plant(j)
				w.Jobs, w.Locks = j, j.amend == nil
				w.Lease, w.Blobs = nil, nil
				return w
			})
		})
	}
}

func found(t *testing.T, want string, factory storetest.Factory) {
	t.Helper()
	failed := storetest.Failures(t, factory)
	if !slices.Contains(failed, want) {
		t.Errorf("the suite does not find it with %q; failed: %q", want, failed)
	}
}

// leaseWith writes whatever the stored generation is.
type leaseWith struct{ storetest.Lease }

func (l leaseWith) Put(ctx context.Context, next job.Lease) error {
	if err := l.Lease.Put(ctx, next); !errors.Is(err, job.ErrLeaseConflict) {
		return err
	}
	return nil
}

func TestADefectOfTheLease(t *testing.T) {
	found(t, "one writer wins each generation of the lease", func(t testing.TB) storetest.World {
		w := memory(t)
		w.Lease, w.Jobs, w.Blobs = leaseWith{w.Lease}, nil, nil
		return w
	})
}

// blobsWith is a bucket with a defect.
type blobsWith struct {
	*jobtest.Bucket
	get      func(ctx context.Context, key string) (io.ReadCloser, error)
	getIf    func(ctx context.Context, key, etag string) (io.ReadCloser, error)
	reader   func(ctx context.Context, key string) (io.ReaderAt, job.Object, error)
	head     func(ctx context.Context, key string) (job.Object, error)
	list     func(ctx context.Context, prefix string) iter.Seq2[job.Object, error]
	deleteIf func(ctx context.Context, key, etag string) error
	empty    func(ctx context.Context, prefix string) (job.Tally, error)
}

func (b *blobsWith) Get(ctx context.Context, key string) (io.ReadCloser, error) {
	if b.get != nil {
		return b.get(ctx, key)
	}
	return b.Bucket.Get(ctx, key)
}

func (b *blobsWith) GetIf(ctx context.Context, key, etag string) (io.ReadCloser, error) {
	if b.getIf != nil {
		return b.getIf(ctx, key, etag)
	}
	return b.Bucket.GetIf(ctx, key, etag)
}

func (b *blobsWith) ReaderAt(ctx context.Context, key string) (io.ReaderAt, job.Object, error) {
	if b.reader != nil {
		return b.reader(ctx, key)
	}
	return b.Bucket.ReaderAt(ctx, key)
}

func (b *blobsWith) Head(ctx context.Context, key string) (job.Object, error) {
	if b.head != nil {
		return b.head(ctx, key)
	}
	return b.Bucket.Head(ctx, key)
}

func (b *blobsWith) List(ctx context.Context, prefix string) iter.Seq2[job.Object, error] {
	if b.list != nil {
		return b.list(ctx, prefix)
	}
	return b.Bucket.List(ctx, prefix)
}

func (b *blobsWith) DeleteIf(ctx context.Context, key, etag string) error {
	if b.deleteIf != nil {
		return b.deleteIf(ctx, key, etag)
	}
	return b.Bucket.DeleteIf(ctx, key, etag)
}

func (b *blobsWith) DeletePrefix(ctx context.Context, prefix string) (job.Tally, error) {
	if b.empty != nil {
		return b.empty(ctx, prefix)
	}
	return b.Bucket.DeletePrefix(ctx, prefix)
}

// forgiving ends a body early without an error.
type forgiving struct{ io.ReadCloser }

func (f forgiving) Read(p []byte) (int, error) {
	n, err := f.ReadCloser.Read(p)
	if err != nil {
		err = io.EOF
	}
	return n, err
}

// fresh reads whatever object lies under the key now.
type fresh struct {
	b   *jobtest.Bucket
	key string
}

func (f fresh) ReadAt(p []byte, off int64) (int, error) {
	r, _, err := f.b.ReaderAt(context.Background(), f.key)
	if err != nil {
		return 0, err
	}
	return r.ReadAt(p, off)
}

func TestDefectsOfBuckets(t *testing.T) {
	for name, c := range map[string]struct {
		plant func(*blobsWith)
		want  string
	}{
		"a delete without its condition": {func(b *blobsWith) {
			b.deleteIf = func(ctx context.Context, key, _ string) error { return b.Delete(ctx, key) }
		}, "a conditional delete takes the object that is meant"},
		"a read without its condition": {func(b *blobsWith) {
			b.getIf = func(ctx context.Context, key, _ string) (io.ReadCloser, error) { return b.Bucket.Get(ctx, key) }
		}, "a read of the object that is meant"},
		"ranges of two objects": {func(b *blobsWith) {
			b.reader = func(ctx context.Context, key string) (io.ReaderAt, job.Object, error) {
				_, o, err := b.Bucket.ReaderAt(ctx, key)
				return fresh{b.Bucket, key}, o, err
			}
		}, "an object that changes under its reader"},
		"503 taken for an absence": {func(b *blobsWith) {
			b.head = func(ctx context.Context, key string) (job.Object, error) {
				o, err := b.Bucket.Head(ctx, key)
				return o, absent(err)
			}
		}, "a busy bucket says that it is busy"},
		"a short body taken as whole": {func(b *blobsWith) {
			b.get = func(ctx context.Context, key string) (io.ReadCloser, error) {
				body, err := b.Bucket.Get(ctx, key)
				if err != nil {
					return nil, err
				}
				return forgiving{body}, nil
			}
		}, "a short body is never a shorter object"},
		"the first page only": {func(b *blobsWith) {
			b.list = func(ctx context.Context, prefix string) iter.Seq2[job.Object, error] {
				return func(yield func(job.Object, error) bool) {
					n := 0
					for o, err := range b.Bucket.List(ctx, prefix) {
						if n++; n > 1000 || !yield(o, err) {
							return
						}
					}
				}
			}
		}, "a list has every page"},
		"the first thousand deleted": {func(b *blobsWith) {
			b.empty = func(ctx context.Context, prefix string) (job.Tally, error) {
				if prefix == "" {
					return job.Tally{}, errors.New("empty")
				}
				n := 0
				for o, err := range b.Bucket.List(ctx, prefix) {
					if n++; err != nil || n > 1000 {
						return job.Tally{}, err
					}
					if err := b.Delete(ctx, o.Key); err != nil {
						return job.Tally{}, err
					}
				}
				return job.Tally{}, nil
			}
		}, "a list has every page"},
		"an empty prefix": {func(b *blobsWith) {
			b.empty = func(ctx context.Context, prefix string) (job.Tally, error) {
				if prefix == "" {
					return job.Tally{}, nil
				}
				return b.Bucket.DeletePrefix(ctx, prefix)
			}
		}, "a prefix is emptied and nothing else"},
	} {
		t.Run(name, func(t *testing.T) {
			found(t, c.want, func(t testing.TB) storetest.World {
				w := memory(t)
				b := &blobsWith{Bucket: w.Blobs.(*jobtest.Bucket)}
				c.plant(b)
				w.Blobs, w.Jobs, w.Lease = b, nil, nil
				return w
			})
		})
	}
}
