// Package segment sends a prepared volume to the asynchronous endpoint and completes the
// waiting task with its answer. In: a job and a task token, or the endpoint's SNS
// message. Out: the token, completed with the label map's key or failed with a named
// error: job.RejectedError when the model server answered 4xx (except 408 and 429),
// job.BudgetError when a budget stop is in force, else job.EndpointFailedError. A late,
// repeated or unknown answer is no error.
//
// decide (decide.go) is a pure function of a record and facts; look (answer.go) collects
// the facts, and decideAndAct (act.go) carries the action out.
package segment

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"

	"github.com/iris-oculus/iris/internal/job"
)

// Jobs keeps job records.
type Jobs interface {
	Get(ctx context.Context, id string) (job.Record, error)
	Amend(ctx context.Context, id string, change func(*job.Record) error) (job.Record, error)
}

// Work is the work bucket.
type Work interface {
	Head(ctx context.Context, key string) (job.Object, error)
	Get(ctx context.Context, key string) (io.ReadCloser, error)
	Delete(ctx context.Context, key string) error
	URI(key string) string
	KeyOf(uri string) (string, bool)
}

// Endpoint is the asynchronous endpoint.
type Endpoint interface {
	// Up says whether an instance is in service now.
	Up(ctx context.Context) (bool, error)
	// Send queues a request and says where its result and its failure will be.
	Send(ctx context.Context, r job.InferenceRequest) (output, failure string, err error)
}

// Tokens completes the task that waits.
type Tokens interface {
	Succeed(ctx context.Context, token string, output any) error
	Fail(ctx context.Context, token, name, cause string) error
}

// Lease says who needs the GPU.
type Lease interface {
	Get(ctx context.Context) (job.Lease, error)
}

// Stage is segment and segmented. All fields are needed but Lease, without which it is not
// known how many others were ahead.
type Stage struct {
	Jobs     Jobs
	Work     Work
	Endpoint Endpoint
	Tokens   Tokens
	Lease    Lease
	Now      func() time.Time
}

// Start stores the task token and sends the request unless one is under way.
// Called again it stores the new token; an answer that is there already settles at once.
func (s Stage) Start(ctx context.Context, in job.SegmentInput) error {
	up, err := s.Endpoint.Up(ctx)
	up = up && err == nil // it only tells the words of a status; the janitor corrects them
	r, err := s.Jobs.Amend(ctx, in.Job, func(r *job.Record) error {
		if r.Attempt != in.Attempt || r.Erased {
			return job.ErrStale
		}
		r.Token = in.Token
		return r.Enter(waitingFor(r.Status, up), s.Now())
	})
	switch {
	case errors.Is(err, job.ErrStale), errors.Is(err, job.ErrNotFound):
		return s.complete(ctx, in.Token, job.SegmentOutput{Gone: true})
	case err != nil:
		return fmt.Errorf("record task token: %w", err)
	}
	return s.look(ctx, r, started, Message{})
}

// waitingFor is the status of a job that waits for its answer. It stays segmenting even
// if the instance has ended meanwhile.
func waitingFor(status job.Status, up bool) job.Status {
	if up || status == job.Segmenting {
		return job.Segmenting
	}
	return job.Warming
}

// send queues the request and then records it. After a crash between the two it is sent
// again, with the same place for its result.
func (s Stage) send(ctx context.Context, r job.Record) error {
	name, sent, ahead := job.ExecutionName(r.ID, r.Attempt), s.Now(), r.Request.Ahead
	if r.Request.Sent == 0 {
		ahead = s.ahead(ctx, name)
	}
	output, failure, err := s.Endpoint.Send(ctx, job.InferenceRequest{
		Name:       name,
		Input:      s.Work.URI(job.Key(r.ID, r.Attempt, job.VolumeObject)),
		Attributes: attributes(r.Options),
		Folder:     strings.TrimSuffix(job.Key(r.ID, r.Attempt, ""), "/"),
		File:       job.LabelsObject,
	})
	if err != nil {
		return fmt.Errorf("send request: %w", err)
	}
	recorded, err := s.Jobs.Amend(ctx, r.ID, func(now *job.Record) error {
		if now.Attempt != r.Attempt || now.Erased || now.Status.Ended() {
			return job.ErrStale
		}
		now.Request = job.Request{Outstanding: true, Output: output, Failure: failure, Sent: r.Request.Sent + 1, At: sent, Ahead: ahead}
		return nil
	})
	if errors.Is(err, job.ErrStale) || errors.Is(err, job.ErrNotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("record request: %w", err)
	}
	// A request may fail before it is recorded. Its message was about nothing then, and
	// the next one to look would be the janitor.
	return s.look(ctx, recorded, answered, Message{})
}

// ahead is how many had the GPU before an execution came to it, and below 0 when that is
// not known. A job that waits for others tells nothing of how long its scan takes.
func (s Stage) ahead(ctx context.Context, name string) int {
	if s.Lease == nil {
		return -1
	}
	l, err := s.Lease.Get(ctx)
	if err != nil {
		slog.Warn("it is not known who has the GPU", job.LogError, err.Error())
		return -1
	}
	n, holds := l.Ahead(name)
	if !holds {
		return -1
	}
	return n
}

// maxAttributes is SageMaker's bound on custom attributes, in bytes.
const maxAttributes = 1024

// attributes are the options for the model server. A list of structures that is too long
// is left out, because the mesh stage takes the subset anyway.
func attributes(o job.Options) string {
	s := fmt.Sprintf("task=%s;fast=%t", o.Task, o.Fast)
	if names := o.Labels(); len(names) > 0 {
		if long := s + ";structures=" + strings.Join(names, ","); len(long) <= maxAttributes {
			return long
		}
	}
	return s
}
