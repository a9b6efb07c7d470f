package template

import "fmt"

// named evaluates a condition of the Conditions section.
func (e *evaluator) named(name string) (bool, error) {
	c, ok := e.conditions[name]
	if !ok {
		return false, fmt.Errorf("condition %s: the template does not declare it", name)
	}
	done, err := e.enter("condition " + name)
	if err != nil {
		return false, err
	}
	defer done()
	holds, err := e.condition(c)
	if err != nil {
		return false, fmt.Errorf("condition %s: %w", name, err)
	}
	return holds, nil
}

// enter marks something as under evaluation and refuses to enter it twice.
func (e *evaluator) enter(what string) (done func(), err error) {
	if e.busy[what] {
		return nil, fmt.Errorf("%s: it depends on itself", what)
	}
	e.busy[what] = true
	return func() { delete(e.busy, what) }, nil
}

// condition evaluates a condition function.
func (e *evaluator) condition(v any) (bool, error) {
	m := object(v)
	if len(m) != 1 {
		return false, fmt.Errorf("a condition is one function")
	}
	if name, ok := m["Condition"]; ok {
		return e.named(text(name))
	}
	name, arg, ok := intrinsic(m)
	args, list := arg.([]any)
	if !ok || !list {
		return false, fmt.Errorf("a condition is one function of a list")
	}
	switch name {
	case "Equals":
		sides, err := e.list(args)
		if err != nil {
			return false, err
		}
		if len(sides) != 2 {
			return false, fmt.Errorf("Fn::Equals: want two values")
		}
		return text(sides[0]) == text(sides[1]), nil
	case "Not":
		if len(args) != 1 {
			return false, fmt.Errorf("Fn::Not: want one condition")
		}
		holds, err := e.condition(args[0])
		return !holds, err
	case "And", "Or":
		return e.all(name == "And", args)
	}
	return false, fmt.Errorf("Fn::%s is not a condition", name)
}

// all evaluates every side, as CloudFormation does; and says whether all must
// hold or one is enough.
func (e *evaluator) all(and bool, args []any) (bool, error) {
	result := and
	for _, arg := range args {
		holds, err := e.condition(arg)
		if err != nil {
			return false, err
		}
		if holds != and {
			result = !and
		}
	}
	return result, nil
}
