package segment

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
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

// Answer takes one message. The objects on S3 are what counts, the message only
// says that it is time to look: so a message of another attempt does no harm.
func (s Stage) Answer(ctx context.Context, m Message) error {
	id, attempt, ok := job.ParseExecutionName(m.InferenceID)
	if !ok {
		return nil
	}
	r, err := s.Jobs.Get(ctx, id)
	if errors.Is(err, job.ErrNotFound) || err == nil && (r.Erased || r.Attempt != attempt || r.Status.Ended()) {
		return s.discard(ctx, id, attempt)
	}
	if err != nil {
		return fmt.Errorf("read job: %w", err)
	}
	if r.Token == "" {
		return nil // nobody waits yet: Start looks for an answer itself
	}
	settled, err := s.settleFromWork(ctx, r)
	if settled || err != nil || m.InvocationStatus != "Failed" || !m.about(r.Request) {
		return err
	}
	// No object: the request expired, or its failure could not be written.
	return s.failed(ctx, r, m.FailureReason)
}

// about says whether the request on record is the one that ended. A message
// that comes again after its request was sent once more is about the request
// before, which ended before this one was sent; and before a request is on
// record, whoever sent it sends it again.
func (m Message) about(r job.Request) bool {
	ended, err := time.Parse(time.RFC3339, m.EventTime)
	return r.Sent > 0 && (err != nil || !ended.Before(r.At.Truncate(time.Millisecond)))
}

// Recover looks for an answer whose message was lost; the janitor calls it.
func (s Stage) Recover(ctx context.Context, r job.Record) error {
	if r.Token == "" || r.Status.Ended() || r.Erased {
		return nil
	}
	settled, err := s.settleFromWork(ctx, r)
	if settled || err != nil || r.Request.Outstanding || r.Status == job.Meshing || r.Request.Sent >= maxSends {
		return err
	}
	if s.Now().Sub(r.UpdatedAt) < sendWithin {
		return nil // Start may be about to
	}
	return s.send(ctx, r) // whoever was about to send it died
}

// Stop fails the task of a job that waits for a GPU which a budget stop put to
// sleep. An answer that is there already counts.
func (s Stage) Stop(ctx context.Context, r job.Record) error {
	if r.Token == "" || r.Status.Ended() || r.Erased {
		return nil
	}
	settled, err := s.settleResult(ctx, r)
	if settled || err != nil {
		return err
	}
	return s.fail(ctx, r.Token, "BudgetError", "the budget stop is in force")
}

// sendWithin is longer than Start runs.
const sendWithin = 2 * time.Minute

// discard deletes a result that nobody waits for.
func (s Stage) discard(ctx context.Context, id string, attempt int) error {
	if err := s.Work.Delete(ctx, job.Key(id, attempt, job.LabelsObject)); err != nil {
		return fmt.Errorf("discard result: %w", err)
	}
	return nil
}

// settleResult completes the token if the result is there.
func (s Stage) settleResult(ctx context.Context, r job.Record) (bool, error) {
	labels := job.Key(r.ID, r.Attempt, job.LabelsObject)
	_, err := s.Work.Head(ctx, labels)
	if errors.Is(err, job.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("look for result: %w", err)
	}
	if err := s.answered(ctx, r); err != nil {
		return true, err
	}
	return true, s.succeed(ctx, r.Token, job.SegmentOutput{Labels: labels})
}

// settleFromWork completes the token if the result, or the failure, is there.
func (s Stage) settleFromWork(ctx context.Context, r job.Record) (bool, error) {
	if settled, err := s.settleResult(ctx, r); settled || err != nil {
		return settled, err
	}
	key, ok := s.Work.KeyOf(r.Request.Failure)
	if !r.Request.Outstanding || !ok {
		return false, nil
	}
	body, err := s.Work.Get(ctx, key)
	if errors.Is(err, job.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("read failure: %w", err)
	}
	defer body.Close()
	reason, err := io.ReadAll(io.LimitReader(body, maxReason))
	if err != nil {
		return false, fmt.Errorf("read failure: %w", err)
	}
	return true, s.failed(ctx, r, string(reason))
}

// maxReason bounds what is read of a failure.
const maxReason = 16 << 10

// answered notes that nothing is under way any more, and that an instance was up.
func (s Stage) answered(ctx context.Context, r job.Record) error {
	_, err := s.Jobs.Amend(ctx, r.ID, func(now *job.Record) error {
		if now.Attempt != r.Attempt || now.Status.Ended() || !now.Request.Outstanding && now.Status == job.Segmenting {
			return job.ErrStale
		}
		now.Request.Outstanding = false
		return now.Enter(job.Segmenting, s.Now())
	})
	if err != nil && !errors.Is(err, job.ErrStale) && !errors.Is(err, job.ErrNotFound) {
		return fmt.Errorf("record answer: %w", err)
	}
	return nil
}

// resendWithin: a request that died later than this is not sent again; the
// task's own time would run out.
const resendWithin = time.Hour

// maxSends: a request lost with its instance is sent once more.
const maxSends = 2

// failed fails the token by name. What the model server said with 4xx is the
// scan's fault; anything else may be a lost instance, so it is tried once more.
func (s Stage) failed(ctx context.Context, r job.Record, reason string) error {
	if refused := refusal(reason); refused != nil {
		return s.giveUp(ctx, r, "RejectedError", refused.Error())
	}
	if r.Request.Sent < maxSends && s.Now().Sub(r.Request.At) < resendWithin {
		return s.sendAgain(ctx, r)
	}
	return s.giveUp(ctx, r, "EndpointFailedError", "the model server failed at this scan")
}

// giveUp fails the token, then notes that nothing is under way: a crash between
// is made good by a repeat, the other order would send the request again.
func (s Stage) giveUp(ctx context.Context, r job.Record, name, message string) error {
	if err := s.fail(ctx, r.Token, name, message); err != nil {
		return err
	}
	return s.answered(ctx, r)
}

// sendAgain first notes that nothing is under way, so that a crash before the
// new request is made good by a repeat; the new request must not find the old failure.
func (s Stage) sendAgain(ctx context.Context, r job.Record) error {
	_, err := s.Jobs.Amend(ctx, r.ID, func(now *job.Record) error {
		if now.Attempt != r.Attempt || now.Status.Ended() || now.Request.Sent != r.Request.Sent {
			return job.ErrStale // whoever had the same message has sent it
		}
		now.Request.Outstanding = false
		return nil
	})
	if errors.Is(err, job.ErrStale) || errors.Is(err, job.ErrNotFound) {
		return s.lookAgain(ctx, r)
	}
	if err != nil {
		return fmt.Errorf("record lost request: %w", err)
	}
	if key, ok := s.Work.KeyOf(r.Request.Failure); ok {
		if err := s.Work.Delete(ctx, key); err != nil {
			return fmt.Errorf("delete failure: %w", err)
		}
	}
	return s.send(ctx, r)
}

// lookAgain settles a request that was recorded since r was read: it may have
// ended before it was on record, and then the message at hand is about it.
func (s Stage) lookAgain(ctx context.Context, r job.Record) error {
	now, err := s.Jobs.Get(ctx, r.ID)
	if errors.Is(err, job.ErrNotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read job: %w", err)
	}
	if now.Erased || now.Attempt != r.Attempt || now.Status.Ended() || now.Request.Sent <= r.Request.Sent {
		return nil
	}
	_, err = s.settleFromWork(ctx, now)
	return err
}

// refusal finds the {code, message} with which a model server refuses a scan.
// The failure's object is that reply itself; in a message SageMaker quotes it,
// escaped or not, inside a sentence of its own. What a server that stops or
// breaks says is no refusal.
func refusal(reason string) *job.RejectedError {
	if strings.Contains(reason, serverError) {
		return nil
	}
	rest := reason[:min(len(reason), maxReason)]
	for range maxBraces {
		at := strings.IndexByte(rest, '{')
		if at < 0 {
			return nil
		}
		if refused := reply(rest[at:]); refused != nil {
			return refused
		}
		if at > 0 && rest[at-1] == '"' {
			var quoted string
			if decode(rest[at-1:], &quoted) == nil {
				if refused := reply(quoted); refused != nil {
					return refused
				}
			}
		}
		rest = rest[at+1:]
	}
	return nil
}

const (
	// serverError is how SageMaker's sentence about a status of 5xx goes.
	serverError = "Received server error (5"
	// codeStopping is what a model server says that is told to end: its instance goes.
	codeStopping = "stopping"
	// maxBraces bounds how many places of a hostile text are tried.
	maxBraces = 64
)

// reply reads what stands at the beginning of text.
func reply(text string) *job.RejectedError {
	var body struct {
		Code    string `json:"code"`
		Message string `json:"message"`
	}
	if decode(text, &body) != nil || !isCode(body.Code) || body.Code == codeStopping || body.Message == "" {
		return nil
	}
	return &job.RejectedError{Code: body.Code, Message: body.Message}
}

func decode(text string, into any) error {
	return json.NewDecoder(strings.NewReader(text)).Decode(into)
}

// maxCode bounds an error code of a model server.
const maxCode = 64

func isCode(s string) bool {
	if s == "" || len(s) > maxCode {
		return false
	}
	for _, c := range s {
		if c != '_' && (c < 'a' || c > 'z') && (c < '0' || c > '9') {
			return false
		}
	}
	return true
}

// fail shapes the cause as Lambda shapes an error, so that Settle reads one form.
func (s Stage) fail(ctx context.Context, token, name, message string) error {
	cause, err := json.Marshal(map[string]string{"errorType": name, "errorMessage": message})
	if err != nil {
		return fmt.Errorf("fail task: %w", err)
	}
	if err := s.Tokens.Fail(ctx, token, name, string(cause)); err != nil && !errors.Is(err, job.ErrStale) {
		return err
	}
	return nil
}
