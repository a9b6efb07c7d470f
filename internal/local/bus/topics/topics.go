// Package topics is SNS on one machine: topics whose subscribers are Lambda
// functions.
//
// In: Publish from services, or SNS's Query API over ServeHTTP. Out: each
// message is delivered to each subscriber at least once, shaped as AWS hands it
// to Lambda (events.SNSEvent). A message is on the disk before Publish returns;
// deliveries are retried by SNS's own schedule and end among DeadLetters.
// Errors: ErrNoTopic, ErrInvalid, and those of the store.
package topics

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/iris-oculus/iris/internal/local/clock"
	"github.com/iris-oculus/iris/internal/local/outbox"
	"github.com/iris-oculus/iris/internal/local/store"
	"github.com/iris-oculus/iris/internal/local/trace"
)

// The buckets of the store that are the topics' own.
const (
	QueueBucket = "topics.queue" // deliveries on their way
	DeadBucket  = "topics.dead"  // deliveries that were given up
)

// Errors of Publish and Subscribe; they are wrapped.
var (
	ErrNoTopic = errors.New("topic does not exist")
	ErrInvalid = errors.New("invalid parameter")
)

// Limits of one message.
const (
	maxMessage = 256 << 10
	maxSubject = 100
)

// Config says where the state lies and who takes the messages.
type Config struct {
	Store *store.Store
	Clock clock.Clock
	// Lambda hands an SNS event to a function, and returns once it is accepted
	// for good. An error whose chain has Permanent() true is not retried.
	Lambda func(ctx context.Context, functionARN string, payload []byte) error
	Logger *slog.Logger
}

// Service holds topics. Make one with New, declare topics and subscriptions at
// each start, then Start.
type Service struct {
	config Config
	queue  *outbox.Outbox
	dead   *outbox.DeadLetters

	mu     sync.Mutex
	topics map[string][]subscription // by ARN
}

type subscription struct {
	ARN      string `json:"arn"`
	Function string `json:"function"`
}

// New opens the messages that have not arrived. Nothing is delivered before Start.
func New(c Config) (*Service, error) {
	if c.Clock == nil {
		c.Clock = clock.Real{}
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	s := &Service{config: c, topics: map[string][]subscription{}}
	var err error
	if s.dead, err = outbox.OpenDead(c.Store, DeadBucket); err != nil {
		return nil, fmt.Errorf("open topics: %w", err)
	}
	s.queue, err = outbox.Open(outbox.Config{
		Store: c.Store, Bucket: QueueBucket, Clock: c.Clock, Logger: c.Logger,
		Send: s.send, Again: again, GiveUp: s.giveUp,
	})
	if err != nil {
		return nil, fmt.Errorf("open topics: %w", err)
	}
	return s, nil
}

// Start begins to deliver.
func (s *Service) Start() { s.queue.Start() }

// Close ends deliveries under way; they go on after the next Start.
func (s *Service) Close() error { return s.queue.Close() }

// Waiting counts deliveries that have not arrived.
func (s *Service) Waiting() int { return s.queue.Len() }

// DeadLetters are the deliveries that were given up, oldest first; a body is
// the delivery in JSON, with the payload that the subscriber did not take.
func (s *Service) DeadLetters() []outbox.Letter { return s.dead.List() }

// AddTopic declares a topic; one that is there stays.
func (s *Service) AddTopic(arn string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, there := s.topics[arn]; !there {
		s.topics[arn] = nil
	}
}

// Subscribe makes a function receive a topic's messages, once however often it
// is called.
func (s *Service) Subscribe(topicARN, functionARN string) (subscriptionARN string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	list, there := s.topics[topicARN]
	if !there {
		return "", fmt.Errorf("subscribe: %w", ErrNoTopic)
	}
	if !strings.HasPrefix(functionARN, "arn:aws:lambda:") {
		return "", fmt.Errorf("subscribe: endpoint: want a function's ARN: %w", ErrInvalid)
	}
	for _, sub := range list {
		if sub.Function == functionARN {
			return sub.ARN, nil
		}
	}
	// The id follows from the two, so that it is the same after a restart.
	id := sha256.Sum256([]byte(topicARN + " " + functionARN))
	sub := subscription{fmt.Sprintf("%s:%x-%x-%x-%x-%x", topicARN, id[:4], id[4:6], id[6:8], id[8:10], id[10:16]), functionARN}
	s.topics[topicARN] = append(list, sub)
	return sub.ARN, nil
}

// Publish sends a message to every subscriber of a topic. The subject may be
// empty. When it returns nil, the message is on the disk.
func (s *Service) Publish(ctx context.Context, topicARN, subject, message string) error {
	_, err := s.publish(ctx, topicARN, subject, message)
	return err
}

func (s *Service) publish(ctx context.Context, topicARN, subject, message string) (messageID string, err error) {
	b := &store.Batch{Trace: trace.From(ctx).Text(true)}
	if messageID, err = s.add(b, topicARN, subject, message); err != nil {
		return "", err
	}
	return messageID, s.config.Store.Write(b)
}

// Add makes a message part of a batch: it is published once that is written.
func (s *Service) Add(b *store.Batch, topicARN, subject, message string) error {
	_, err := s.add(b, topicARN, subject, message)
	return err
}

func (s *Service) add(b *store.Batch, topicARN, subject, message string) (messageID string, err error) {
	s.mu.Lock()
	subscribers, there := s.topics[topicARN]
	subscribers = slices.Clone(subscribers)
	s.mu.Unlock()
	switch {
	case !there:
		return "", fmt.Errorf("publish: %w", ErrNoTopic)
	case message == "" || len(message) > maxMessage || !utf8.ValidString(message):
		return "", fmt.Errorf("publish: message of %d bytes: want 1..%d of UTF-8: %w", len(message), maxMessage, ErrInvalid)
	case len(subject) > maxSubject || strings.ContainsAny(subject, "\n\r") || !utf8.ValidString(subject):
		return "", fmt.Errorf("publish: subject of %d bytes: want one line of at most %d: %w", len(subject), maxSubject, ErrInvalid)
	}
	messageID = uuid.NewString()
	var letters []outbox.Letter
	for _, sub := range subscribers {
		payload, err := json.Marshal(s.event(topicARN, sub.ARN, messageID, subject, message))
		if err != nil {
			return "", fmt.Errorf("publish: %w", err)
		}
		body, err := json.Marshal(delivery{sub, payload})
		if err != nil {
			return "", fmt.Errorf("publish: %w", err)
		}
		letters = append(letters, outbox.Letter{ID: messageID, Body: body})
	}
	return messageID, s.queue.Add(b, letters...)
}

// delivery is one message on its way to one subscriber.
type delivery struct {
	Subscription subscription    `json:"subscription"`
	Payload      json.RawMessage `json:"payload"`
}

func (s *Service) send(ctx context.Context, l outbox.Letter) error {
	var d delivery
	if err := json.Unmarshal(l.Body, &d); err != nil {
		return fmt.Errorf("read message: %w", err)
	}
	return s.config.Lambda(ctx, d.Subscription.Function, d.Payload)
}

// again follows SNS's policy for functions: three times at once, twice after
// 1 s, ten times with waits that grow to 20 s, then every 20 s, 100,015 in all.
func again(l outbox.Letter, err error) (time.Duration, bool) {
	var p interface{ Permanent() bool }
	if errors.As(err, &p) && p.Permanent() {
		return 0, false
	}
	const longest, all = 20 * time.Second, 100_015
	switch n := l.Attempts; {
	case n <= 3:
		return 0, true
	case n <= 5:
		return time.Second, true
	default:
		return min(time.Second<<min(n-5, 10), longest), n <= all
	}
}

func (s *Service) giveUp(_ context.Context, b *store.Batch, l outbox.Letter, err error) error {
	s.config.Logger.Error("message not delivered", "message", l.ID, "error", err.Error())
	s.dead.Add(b, outbox.Letter{ID: l.ID, Body: l.Body})
	return nil
}
