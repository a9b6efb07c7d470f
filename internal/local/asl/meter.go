package asl

import (
	"errors"
	"fmt"
	"reflect"

	"github.com/dop251/goja"
	"github.com/dop251/goja/ast"
	javascript "github.com/dop251/goja/parser"
)

// Bounds of one expression. Step Functions keeps its own unpublished; these stop
// what could hurt the machine and nothing that a workflow of 256 KiB payloads does.
// None of them is a time: the same expression ends in the same way on any machine,
// fast or slow. (The library's functions replace themselves when they are first
// called, which costs a new virtual machine some tens of steps more.)
const (
	maxSteps  = 8 << 20   // functions entered and rounds of loops, 1 to 3 µs each; a step of JSONata takes about 80
	maxBytes  = 64 << 20  // what results hold, roughly, and 64 an expression
	maxItems  = 256 << 10 // of one array: a payload holds half as many
	maxString = 512 << 10 // characters of one string: twice a payload
	maxText   = 2 << 20   // bytes of one value as JSON text
	maxDepth  = 2000      // expressions within each other
	maxStack  = 4000      // native calls within each other
)

var (
	errBytes = fmt.Errorf("it used more than %d MiB", maxBytes>>20)
	errDepth = fmt.Errorf("it has more than %d expressions within each other", maxDepth)
)

// meter counts what one expression does. Its functions stop the virtual machine at
// its next instruction, which no JavaScript can catch.
type meter struct {
	vm      *goja.Runtime
	limit   int64 // steps of one expression
	steps   int64 // left
	bytes   int64 // left
	stopped error // why the virtual machine was stopped
}

// refill gives the next expression all of both bounds.
func (m *meter) refill() { m.steps, m.bytes = m.limit, maxBytes }

// take counts n steps and tells whether the expression may go on.
func (m *meter) take(n int64) bool {
	if m.steps -= n; m.steps < 0 {
		m.stop(fmt.Errorf("it took more than %d steps", m.limit))
	}
	return m.stopped == nil
}

// charge counts n bytes.
func (m *meter) charge(n int64) {
	if m.bytes -= n; m.bytes < 0 {
		m.stop(errBytes)
	}
}

func (m *meter) stop(why error) {
	if m.stopped == nil {
		m.stopped = why
		m.vm.Interrupt(why)
	}
}

// stepName is the global function that metered programs call.
const stepName = "__step"

// bind makes the global function: one step, or as many as its argument says.
func (m *meter) bind() error {
	return m.vm.Set(stepName, func(call goja.FunctionCall) goja.Value {
		n := int64(1)
		if len(call.Arguments) > 0 {
			n = call.Arguments[0].ToInteger()
		}
		m.take(n)
		return goja.Undefined()
	})
}

// metered compiles a program in which every function and every round of a loop
// counts a step first. What remains uncounted between two steps is code without
// a loop and the calls of the virtual machine's own functions, which guard.js counts.
func metered(name, source string) (*goja.Program, error) {
	program, err := javascript.ParseFile(nil, name, source, 0)
	if err != nil {
		return nil, err
	}
	i := instrumenter{seen: map[uintptr]bool{}}
	i.walk(reflect.ValueOf(program))
	if i.unknown != nil {
		return nil, i.unknown
	}
	return goja.CompileAST(program, false)
}

// instrumenter changes a syntax tree in place.
type instrumenter struct {
	seen    map[uintptr]bool // nodes: declarations are reachable in two ways
	unknown error
}

// walk visits everything reachable from v, whatever its kind, so that no form of
// the language is forgotten.
func (i *instrumenter) walk(v reflect.Value) {
	switch v.Kind() {
	case reflect.Interface:
		if !v.IsNil() {
			i.walk(v.Elem())
		}
	case reflect.Pointer:
		if v.IsNil() || i.seen[v.Pointer()] || v.Type().Elem().PkgPath() != astPackage {
			return
		}
		i.seen[v.Pointer()] = true
		i.count(v.Interface())
		i.walk(v.Elem())
	case reflect.Struct:
		for n := range v.NumField() {
			if v.Type().Field(n).IsExported() {
				i.walk(v.Field(n))
			}
		}
	case reflect.Slice:
		for n := range v.Len() {
			i.walk(v.Index(n))
		}
	}
}

var astPackage = reflect.TypeFor[ast.Program]().PkgPath()

// count puts a step at the beginning of a function's or a loop's body.
func (i *instrumenter) count(node any) {
	switch n := node.(type) {
	case *ast.FunctionLiteral:
		begin(n.Body)
	case *ast.ForStatement:
		n.Body = round(n.Body)
	case *ast.ForInStatement:
		n.Body = round(n.Body)
	case *ast.ForOfStatement:
		n.Body = round(n.Body)
	case *ast.WhileStatement:
		n.Body = round(n.Body)
	case *ast.DoWhileStatement:
		n.Body = round(n.Body)
	case *ast.ArrowFunctionLiteral:
		i.unknown = errors.New("an arrow function cannot be metered: want the ES5 build")
	}
}

func round(body ast.Statement) ast.Statement {
	return &ast.BlockStatement{LeftBrace: body.Idx0(), List: []ast.Statement{step(body), body}, RightBrace: body.Idx1()}
}

// begin puts a step after the directives ("use strict") of a function.
func begin(body *ast.BlockStatement) {
	at := 0
	for at < len(body.List) {
		e, ok := body.List[at].(*ast.ExpressionStatement)
		if !ok {
			break
		}
		if _, ok := e.Expression.(*ast.StringLiteral); !ok {
			break
		}
		at++
	}
	list := append([]ast.Statement{}, body.List[:at]...)
	body.List = append(append(list, step(body)), body.List[at:]...)
}

func step(at ast.Node) ast.Statement {
	return &ast.ExpressionStatement{Expression: &ast.CallExpression{
		Callee:          &ast.Identifier{Name: stepName, Idx: at.Idx0()},
		LeftParenthesis: at.Idx0(), RightParenthesis: at.Idx0(),
	}}
}
