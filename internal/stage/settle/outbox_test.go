package settle_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/iris-oculus/iris/internal/job"
	"github.com/iris-oculus/iris/internal/job/jobtest"
	"github.com/iris-oculus/iris/internal/stage/settle"
)

// crashing is the table and the bus of a process that dies between two calls.
type crashing struct {
	*jobtest.Store
	*executions
	crash *jobtest.Crash
}

func (c crashing) Amend(ctx context.Context, id string, change func(*job.Record) error) (r job.Record, err error) {
	err = c.crash.Do(func() (err error) { r, err = c.Store.Amend(ctx, id, change); return })
	return r, err
}

func (c crashing) Close(ctx context.Context, r job.Record) error {
	return c.crash.Do(func() error { return c.Store.Close(ctx, r) })
}

func (c crashing) Announce(ctx context.Context, detailType string, d job.EventDetail) error {
	return c.crash.Do(func() error { return c.executions.Announce(ctx, detailType, d) })
}

func (c crashing) Start(ctx context.Context, e job.Execution) error {
	return c.executions.Start(ctx, e)
}

// Publishing and settling are cut at every call, before and after its effect, and
// the bus refuses some: the workflow then goes on as it does (an error of Publish
// leads to SettleMesh), and the janitor sweeps. The event comes, and the job leaves
// the open ones.
func TestEveryEndingIsAnnounced(t *testing.T) {
	for _, ending := range []struct {
		action string
		status job.Status
		err    string
	}{{job.ActionPublish, job.Ready, ""}, {job.ActionSettle, job.Rejected, "RejectedError"}, {job.ActionSettle, job.Failed, "X"}} {
		for refuses := range 3 {
			for n := range 8 {
				name := fmt.Sprintf("%s, %d refused, cut at call %d, after it: %v", ending.status, refuses, n/2, n%2 == 1)
				b := newBench(t, job.Meshing)
				b.mesh(t)
				b.flow.refuses = refuses
				c := crashing{b.jobs, b.flow, &jobtest.Crash{At: n / 2, After: n%2 == 1}}
				s := b.Stage
				s.Jobs, s.Workflow = c, c
				in := job.SettleInput{Action: ending.action, Job: id, Attempt: 1, Error: &job.TaskError{Error: ending.err, Cause: `{"errorMessage":"truncated: x"}`}}
				if _, err := s.Handle(t.Context(), in); err != nil && ending.action == job.ActionPublish {
					in = job.SettleInput{Action: job.ActionSettle, Job: id, Attempt: 1, Error: &job.TaskError{Error: "InternalError"}}
					_, _ = s.Handle(t.Context(), in)
				}
				b.flow.running[job.ExecutionName(id, 1)] = false // its execution has ended
				for minute := 2; minute <= 20; minute += 6 {
					b.now = start.Add(time.Duration(minute) * time.Minute)
					_ = b.Sweep(t.Context())
				}
				r := b.record(t)
				if len(r.Owed) != 0 || b.jobs.IsOpen(id) {
					t.Errorf("%s: owed %v, open %v", name, r.Owed, b.jobs.IsOpen(id))
				}
				if len(b.flow.announced) == 0 || b.flow.announced[len(b.flow.announced)-1].Status != r.Status {
					t.Errorf("%s: the job is %s, announced %v", name, r.Status, b.flow.announced)
				}
			}
		}
	}
}

// Whoever reads the event may begin another attempt, or erase the job, before settle
// has taken the job from the open ones. The janitor still finds it.
func TestWhatBeginsBeforeTheClosingStaysOpen(t *testing.T) {
	for name, begin := range map[string]func(b *bench){
		"a retry": func(b *bench) {
			b.amend(t, func(r *job.Record) { r.Attempt, r.Status, r.Execution = 2, job.Received, false })
		},
		"an erasure that dies": func(b *bench) {
			b.amend(t, func(r *job.Record) { r.Erased = true })
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, job.Meshing)
			begun := false
			b.jobs.Before = func(call, _ string) error {
				if call == "Close" && !begun {
					begun = true
					begin(b)
				}
				return nil
			}
			if _, err := b.Handle(t.Context(), job.SettleInput{Action: job.ActionSettle, Job: id, Attempt: 1, Error: &job.TaskError{Error: "X"}}); err != nil {
				t.Fatal(err)
			}
			if !begun || !b.jobs.IsOpen(id) {
				t.Errorf("begun: %v, among the open ones: %v", begun, b.jobs.IsOpen(id))
			}
		})
	}
}

// The janitor removes a mark whose record was never written, but not at once: the
// record may be on its way.
func TestAMarkWithoutARecordIsRemovedLater(t *testing.T) {
	b := newBench(t, job.Received)
	b.jobs.Now, b.Retention = b.Now, nil // a record whose time is over stands for none
	b.amend(t, func(r *job.Record) { r.ExpiresAt = start.Add(time.Minute) })
	b.add(t, job.Record{ID: "01ARZ3NDEKTSV4RRFFQ69G5FAX", Attempt: 1, Status: job.Received, ExpiresAt: start.Add(time.Minute)})
	for _, c := range []struct {
		after time.Duration
		open  bool
	}{{2 * time.Minute, true}, {job.MarkAbandoned + 2*time.Minute, false}} {
		b.now = start.Add(c.after)
		if err := b.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := b.jobs.IsOpen("01ARZ3NDEKTSV4RRFFQ69G5FAX"); got != c.open {
			t.Errorf("after %v: among the open ones: %v", c.after, got)
		}
	}
}

// A job with a label table of the longest kind is published all the same, and its
// record stays far below what an item may have.
func TestTheLongestTableIsPublished(t *testing.T) {
	b := newBench(t, job.Meshing)
	m := job.Meshed{}
	for n := range 1500 {
		name := strings.Repeat("\U0001f9e0", 195) + fmt.Sprint(10000+n)
		m.Structures, m.Holds = append(m.Structures, job.Structure{Label: n + 1, Name: name}), append(m.Holds, name)
		m.Warnings = append(m.Warnings, job.Notice{Code: "structure_not_found", Message: "the scan shows nothing of " + name})
	}
	text, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	b.work.Set(job.Key(id, 1, job.MeshObject), text, nil)
	out, err := b.Handle(t.Context(), job.SettleInput{Action: job.ActionPublish, Job: id, Attempt: 1})
	if err != nil || out.Status != job.Ready {
		t.Fatalf("publish = %v, %v", out, err)
	}
	r := b.record(t)
	doc, err := json.Marshal(r)
	if err != nil || len(doc) > 128<<10 || !r.Long || r.Shown != 1 {
		t.Errorf("the record has %d bytes, long: %v, shown %d, %v", len(doc), r.Long, r.Shown, err)
	}
	if last := r.Warnings[len(r.Warnings)-1]; last.Code != "more_warnings" {
		t.Errorf("the last warning is %+v", last)
	}
}

var _ settle.Jobs = crashing{}
