package settle_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/iris-oculus/iris/internal/job"
)

// measured is a bench with a job that is being meshed, all of whose stages were seen.
func measured(t *testing.T) *bench {
	t.Helper()
	b := newBench(t, job.Meshing)
	b.Times = b.jobs
	at := func(s int) time.Time { return start.Add(time.Duration(s) * time.Second) }
	b.amend(t, func(r *job.Record) {
		r.Options.Task, r.Voxels, r.PreparedAt, r.Upload.Size, r.Request = "total", 50e6, at(5), 1e6, job.Request{Sent: 1}
		r.Stages = []job.StageTime{
			{Name: job.Received, StartedAt: at(0), EndedAt: at(1)}, {Name: job.Preparing, StartedAt: at(1), EndedAt: at(6)},
			{Name: job.Warming, StartedAt: at(6), EndedAt: at(96)}, {Name: job.Segmenting, StartedAt: at(96), EndedAt: at(126)}, {Name: job.Meshing, StartedAt: at(126)},
		}
	})
	b.work.Set(job.Key(id, 1, job.MeshObject), []byte(`{"artifacts":[],"structures":[],"warnings":[]}`), nil)
	b.now = at(140)
	return b
}

var (
	classes = []job.Class{"preparing/file/22", "preparing", "warming", "segmenting/total/26", "segmenting", "meshing/total/26", "meshing"}
	whole   = map[job.Class]job.Samples{
		"preparing/file/22": {4000}, "preparing": {4000}, "warming": {90_000}, "segmenting/total/26": {30_000}, "segmenting": {30_000}, "meshing/total/26": {14_000}, "meshing": {14_000},
	}
)

func (b *bench) took(t *testing.T) map[job.Class]job.Samples {
	t.Helper()
	took, err := b.jobs.Took(t.Context(), classes)
	if err != nil {
		t.Fatal(err)
	}
	return took
}

// However often and by however many an ending is written, the job is counted once.
func TestAJobIsCountedOnce(t *testing.T) {
	b := measured(t)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			_, err := b.Handle(t.Context(), job.SettleInput{Action: job.ActionPublish, Job: id, Attempt: 1})
			var busy *job.BusyError
			if err != nil && !errors.As(err, &busy) {
				t.Error(err)
			}
		})
	}
	all.Wait()
	for _, again := range []func() error{
		func() error {
			_, err := b.Handle(t.Context(), job.SettleInput{Action: job.ActionPublish, Job: id, Attempt: 1})
			return err
		},
		func() error { return b.Closed(t.Context(), job.ExecutionName(id, 1), "FAILED") }, // after it had published
		func() error { b.now = b.now.Add(time.Hour); return b.Sweep(t.Context()) },
	} {
		if err := again(); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(whole, b.took(t)); diff != "" {
		t.Errorf("(-want +got): %s", diff)
	}
}

// Of a job that fails the stages count that have succeeded; one that is cancelled or erased
// meanwhile is not counted.
func TestWhatCountsOfOtherEndings(t *testing.T) {
	untilMeshing := map[job.Class]job.Samples{}
	for class, samples := range whole {
		if class != "meshing" && class != "meshing/total/26" {
			untilMeshing[class] = samples
		}
	}
	for _, c := range []struct {
		name string
		do   func(b *bench) error
		want map[job.Class]job.Samples
	}{
		{"failed", func(b *bench) error {
			_, err := b.Handle(t.Context(), job.SettleInput{Action: job.ActionSettle, Job: id, Attempt: 1, Error: &job.TaskError{Error: "InternalError"}})
			return err
		}, untilMeshing},
		{"aborted", func(b *bench) error { return b.Closed(t.Context(), job.ExecutionName(id, 1), "ABORTED") }, untilMeshing},
		{"another attempt", func(b *bench) error { return b.Closed(t.Context(), job.ExecutionName(id, 2), "ABORTED") }, map[job.Class]job.Samples{}},
		{"cancelled", func(b *bench) error {
			if _, err := b.Cancel(t.Context(), id); err != nil {
				return err
			}
			return b.Closed(t.Context(), job.ExecutionName(id, 1), "ABORTED")
		}, map[job.Class]job.Samples{}},
		{"erased", func(b *bench) error {
			if err := b.Erase(t.Context(), id, job.ByOwner); err != nil {
				return err
			}
			return b.Closed(t.Context(), job.ExecutionName(id, 1), "ABORTED")
		}, map[job.Class]job.Samples{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := measured(t)
			if err := c.do(b); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, b.took(t)); diff != "" {
				t.Errorf("(-want +got): %s", diff)
			}
		})
	}
}

// A table that takes no samples changes nothing of how a job ends.
func TestAnEndingDoesNotWaitForItsSamples(t *testing.T) {
	b := measured(t)
	b.jobs.Before = func(call, of string) error {
		if call == "Measure" && of == "warming" {
			return &job.BusyError{Message: "throttled"}
		}
		return nil
	}
	out, err := b.Handle(t.Context(), job.SettleInput{Action: job.ActionPublish, Job: id, Attempt: 1})
	if err != nil || out.Status != job.Ready || b.jobs.IsOpen(id) {
		t.Errorf("%+v, %v", out, err)
	}
}

// watching is a lease that remembers what was seen of an instance, and cannot note it.
type watching struct {
	lease
	seen *[]bool
}

func (w watching) Seen(_ context.Context, up bool) error {
	*w.seen = append(*w.seen, up)
	return errors.New("throttled")
}

// The janitor and the endpoint's events say whether an instance is in service.
func TestTheGPUIsSeen(t *testing.T) {
	for _, event := range []string{`{"source":"aws.events"}`, `{"source":"aws.sagemaker","detail":{"EndpointStatus":"IN_SERVICE"}}`} {
		for _, is := range []bool{true, false} {
			b := newBench(t, job.Warming)
			var seen []bool
			b.Lease, b.Running, b.Answers = watching{lease{job.ExecutionName(id, 1): true}, &seen}, up(is), &answers{}
			if _, err := b.Invoke(t.Context(), json.RawMessage(event)); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]bool{is}, seen); diff != "" {
				t.Errorf("%s (-want +got): %s", event, diff)
			}
		}
	}
}

type beingMade struct{}

func (beingMade) Up(context.Context) (bool, error) {
	return false, &job.BusyError{Message: "the endpoint is not there yet"}
}

// While a deployment makes the endpoint the janitor does what can be done without it; its
// round is no failure, which would fill the dead letters.
func TestASweepWhileTheEndpointIsBeingMade(t *testing.T) {
	b := newBench(t, job.Warming)
	var seen []bool
	b.Lease, b.Running, b.Answers = watching{lease{job.ExecutionName(id, 1): true}, &seen}, beingMade{}, &answers{}
	if _, err := b.Invoke(t.Context(), json.RawMessage(`{"source":"aws.events"}`)); err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff([]bool{false}, seen); diff != "" {
		t.Error(diff)
	}
}

// meter notes what it is told.
type meter struct {
	mu   sync.Mutex
	told []string
}

func (m *meter) say(text string)       { m.mu.Lock(); defer m.mu.Unlock(); m.told = append(m.told, text) }
func (m *meter) Count(s job.Status)    { m.say("ended " + string(s)) }
func (m *meter) Whole(d time.Duration) { m.say("whole " + d.String()) }
func (m *meter) Stage(s job.Status, d time.Duration) {
	m.say(string(s) + " " + d.String())
}

// Whoever watches is told of an ending once, with the stages that the job had.
func TestAnEndingIsToldToTheMeter(t *testing.T) {
	b, m := measured(t), &meter{}
	b.Meter = m
	b.amend(t, func(r *job.Record) { r.CreatedAt = start })
	for range 2 {
		if _, err := b.Handle(t.Context(), job.SettleInput{Action: job.ActionPublish, Job: id, Attempt: 1}); err != nil {
			t.Fatal(err)
		}
	}
	want := []string{"ended ready", "preparing 5s", "warming 1m30s", "segmenting 30s", "meshing 14s", "whole 2m20s"}
	if diff := cmp.Diff(want, m.told); diff != "" {
		t.Errorf("(-want +got): %s", diff)
	}
}

func TestAFailureIsToldToTheMeter(t *testing.T) {
	b, m := measured(t), &meter{}
	b.Meter = m
	for range 2 {
		in := job.SettleInput{Action: job.ActionSettle, Job: id, Attempt: 1, Error: &job.TaskError{Error: "RejectedError", Cause: `{"errorMessage":"x"}`}}
		if _, err := b.Handle(t.Context(), in); err != nil {
			t.Fatal(err)
		}
	}
	if len(m.told) == 0 || m.told[0] == "ended ready" || strings.Contains(strings.Join(m.told[1:], " "), "ended") || strings.Contains(strings.Join(m.told, " "), "whole") {
		t.Errorf("%q", m.told)
	}
}
