package states

import "context"

// The machines are the template's: clients describe and list them, and change none.

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
