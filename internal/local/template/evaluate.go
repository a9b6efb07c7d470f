package template

import (
	"encoding/base64"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// evaluator resolves intrinsic functions.
type evaluator struct {
	parameters map[string]any
	pseudo     map[string]any
	mappings   map[string]any
	conditions map[string]any
	resources  map[string]any // as written, after Globals
	names      map[string]string
	busy       map[string]bool // names and conditions under evaluation, to find cycles
	// apiEndpoint is where the HTTP API answers.
	apiEndpoint string
}

// noValue is AWS::NoValue: whoever holds it drops the property.
type noValue struct{}

// resolve evaluates a value and everything below it.
func (e *evaluator) resolve(v any) (any, error) {
	switch v := v.(type) {
	case map[string]any:
		if name, arg, ok := intrinsic(v); ok {
			return e.call(name, arg)
		}
		out := make(map[string]any, len(v))
		for _, k := range sorted(v) {
			r, err := e.resolve(v[k])
			if err != nil {
				return nil, fmt.Errorf("%s: %w", k, err)
			}
			if _, drop := r.(noValue); !drop {
				out[k] = r
			}
		}
		return out, nil
	case []any:
		out := make([]any, 0, len(v))
		for i, item := range v {
			r, err := e.resolve(item)
			if err != nil {
				return nil, fmt.Errorf("[%d]: %w", i, err)
			}
			if _, drop := r.(noValue); !drop {
				out = append(out, r)
			}
		}
		return out, nil
	}
	return v, nil
}

// intrinsic tells a function call from a mapping.
func intrinsic(m map[string]any) (name string, arg any, ok bool) {
	if len(m) != 1 {
		return "", nil, false
	}
	for k, v := range m {
		if k == "Ref" || strings.HasPrefix(k, "Fn::") {
			return strings.TrimPrefix(k, "Fn::"), v, true
		}
	}
	return "", nil, false
}

func (e *evaluator) call(name string, arg any) (any, error) {
	switch name {
	case "Ref":
		return e.ref(text(arg))
	case "GetAtt":
		return e.getAtt(arg)
	case "Sub":
		return e.sub(arg)
	case "If":
		return e.choose(arg)
	case "Equals", "Not", "And", "Or":
		return e.condition(map[string]any{"Fn::" + name: arg})
	}
	args, err := e.list(arg)
	if err != nil && name != "Base64" {
		return nil, fmt.Errorf("Fn::%s: %w", name, err)
	}
	switch name {
	case "Join":
		return join(args)
	case "Split":
		return split(args)
	case "Select":
		return pick(args)
	case "FindInMap":
		return e.findInMap(args)
	case "Base64":
		v, err := e.resolve(arg)
		return base64.StdEncoding.EncodeToString([]byte(text(v))), err
	}
	return nil, fmt.Errorf("Fn::%s is not supported on one machine", name)
}

// list resolves a function's arguments.
func (e *evaluator) list(arg any) ([]any, error) {
	v, err := e.resolve(arg)
	if err != nil {
		return nil, err
	}
	args, ok := v.([]any)
	if !ok {
		return nil, fmt.Errorf("its argument is not a list")
	}
	return args, nil
}

func join(args []any) (any, error) {
	items, ok := at(args, 1).([]any)
	if len(args) != 2 || !ok {
		return nil, fmt.Errorf("Fn::Join: want a delimiter and a list")
	}
	parts := make([]string, len(items))
	for i, item := range items {
		parts[i] = text(item)
	}
	return strings.Join(parts, text(args[0])), nil
}

func split(args []any) (any, error) {
	if len(args) != 2 {
		return nil, fmt.Errorf("Fn::Split: want a delimiter and a text")
	}
	var items []any
	for _, part := range strings.Split(text(args[1]), text(args[0])) {
		items = append(items, part)
	}
	return items, nil
}

func pick(args []any) (any, error) {
	items, ok := at(args, 1).([]any)
	i, err := strconv.Atoi(text(at(args, 0)))
	if !ok || err != nil || i < 0 || i >= len(items) {
		return nil, fmt.Errorf("Fn::Select: no item %s in a list of %d", text(at(args, 0)), len(items))
	}
	return items[i], nil
}

func (e *evaluator) findInMap(args []any) (any, error) {
	if len(args) != 3 {
		return nil, fmt.Errorf("Fn::FindInMap: want a map and two keys")
	}
	v, ok := object(object(e.mappings[text(args[0])])[text(args[1])])[text(args[2])]
	if !ok {
		return nil, fmt.Errorf("Fn::FindInMap: no %s.%s.%s", text(args[0]), text(args[1]), text(args[2]))
	}
	return v, nil
}

func at(args []any, i int) any {
	if i < len(args) {
		return args[i]
	}
	return nil
}

// placeholder is ${Name}, ${Resource.Attribute} or, for a literal, ${!Text}.
var placeholder = regexp.MustCompile(`\$\{(!?)([^}]*)\}`)

func (e *evaluator) sub(arg any) (any, error) {
	pattern, ok := arg.(string)
	local := map[string]any{}
	if args, list := arg.([]any); list && len(args) == 2 {
		pattern, ok = args[0].(string)
		v, err := e.resolve(args[1])
		if err != nil {
			return nil, fmt.Errorf("Fn::Sub: %w", err)
		}
		local = object(v)
	}
	if !ok {
		return nil, fmt.Errorf("Fn::Sub: want a text, or a text and a mapping")
	}
	var failed error
	out := placeholder.ReplaceAllStringFunc(pattern, func(match string) string {
		m := placeholder.FindStringSubmatch(match)
		if m[1] == "!" {
			return "${" + m[2] + "}"
		}
		name := strings.TrimSpace(m[2])
		v, ok := local[name]
		var err error
		switch {
		case ok:
		case strings.Contains(name, ".") && !strings.HasPrefix(name, "AWS::"):
			v, err = e.getAtt(name)
		default:
			v, err = e.ref(name)
		}
		if err != nil && failed == nil {
			failed = fmt.Errorf("Fn::Sub: %w", err)
		}
		return text(v)
	})
	return out, failed
}

// choose is Fn::If; only the chosen side is evaluated.
func (e *evaluator) choose(arg any) (any, error) {
	args, ok := arg.([]any)
	if !ok || len(args) != 3 {
		return nil, fmt.Errorf("Fn::If: want a condition and two values")
	}
	holds, err := e.named(text(args[0]))
	if err != nil {
		return nil, err
	}
	if holds {
		return e.resolve(args[1])
	}
	return e.resolve(args[2])
}

// ref is a parameter's value, a pseudo parameter or what a resource's Ref gives.
func (e *evaluator) ref(name string) (any, error) {
	if v, ok := e.parameters[name]; ok {
		return v, nil
	}
	if v, ok := e.pseudo[name]; ok {
		return v, nil
	}
	return e.refResource(name)
}

func (e *evaluator) getAtt(arg any) (any, error) {
	var path string
	switch arg := arg.(type) {
	case string:
		path = arg
	case []any:
		attribute, err := e.resolve(at(arg, 1))
		if err != nil || len(arg) != 2 {
			return nil, fmt.Errorf("Fn::GetAtt: want a resource and an attribute")
		}
		path = text(arg[0]) + "." + text(attribute)
	}
	id, attribute, ok := strings.Cut(path, ".")
	if !ok {
		return nil, fmt.Errorf("Fn::GetAtt: %q: want Resource.Attribute", path)
	}
	return e.attribute(id, attribute)
}
