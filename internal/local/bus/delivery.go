package bus

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/iris-oculus/iris/internal/local/outbox"
	"github.com/iris-oculus/iris/internal/local/store"
)

// delivery is one event on its way to one target. It carries the target as it
// was when the event matched.
type delivery struct {
	Rule   string          `json:"rule"`
	Target Target          `json:"target"`
	Event  json.RawMessage `json:"event"`
}

// DeadLetter is the body of a delivery that was given up, with the attributes
// that EventBridge puts on a message in a dead-letter queue.
type DeadLetter struct {
	Rule      string          `json:"RULE_ARN"`
	Target    string          `json:"TARGET_ARN"`
	Queue     string          `json:"QUEUE_ARN,omitempty"`
	Message   string          `json:"ERROR_MESSAGE"`
	Condition string          `json:"EXHAUSTED_RETRY_CONDITION,omitempty"`
	Attempts  int             `json:"RETRY_ATTEMPTS"`
	Event     json.RawMessage `json:"EVENT"`
}

// deliver adds one letter for each target of the rule.
func (s *Service) deliver(b *store.Batch, r Rule, event []byte, id string) error {
	for _, t := range r.Targets {
		body, err := json.Marshal(delivery{r.Name, t, event})
		if err != nil {
			return fmt.Errorf("put event: %w", err)
		}
		if err := s.queue.Add(b, outbox.Letter{ID: id, Body: body}); err != nil {
			return fmt.Errorf("put event: %w", err)
		}
	}
	return nil
}

func (s *Service) send(ctx context.Context, l outbox.Letter) error {
	var d delivery
	if err := json.Unmarshal(l.Body, &d); err != nil {
		return permanentError{fmt.Errorf("read delivery: %w", err)}
	}
	service, err := serviceOf(d.Target.ARN)
	if err != nil || s.config.Deliver[service] == nil {
		return permanentError{errors.New("no service takes deliveries for the target's ARN")}
	}
	return s.config.Deliver[service](ctx, d.Target, d.Event)
}

// permanentError is not retried.
type permanentError struct{ error }

func (permanentError) Permanent() bool { return true }

func permanent(err error) bool {
	var p interface{ Permanent() bool }
	return errors.As(err, &p) && p.Permanent()
}

// maxWait bounds the pause between two attempts.
const maxWait = 5 * time.Minute

// again doubles the wait from 1 s up to maxWait, within the target's policy.
func (s *Service) again(l outbox.Letter, err error) (time.Duration, bool) {
	return min(time.Second<<min(l.Attempts-1, 20), maxWait), s.exhausted(l, err) == ""
}

// exhausted says why a delivery is not tried again; "" when it is.
func (s *Service) exhausted(l outbox.Letter, err error) string {
	var d delivery
	switch {
	case permanent(err) || json.Unmarshal(l.Body, &d) != nil:
		return "NoRetry"
	case l.Attempts > d.Target.maxAttempts():
		return "MaximumRetryAttempts"
	case s.config.Clock.Now().Sub(l.Accepted) > d.Target.maxAge():
		return "MaximumEventAgeInSeconds"
	}
	return ""
}

func (s *Service) giveUp(_ context.Context, b *store.Batch, l outbox.Letter, err error) error {
	var d delivery
	if broken := json.Unmarshal(l.Body, &d); broken != nil {
		d.Event = json.RawMessage("null")
	}
	letter := DeadLetter{
		Rule: s.arn("rule/" + d.Rule), Target: d.Target.ARN, Message: err.Error(), Attempts: max(l.Attempts-1, 0), Event: d.Event,
	}
	if d.Target.DeadLetter != nil {
		letter.Queue = d.Target.DeadLetter.ARN
	}
	if why := s.exhausted(l, err); why != "NoRetry" {
		letter.Condition = why
	}
	body, err := json.Marshal(letter)
	if err != nil {
		return fmt.Errorf("keep dead letter: %w", err)
	}
	s.config.Logger.Error("event not delivered", "rule", d.Rule, "error", letter.Message)
	s.dead.Add(b, outbox.Letter{ID: l.ID, Body: body})
	return nil
}
