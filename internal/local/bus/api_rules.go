package bus

import "strings"

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
	return nil, notFound("Rule %s does not exist on EventBus default.", name)
}
