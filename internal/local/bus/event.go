package bus

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/iris-oculus/iris/internal/local/store"
	"github.com/iris-oculus/iris/internal/local/trace"
)

// Event is an event as targets receive it, its fields in AWS's order.
type Event struct {
	Version    string          `json:"version"`
	ID         string          `json:"id"`
	DetailType string          `json:"detail-type"`
	Source     string          `json:"source"`
	Account    string          `json:"account"`
	Time       string          `json:"time"`
	Region     string          `json:"region"`
	Resources  []string        `json:"resources"`
	Detail     json.RawMessage `json:"detail"`
}

func (s *Service) newEvent(source, detailType string, resources []string, detail json.RawMessage, at time.Time) Event {
	if resources == nil {
		resources = []string{}
	}
	return Event{
		Version: "0", ID: uuid.NewString(), DetailType: detailType, Source: source, Account: s.config.Account,
		Time: at.UTC().Format("2006-01-02T15:04:05Z"), Region: s.config.Region, Resources: resources, Detail: detail,
	}
}

// Emit is how services put events on the bus, with AWS's sources too. detail
// must be a JSON object.
func (s *Service) Emit(ctx context.Context, source, detailType string, resources []string, detail any) error {
	b := &store.Batch{Trace: trace.From(ctx).Text(true)}
	if err := s.Add(b, source, detailType, resources, detail); err != nil {
		return err
	}
	return s.config.Store.Write(b)
}

// Add makes an event part of a batch: it is on the bus once that is written.
func (s *Service) Add(b *store.Batch, source, detailType string, resources []string, detail any) error {
	text, err := json.Marshal(detail)
	if err != nil {
		return fmt.Errorf("emit %s %q: detail: %w", source, detailType, err)
	}
	return s.publish(b, s.newEvent(source, detailType, resources, text, s.config.Clock.Now()))
}

// publish adds one delivery for every target of every rule that matches an event.
func (s *Service) publish(b *store.Batch, e Event) error {
	text, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("put event: %w", err)
	}
	for _, r := range s.matching(text) {
		if err := s.deliver(b, r, text, e.ID); err != nil {
			return err
		}
	}
	return nil
}

// matching returns the rules that want the event, by name.
func (s *Service) matching(event []byte) []Rule {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []Rule
	for _, name := range s.names() {
		r := s.rules[name]
		if r.pattern == nil || r.State != Enabled {
			continue
		}
		// Our own events are JSON objects; one nested too deeply matches nothing.
		if match, err := r.pattern.Match(event); err == nil && match {
			out = append(out, r.Rule)
		}
	}
	return out
}
