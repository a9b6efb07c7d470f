package template

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// Rule is an EventBridge rule on the default bus: a pattern or a schedule.
type Rule struct {
	Name     string
	Pattern  json.RawMessage // nil: a schedule
	Schedule string          // rate(…)
	Enabled  bool
	Targets  []RuleTarget
}

// RuleTarget is where a rule sends its events.
type RuleTarget struct {
	ID, ARN     string
	MaxRetries  *int
	MaxAge      time.Duration // 0: AWS's default
	DeadLetters string        // ARN of a queue
}

// Topic is an SNS topic.
type Topic struct{ ID, Name, ARN string }

// Subscription sends a topic's messages to a function.
type Subscription struct{ TopicARN, FunctionARN string }

// target is a rule's target as written, in rules and in functions' events.
type target struct {
	Id, Arn     string
	RetryPolicy struct {
		MaximumRetryAttempts     *number
		MaximumEventAgeInSeconds number
	}
	DeadLetterConfig struct{ Arn string }
	InputTransformer json.RawMessage
}

func (w target) target(id, arn string) RuleTarget {
	return RuleTarget{
		ID: cmpOr(w.Id, id), ARN: arn,
		MaxRetries: w.RetryPolicy.MaximumRetryAttempts.int(), MaxAge: seconds(w.RetryPolicy.MaximumEventAgeInSeconds),
		DeadLetters: w.DeadLetterConfig.Arn,
	}
}

func (t *Template) addRule(e *evaluator, r resource) error {
	var p struct {
		EventPattern              json.RawMessage
		ScheduleExpression, State string
		Targets                   []target
	}
	if err := decode(r.properties, &p); err != nil {
		return err
	}
	_, name, err := e.identify(r.id)
	if err != nil {
		return err
	}
	rule := Rule{Name: name, Pattern: p.EventPattern, Schedule: p.ScheduleExpression, Enabled: p.State != "DISABLED"}
	for _, w := range p.Targets {
		// The text of an e-mail, which nobody gets on one machine; a function would get
		// another input than on AWS.
		if w.InputTransformer != nil && !strings.Contains(w.Arn, ":sns:") {
			return fmt.Errorf("property Targets[].InputTransformer is not supported on one machine but for an SNS topic")
		}
		rule.Targets = append(rule.Targets, w.target("", w.Arn))
	}
	return t.keepRule(rule)
}

func (t *Template) keepRule(r Rule) error {
	if (r.Pattern == nil) == (r.Schedule == "") {
		return fmt.Errorf("want a pattern or a schedule")
	}
	t.Rules = append(t.Rules, r)
	return nil
}

func (t *Template) addTopic(e *evaluator, r resource) error {
	var p struct {
		Subscription []struct{ Protocol, Endpoint string }
	}
	if err := decode(r.properties, &p); err != nil {
		return err
	}
	n, name, err := e.identify(r.id)
	if err != nil {
		return err
	}
	topic := Topic{ID: r.id, Name: name, ARN: e.arn(n, name)}
	t.Topics = append(t.Topics, topic)
	for _, s := range p.Subscription {
		if err := t.subscribe(topic.ARN, s.Protocol, s.Endpoint); err != nil {
			return err
		}
	}
	return nil
}

func (t *Template) addSubscription(r resource) error {
	var p struct{ TopicArn, Protocol, Endpoint string }
	if err := decode(r.properties, &p); err != nil {
		return err
	}
	return t.subscribe(p.TopicArn, p.Protocol, p.Endpoint)
}

// subscribe takes functions; a mailbox is nothing that one machine reaches.
func (t *Template) subscribe(topic, protocol, endpoint string) error {
	switch protocol {
	case "lambda":
		t.Subscriptions = append(t.Subscriptions, Subscription{TopicARN: topic, FunctionARN: endpoint})
		return nil
	case "email", "email-json", "sms":
		t.Declared = append(t.Declared, fmt.Sprintf("%s (a subscription by %s)", topic, protocol))
		return nil
	}
	return fmt.Errorf("property Protocol: %q: one machine delivers to lambda", protocol)
}

// event is an entry of a function's Events.
type event struct {
	Type       string
	Properties map[string]any
}

// eventLists are the lists of a function's event types.
var eventLists = map[string]list{
	"EventBridgeRule": {honoured: append([]string{"Pattern", "RuleName", "State"}, ruleTarget...), declared: []string{"Target"}},
	"Schedule":        {honoured: append([]string{"Schedule", "Name", "Enabled", "State"}, ruleTarget...), declared: []string{"Description"}},
	"SNS":             {honoured: []string{"Topic"}, declared: []string{"RedrivePolicy"}},
}

func (t *Template) addEvent(f Function, id string, written event) error {
	l, known := eventLists[written.Type]
	if !known {
		return fmt.Errorf("type %q is not supported on one machine", written.Type)
	}
	idle, err := l.check("", written.Properties)
	if err != nil {
		return err
	}
	for _, p := range idle {
		t.Declared = append(t.Declared, fmt.Sprintf("%s.Events.%s.%s", f.ID, id, p))
	}
	var p struct {
		target
		Pattern                                json.RawMessage
		Schedule, Name, RuleName, State, Topic string
		Enabled                                *flag
	}
	if err := decode(written.Properties, &p); err != nil {
		return err
	}
	if written.Type == "SNS" {
		return t.subscribe(p.Topic, "lambda", f.ARN)
	}
	return t.keepRule(Rule{
		Name:    cmpOr(cmpOr(p.RuleName, p.Name), f.Name+"-"+short(id, "")),
		Pattern: p.Pattern, Schedule: p.Schedule,
		Enabled: p.State != "DISABLED" && (p.Enabled == nil || bool(*p.Enabled)),
		Targets: []RuleTarget{p.target.target(id, f.ARN)},
	})
}
