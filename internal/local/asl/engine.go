package asl

import (
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"runtime"
	"sync"
	"time"

	"github.com/dlclark/regexp2/v2"
	"github.com/dop251/goja"
)

var (
	//go:embed guard.js
	guardSource string
	//go:embed bridge.js
	bridgeSource string
)

// Bounds of one expression. Step Functions keeps its own unpublished; these stop
// what could hurt the machine and nothing that a workflow of 256 KiB payloads does.
const (
	evalTime      = 5 * time.Second
	evalAllowance = 64 << 20  // units of about a byte: 64 a step, what results hold
	maxItems      = 256 << 10 // of one array: a payload holds half as many
	maxString     = 512 << 10 // characters of one string: twice a payload
	maxText       = 2 << 20   // bytes of one value as JSON text
	maxDepth      = 2000      // expressions within each other
	maxStack      = 4000      // native calls within each other
	maxCached     = 1024      // compiled expressions kept per virtual machine
)

var errAllowance = fmt.Errorf("it used more than %d MiB", evalAllowance>>20)

// Engine evaluates JSONata 2.0.6, the version Step Functions runs, with the
// reference implementation on a pool of JavaScript virtual machines. It is safe
// for concurrent use.
type Engine struct {
	guard, library, bridge *goja.Program
	now                    func() time.Time
	limit                  time.Duration // of one expression
	pool                   chan *machine // nil entries are machines yet to be made
}

// machine is one virtual machine with the library loaded.
type machine struct {
	vm        *goja.Runtime
	compile   goja.Callable
	evaluate  goja.Callable
	parse     goja.Callable
	allowance int64
}

// ensureMatchTimeout bounds regular expressions that backtrack, which the virtual
// machine cannot interrupt; their library has it as a global only. A match that
// gives up counts as none, so it may do so only when the whole expression is late.
var ensureMatchTimeout = sync.OnceFunc(func() { regexp2.DefaultMatchTimeout = evalTime })

// NewEngine loads jsonata-es5.min.js from path. now is what $now and $millis tell.
func NewEngine(path string, now func() time.Time) (*Engine, error) {
	source, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the JSONata engine: %w", err)
	}
	ensureMatchTimeout()
	e := &Engine{now: now, limit: evalTime, pool: make(chan *machine, runtime.GOMAXPROCS(0))}
	for _, part := range []struct {
		name, text string
		program    **goja.Program
	}{{"guard.js", guardSource, &e.guard}, {"jsonata.js", string(source), &e.library}, {"bridge.js", bridgeSource, &e.bridge}} {
		if *part.program, err = goja.Compile(part.name, part.text, false); err != nil {
			return nil, fmt.Errorf("compile %s: %w", part.name, err)
		}
	}
	first, err := e.load()
	if err != nil {
		return nil, err
	}
	e.pool <- first
	for len(e.pool) < cap(e.pool) {
		e.pool <- nil
	}
	return e, nil
}

// load makes a virtual machine: guard, library, bridge, in this order.
func (e *Engine) load() (*machine, error) {
	m := &machine{vm: goja.New(), allowance: evalAllowance}
	m.vm.SetMaxCallStackSize(maxStack)
	m.vm.SetTimeSource(e.now)
	charge := func(n int64) {
		if m.allowance -= n; m.allowance < 0 {
			panic(m.vm.NewGoError(errAllowance))
		}
	}
	guard, err := m.function(e.guard)
	if err != nil {
		return nil, err
	}
	if _, err := guard(goja.Undefined(), m.vm.GlobalObject(), m.vm.ToValue(charge), m.vm.ToValue(maxItems), m.vm.ToValue(maxText)); err != nil {
		return nil, fmt.Errorf("bound the JSONata engine: %w", err)
	}
	if err := m.bindNatives(); err != nil {
		return nil, err
	}
	if _, err := m.vm.RunProgram(e.library); err != nil {
		return nil, fmt.Errorf("load the JSONata engine: %w", err)
	}
	bridge, err := m.function(e.bridge)
	if err != nil {
		return nil, err
	}
	api, err := bridge(goja.Undefined(), m.vm.Get("jsonata"), m.natives(charge), m.vm.ToValue(maxCached), m.vm.ToValue(maxDepth), m.vm.ToValue(maxString))
	if err != nil {
		return nil, fmt.Errorf("bridge the JSONata engine: %w", err)
	}
	object := api.ToObject(m.vm)
	m.compile, _ = goja.AssertFunction(object.Get("compile"))
	m.evaluate, _ = goja.AssertFunction(object.Get("evaluate"))
	m.parse, _ = goja.AssertFunction(m.vm.Get("JSON").ToObject(m.vm).Get("parse"))
	return m, nil
}

// function runs a program whose value is one function.
func (m *machine) function(p *goja.Program) (goja.Callable, error) {
	value, err := m.vm.RunProgram(p)
	if err != nil {
		return nil, fmt.Errorf("load the JSONata engine: %w", err)
	}
	call, ok := goja.AssertFunction(value)
	if !ok {
		return nil, errors.New("load the JSONata engine: not a function")
	}
	return call, nil
}

func (e *Engine) take() (*machine, error) {
	m := <-e.pool
	if m != nil {
		return m, nil
	}
	m, err := e.load()
	if err != nil {
		e.pool <- nil
	}
	return m, err
}

// Check reports whether text is an expression that parses.
func (e *Engine) Check(text string) error {
	m, err := e.take()
	if err != nil {
		return err
	}
	usable, err := m.bounded(e.limit, func() error {
		_, err := m.compile(goja.Undefined(), m.vm.ToValue(text))
		return err
	})
	e.give(m, usable)
	return err
}

func (e *Engine) give(m *machine, usable bool) {
	if !usable {
		m = nil
	}
	e.pool <- m
}

// bounded runs one call within the time limit and a fresh allowance, and tells
// whether the virtual machine may be used again: one that was stopped half-way
// holds half-done work.
func (m *machine) bounded(limit time.Duration, call func() error) (usable bool, err error) {
	m.allowance = evalAllowance
	timer := time.AfterFunc(limit, func() { m.vm.Interrupt("time") })
	defer func() {
		if p := recover(); p != nil { // a native call that gave up, such as a regular expression out of time
			usable, err = false, fmt.Errorf("the engine stopped: %v", p)
		}
		if !timer.Stop() {
			usable = false
		}
	}()
	err = call()
	var interrupted *goja.InterruptedError
	var overflow *goja.StackOverflowError
	var thrown *goja.Exception
	switch {
	case err == nil:
		return true, nil
	case errors.As(err, &interrupted):
		return false, fmt.Errorf("it ran longer than %v", limit)
	case errors.As(err, &overflow):
		return false, fmt.Errorf("it went more than %d calls deep", maxStack)
	case errors.As(err, &thrown):
		return true, errors.New(message(thrown.Value()))
	}
	return false, err
}

// message is what a thrown value says: JSONata's code and text, or an Error's.
func message(thrown goja.Value) string {
	object, ok := thrown.(*goja.Object)
	if !ok {
		return thrown.String()
	}
	text := object.String()
	if m := object.Get("message"); m != nil && !goja.IsUndefined(m) {
		text = m.String()
	}
	if code := object.Get("code"); code != nil && !goja.IsUndefined(code) {
		return code.String() + ": " + text
	}
	return text
}

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
	usable, err := m.bounded(s.engine.limit, func() error {
		_, err := m.evaluate(goja.Undefined(), m.vm.ToValue(text), s.bindings, m.vm.ToValue(done))
		return err
	})
	if m.allowance < 0 {
		usable, err = false, errAllowance
	}
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
	usable, err := m.bounded(s.engine.limit, func() error {
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
