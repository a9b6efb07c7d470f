package asl

import (
	"encoding/json"
	"errors"

	"github.com/dop251/goja"
)

// Session evaluates several expressions over the same values. It takes a virtual
// machine at the first of them and must be closed.
type Session struct {
	engine    *Engine
	states    json.RawMessage
	variables map[string]json.RawMessage
	machine   *machine
	bindings  *goja.Object
	broken    bool
}

// Session opens one: states is the reserved variable $states, variables are the
// workflow's own.
func (e *Engine) Session(states json.RawMessage, variables map[string]json.RawMessage) *Session {
	return &Session{engine: e, states: states, variables: variables}
}

// Evaluate returns the compact JSON text of the expression's value, nil when it
// has none.
func (s *Session) Evaluate(text string) (json.RawMessage, error) {
	if s.broken {
		s.Close()
	}
	if err := s.bind(); err != nil {
		return nil, err
	}
	m := s.machine
	var result json.RawMessage
	var failure error
	settled := false
	done := func(call goja.FunctionCall) goja.Value {
		settled = true
		if e := call.Argument(0); !goja.IsUndefined(e) {
			failure = errors.New(e.String())
		} else if v := call.Argument(1); !goja.IsUndefined(v) {
			result = json.RawMessage(v.String())
		}
		return goja.Undefined()
	}
	usable, err := m.compiled(text)
	if err != nil {
		s.broken = !usable
		return nil, err
	}
	usable, err = m.bounded(func() error {
		_, err := m.evaluate(goja.Undefined(), m.vm.ToValue(text), s.bindings, m.vm.ToValue(done))
		return err
	})
	if !usable {
		s.broken = true
	}
	if err == nil && failure == nil && !settled {
		s.broken = true
		return nil, errors.New("it never ended")
	}
	return result, errors.Join(err, failure)
}

// bind parses the values inside a virtual machine, once a session.
func (s *Session) bind() error {
	if s.machine != nil {
		return nil
	}
	m, err := s.engine.take()
	if err != nil {
		return err
	}
	s.machine, s.broken = m, false
	s.bindings = m.vm.NewObject()
	usable, err := m.bounded(func() error {
		if err := s.set("states", s.states); err != nil {
			return err
		}
		for name, value := range s.variables {
			if err := s.set(name, value); err != nil {
				return err
			}
		}
		return nil
	})
	s.broken = !usable
	return err
}

func (s *Session) set(name string, text json.RawMessage) error {
	value, err := s.machine.parse(goja.Undefined(), s.machine.vm.ToValue(string(text)))
	if err != nil {
		return err
	}
	return s.bindings.Set(name, value)
}

// Close gives the virtual machine back.
func (s *Session) Close() {
	if s.machine != nil {
		s.engine.give(s.machine, !s.broken)
		s.machine = nil
	}
}
