package bus

import (
	"errors"
	"slices"
	"strings"

	"github.com/iris-oculus/iris/internal/local/bus/pattern"
	"github.com/iris-oculus/iris/internal/local/store"
)

func (s *Service) putRule(body []byte) (any, error) {
	var in struct {
		Name, Description, EventPattern, ScheduleExpression, State, EventBusName string
		RoleArn                                                                  string // without effect on one machine
	}
	if err := decode(body, &in); err != nil {
		return nil, err
	}
	if err := s.checkBus(in.EventBusName); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	r := Rule{Name: in.Name, Description: in.Description, Pattern: in.EventPattern, Schedule: in.ScheduleExpression, State: in.State}
	if before := s.rules[in.Name]; before != nil {
		r.Targets = before.Targets
	}
	return map[string]string{"RuleArn": s.arn("rule/" + in.Name)}, s.change(r)
}

// change keeps a rule that a client made; s.mu is held.
func (s *Service) change(r Rule) error {
	compiled, err := s.compile(r)
	var refused *pattern.InvalidError
	switch {
	case errors.As(err, &refused):
		return &apiError{"InvalidEventPatternException", refused.Error()}
	case err != nil:
		return validation("%v", err)
	}
	b := &store.Batch{}
	b.Put(RulesBucket, r.Name, r)
	return s.keep(b, compiled)
}

func (s *Service) deleteRule(body []byte) (any, error) {
	var in struct {
		Name, EventBusName string
		Force              bool
	}
	if err := decode(body, &in); err != nil {
		return nil, err
	}
	if err := s.checkBus(in.EventBusName); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if r := s.rules[in.Name]; r != nil && len(r.Targets) > 0 {
		return nil, validation("Rule can't be deleted since it has targets.")
	}
	b := &store.Batch{}
	b.Delete(RulesBucket, in.Name)
	b.Delete(DueBucket, in.Name)
	if err := s.config.Store.Write(b); err != nil {
		return nil, err
	}
	delete(s.rules, in.Name)
	delete(s.due, in.Name)
	return struct{}{}, nil
}

// failedEntry is an entry of a request that was refused by itself.
type failedEntry struct {
	TargetID string `json:"TargetId"`
	Code     string `json:"ErrorCode"`
	Message  string `json:"ErrorMessage"`
}

// changeTargets lets change make a rule's targets others, and answers with the
// entries that it refuses.
func (s *Service) changeTargets(bus, name string, change func([]Target) ([]Target, []failedEntry)) (any, error) {
	if err := s.checkBus(bus); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.rules[name]
	if r == nil {
		return nil, noRule(name)
	}
	changed := r.Rule
	var failed []failedEntry
	changed.Targets, failed = change(slices.Clone(r.Targets))
	if err := s.change(changed); err != nil {
		return nil, err
	}
	return map[string]any{"FailedEntryCount": len(failed), "FailedEntries": append([]failedEntry{}, failed...)}, nil
}

func (s *Service) putTargets(body []byte) (any, error) {
	var in struct {
		Rule, EventBusName string
		Targets            []Target
	}
	if err := decode(body, &in); err != nil {
		return nil, err
	}
	return s.changeTargets(in.EventBusName, in.Rule, func(targets []Target) ([]Target, []failedEntry) {
		var failed []failedEntry
		for _, t := range in.Targets {
			if err := s.checkTarget(t); err != nil {
				failed = append(failed, failedEntry{t.ID, "ValidationException", err.Error()})
				continue
			}
			targets = append(without(targets, t.ID), t)
		}
		return targets, failed
	})
}

func (s *Service) removeTargets(body []byte) (any, error) {
	var in struct {
		Rule, EventBusName string
		Ids                []string
		Force              bool
	}
	if err := decode(body, &in); err != nil {
		return nil, err
	}
	return s.changeTargets(in.EventBusName, in.Rule, func(targets []Target) ([]Target, []failedEntry) {
		var failed []failedEntry
		for _, id := range in.Ids {
			before := len(targets)
			if targets = without(targets, id); len(targets) == before {
				failed = append(failed, failedEntry{id, "ResourceNotFoundException", "The rule has no such target."})
			}
		}
		return targets, failed
	})
}

func without(targets []Target, id string) []Target {
	return slices.DeleteFunc(targets, func(t Target) bool { return t.ID == id })
}

// ruleDescription is a rule in DescribeRule and ListRules.
type ruleDescription struct {
	Rule
	Targets      []Target `json:"Targets,omitempty"` // hides Rule's: they are listed apart
	ARN          string   `json:"Arn"`
	EventBusName string
}

func (s *Service) describe(r *rule) ruleDescription {
	return ruleDescription{Rule: r.Rule, ARN: s.arn("rule/" + r.Name), EventBusName: "default"}
}

func (s *Service) describeRule(body []byte) (any, error) {
	var in struct{ Name, EventBusName string }
	if err := decode(body, &in); err != nil {
		return nil, err
	}
	r, err := s.lookUp(in.EventBusName, in.Name)
	if err != nil {
		return nil, err
	}
	return s.describe(r), nil
}

func (s *Service) listRules(body []byte) (any, error) {
	var in struct {
		NamePrefix, EventBusName, NextToken string
		Limit                               int
	}
	if err := decode(body, &in); err != nil {
		return nil, err
	}
	if err := s.checkBus(in.EventBusName); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	list := []ruleDescription{}
	for _, name := range s.names() {
		if strings.HasPrefix(name, in.NamePrefix) {
			list = append(list, s.describe(s.rules[name]))
		}
	}
	return map[string]any{"Rules": list}, nil
}

func (s *Service) listTargets(body []byte) (any, error) {
	var in struct {
		Rule, EventBusName, NextToken string
		Limit                         int
	}
	if err := decode(body, &in); err != nil {
		return nil, err
	}
	r, err := s.lookUp(in.EventBusName, in.Rule)
	if err != nil {
		return nil, err
	}
	return map[string]any{"Targets": append([]Target{}, r.Targets...)}, nil
}

// lookUp finds a rule of a bus, which can only be the default one.
func (s *Service) lookUp(bus, name string) (*rule, error) {
	if err := s.checkBus(bus); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if r := s.rules[name]; r != nil {
		return r, nil
	}
	return nil, noRule(name)
}

func noRule(name string) error {
	return notFound("Rule %s does not exist on EventBus default.", name)
}
