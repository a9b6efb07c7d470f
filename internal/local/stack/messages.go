package stack

import (
	"context"
	"fmt"
	"time"

	"github.com/iris-oculus/iris/internal/local/bus"
	"github.com/iris-oculus/iris/internal/local/bus/topics"
	"github.com/iris-oculus/iris/internal/local/template"
	"github.com/iris-oculus/iris/internal/local/trace"
)

// buildMessages makes the topics, and the bus with the template's rules.
func (s *Stack) buildMessages(v *services) (err error) {
	v.bus, err = bus.New(bus.Config{
		Store: s.store, Clock: s.cfg.Clock, Account: Account, Region: Region, Logger: s.cfg.Logger,
		Deliver: map[string]bus.Deliver{
			"lambda": func(ctx context.Context, t bus.Target, payload []byte) error {
				return v.host.InvokeAsync(ctx, t.ARN, payload)
			},
			"states": func(ctx context.Context, t bus.Target, payload []byte) error {
				_, _, err := v.states.StartUnder(trace.From(ctx), t.ARN, "", string(payload))
				return err
			},
			"sns": func(ctx context.Context, t bus.Target, payload []byte) error {
				return v.topics.Publish(ctx, t.ARN, "", string(payload))
			},
		},
	})
	if err != nil {
		return err
	}
	if err = s.buildTopics(v); err != nil {
		return err
	}
	for _, r := range s.Template.Rules {
		if err := v.bus.AddRule(rule(r)); err != nil {
			return fmt.Errorf("template: %w", err)
		}
	}
	return nil
}

// buildTopics makes the topics with the template's subscriptions.
func (s *Stack) buildTopics(v *services) (err error) {
	v.topics, err = topics.New(topics.Config{
		Store: s.store, Clock: s.cfg.Clock, Lambda: v.host.InvokeAsync, Logger: s.cfg.Logger,
	})
	if err != nil {
		return err
	}
	for _, t := range s.Template.Topics {
		v.topics.AddTopic(t.ARN)
	}
	for _, sub := range s.Template.Subscriptions {
		if _, err := v.topics.Subscribe(sub.TopicARN, sub.FunctionARN); err != nil {
			return fmt.Errorf("template: %w", err)
		}
	}
	return nil
}

// rule is the bus's form of a template's rule.
func rule(r template.Rule) bus.Rule {
	out := bus.Rule{Name: r.Name, Pattern: string(r.Pattern), Schedule: r.Schedule, State: bus.Enabled}
	if !r.Enabled {
		out.State = bus.Disabled
	}
	for _, t := range r.Targets {
		target := bus.Target{ID: t.ID, ARN: t.ARN}
		if t.MaxRetries != nil || t.MaxAge != 0 {
			target.Retry = &bus.Retry{Attempts: t.MaxRetries, Seconds: seconds(t.MaxAge)}
		}
		if t.DeadLetters != "" {
			target.DeadLetter = &bus.DeadQueue{ARN: t.DeadLetters}
		}
		out.Targets = append(out.Targets, target)
	}
	return out
}

func seconds(d time.Duration) *int {
	if d == 0 {
		return nil
	}
	n := int(d / time.Second)
	return &n
}
