package segment

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/iris-oculus/iris/internal/job"
)

// decideAndAct decides what to do about a request and does it.
func (s Stage) decideAndAct(ctx context.Context, r job.Record, f facts) error {
	labels := job.Key(r.ID, r.Attempt, job.LabelsObject)
	switch decide(r, f, s.Now()) {
	case discard:
		if err := s.Work.Delete(ctx, labels); err != nil {
			return fmt.Errorf("discard result: %w", err)
		}
	case succeed:
		if err := s.recordAnswer(ctx, r); err != nil {
			return err
		}
		return s.complete(ctx, r.Token, job.SegmentOutput{Labels: labels})
	case reject:
		return s.giveUp(ctx, r, "RejectedError", f.failure.rejection().Error())
	case giveUp:
		return s.giveUp(ctx, r, "EndpointFailedError", "the model server failed at this scan")
	case stop:
		return s.fail(ctx, r.Token, "BudgetError", "the budget stop is in force")
	case send:
		return s.send(ctx, r)
	case sendMore:
		return s.sendAgain(ctx, r)
	}
	return nil
}

// recordAnswer notes that nothing is under way any more, and that an instance was up.
func (s Stage) recordAnswer(ctx context.Context, r job.Record) error {
	_, err := s.Jobs.Amend(ctx, r.ID, func(now *job.Record) error {
		if now.Attempt != r.Attempt || now.Erased || now.Status.Ended() || !now.Request.Outstanding && now.Status == job.Segmenting {
			return job.ErrStale
		}
		now.Request.Outstanding = false
		now.Request.Unseen = now.Request.Unseen || now.Status == job.Warming
		return now.Enter(job.Segmenting, s.Now())
	})
	if err != nil && !errors.Is(err, job.ErrStale) && !errors.Is(err, job.ErrNotFound) {
		return fmt.Errorf("record answer: %w", err)
	}
	return nil
}

// giveUp fails the token and then notes that nothing is under way. A repeat completes
// this after a crash between the two; in the other order it would send the request
// again.
func (s Stage) giveUp(ctx context.Context, r job.Record, name, message string) error {
	if err := s.fail(ctx, r.Token, name, message); err != nil {
		return err
	}
	return s.recordAnswer(ctx, r)
}

// sendAgain first notes that nothing is under way, so that a repeat completes this after
// a crash, and deletes the old failure, so that the new request does not find it.
func (s Stage) sendAgain(ctx context.Context, r job.Record) error {
	_, err := s.Jobs.Amend(ctx, r.ID, func(now *job.Record) error {
		if now.Attempt != r.Attempt || now.Erased || now.Status.Ended() || now.Request.Sent != r.Request.Sent {
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

// lookAgain settles a request that was recorded after r was read. It may have ended
// before it was recorded, and then the message that came is about it.
func (s Stage) lookAgain(ctx context.Context, r job.Record) error {
	now, err := s.Jobs.Get(ctx, r.ID)
	if errors.Is(err, job.ErrNotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read job: %w", err)
	}
	if now.Attempt != r.Attempt || now.Request.Sent <= r.Request.Sent {
		return nil
	}
	return s.look(ctx, now, answered, Message{})
}

// fail fails the token. The cause has the form of Lambda's errors, so that Settle reads
// only one form.
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

func (s Stage) complete(ctx context.Context, token string, out job.SegmentOutput) error {
	if err := s.Tokens.Succeed(ctx, token, out); err != nil && !errors.Is(err, job.ErrStale) {
		return err
	}
	return nil
}
