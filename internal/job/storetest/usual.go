package storetest

import (
	"context"
	"slices"
	"sync/atomic"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/iris-oculus/iris/internal/job"
)

var usualChecks = []check{
	{"each sample counts once", hasJobs, everySample},
	{"the last samples of a class", hasJobs, lastSamples},
}

// everySample has many endings at a time write one class. A writer that the others do not
// let through says so, and counts nothing.
func everySample(ctx context.Context, name string, w World) error {
	class := job.Class(name)
	if took, err := w.Jobs.Took(ctx, []job.Class{class}); err != nil || len(took) != 0 {
		return wrong("nothing was measured yet", took, err)
	}
	var counted [20]atomic.Bool
	_, err := race(func(n int) (bool, error) {
		err := w.Jobs.Measure(ctx, job.Sample{Class: class, Took: time.Duration(n+1) * time.Second})
		counted[n].Store(err == nil)
		return err == nil, nil
	})
	if err != nil {
		return err
	}
	var want job.Samples
	for n := range counted {
		if counted[n].Load() {
			want = append(want, int64(n+1)*1000)
		}
	}
	took, err := w.Jobs.Took(ctx, []job.Class{class})
	if got := slices.Sorted(slices.Values(took[class])); err != nil || !slices.Equal(got, want) || len(want) == 0 {
		return wrong("counted", want, got, err)
	}
	return nil
}

func lastSamples(ctx context.Context, name string, w World) error {
	class, other := job.Class(name+"/a/22"), job.Class(name+"/b")
	var want job.Samples
	for n := range job.MaxSamples + 7 {
		s := job.Sample{Class: class, Took: time.Duration(n) * time.Millisecond}
		if err := w.Jobs.Measure(ctx, s); err != nil {
			return err
		}
		want = want.With(s.Took)
	}
	if err := w.Jobs.Measure(ctx, job.Sample{Class: other, Took: time.Minute}); err != nil {
		return err
	}
	got, err := w.Jobs.Took(ctx, []job.Class{class, other, class, job.Class(name)})
	if diff := cmp.Diff(map[job.Class]job.Samples{class: want, other: {60_000}}, got); err != nil || diff != "" {
		return wrong("read back (-want +got)", err, diff)
	}
	if got, err := w.Jobs.Took(ctx, nil); err != nil || len(got) != 0 {
		return wrong("of no class", got, err)
	}
	return nil
}
