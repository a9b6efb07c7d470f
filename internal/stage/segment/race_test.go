package segment

import (
	"context"
	"strings"
	"testing"

	"github.com/iris-oculus/iris/internal/job"
)

// overtaken lets another invocation write the record just before the first Amend.
type overtaken struct {
	crashingJobs
	before func()
}

func (o *overtaken) Amend(ctx context.Context, id string, change func(*job.Record) error) (job.Record, error) {
	if before := o.before; before != nil {
		o.before = nil
		before()
	}
	return o.crashingJobs.Amend(ctx, id, change)
}

// failsAtOnce ends the first request in failure, and has the message delivered, before
// whoever sends it can record it.
type failsAtOnce struct {
	*world
	t      *testing.T
	failed bool
}

func (f *failsAtOnce) Send(ctx context.Context, r job.InferenceRequest) (output, failure string, err error) {
	output, failure, err = f.world.Send(ctx, r)
	if !f.failed {
		f.failed = true
		must(f.t, f.stage().Answer(ctx, f.failedWith(lost, "")))
	}
	return output, failure, err
}

// The model server ends as soon as it has the request: the message comes before the
// request is on record. It is sent once more without waiting for the janitor.
func TestTheFirstRequestEndsBeforeItIsOnRecord(t *testing.T) {
	w := newWorld(t)
	s := w.stage()
	s.Endpoint = &failsAtOnce{world: w, t: t}
	must(t, s.Start(t.Context(), job.SegmentInput{Job: w.id, Attempt: 1, Token: token}))
	if len(w.sent) != 2 || len(w.answers) != 0 {
		t.Fatalf("%d sent, answers %v: want the request sent again", len(w.sent), w.answers)
	}
	must(t, w.stage().Answer(t.Context(), w.succeeded()))
	if got := w.answers[token]; len(got) != 1 || got[0] != job.Key(w.id, 1, job.LabelsObject) {
		t.Errorf("answers %v, want the label map", got)
	}
}

// The second request has ended before the one who sent it could record it: the
// message about its end must not be taken for a repeat of the first message,
// for nobody would tell the task then.
func TestARequestThatEndsBeforeItIsOnRecord(t *testing.T) {
	for _, object := range []bool{true, false} {
		w := newWorld(t)
		must(t, w.start(t, token))
		first := w.record(t).Request
		at := w.now
		w.amend(t, func(r *job.Record) { r.Request.Outstanding = false }) // about to be sent again
		m := w.failedWith("", lost)
		if object {
			w.work.Set(failureKey, []byte(lost), nil)
		}
		s := w.stage()
		s.Jobs = &overtaken{crashingJobs{w}, func() {
			w.amend(t, func(r *job.Record) {
				r.Request = first
				r.Request.Outstanding, r.Request.Sent, r.Request.At = true, 2, at
			})
		}}
		must(t, s.Answer(t.Context(), m))
		got := w.answers[token]
		if object && (len(got) != 1 || !strings.HasPrefix(got[0], "EndpointFailedError ")) {
			t.Errorf("lost twice: answers %v, want the task failed", got)
		}
		if len(w.sent) != 1 || !object && len(got) != 0 {
			t.Errorf("the failure is there: %v: %d sent, answers %v", object, len(w.sent), got)
		}
	}
}
