package states

import (
	"context"
	"errors"

	"github.com/iris-oculus/iris/internal/local/asl"
)

type tag struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

type logging struct {
	Level string `json:"level"`
	Data  bool   `json:"includeExecutionData"`
}

type machineSummary struct {
	Created float64 `json:"creationDate"`
	Name    string  `json:"name"`
	ARN     string  `json:"stateMachineArn"`
	Type    string  `json:"type"`
}

type createInput struct {
	Name       string `json:"name"`
	Definition string `json:"definition"`
	RoleARN    string `json:"roleArn"`
	Type       string `json:"type"`
	Tags       []tag  `json:"tags"`
	Publish    bool   `json:"publish"`
}

func createStateMachine(s *Service, _ context.Context, in createInput) (any, error) {
	switch {
	case !validName(in.Name):
		return nil, refuse("InvalidName", "Invalid Name: '%.100s'", in.Name)
	case in.Type != "" && in.Type != "STANDARD":
		return nil, refuse("StateMachineTypeNotSupported", "the type %.40q is not supported: want STANDARD", in.Type)
	case in.Publish:
		return nil, refuse("ValidationException", "versions are not supported: publish = true")
	}
	type created struct {
		ARN     string  `json:"stateMachineArn"`
		Created float64 `json:"creationDate"`
	}
	if before := s.machine(in.Name); before != nil {
		if before.Definition != in.Definition || before.RoleARN != in.RoleARN {
			return nil, refuse("StateMachineAlreadyExists", "State Machine Already Exists: '%s'", before.ARN)
		}
		return created{before.ARN, seconds(before.Created)}, nil
	}
	now := s.now()
	m := &Machine{Name: in.Name, ARN: s.machineARN(in.Name), Definition: in.Definition, RoleARN: in.RoleARN, Created: now, Updated: now, Revision: newID(), Tags: map[string]string{}}
	for _, t := range in.Tags {
		m.Tags[t.Key] = t.Value
	}
	if err := s.keep(m); err != nil {
		return nil, err
	}
	return created{m.ARN, seconds(m.Created)}, nil
}

type updateInput struct {
	ARN        string  `json:"stateMachineArn"`
	Definition *string `json:"definition"`
	RoleARN    *string `json:"roleArn"`
}

func updateStateMachine(s *Service, _ context.Context, in updateInput) (any, error) {
	before, err := s.machineByARN(in.ARN)
	if err != nil {
		return nil, err
	}
	m := *before
	if in.Definition == nil && in.RoleARN == nil {
		return nil, refuse("MissingRequiredParameter", "Either the definition or the role ARN must be specified")
	}
	if in.Definition != nil {
		m.Definition = *in.Definition
	}
	if in.RoleARN != nil {
		m.RoleARN = *in.RoleARN
	}
	m.Updated, m.Revision = s.now(), newID()
	if err := s.keep(&m); err != nil {
		return nil, err
	}
	return struct {
		Updated  float64 `json:"updateDate"`
		Revision string  `json:"revisionId"`
	}{seconds(m.Updated), m.Revision}, nil
}

type machineInput struct {
	ARN string `json:"stateMachineArn"`
}

func describeStateMachine(s *Service, _ context.Context, in machineInput) (any, error) {
	m, err := s.machineByARN(in.ARN)
	if err != nil {
		return nil, err
	}
	return struct {
		machineSummary
		Definition string          `json:"definition"`
		RoleARN    string          `json:"roleArn"`
		Status     string          `json:"status"`
		Revision   string          `json:"revisionId"`
		Logging    logging         `json:"loggingConfiguration"`
		Tracing    map[string]bool `json:"tracingConfiguration"`
	}{
		m.summary(), m.Definition, m.RoleARN, "ACTIVE", m.Revision,
		logging{Level: "OFF"}, map[string]bool{"enabled": false},
	}, nil
}

func (m *Machine) summary() machineSummary {
	return machineSummary{seconds(m.Created), m.Name, m.ARN, "STANDARD"}
}

func listStateMachines(s *Service, _ context.Context, in page) (any, error) {
	machines, next, err := pageOf(in, s.machineList(), false)
	if err != nil {
		return nil, err
	}
	list := []machineSummary{}
	for _, m := range machines {
		list = append(list, m.summary())
	}
	return struct {
		Machines []machineSummary `json:"stateMachines"`
		Next     string           `json:"nextToken,omitempty"`
	}{list, next}, nil
}

func deleteStateMachine(s *Service, _ context.Context, in machineInput) (any, error) {
	m, err := s.machineByARN(in.ARN)
	var known *Error
	if errors.As(err, &known) && known.Code == "StateMachineDoesNotExist" {
		return struct{}{}, nil
	} else if err != nil {
		return nil, err
	}
	return struct{}{}, s.deleteMachine(m.Name)
}

type definitionInput struct {
	Definition string `json:"definition"`
}

func validateDefinition(s *Service, _ context.Context, in definitionInput) (any, error) {
	type diagnostic struct {
		Severity string `json:"severity"`
		Code     string `json:"code"`
		Message  string `json:"message"`
		Location string `json:"location"`
	}
	reply := struct {
		Result      string       `json:"result"`
		Diagnostics []diagnostic `json:"diagnostics"`
		Truncated   bool         `json:"truncated"`
	}{Result: "OK", Diagnostics: []diagnostic{}}
	_, err := asl.Parse([]byte(in.Definition), s.engine.Check)
	var wrong *asl.DefinitionError
	if errors.As(err, &wrong) {
		reply.Result = "FAIL"
		for _, p := range wrong.Problems {
			reply.Diagnostics = append(reply.Diagnostics, diagnostic{"ERROR", "SCHEMA_VALIDATION_FAILED", p.Message, p.Place})
		}
	} else if err != nil {
		return nil, err
	}
	return reply, nil
}

type tagsInput struct {
	ARN string `json:"resourceArn"`
}

func listTags(s *Service, _ context.Context, in tagsInput) (any, error) {
	m, err := s.machineByARN(in.ARN)
	if err != nil {
		return nil, refuse("ResourceNotFound", "Resource not found: '%.200s'", in.ARN)
	}
	tags := []tag{}
	for _, key := range sortedKeys(m.Tags) {
		tags = append(tags, tag{key, m.Tags[key]})
	}
	return struct {
		Tags []tag `json:"tags"`
	}{tags}, nil
}
