package lambdas

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/iris-oculus/iris/internal/local/outbox"
	"github.com/iris-oculus/iris/internal/local/store"
)

// failure is an invocation that ended with a function error.
type failure struct{ outcome }

func (f *failure) Error() string { return "the function answered with an error" }

var errTooOld = errors.New("the event is older than its maximum age")

// openQueue opens the function's queue of asynchronous invocations; as many as
// its concurrency are under way at once, and each waits for a slot.
func (f *function) openQueue() (*outbox.Outbox, error) {
	return outbox.Open(outbox.Config{
		Store:    f.host.config.Store,
		Bucket:   QueueBucket(f.spec.Name),
		Clock:    f.host.config.Clock,
		Send:     f.send,
		Again:    f.again,
		GiveUp:   f.giveUp,
		Parallel: max(cap(f.slots), 1),
		Logger:   f.host.config.Logger,
	})
}

func (f *function) send(ctx context.Context, l outbox.Letter) error {
	if f.tooOld(l) {
		return errTooOld
	}
	o, err := f.invoke(ctx, l.ID, l.Body, true)
	if err != nil {
		return err
	}
	if o.functionError != "" {
		return &failure{o}
	}
	return nil
}

func (f *function) tooOld(l outbox.Letter) bool {
	return f.host.config.Clock.Now().Sub(l.Accepted) > f.spec.MaxEventAge
}

// again follows AWS: a function error is tried again after one minute, then
// after two; a throttled event after 1 s, doubling up to 5 min, until it is too old.
func (f *function) again(l outbox.Letter, err error) (time.Duration, bool) {
	if f.tooOld(l) {
		return 0, false
	}
	var failed *failure
	if errors.As(err, &failed) {
		return time.Duration(l.Attempts) * time.Minute, l.Attempts <= *f.spec.MaxRetries
	}
	return min(time.Second<<min(l.Attempts-1, 20), 5*time.Minute), true
}

// record is what a destination gets, in AWS's form.
type record struct {
	Version   string    `json:"version"`
	Timestamp time.Time `json:"timestamp"`
	Request   struct {
		ID        string `json:"requestId"`
		Function  string `json:"functionArn"`
		Condition string `json:"condition"`
		Count     int    `json:"approximateInvokeCount"`
	} `json:"requestContext"`
	Payload  json.RawMessage  `json:"requestPayload"`
	Response *responseContext `json:"responseContext,omitempty"`
	Reply    json.RawMessage  `json:"responsePayload,omitempty"`
}

type responseContext struct {
	Status  int    `json:"statusCode"`
	Version string `json:"executedVersion"`
	Error   string `json:"functionError"`
}

// giveUp hands the record of a failed invocation to the function that is its
// destination, or keeps it among the dead letters.
func (f *function) giveUp(_ context.Context, b *store.Batch, l outbox.Letter, cause error) error {
	body, err := f.record(l, cause)
	if err != nil {
		return err
	}
	if other, letter, err := f.host.letter(f.spec.OnFailure, body); err == nil {
		return other.queue.Add(b, letter)
	}
	f.host.dead.Add(b, outbox.Letter{ID: l.ID, Body: body})
	return nil
}

func (f *function) record(l outbox.Letter, cause error) ([]byte, error) {
	r := record{Version: "1.0", Timestamp: f.host.config.Clock.Now().UTC(), Payload: l.Body}
	r.Request.ID, r.Request.Function = l.ID, f.spec.ARN+":$LATEST"
	r.Request.Condition, r.Request.Count = "RetriesExhausted", l.Attempts
	if f.tooOld(l) {
		r.Request.Condition = "EventAgeExceeded"
	}
	var failed *failure
	if errors.As(cause, &failed) {
		r.Response = &responseContext{200, "$LATEST", failed.functionError}
		if json.Valid(failed.reply) {
			r.Reply = failed.reply
		}
	}
	b, err := json.Marshal(r)
	if err != nil {
		return nil, fmt.Errorf("record failed invocation: %w", err)
	}
	return b, nil
}
