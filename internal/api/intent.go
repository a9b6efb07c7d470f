package api

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/iris-oculus/iris/internal/job"
)

// Intent says when an announced upload wakes the GPU before it has come (decision 23).
// The zero value: never. A job wakes it once, and for Keep at most, so that an upload
// that dies costs no more.
type Intent struct {
	GPU    Exports       // the gpu function, sent job.GPUInput; nil: never
	Keep   time.Duration // how long the GPU stays awake for an upload; 0: never
	WarmUp time.Duration // how long it takes to wake: an upload that takes longer wakes it later
}

// assumedRate is what is taken for the speed of an upload in bytes per second before any
// of it has come: 25 Mbit/s, what a household's line sends in 2026.
const assumedRate = 25e6 / 8

// expected is how long an upload still takes, of which some bytes have come in a time. A
// time of 0 stands for one that is not known.
func expected(size, come int64, took time.Duration) time.Duration {
	rate := float64(assumedRate)
	if come > 0 && took > 0 {
		rate = float64(come) / took.Seconds()
	}
	const long = 24 * 3600 // seconds: parts are deleted after a day
	return time.Duration(min(float64(max(0, size-come))/rate, long) * float64(time.Second))
}

// due says until when the GPU is kept awake for an upload that will come in a time;
// zero: it is not woken, not yet, or was before.
func (a *API) due(rec job.Record, left time.Duration) (until time.Time) {
	if a.Intent.GPU == nil || a.Intent.Keep <= 0 || left > a.Intent.WarmUp || !rec.IntentUntil.IsZero() || !rec.Options.WantsGPU(a.Tasks) {
		return until
	}
	return a.Now().Add(a.Intent.Keep).UTC().Truncate(time.Second)
}

// intend wakes the GPU for a job whose upload will come in a time, once. What fails here
// costs the job some minutes and is no error of the request.
func (a *API) intend(ctx context.Context, rec job.Record, left time.Duration) {
	until := a.due(rec, left)
	if until.IsZero() {
		return
	}
	// The record first: whoever repeats the request must not wake the GPU again.
	_, err := a.Jobs.Amend(ctx, rec.ID, func(now *job.Record) error {
		if now.Erased || now.Status != job.AwaitingUpload || !now.IntentUntil.IsZero() {
			return job.ErrStale
		}
		now.IntentUntil = until
		return nil
	})
	if err == nil {
		err = a.Intent.GPU.Send(ctx, job.GPUInput{Action: job.ActionIntend, Job: rec.ID, Until: until})
	}
	if err != nil && !errors.Is(err, job.ErrStale) && !errors.Is(err, job.ErrNotFound) {
		slog.Warn("the GPU was not woken for an upload", job.LogJob, rec.ID, job.LogError, err.Error())
	}
}

// forget lets the GPU go that was woken for an upload, which was given up. What fails
// here costs what an upload costs that dies.
func (a *API) forget(ctx context.Context, rec job.Record) {
	if a.Intent.GPU == nil || !rec.IntentUntil.After(a.Now()) {
		return
	}
	if err := a.Intent.GPU.Send(ctx, job.GPUInput{Action: job.ActionForget, Job: rec.ID}); err != nil {
		slog.Warn("the GPU stays awake for an upload that was given up", job.LogJob, rec.ID, job.LogError, err.Error())
	}
}

// come is how many bytes of an upload have come, by the parts that its client asks
// signatures for: it sends them in order.
func come(numbers []int32) int64 {
	first := int32(0)
	for _, n := range numbers {
		if first == 0 || n < first {
			first = n
		}
	}
	return int64(max(0, first-1)) * partBytes
}
