package settle_test

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/iris-oculus/iris/internal/job"
)

// lease holds execution names.
type lease map[string]bool

func (l lease) Release(_ context.Context, holder string) error { delete(l, holder); return nil }
func (l lease) Sweep(ctx context.Context, closed func(context.Context, string) (bool, error)) error {
	for holder := range l {
		if gone, err := closed(ctx, holder); err != nil {
			return err
		} else if gone && holder != blocked {
			delete(l, holder)
		}
	}
	return nil
}

func (l lease) Seen(context.Context, bool) error { return nil }

func (l lease) Blocked(context.Context) (bool, error) { return l[blocked], nil }

// blocked stands, among the holders, for a budget stop; no execution is called so.
const blocked = "budget stop"

type up bool

func (u up) Up(context.Context) (bool, error) { return bool(u), nil }

type answers struct{ asked, stopped []string }

func (a *answers) Recover(_ context.Context, r job.Record) error {
	a.asked = append(a.asked, r.ID)
	return nil
}

func (a *answers) Stop(_ context.Context, r job.Record) error {
	a.stopped = append(a.stopped, r.ID)
	return nil
}

// A budget stop ends the jobs that hold the GPU, and nobody else's.
func TestABudgetStopStopsWhoWaits(t *testing.T) {
	for _, event := range []string{`{"source":"aws.events"}`, `{"source":"aws.sagemaker","detail":{"EndpointStatus":"IN_SERVICE"}}`} {
		for _, status := range []job.Status{job.Received, job.Preparing, job.Warming, job.Segmenting, job.Meshing} {
			for _, stop := range []bool{false, true} {
				b := newBench(t, status)
				asked := &answers{}
				b.Lease, b.Running, b.Answers = lease{job.ExecutionName(id, 1): true, blocked: stop}, up(false), asked
				if _, err := b.Invoke(t.Context(), json.RawMessage(event)); err != nil {
					t.Fatal(err)
				}
				want := stop && (status == job.Warming || status == job.Segmenting)
				if got := len(asked.stopped) == 1; got != want || stop && len(asked.asked) > 0 {
					t.Errorf("%s, a stop in force: %v: stopped %v, looked for an answer %v", status, stop, asked.stopped, asked.asked)
				}
			}
		}
	}
}

// Each duty first shows the harm: the job would stay as it is for ever.
func TestTheJanitorFinishesWhatWasLeft(t *testing.T) {
	name := job.ExecutionName(id, 1)
	tests := []struct {
		name   string
		status job.Status
		age    time.Duration
		before func(t *testing.T, b *bench)
		after  func(t *testing.T, b *bench)
	}{
		{"an upload whose event was lost", job.AwaitingUpload, 25 * time.Hour, func(t *testing.T, b *bench) {
			b.amend(t, func(r *job.Record) { r.Execution = false })
			delete(b.flow.running, name)
		}, func(t *testing.T, b *bench) {
			if r := b.record(t); r.Status != job.Received || !b.flow.running[name] {
				t.Errorf("record = %s, running %v", r.Status, b.flow.running)
			}
		}},
		{"a cancellation that died half-way", job.Cancelled, 2 * time.Minute, func(t *testing.T, b *bench) {}, func(t *testing.T, b *bench) {
			if b.flow.running[name] || b.jobs.IsOpen(id) {
				t.Errorf("the execution of a cancelled job goes on: %v", b.flow.running)
			}
		}},
		{"an upload that never came", job.AwaitingUpload, 25 * time.Hour, func(t *testing.T, b *bench) {
			b.uploads.DeletePrefix(t.Context(), "scan")
		}, func(t *testing.T, b *bench) {
			if r := b.record(t); r.Status != job.Expired || r.Error.Code != "not_uploaded" {
				t.Errorf("record = %s %+v", r.Status, r.Error)
			}
		}},
		{"an upload that may still come", job.AwaitingUpload, time.Hour, func(t *testing.T, b *bench) {}, func(t *testing.T, b *bench) {
			if r := b.record(t); r.Status != job.AwaitingUpload {
				t.Errorf("status = %s", r.Status)
			}
		}},
		{"recorded, never started", job.Received, 2 * time.Minute, func(t *testing.T, b *bench) {
			delete(b.flow.running, name)
			b.amend(t, func(r *job.Record) { r.Execution = false })
		}, func(t *testing.T, b *bench) {
			if !b.flow.running[name] || !b.record(t).Execution {
				t.Error("not started")
			}
		}},
		{"its execution closed without a word", job.Segmenting, 2 * time.Minute, func(t *testing.T, b *bench) {
			b.flow.running[name] = false
		}, func(t *testing.T, b *bench) {
			if r := b.record(t); r.Status != job.Failed {
				t.Errorf("status = %s, want failed", r.Status)
			}
		}},
		{"an erasure that died half-way", job.Ready, time.Minute, func(t *testing.T, b *bench) {
			b.amend(t, func(r *job.Record) { r.Erased = true })
		}, func(t *testing.T, b *bench) {
			if r := b.record(t); r.Upload != (job.Upload{}) || len(b.work.Keys()) != 0 {
				t.Errorf("not erased: %+v, %v", r, b.work.Keys())
			}
		}},
		{"a mark that outlived its job", job.Ready, time.Minute, func(t *testing.T, b *bench) {}, func(t *testing.T, b *bench) {
			if b.jobs.IsOpen(id) {
				t.Error("an ended job is still among the open ones")
			}
		}},
		{"an answer whose message was lost", job.Segmenting, time.Minute, func(t *testing.T, b *bench) {}, func(t *testing.T, b *bench) {
			if got := b.Answers.(*answers).asked; len(got) != 1 || got[0] != id {
				t.Errorf("asked for %v", got)
			}
		}},
		{"an InService event that was lost", job.Warming, time.Minute, func(t *testing.T, b *bench) {}, func(t *testing.T, b *bench) {
			if r := b.record(t); r.Status != job.Segmenting {
				t.Errorf("status = %s, want segmenting", r.Status)
			}
		}},
		{"a dead holder of the lease", job.Segmenting, time.Minute, func(t *testing.T, b *bench) {
			b.Lease.(lease)[job.ExecutionName(id, 7)] = true
		}, func(t *testing.T, b *bench) {
			if l := b.Lease.(lease); len(l) != 1 || !l[name] {
				t.Errorf("lease = %v, want only the running one", l)
			}
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			b := newBench(t, test.status)
			b.Lease, b.Running, b.Answers = lease{name: true}, up(true), &answers{}
			test.before(t, b)
			b.now = start.Add(test.age)
			if err := b.Sweep(t.Context()); err != nil {
				t.Fatal(err)
			}
			test.after(t, b)
		})
	}
}

func (b *bench) amend(t *testing.T, change func(*job.Record)) {
	t.Helper()
	if _, err := b.jobs.Amend(t.Context(), id, func(r *job.Record) error { change(r); return nil }); err != nil {
		t.Fatal(err)
	}
}

func TestEventsReachTheirDuty(t *testing.T) {
	name := job.ExecutionName(id, 1)
	tests := []struct {
		name, event string
		status      job.Status
		want        job.Status
	}{
		{"aborted", `{"source":"aws.states","detail":{"name":"` + name + `","status":"ABORTED"}}`, job.Segmenting, job.Failed},
		{"timed out", `{"source":"aws.states","detail":{"name":"` + name + `","status":"TIMED_OUT"}}`, job.Warming, job.Failed},
		{"another workflow's", `{"source":"aws.states","detail":{"name":"backup-3","status":"FAILED"}}`, job.Segmenting, job.Segmenting},
		{"in service", `{"source":"aws.sagemaker","detail":{"EndpointStatus":"IN_SERVICE"}}`, job.Warming, job.Segmenting},
		{"failed after it had published", `{"source":"aws.states","detail":{"name":"` + name + `","status":"FAILED"}}`, job.Ready, job.Ready},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			b := newBench(t, test.status)
			held := lease{name: true}
			b.Lease, b.Running, b.Answers = held, up(true), &answers{}
			if _, err := b.Invoke(t.Context(), json.RawMessage(test.event)); err != nil {
				t.Fatal(err)
			}
			if r := b.record(t); r.Status != test.want {
				t.Errorf("status = %s, want %s", r.Status, test.want)
			}
			if test.want == job.Failed && len(held) != 0 {
				t.Error("a closed execution still holds the GPU")
			}
			if test.want == job.Ready && b.work.Bytes(job.Key(id, 1, job.VolumeObject)) == nil {
				t.Error("a ready job lost its volume")
			}
		})
	}
}
