package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/iris-oculus/iris/internal/job"
)

var jobChecks = []check{
	{"a record comes back whole", hasJobs, recordsComeBack},
	{"a record is created once", hasJobs, createdOnce},
	{"no writer's change is lost", hasJobs, noChangeIsLost},
	{"a change that fails writes nothing", hasJobs, failedChange},
	{"a record that is not there", hasJobs, noRecord},
	{"a record that has expired", hasJobs, expiredRecord},
	{"a job whose time is over is there for the janitor alone", hasJobs, dueJobs},
	{"a tombstone takes no change", hasJobs, tombstones},
	{"an erasure needs a tombstone", hasJobs, erasureNeedsTombstone},
}

func recordsComeBack(ctx context.Context, name string, w World) error {
	r := record(name, 1)
	r.Stages = []job.StageTime{{Name: job.Received, StartedAt: r.CreatedAt}}
	r.Warnings, r.Error = []job.Notice{{Code: "a", Message: "ñ \" <"}}, &job.Notice{Code: "b"}
	r.Artifacts = []job.Artifact{{Name: job.ModelGLB, Bytes: 1 << 40}, {Name: job.ScanPNG, Attempt: 3}, {Name: job.GlimpseGLB, Attempt: 3, Provisional: true}}
	r.NoGlimpse = &job.Notice{Code: "c", Message: "d"}
	r.Structures = []job.Structure{{Label: 1, Name: "liver", VolumeML: 1.0 / 3}}
	if _, _, err := w.Jobs.Create(ctx, r); err != nil {
		return err
	}
	got, err := w.Jobs.Get(ctx, r.ID)
	if diff := cmp.Diff(r, got); err != nil || diff != "" {
		return wrong("it came back otherwise (-want +got)", err, diff)
	}
	return nil
}

func createdOnce(ctx context.Context, name string, w World) error {
	r, err := made(ctx, w, name, 1)
	if err != nil {
		return err
	}
	again := r
	again.Owner = "another"
	stored, created, err := w.Jobs.Create(ctx, again)
	if err != nil || created || stored.Owner != r.Owner {
		return wrong("a second record of the id", stored.Owner, created, err)
	}
	if got, err := w.Jobs.Get(ctx, r.ID); err != nil || got.Owner != r.Owner {
		return wrong("it was written over", got.Owner, err)
	}
	return nil
}

// noChangeIsLost lets writers meet: one has read when another writes.
func noChangeIsLost(ctx context.Context, name string, w World) error {
	r, err := made(ctx, w, name, 1)
	if err != nil {
		return err
	}
	add := func(n int) error {
		_, err := w.Jobs.Amend(ctx, r.ID, func(r *job.Record) error { r.Request.Sent += n; return nil })
		return err
	}
	met := w.Locks
	_, err = w.Jobs.Amend(ctx, r.ID, func(r *job.Record) error {
		r.Request.Sent++
		if met {
			return nil
		}
		met = true
		return add(10)
	})
	if err != nil {
		return err
	}
	var all sync.WaitGroup
	errs := make([]error, 8)
	for n := range errs {
		all.Go(func() { errs[n] = add(100) })
	}
	all.Wait()
	if err := errors.Join(errs...); err != nil {
		return err
	}
	want := 811
	if w.Locks {
		want = 801
	}
	if got, err := w.Jobs.Get(ctx, r.ID); err != nil || got.Request.Sent != want {
		return wrong("changes were lost", got.Request.Sent, want, err)
	}
	return nil
}

func failedChange(ctx context.Context, name string, w World) error {
	r, err := made(ctx, w, name, 1)
	if err != nil {
		return err
	}
	fault := errors.New("no")
	if _, err := w.Jobs.Amend(ctx, r.ID, func(r *job.Record) error { r.Owner = "x"; return fault }); !errors.Is(err, fault) {
		return wrong("the change's error came back otherwise", err)
	}
	if got, err := w.Jobs.Get(ctx, r.ID); err != nil || got.Owner != r.Owner {
		return wrong("a refused change was written", got.Owner, err)
	}
	return nil
}

func noRecord(ctx context.Context, name string, w World) error {
	id := record(name, 1).ID
	if _, err := w.Jobs.Get(ctx, id); !errors.Is(err, job.ErrNotFound) {
		return wrong("get", err)
	}
	called := false
	_, err := w.Jobs.Amend(ctx, id, func(*job.Record) error { called = true; return nil })
	if !errors.Is(err, job.ErrNotFound) || called {
		return wrong("amend", err, called)
	}
	if err := w.Jobs.Erase(ctx, record(name, 1), time.Now().Add(time.Hour)); err != nil {
		return wrong("erase", err)
	}
	return nil
}

func expiredRecord(ctx context.Context, name string, w World) error {
	r := record(name, 1)
	r.ExpiresAt = time.Now().Add(-time.Hour)
	if _, _, err := w.Jobs.Create(ctx, r); err != nil {
		return err
	}
	if err := w.Jobs.LinkKey(ctx, r); err != nil {
		return err
	}
	if _, err := w.Jobs.Get(ctx, r.ID); !errors.Is(err, job.ErrNotFound) {
		return wrong("get", err)
	}
	if page, err := w.Jobs.ByOwner(ctx, r.Owner, 10, ""); err != nil || len(page.Jobs) > 0 {
		return wrong("by owner", page.Jobs, err)
	}
	if page, err := w.Jobs.ByKey(ctx, r.Upload.Key, 10, ""); err != nil || len(page.Jobs) > 0 {
		return wrong("by key", page.Jobs, err)
	}
	return nil
}

// dueJobs: what nobody can read any more is still there for the janitor, who erases it,
// and is listed until he says that he has.
func dueJobs(ctx context.Context, name string, w World) error {
	listed := func(id string) (found bool, err error) {
		for d, err := range w.Jobs.Due(ctx, time.Now()) {
			if err != nil {
				return false, err
			}
			found = found || d.ID == id
		}
		return found, nil
	}
	later := record(name, 1)
	over := record(name, 2)
	over.ExpiresAt = time.Now().Add(-time.Hour).UTC().Truncate(time.Millisecond)
	for _, r := range []job.Record{later, over} {
		if _, _, err := w.Jobs.Create(ctx, r); err != nil {
			return err
		}
		if err := w.Jobs.LinkKey(ctx, r); err != nil {
			return err
		}
		if found, err := listed(r.ID); err != nil || found != (r.ID == over.ID) {
			return wrong("listed", r.ID, found, err)
		}
	}
	if r, err := w.Jobs.Lapsed(ctx, over.ID); err != nil || r.Upload != over.Upload {
		return wrong("a record whose time is over", r, err)
	}
	for u, err := range w.Jobs.Linked(ctx, over.ID) {
		if err != nil || u.Key != over.Upload.Key {
			return wrong("its upload", u, err)
		}
	}
	if _, err := w.Jobs.Amend(ctx, over.ID, func(r *job.Record) error {
		r.Erased, r.ExpiresAt = true, time.Now().Add(time.Hour)
		return nil
	}); err != nil {
		return wrong("its erasure", err)
	}
	if r, err := w.Jobs.Get(ctx, over.ID); err != nil || !r.Erased {
		return wrong("its tombstone", r, err)
	}
	for range 2 {
		if err := w.Jobs.Settled(ctx, job.Due{ID: over.ID, At: over.ExpiresAt}); err != nil {
			return wrong("settled", err)
		}
	}
	if found, err := listed(over.ID); err != nil || found {
		return wrong("listed when it is erased", found, err)
	}
	ancient := record(name, 3)
	ancient.ExpiresAt = time.Now().Add(-job.LapsedLife - time.Hour)
	if _, _, err := w.Jobs.Create(ctx, ancient); err != nil {
		return err
	}
	if _, err := w.Jobs.Lapsed(ctx, ancient.ID); !errors.Is(err, job.ErrNotFound) {
		return wrong("a record that the table has deleted", err)
	}
	return nil
}

func buried(ctx context.Context, w World, name string, n int, until time.Time) (job.Record, error) {
	r, err := made(ctx, w, name, n)
	if err != nil {
		return r, err
	}
	if err := w.Jobs.LinkKey(ctx, r); err != nil {
		return r, err
	}
	if r, err = w.Jobs.Amend(ctx, r.ID, func(r *job.Record) error { r.Erased = true; return nil }); err != nil {
		return r, err
	}
	return r, w.Jobs.Erase(ctx, r, until)
}

func tombstones(ctx context.Context, name string, w World) error {
	r, err := buried(ctx, w, name, 1, time.Now().Add(time.Hour))
	if err != nil {
		return err
	}
	if _, err := w.Jobs.Amend(ctx, r.ID, func(r *job.Record) error { r.Token = "late"; return nil }); !errors.Is(err, job.ErrStale) {
		return wrong("a late write", err)
	}
	got, err := w.Jobs.Get(ctx, r.ID)
	if err != nil || !got.Erased || got.Owner != "" || got.Upload != (job.Upload{}) || got.Token != "" {
		return wrong("the tombstone", got, err)
	}
	if page, err := w.Jobs.ByOwner(ctx, r.Owner, 10, ""); err != nil || len(page.Jobs) > 0 {
		return wrong("its owner still finds it", page.Jobs, err)
	}
	if err := w.Jobs.Erase(ctx, r, time.Now().Add(time.Hour)); err != nil {
		return wrong("the erasure's repeat", err)
	}
	past, err := buried(ctx, w, name, 2, time.Now().Add(-time.Hour))
	if err != nil {
		return err
	}
	if _, err := w.Jobs.Get(ctx, past.ID); !errors.Is(err, job.ErrNotFound) {
		return wrong("a tombstone that has outlived its time", err)
	}
	return nil
}

func erasureNeedsTombstone(ctx context.Context, name string, w World) error {
	r, err := made(ctx, w, name, 1)
	if err != nil {
		return err
	}
	if err := w.Jobs.Erase(ctx, r, time.Now().Add(time.Hour)); !errors.Is(err, job.ErrStale) {
		return wrong("a record without a tombstone was erased", err)
	}
	if got, err := w.Jobs.Get(ctx, r.ID); err != nil || got.Owner != r.Owner {
		return wrong("it was changed", fmt.Sprintf("%+v", got), err)
	}
	return nil
}
