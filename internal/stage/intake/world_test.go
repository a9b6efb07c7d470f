package intake

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/iris-oculus/iris/internal/job"
	"github.com/iris-oculus/iris/internal/job/jobtest"
)

// world is a bucket, a table and a workflow in memory. Every call goes through crash.
type world struct {
	store         jobtest.Store
	uploads, work jobtest.Bucket
	crash         *jobtest.Crash

	mu         sync.Mutex
	executions []string // by name, each once, as Step Functions keeps them
	sequencer  int
	later      time.Duration // since the world's beginning
}

func newWorld() *world { return &world{crash: &jobtest.Crash{}} }

func (w *world) stage() Stage {
	return Stage{
		Jobs: crashingJobs{w}, Folders: crashingFolders{w}, Uploads: crashingUploads{w}, Consumed: &w.work, Workflow: w,
		Tasks: []string{"tissue"}, Now: func() time.Time { return time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).Add(w.later) },
	}
}

// upload stores an object and is the event of it.
func (w *world) upload(key, body string, metadata map[string]string) Created {
	o := w.uploads.Set(key, []byte(body), metadata)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.sequencer++
	return Created{Bucket: "bucket", Key: key, Sequencer: fmt.Sprintf("%016X", w.sequencer), ETag: o.ETag, Size: o.Size}
}

// Start is the workflow's: a name that is taken is success.
func (w *world) Start(_ context.Context, e job.Execution) error {
	return w.crash.Do(func() error {
		w.mu.Lock()
		defer w.mu.Unlock()
		if name := job.ExecutionName(e.Job, e.Attempt); !slices.Contains(w.executions, name) {
			w.executions = append(w.executions, name)
		}
		return nil
	})
}

// jobs are all that were made of dropped objects.
func (w *world) jobs(t *testing.T) []job.Record {
	t.Helper()
	page, err := w.store.ByOwner(t.Context(), job.BucketOwner, 1000, "")
	if err != nil {
		t.Fatal(err)
	}
	return page.Jobs
}

// one is the only job, with its only execution, found by its key.
func (w *world) one(t *testing.T, key string) job.Record {
	t.Helper()
	jobs := w.jobs(t)
	if len(jobs) != 1 {
		t.Fatalf("%d jobs, want 1", len(jobs))
	}
	r := jobs[0]
	if want := []string{job.ExecutionName(r.ID, 1)}; !slices.Equal(w.executions, want) || !r.Execution {
		t.Errorf("executions %v, on record %v, want %v", w.executions, r.Execution, want)
	}
	if found := w.found(t, key); !slices.Equal(found, []string{r.ID}) {
		t.Errorf("by its key: %v", found)
	}
	return r
}

// found are the jobs that the API finds by an upload key.
func (w *world) found(t *testing.T, key string) (ids []string) {
	t.Helper()
	for _, k := range job.Lookups(key) {
		page, err := w.store.ByKey(t.Context(), k, 1000, "")
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range page.Jobs {
			ids = append(ids, r.ID)
		}
		if len(ids) > 0 {
			break
		}
	}
	return ids
}

// seal does what Prepare does with a quiet folder.
func (w *world) seal(t *testing.T, prefix string) {
	t.Helper()
	f, err := w.store.Folder(t.Context(), "bucket", prefix)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.store.SealFolder(t.Context(), f); err != nil {
		t.Fatal(err)
	}
	var digests []string
	for o := range w.uploads.List(t.Context(), prefix) {
		digests = append(digests, job.SliceDigest(o.Key, o.ETag))
	}
	text, err := json.Marshal(digests)
	if err != nil {
		t.Fatal(err)
	}
	w.work.Set(job.Key(f.Job, 1, job.SlicesObject), text, nil)
}

type crashingJobs struct{ *world }

func (w crashingJobs) Create(ctx context.Context, r job.Record) (stored job.Record, created bool, err error) {
	err = w.crash.Do(func() (err error) { stored, created, err = w.store.Create(ctx, r); return })
	return stored, created, err
}

func (w crashingJobs) Get(ctx context.Context, id string) (r job.Record, err error) {
	err = w.crash.Do(func() (err error) { r, err = w.store.Get(ctx, id); return })
	return r, err
}

func (w crashingJobs) Amend(ctx context.Context, id string, change func(*job.Record) error) (r job.Record, err error) {
	err = w.crash.Do(func() (err error) { r, err = w.store.Amend(ctx, id, change); return })
	return r, err
}

func (w crashingJobs) LinkKey(ctx context.Context, r job.Record) error {
	return w.crash.Do(func() error { return w.store.LinkKey(ctx, r) })
}

func (w crashingJobs) Claim(ctx context.Context, owner, key, value string, now time.Time) (held string, first bool, err error) {
	err = w.crash.Do(func() (err error) { held, first, err = w.store.Claim(ctx, owner, key, value, now); return })
	return held, first, err
}

type crashingFolders struct{ *world }

func (w crashingFolders) Folder(ctx context.Context, bucket, prefix string) (f job.Folder, err error) {
	err = w.crash.Do(func() (err error) { f, err = w.store.Folder(ctx, bucket, prefix); return })
	return f, err
}

func (w crashingFolders) OpenFolder(ctx context.Context, f job.Folder) error {
	return w.crash.Do(func() error { return w.store.OpenFolder(ctx, f) })
}

func (w crashingFolders) TouchFolder(ctx context.Context, f job.Folder, now time.Time) error {
	return w.crash.Do(func() error { return w.store.TouchFolder(ctx, f, now) })
}

func (w crashingFolders) Claimed(ctx context.Context, owner, key string) (held string, err error) {
	err = w.crash.Do(func() (err error) { held, err = w.store.Claimed(ctx, owner, key); return })
	return held, err
}

type crashingUploads struct{ *world }

func (w crashingUploads) Head(ctx context.Context, key string) (o job.Object, err error) {
	err = w.crash.Do(func() (err error) { o, err = w.uploads.Head(ctx, key); return })
	return o, err
}

func (w crashingUploads) ReaderAt(ctx context.Context, key string) (r io.ReaderAt, o job.Object, err error) {
	err = w.crash.Do(func() (err error) { r, o, err = w.uploads.ReaderAt(ctx, key); return })
	return r, o, err
}

func (w crashingUploads) List(ctx context.Context, prefix string) iter.Seq2[job.Object, error] {
	if err := w.crash.Do(func() error { return nil }); err != nil {
		return func(yield func(job.Object, error) bool) { yield(job.Object{}, err) }
	}
	return w.uploads.List(ctx, prefix)
}
