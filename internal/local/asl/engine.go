package asl

import (
	_ "embed"
	"errors"
	"fmt"
	"os"
	"runtime"
	"time"

	"github.com/dop251/goja"
)

var (
	//go:embed guard.js
	guardSource string
	//go:embed bridge.js
	bridgeSource string
)

// maxCached bounds the compiled expressions that a virtual machine keeps.
const maxCached = 1024

// Engine evaluates JSONata 2.0.6, the version Step Functions runs, with the
// reference implementation on a pool of JavaScript virtual machines. It is safe
// for concurrent use. What an expression may cost is counted (meter.go), so its
// end does not depend on how fast the machine is.
type Engine struct {
	guard, library, bridge *goja.Program
	now                    func() time.Time
	limit                  int64         // steps of one expression
	pool                   chan *machine // nil entries are machines yet to be made
}

// machine is one virtual machine with the library loaded.
type machine struct {
	meter
	patterns map[string]*pattern // compiled regular expressions
	compile  goja.Callable
	evaluate goja.Callable
	parse    goja.Callable
}

// NewEngine loads jsonata-es5.min.js from path. now is what $now and $millis tell.
func NewEngine(path string, now func() time.Time) (*Engine, error) {
	source, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the JSONata engine: %w", err)
	}
	e := &Engine{now: now, limit: maxSteps, pool: make(chan *machine, runtime.GOMAXPROCS(0))}
	for _, part := range []struct {
		name, text string
		program    **goja.Program
	}{{"guard.js", guardSource, &e.guard}, {"jsonata.js", string(source), &e.library}, {"bridge.js", bridgeSource, &e.bridge}} {
		if *part.program, err = metered(part.name, part.text); err != nil {
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
	m := &machine{meter: meter{vm: goja.New(), limit: maxSteps}, patterns: map[string]*pattern{}}
	m.refill()
	m.vm.SetMaxCallStackSize(maxStack)
	m.vm.SetTimeSource(e.now)
	if err := m.bind(); err != nil {
		return nil, err
	}
	guard, err := m.function(e.guard)
	if err != nil {
		return nil, err
	}
	if _, err := guard(goja.Undefined(), m.vm.GlobalObject(), m.natives(), m.vm.ToValue(maxItems), m.vm.ToValue(maxText)); err != nil {
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
	api, err := bridge(goja.Undefined(), m.vm.Get("jsonata"), m.natives(), m.vm.ToValue(maxCached), m.vm.ToValue(maxString))
	if err != nil {
		return nil, fmt.Errorf("bridge the JSONata engine: %w", err)
	}
	object := api.ToObject(m.vm)
	m.compile, _ = goja.AssertFunction(object.Get("compile"))
	m.evaluate, _ = goja.AssertFunction(object.Get("evaluate"))
	m.parse, _ = goja.AssertFunction(m.vm.Get("JSON").ToObject(m.vm).Get("parse"))
	m.limit = e.limit
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

// give takes a virtual machine back; one that is not usable is made anew.
func (e *Engine) give(m *machine, usable bool) {
	if !usable {
		m = nil
	}
	e.pool <- m
}

// Check reports whether text is an expression that parses.
func (e *Engine) Check(text string) error {
	m, err := e.take()
	if err != nil {
		return err
	}
	usable, err := m.compiled(text)
	e.give(m, usable)
	return err
}

// compiled parses an expression into the virtual machine's cache. It has bounds of
// its own: evaluating must cost the same whether the cache holds it or not.
func (m *machine) compiled(text string) (usable bool, err error) {
	return m.bounded(func() error {
		_, err := m.compile(goja.Undefined(), m.vm.ToValue(text))
		return err
	})
}

// bounded runs one call within fresh bounds, and tells whether the virtual machine
// may be used again: one that was stopped half-way holds half-done work.
func (m *machine) bounded(call func() error) (usable bool, err error) {
	m.refill()
	defer func() {
		p := recover()
		switch {
		case m.stopped != nil:
			usable, err = false, m.stopped
		case p != nil:
			usable, err = false, fmt.Errorf("the engine stopped: %v", p)
		}
	}()
	err = call()
	var overflow *goja.StackOverflowError
	var thrown *goja.Exception
	switch {
	case err == nil:
		return true, nil
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
