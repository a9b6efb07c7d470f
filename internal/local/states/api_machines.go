package states

import (
	"context"
	"errors"
)

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

func (m *Machine) summary() machineSummary {
	return machineSummary{seconds(m.Created), m.Name, m.ARN, "STANDARD"}
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

type createInput struct {
	Name       string `json:"name"`
	Definition string `json:"definition"`
	RoleARN    string `json:"roleArn"`
	Type       string `json:"type"`
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
	m := &Machine{Name: in.Name, ARN: s.machineARN(in.Name), Definition: in.Definition, RoleARN: in.RoleARN, Created: now, Updated: now, Revision: newID()}
	if err := s.keep(m); err != nil {
		return nil, err
	}
	return created{m.ARN, seconds(m.Created)}, nil
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
