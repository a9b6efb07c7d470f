package template

import (
	"fmt"
	"go/types"
	"strings"
	"testing"

	"golang.org/x/tools/go/packages"
	"golang.org/x/tools/go/ssa"
	"golang.org/x/tools/go/ssa/ssautil"
)

const module = "github.com/iris-oculus/iris/"

// program is the functions' code in SSA form, with the packages of others as
// declarations only.
func program(t *testing.T) (*ssa.Program, map[string]*ssa.Package) {
	t.Helper()
	initial, err := packages.Load(&packages.Config{
		Dir: "../..", Mode: packages.LoadSyntax,
	}, "./functions/...", "./internal/api/...", "./internal/cloud/...", "./internal/edge/...", "./internal/job", "./internal/stage/...")
	if err != nil {
		t.Fatal(err)
	}
	if packages.PrintErrors(initial) > 0 {
		t.Fatal("the code does not compile")
	}
	prog, built := ssautil.Packages(initial, ssa.InstantiateGenerics)
	prog.Build()
	mains := map[string]*ssa.Package{}
	for n, p := range initial {
		if name, ok := strings.CutPrefix(p.PkgPath, module+"functions/"); ok && !strings.Contains(name, "/") {
			mains[name] = built[n]
		}
	}
	return prog, mains
}

// reach finds what a main may call: static calls, functions that are passed on as values,
// and of an interface's method every type that is made into an interface on the way. It
// finds more than ever runs, never less: what a call through an interface reaches is known
// by the types' methods, not by where a value comes from.
type reach struct {
	prog  *ssa.Program
	todo  []*ssa.Function
	seen  map[*ssa.Function]bool
	types map[types.Type]bool
	asked map[*types.Func]*types.Interface // methods that are called through an interface
	// operations are the SDK's, as "dynamodb.GetItem".
	operations map[string]string // to a function that calls it
}

func reached(prog *ssa.Program, main *ssa.Package) map[string]string {
	r := &reach{prog: prog, seen: map[*ssa.Function]bool{}, types: map[types.Type]bool{}, asked: map[*types.Func]*types.Interface{}, operations: map[string]string{}}
	r.add(main.Func("main"))
	for len(r.todo) > 0 {
		f := r.todo[len(r.todo)-1]
		r.todo = r.todo[:len(r.todo)-1]
		r.look(f)
	}
	return r.operations
}

func (r *reach) add(f *ssa.Function) {
	if f == nil || r.seen[f] {
		return
	}
	r.seen[f] = true
	if f.Pkg != nil {
		r.add(f.Pkg.Func("init")) // what its variables hold
	}
	r.todo = append(r.todo, f)
}

func (r *reach) look(f *ssa.Function) {
	for _, b := range f.Blocks {
		for _, instruction := range b.Instrs {
			for _, operand := range instruction.Operands(nil) {
				if g, ok := (*operand).(*ssa.Function); ok {
					r.add(g)
				}
			}
			switch i := instruction.(type) {
			case *ssa.MakeInterface:
				r.made(i)
			case ssa.CallInstruction:
				r.called(f, i.Common())
			}
		}
	}
}

// made is told that a value became an interface. An interface of somebody else's is called
// by code that is not looked at, so all its methods count.
func (r *reach) made(i *ssa.MakeInterface) {
	of := i.X.Type()
	if named, ok := types.Unalias(i.Type()).(*types.Named); ok {
		if p := named.Obj().Pkg(); p == nil || !strings.HasPrefix(p.Path()+"/", module) {
			for m := range i.Type().Underlying().(*types.Interface).Methods() {
				r.method(of, m)
			}
		}
	}
	if r.types[of] {
		return
	}
	r.types[of] = true
	for m, face := range r.asked {
		if types.Implements(of, face) {
			r.method(of, m)
		}
	}
}

func (r *reach) method(of types.Type, m *types.Func) {
	if s := r.prog.MethodSets.MethodSet(of).Lookup(m.Pkg(), m.Name()); s != nil {
		r.add(r.prog.MethodValue(s))
	}
}

func (r *reach) called(from *ssa.Function, c *ssa.CallCommon) {
	for _, argument := range c.Args {
		if operation := input(argument.Type()); operation != "" && r.operations[operation] == "" {
			r.operations[operation] = from.String()
		}
	}
	if !c.IsInvoke() || r.asked[c.Method] != nil {
		return
	}
	face := c.Value.Type().Underlying().(*types.Interface)
	r.asked[c.Method] = face
	for of := range r.types {
		if types.Implements(of, face) {
			r.method(of, c.Method)
		}
	}
}

// input is "service.Operation" of a type *service.OperationInput of the SDK.
func input(t types.Type) string {
	pointer, ok := t.(*types.Pointer)
	if !ok {
		return ""
	}
	named, ok := types.Unalias(pointer.Elem()).(*types.Named)
	if !ok || named.Obj().Pkg() == nil || !strings.HasPrefix(named.Obj().Pkg().Path(), "github.com/aws/aws-sdk-go-v2/") {
		return ""
	}
	operation, ok := strings.CutSuffix(named.Obj().Name(), "Input")
	if !ok {
		return ""
	}
	return fmt.Sprintf("%s.%s", named.Obj().Pkg().Name(), operation)
}
