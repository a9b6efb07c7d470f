package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/iris-oculus/iris/internal/job"
)

var claimChecks = []check{
	{"the first claim holds", hasJobs, firstClaim},
	{"a claim holds for a day", hasJobs, claimExpires},
	{"one slice opens a folder's generation", hasJobs, oneOpens},
	{"a folder takes slices until it is sealed", hasJobs, folderLife},
	{"a folder that has expired", hasJobs, expiredFolder},
}

var leaseChecks = []check{
	{"one writer wins each generation of the lease", hasLease, leaseGenerations},
	{"the GPU's state beside its lease", hasLease, gpuState},
}

// race counts how many of twenty callers win.
func race(try func(n int) (won bool, err error)) (int, error) {
	var all sync.WaitGroup
	var won atomic.Int32
	errs := make([]error, 20)
	for n := range errs {
		all.Go(func() {
			mine, err := try(n)
			if errs[n] = err; mine {
				won.Add(1)
			}
		})
	}
	all.Wait()
	return int(won.Load()), errors.Join(errs...)
}

func firstClaim(ctx context.Context, name string, w World) error {
	if held, err := w.Jobs.Claimed(ctx, name, "k"); held != "" || err != nil {
		return wrong("nothing is claimed yet", held, err)
	}
	won, err := race(func(n int) (bool, error) {
		_, mine, err := w.Jobs.Claim(ctx, name, "k", fmt.Sprint(n), time.Now())
		return mine, err
	})
	if err != nil || won != 1 {
		return wrong("winners", won, err)
	}
	held, err := w.Jobs.Claimed(ctx, name, "k")
	if err != nil || held == "" {
		return wrong("claimed", held, err)
	}
	if got, mine, err := w.Jobs.Claim(ctx, name, "k", "late", time.Now()); got != held || mine || err != nil {
		return wrong("a second claim", got, mine, err)
	}
	if got, mine, err := w.Jobs.Claim(ctx, name+"k", "", "other", time.Now()); got != "other" || !mine || err != nil {
		return wrong("another owner's claim", got, mine, err)
	}
	for range 2 {
		if err := w.Jobs.Unclaim(ctx, name, "k"); err != nil {
			return err
		}
	}
	if got, mine, err := w.Jobs.Claim(ctx, name, "k", "after", time.Now()); got != "after" || !mine || err != nil {
		return wrong("a claim after it was undone", got, mine, err)
	}
	return nil
}

func claimExpires(ctx context.Context, name string, w World) error {
	now := time.Now()
	if _, _, err := w.Jobs.Claim(ctx, name, "k", "old", now.Add(-25*time.Hour)); err != nil {
		return err
	}
	if held, err := w.Jobs.Claimed(ctx, name, "k"); held != "" || err != nil {
		return wrong("it still holds", held, err)
	}
	if got, mine, err := w.Jobs.Claim(ctx, name, "k", "new", now); got != "new" || !mine || err != nil {
		return wrong("after a day", got, mine, err)
	}
	if got, mine, err := w.Jobs.Claim(ctx, name, "k", "newer", now.Add(23*time.Hour)); got != "new" || mine || err != nil {
		return wrong("within the day", got, mine, err)
	}
	return nil
}

func oneOpens(ctx context.Context, name string, w World) error {
	for generation := 1; generation <= 3; generation++ {
		won, err := race(func(n int) (bool, error) {
			err := w.Jobs.OpenFolder(ctx, job.Folder{Bucket: "b", Prefix: name, Generation: generation, Job: fmt.Sprint(n), LastArrival: time.Now()})
			if errors.Is(err, job.ErrStale) {
				return false, nil
			}
			return err == nil, err
		})
		if err != nil || won != 1 {
			return wrong("winners of generation", generation, won, err)
		}
	}
	return nil
}

func folderLife(ctx context.Context, name string, w World) error {
	at := time.Now().UTC().Truncate(time.Millisecond)
	none, err := w.Jobs.Folder(ctx, "b", name)
	if diff := cmp.Diff(job.Folder{Bucket: "b", Prefix: name}, none); err != nil || diff != "" {
		return wrong("never seen (-want +got)", err, diff)
	}
	f := job.Folder{Bucket: "b", Prefix: name, Generation: 1, Job: "one", LastArrival: at}
	sealed := f
	sealed.LastArrival, sealed.Sealed = at.Add(time.Second), true
	second := f
	second.Generation, second.Job = 2, "two"
	for _, step := range []struct {
		name  string
		do    func() error
		stale bool
		want  job.Folder
	}{
		{"touched before it is open", func() error { return w.Jobs.TouchFolder(ctx, f, at) }, true, none},
		{"opened", func() error { return w.Jobs.OpenFolder(ctx, f) }, false, f},
		{"opened two generations on", func() error {
			return w.Jobs.OpenFolder(ctx, job.Folder{Bucket: "b", Prefix: name, Generation: 3, LastArrival: at})
		}, true, f},
		{"touched", func() error { return w.Jobs.TouchFolder(ctx, f, at.Add(time.Second)) }, false, with(f, at.Add(time.Second))},
		{"sealed by one that missed a slice", func() error { return w.Jobs.SealFolder(ctx, f) }, true, with(f, at.Add(time.Second))},
		{"sealed", func() error { return w.Jobs.SealFolder(ctx, with(f, at.Add(time.Second))) }, false, sealed},
		{"touched late", func() error { return w.Jobs.TouchFolder(ctx, f, at.Add(time.Minute)) }, true, sealed},
		{"opened again", func() error { return w.Jobs.OpenFolder(ctx, second) }, false, second},
		{"touched by the generation before", func() error { return w.Jobs.TouchFolder(ctx, f, at.Add(time.Minute)) }, true, second},
		{"sealed by the generation before", func() error { return w.Jobs.SealFolder(ctx, f) }, true, second},
	} {
		if err := step.do(); errors.Is(err, job.ErrStale) != step.stale || !step.stale && err != nil {
			return wrong(step.name, err)
		}
		got, err := w.Jobs.Folder(ctx, "b", name)
		if diff := cmp.Diff(step.want, got); err != nil || diff != "" {
			return wrong(step.name+" (-want +got)", err, diff)
		}
	}
	return nil
}

func with(f job.Folder, last time.Time) job.Folder {
	f.LastArrival = last
	return f
}

func expiredFolder(ctx context.Context, name string, w World) error {
	f := job.Folder{Bucket: "b", Prefix: name, Generation: 1, Job: "one", LastArrival: time.Now().Add(-2 * job.Lifetime)}
	if err := w.Jobs.OpenFolder(ctx, f); err != nil {
		return err
	}
	if got, err := w.Jobs.Folder(ctx, "b", name); err != nil || got.Generation != 0 {
		return wrong("it is still known", got, err)
	}
	if err := w.Jobs.OpenFolder(ctx, with(f, time.Now())); err != nil {
		return wrong("opened anew", err)
	}
	return nil
}

func leaseGenerations(ctx context.Context, _ string, w World) error {
	got, err := w.Lease.Get(ctx)
	if diff := cmp.Diff(job.Lease{}, got); err != nil || diff != "" {
		return wrong("an absent lease (-want +got)", err, diff)
	}
	for _, want := range []job.Lease{
		{Generation: 1, Holders: []string{"a", "b"}, Order: []string{"b", "a"}},
		{Generation: 2, Holders: []string{"b"}, Order: []string{"b"}, Blocked: true},
		{Generation: 3, ParkAt: time.Unix(1_000_000, 0).UTC()},
		{Generation: 4, Intents: []job.Intent{{Job: "a", Until: time.Unix(1_000_000, 0).UTC()}, {Job: "b", Until: time.Unix(2_000_000, 0).UTC()}}},
	} {
		if err := w.Lease.Put(ctx, job.Lease{Generation: want.Generation + 1}); !errors.Is(err, job.ErrLeaseConflict) {
			return wrong("a generation too far", want.Generation+1, err)
		}
		won, err := race(func(int) (bool, error) {
			put := want
			put.Holders = slices.Clone(want.Holders)
			slices.Reverse(put.Holders)
			err := w.Lease.Put(ctx, put)
			if errors.Is(err, job.ErrLeaseConflict) {
				return false, nil
			}
			return err == nil, err
		})
		if err != nil || won != 1 {
			return wrong("winners of generation", want.Generation, won, err)
		}
		got, err := w.Lease.Get(ctx)
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			return wrong("read back (-want +got)", err, diff)
		}
	}
	return nil
}

func gpuState(ctx context.Context, _ string, w World) error {
	since := time.Unix(1_000_000, 500_000_000).UTC()
	if got, err := w.Lease.State(ctx); err != nil || got != (job.GPUState{}) {
		return wrong("nobody has said how the GPU is", got, err)
	}
	if l, got, err := w.Lease.Look(ctx); err != nil || got != (job.GPUState{}) || l.Generation != 0 {
		return wrong("there is nothing to look at", l, got, err)
	}
	if err := w.Lease.Put(ctx, job.Lease{Generation: 1, Holders: []string{"a"}, Order: []string{"a"}}); err != nil {
		return err
	}
	for _, word := range []job.GPUWord{job.GPUWaking, job.GPUWarm, job.GPUAsleep} {
		if err := w.Lease.SetState(ctx, job.GPUState{State: word, Since: since}); err != nil {
			return err
		}
		want := job.GPUState{State: word, Since: since.Truncate(time.Second)}
		got, err := w.Lease.State(ctx)
		l, seen, lost := w.Lease.Look(ctx)
		if err != nil || lost != nil || got != want || seen != want || !l.Holds("a") {
			return wrong("read back", want, got, seen, l, err, lost)
		}
	}
	if l, err := w.Lease.Get(ctx); err != nil || l.Generation != 1 {
		return wrong("the lease has changed", l, err)
	}
	return nil
}
