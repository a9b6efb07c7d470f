package segment

import (
	"context"
	"io"
	"sync"
	"testing"
	"time"

	"github.com/iris-oculus/iris/internal/job"
	"github.com/iris-oculus/iris/internal/job/jobtest"
)

const token = "token-1"

// world is one job before an endpoint and a task that waits, in memory. Every
// call goes through crash.
type world struct {
	store jobtest.Store
	work  jobtest.Bucket
	lease jobtest.Lease
	crash *jobtest.Crash
	now   time.Time
	up    bool
	id    string

	mu      sync.Mutex
	sent    []job.InferenceRequest
	answers map[string][]string // by token: what completed it, once; later ones are stale
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{crash: &jobtest.Crash{}, now: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), answers: map[string][]string{}}
	w.id = job.NewID(w.now, [10]byte{7})
	r := job.Record{ID: w.id, Attempt: 1, Status: job.Preparing, Options: job.DefaultOptions(), Stages: []job.StageTime{{Name: job.Preparing}}}
	if _, _, err := w.store.Create(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *world) stage() Stage {
	return Stage{Jobs: crashingJobs{w}, Work: crashingWork{w, &w.work}, Endpoint: w, Tokens: w, Lease: &w.lease, Now: func() time.Time { return w.now }}
}

func (w *world) start(t *testing.T, token string) error {
	t.Helper()
	return w.stage().Start(t.Context(), job.SegmentInput{Job: w.id, Attempt: 1, Token: token})
}

func (w *world) record(t *testing.T) job.Record {
	t.Helper()
	r, err := w.store.Get(t.Context(), w.id)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func (w *world) amend(t *testing.T, change func(*job.Record)) {
	t.Helper()
	if _, err := w.store.Amend(t.Context(), w.id, func(r *job.Record) error { change(r); return nil }); err != nil {
		t.Fatal(err)
	}
}

// succeeded is what the endpoint does at its best.
func (w *world) succeeded() Message {
	w.work.Set(job.Key(w.id, 1, job.LabelsObject), []byte("labels"), nil)
	return Message{InvocationStatus: "Completed", InferenceID: job.ExecutionName(w.id, 1), EventTime: w.stamp()}
}

// failedWith is what it does at its worst; an object without text is not written.
func (w *world) failedWith(object, reason string) Message {
	if object != "" {
		w.work.Set(failureKey, []byte(object), nil)
	}
	return Message{InvocationStatus: "Failed", InferenceID: job.ExecutionName(w.id, 1), EventTime: w.stamp(), FailureReason: reason}
}

const failureKey = "failures/1"

// stamp is a second later, in SageMaker's way; its message takes a moment.
func (w *world) stamp() string {
	at := w.now.Add(time.Second)
	w.now = at.Add(time.Millisecond)
	return at.Format("2006-01-02T15:04:05.000Z")
}

func (w *world) Up(context.Context) (up bool, err error) {
	err = w.crash.Do(func() error { up = w.up; return nil })
	return up, err
}

func (w *world) Send(_ context.Context, r job.InferenceRequest) (output, failure string, err error) {
	err = w.crash.Do(func() error {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.sent = append(w.sent, r)
		output, failure = w.work.URI(r.Folder+"/"+r.File), w.work.URI(failureKey)
		return nil
	})
	return output, failure, err
}

func (w *world) answer(token, text string) error {
	return w.crash.Do(func() error {
		w.mu.Lock()
		defer w.mu.Unlock()
		if len(w.answers[token]) > 0 {
			return job.ErrStale
		}
		w.answers[token] = append(w.answers[token], text)
		return nil
	})
}

func (w *world) Succeed(_ context.Context, token string, output any) error {
	out := output.(job.SegmentOutput)
	if out.Gone {
		return w.answer(token, "gone")
	}
	return w.answer(token, out.Labels)
}

func (w *world) Fail(_ context.Context, token, name, cause string) error {
	return w.answer(token, name+" "+cause)
}

type crashingJobs struct{ *world }

func (w crashingJobs) Get(ctx context.Context, id string) (r job.Record, err error) {
	err = w.crash.Do(func() (err error) { r, err = w.store.Get(ctx, id); return })
	return r, err
}

func (w crashingJobs) Amend(ctx context.Context, id string, change func(*job.Record) error) (r job.Record, err error) {
	err = w.crash.Do(func() (err error) { r, err = w.store.Amend(ctx, id, change); return })
	return r, err
}

type crashingWork struct {
	world *world
	*jobtest.Bucket
}

func (b crashingWork) Head(ctx context.Context, key string) (o job.Object, err error) {
	err = b.world.crash.Do(func() (err error) { o, err = b.Bucket.Head(ctx, key); return })
	return o, err
}

func (b crashingWork) Get(ctx context.Context, key string) (r io.ReadCloser, err error) {
	err = b.world.crash.Do(func() (err error) { r, err = b.Bucket.Get(ctx, key); return })
	return r, err
}

func (b crashingWork) Delete(ctx context.Context, key string) error {
	return b.world.crash.Do(func() error { return b.Bucket.Delete(ctx, key) })
}
