package states

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/iris-oculus/iris/internal/local/asl"
	"github.com/iris-oculus/iris/internal/local/store"
)

// Machine is a stored state machine. It is replaced, never changed.
type Machine struct {
	Name       string    `json:"name"`
	ARN        string    `json:"arn"`
	Definition string    `json:"definition"`
	RoleARN    string    `json:"role_arn"`
	Created    time.Time `json:"created"`
	Updated    time.Time `json:"updated"`
	Revision   string    `json:"revision"`

	parsed *asl.Machine
}

func (s *Service) loadMachines() error {
	return store.Each(s.cfg.Store, MachineBucket, "", func(name string, m Machine) (err error) {
		if m.parsed, err = asl.Parse([]byte(m.Definition), s.engine.Check); err != nil {
			return fmt.Errorf("load state machine %s: %w", name, err)
		}
		s.machines[name] = &m
		return nil
	})
}

// keep parses the definition and keeps the machine.
func (s *Service) keep(m *Machine) error {
	parsed, err := asl.Parse([]byte(m.Definition), s.engine.Check)
	var wrong *asl.DefinitionError
	if errors.As(err, &wrong) {
		return refuse("InvalidDefinition", "Invalid State Machine Definition: 'SCHEMA_VALIDATION_FAILED: %v'", wrong)
	} else if err != nil {
		return err
	}
	m.parsed = parsed
	b := &store.Batch{}
	b.Put(MachineBucket, m.Name, m)
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.cfg.Store.Write(b); err != nil {
		return fmt.Errorf("store state machine: %w", err)
	}
	s.machines[m.Name] = m
	return nil
}

// CreateOrUpdate makes the named machine have this definition, and returns its
// ARN. Executions that run keep the definition they began with.
func (s *Service) CreateOrUpdate(name string, definition []byte, roleARN string) (arn string, err error) {
	if !validName(name) {
		return "", refuse("InvalidName", "Invalid Name: '%.100s'", name)
	}
	now := s.now()
	m := &Machine{Name: name, ARN: s.machineARN(name), Definition: string(definition), RoleARN: roleARN, Created: now, Updated: now, Revision: newID()}
	if before := s.machine(name); before != nil {
		if before.Definition == m.Definition && before.RoleARN == roleARN {
			return before.ARN, nil
		}
		m.Created = before.Created
	}
	return m.ARN, s.keep(m)
}

// Alias gives a machine another ARN, …:NAME:ALIAS, by which it can be started and nothing
// else, until the service ends.
func (s *Service) Alias(name, alias string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.aliases[s.machineARN(name+":"+alias)] = name
}

// unaliased is the machine of an alias's ARN; anything else stays what it is.
func (s *Service) unaliased(arn string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return cmp.Or(s.aliases[arn], arn)
}

func (s *Service) machine(name string) *Machine {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.machines[name]
}

// machineByARN finds a machine by its ARN; a bare name will do for Go callers.
func (s *Service) machineByARN(arn string) (*Machine, error) {
	name := arn
	if strings.HasPrefix(arn, "arn:") {
		parts := strings.Split(arn, ":")
		if len(parts) < 7 || parts[2] != "states" || parts[5] != "stateMachine" {
			return nil, refuse("InvalidArn", "Invalid Arn: 'Resource type not valid in this context: %.200s'", arn)
		}
		name = strings.Join(parts[6:], ":") // a version or alias is another name, which does not exist
	}
	m := s.machine(name)
	if m == nil {
		return nil, refuse("StateMachineDoesNotExist", "State Machine Does Not Exist: '%.200s'", arn)
	}
	return m, nil
}

// machineList are the machines by name.
func (s *Service) machineList() []*Machine {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.SortedFunc(maps.Values(s.machines), func(a, b *Machine) int { return strings.Compare(a.Name, b.Name) })
}

// deleteMachine removes a machine; one that is not there is removed already.
func (s *Service) deleteMachine(name string) error {
	b := &store.Batch{}
	b.Delete(MachineBucket, name)
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.cfg.Store.Write(b); err != nil {
		return fmt.Errorf("delete state machine: %w", err)
	}
	delete(s.machines, name)
	return nil
}
