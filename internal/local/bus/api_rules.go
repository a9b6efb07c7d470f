package bus

import (
	"errors"
	"slices"
	"strings"

	"github.com/iris-oculus/iris/internal/local/bus/pattern"
)

func (s *Service) putRule(body []byte) (any, error) {
	var in struct {
		Name, Description, EventPattern, ScheduleExpression, State, EventBusName string
		RoleArn                                                                  string // without effect on one machine
		Tags                                                                     []struct{ Key, Value string }
	}
	if err := decode(body, &in); err != nil {
		return nil, err
	}
	if err := s.checkBus(in.EventBusName); err != nil {
		return nil, err
	}
	if strings.HasPrefix(in.ScheduleExpression, "at(") {
		return nil, validation("Parameter ScheduleExpression is not valid.")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	r := Rule{Name: in.Name, Description: in.Description, Pattern: in.EventPattern, Schedule: in.ScheduleExpression, State: in.State}
	if old := s.rules[in.Name]; old != nil {
		r.Targets = old.Targets
	}
	if err := s.setByClient(r); err != nil {
		return nil, err
	}
	return map[string]string{"RuleArn": s.arn("rule/" + in.Name)}, nil
}

// setByClient compiles and stores a rule; s.mu is held.
func (s *Service) setByClient(r Rule) error {
	compiled, err := s.compile(r)
	var refused *pattern.InvalidError
	if errors.As(err, &refused) {
		return refused
	}
	if err != nil {
		return validation("%v", err)
	}
	compiled.byClient = true
	return s.set(compiled)
}

func (s *Service) deleteRule(body []byte) (any, error) {
	in, err := s.decodeReference(body)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.rules[in.Name]
	if r == nil { // as on AWS, that is success
		return struct{}{}, nil
	}
	if len(r.Targets) > 0 {
		return nil, validation("Rule can't be deleted since it has targets.")
	}
	delete(s.rules, in.Name)
	if err := s.saveRules(); err != nil {
		s.rules[in.Name] = r
		return nil, err
	}
	delete(s.due, in.Name)
	return struct{}{}, writeJSON(s.dueFile(), s.due)
}

func (s *Service) enableRule(body []byte) (any, error)  { return s.setState(body, Enabled) }
func (s *Service) disableRule(body []byte) (any, error) { return s.setState(body, Disabled) }

func (s *Service) setState(body []byte, state string) (any, error) {
	in, err := s.decodeReference(body)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	r, err := s.ruleOf(in.Name)
	if err != nil {
		return nil, err
	}
	changed := *r
	changed.State = state
	return struct{}{}, s.set(&changed)
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
	in, err := s.decodeReference(body)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	r, err := s.ruleOf(in.Name)
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

// failedEntry is an entry of a request that was refused by itself.
type failedEntry struct {
	TargetID string `json:"TargetId"`
	Code     string `json:"ErrorCode"`
	Message  string `json:"ErrorMessage"`
}

func failures(list []failedEntry) map[string]any {
	return map[string]any{"FailedEntryCount": len(list), "FailedEntries": list}
}

func (s *Service) putTargets(body []byte) (any, error) {
	var in struct {
		Rule, EventBusName string
		Targets            []Target
	}
	if err := decode(body, &in); err != nil {
		return nil, err
	}
	if err := s.checkBus(in.EventBusName); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	r, err := s.ruleOf(in.Rule)
	if err != nil {
		return nil, err
	}
	changed := r.Rule
	changed.Targets = slices.Clone(r.Targets)
	failed := []failedEntry{}
	for _, t := range in.Targets {
		if err := s.checkTarget(t); err != nil {
			failed = append(failed, failedEntry{t.ID, "ValidationException", err.Error()})
			continue
		}
		changed.Targets = append(without(changed.Targets, t.ID), t)
	}
	if err := s.setByClient(changed); err != nil {
		return nil, err
	}
	return failures(failed), nil
}

func without(targets []Target, id string) []Target {
	return slices.DeleteFunc(targets, func(t Target) bool { return t.ID == id })
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
	if err := s.checkBus(in.EventBusName); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	r, err := s.ruleOf(in.Rule)
	if err != nil {
		return nil, err
	}
	changed := r.Rule
	changed.Targets = slices.Clone(r.Targets)
	failed := []failedEntry{}
	for _, id := range in.Ids {
		before := len(changed.Targets)
		if changed.Targets = without(changed.Targets, id); len(changed.Targets) == before {
			failed = append(failed, failedEntry{id, "ResourceNotFoundException", "The rule has no such target."})
		}
	}
	if err := s.setByClient(changed); err != nil {
		return nil, err
	}
	return failures(failed), nil
}

func (s *Service) listTargets(body []byte) (any, error) {
	var in struct {
		Rule, EventBusName, NextToken string
		Limit                         int
	}
	if err := decode(body, &in); err != nil {
		return nil, err
	}
	if err := s.checkBus(in.EventBusName); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	r, err := s.ruleOf(in.Rule)
	if err != nil {
		return nil, err
	}
	return map[string]any{"Targets": append([]Target{}, r.Targets...)}, nil
}
