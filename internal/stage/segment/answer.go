package segment

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/iris-oculus/iris/internal/job"
)

// Message is what SageMaker publishes when an asynchronous request has ended.
type Message struct {
	InvocationStatus   string `json:"invocationStatus"` // Completed or Failed
	InferenceID        string `json:"inferenceId"`
	EventTime          string `json:"eventTime"` // when the request ended, RFC 3339
	FailureReason      string `json:"failureReason"`
	ResponseParameters struct {
		OutputLocation string `json:"outputLocation"`
	} `json:"responseParameters"`
}

// about says whether the message is about the request on record. A message that comes
// again after its request was sent once more is about the former request, which ended
// before the new one was sent. If no request is on record its sender will send it
// again.
func (m Message) about(r job.Request) bool {
	ended, err := time.Parse(time.RFC3339, m.EventTime)
	return r.Sent > 0 && (err != nil || !ended.Before(r.At.Truncate(time.Millisecond)))
}

// Answer takes one message. It decides by the objects on S3; the message only says that
// it is time to look, and what SageMaker knows of a failure. So a message of another
// attempt does no harm.
func (s Stage) Answer(ctx context.Context, m Message) error {
	id, attempt, ok := job.ParseExecutionName(m.InferenceID)
	if !ok {
		return nil
	}
	r, err := s.Jobs.Get(ctx, id)
	if errors.Is(err, job.ErrNotFound) {
		r, err = job.Record{ID: id, Erased: true}, nil
	}
	if err != nil {
		return fmt.Errorf("read job: %w", err)
	}
	if moved := r.Erased || r.Attempt != attempt || r.Status.Ended(); moved {
		r.Attempt = attempt // whose result it is
		return s.decideAndAct(ctx, r, facts{why: answered, moved: true})
	}
	return s.look(ctx, r, answered, m)
}

// Recover looks for an answer whose message was lost; the janitor calls it.
func (s Stage) Recover(ctx context.Context, r job.Record) error {
	return s.look(ctx, r, swept, Message{})
}

// Stop fails the task of a job that waits for a GPU which a budget stop put to sleep. If
// the answer has come already it completes the task.
func (s Stage) Stop(ctx context.Context, r job.Record) error {
	return s.look(ctx, r, stopped, Message{})
}

// look collects the facts about a job's request and acts on them.
func (s Stage) look(ctx context.Context, r job.Record, why occasion, m Message) error {
	f := facts{why: why, moved: r.Erased || r.Status.Ended()}
	if f.moved || r.Token == "" {
		return s.decideAndAct(ctx, r, f)
	}
	_, err := s.Work.Head(ctx, job.Key(r.ID, r.Attempt, job.LabelsObject))
	if err != nil && !errors.Is(err, job.ErrNotFound) {
		return fmt.Errorf("look for result: %w", err)
	}
	if f.result = err == nil; f.result {
		return s.decideAndAct(ctx, r, f)
	}
	object, found, err := s.failureObject(ctx, r)
	if err != nil {
		return err
	}
	// Without an object the request expired, or its failure could not be written.
	told := m.InvocationStatus == "Failed" && m.about(r.Request)
	if !told {
		m.FailureReason = ""
	}
	f.failed, f.failure = found || told, readFailure(object, m.FailureReason)
	return s.decideAndAct(ctx, r, f)
}

// failureObject reads the failure of the request that is under way.
func (s Stage) failureObject(ctx context.Context, r job.Record) (text string, found bool, err error) {
	key, ok := s.Work.KeyOf(r.Request.Failure)
	if !r.Request.Outstanding || !ok {
		return "", false, nil
	}
	body, err := s.Work.Get(ctx, key)
	if errors.Is(err, job.ErrNotFound) {
		return "", false, nil
	}
	if err != nil {
		return "", false, fmt.Errorf("read failure: %w", err)
	}
	defer body.Close()
	reason, err := io.ReadAll(io.LimitReader(body, maxReason))
	if err != nil {
		return "", false, fmt.Errorf("read failure: %w", err)
	}
	return string(reason), true, nil
}
