package asl

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Bounds of a definition, as Step Functions documents them.
const (
	maxDefinition = 1 << 20  // bytes
	maxName       = 80       // characters of a state's or variable's name
	maxSeconds    = 99999999 // of any duration
	maxNesting    = 20       // machines within each other; ours
)

// Problem is one thing wrong with a definition.
type Problem struct {
	Place   string // such as /States/Segment/Retry[0]/MaxAttempts
	Message string
}

// DefinitionError lists what is wrong with a definition.
type DefinitionError struct{ Problems []Problem }

func (e *DefinitionError) Error() string {
	texts := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		texts[i] = p.Message + " at " + p.Place
	}
	return strings.Join(texts, "; ")
}

// Parse reads and checks a definition. check reports an expression that does not
// parse (Engine.Check).
func Parse(definition []byte, check func(expression string) error) (*Machine, error) {
	p := &parser{check: check, named: map[string]string{}}
	if len(definition) > maxDefinition {
		p.add("/", "a definition of %d bytes: want at most %d", len(definition), maxDefinition)
	} else if !json.Valid(definition) {
		p.add("/", "the definition is not JSON")
	} else {
		f := p.open("", definition)
		f.language = f.text("QueryLanguage", "JSONPath")
		if f.language != "JSONata" && f.language != "JSONPath" {
			p.add("/QueryLanguage", "%q: want JSONata", f.language)
		}
		m := p.machine(f, nil, 0)
		if f.has("TimeoutSeconds") {
			m.Timeout = f.seconds("TimeoutSeconds", 1, maxSeconds, 0)
		}
		f.text("Comment", "")
		f.text("Version", "")
		f.close()
		if len(p.problems) == 0 {
			return m, nil
		}
	}
	return nil, &DefinitionError{p.problems}
}

type parser struct {
	check    func(string) error
	problems []Problem
	named    map[string]string // state name → place; names are unique in a definition
}

func (p *parser) add(place, format string, args ...any) {
	p.problems = append(p.problems, Problem{place, fmt.Sprintf(format, args...)})
}

// fields are an object's members; each is taken once, and close reports the rest.
type fields struct {
	p        *parser
	place    string
	language string
	values   map[string]json.RawMessage
}

func (p *parser) open(place string, text json.RawMessage) *fields {
	f := &fields{p: p, place: place}
	if err := json.Unmarshal(text, &f.values); err != nil || f.values == nil {
		p.add(place+"/", "want an object")
		f.values = map[string]json.RawMessage{}
	}
	return f
}

func (f *fields) has(name string) bool { _, ok := f.values[name]; return ok }

// take removes and returns a member, nil when absent.
func (f *fields) take(name string) json.RawMessage {
	v := f.values[name]
	delete(f.values, name)
	return v
}

func (f *fields) at(name string) string { return f.place + "/" + name }

// text takes a string member.
func (f *fields) text(name, otherwise string) string {
	raw := f.take(name)
	if raw == nil {
		return otherwise
	}
	var s string
	if err := json.Unmarshal(raw, &s); err != nil {
		f.p.add(f.at(name), "want a string")
		return otherwise
	}
	return s
}

// number takes a numeric member within bounds.
func (f *fields) number(name string, low, high, otherwise float64, whole bool) float64 {
	raw := f.take(name)
	if raw == nil {
		return otherwise
	}
	var n float64
	if err := json.Unmarshal(raw, &n); err != nil || raw[0] == 'n' || n < low || n > high || (whole && n != float64(int64(n))) {
		f.p.add(f.at(name), "%.40s: want a number from %v to %v", raw, low, high)
		return otherwise
	}
	return n
}

func (f *fields) seconds(name string, low, high, otherwise float64) time.Duration {
	return time.Duration(f.number(name, low, high, otherwise, true)) * time.Second
}

// template takes a member that may hold expressions, nil when absent.
func (f *fields) template(name string) *Template {
	raw := f.take(name)
	if raw == nil {
		return nil
	}
	n, err := parseNode(raw, f.at(name), 0, func(place, expression string) {
		if err := f.p.check(expression); err != nil {
			f.p.add(place, "the JSONata expression '%s' does not parse: %v", expression, err)
		}
	})
	if err != nil {
		f.p.add(f.at(name), "%v", err)
	}
	return &Template{n}
}

// typed takes a template that is an expression or a literal of the given type.
func (f *fields) typed(name, kind string) *Template {
	t := f.template(name)
	if t == nil || t.node.literal == nil && t.node.items == nil {
		return t
	}
	if t.node.literal != nil && typeOf(t.node.literal) == kind || t.node.literal == nil && kind == "array" && t.node.keys == nil {
		return t
	}
	f.p.add(f.at(name), "want a JSONata expression or a literal of type %s", kind)
	return t
}

// bounded takes a template that is an expression or a number within bounds.
func (f *fields) bounded(name string, low, high float64) *Template {
	t := f.typed(name, "number")
	if t != nil && t.node.literal != nil {
		var n float64
		if err := json.Unmarshal(t.node.literal, &n); err == nil && (n < low || n > high || n != float64(int64(n))) {
			f.p.add(f.at(name), "%s: want a whole number from %v to %v", t.node.literal, low, high)
		}
	}
	return t
}

// assignments takes Assign. In a Catch it does not claim its names: Step Functions
// accepts a state that assigns a variable in its Catch and, inside one of its
// branches, a variable of the same name, which is another one.
func (f *fields) assignments(scope *scope, claims bool) []Assignment {
	raw := f.take("Assign")
	if raw == nil {
		return nil
	}
	place := f.at("Assign")
	if typeOf(raw) != "object" {
		f.p.add(place, "want an object")
		return nil
	}
	inner := f.p.open(place, raw)
	members, err := membersOf(raw)
	if err != nil {
		f.p.add(place, "%v", err)
		return nil
	}
	var list []Assignment
	for _, m := range members {
		if problem := scope.refuses(m.key); problem != "" {
			f.p.add(place, "the variable %.100q %s", m.key, problem)
		} else if claims {
			scope.names[m.key] = true
		}
		if !inner.has(m.key) {
			f.p.add(place, "the variable %.100q is assigned twice", m.key)
			continue
		}
		list = append(list, Assignment{m.key, inner.template(m.key)})
	}
	return list
}

// jsonPath are the fields that only JSONPath states have.
var jsonPath = []string{
	"InputPath", "OutputPath", "ResultPath", "Parameters", "ResultSelector", "Result", "ItemsPath", "SecondsPath",
	"TimestampPath", "TimeoutSecondsPath", "HeartbeatSecondsPath", "MaxConcurrencyPath", "ToleratedFailureCountPath",
	"ToleratedFailurePercentagePath", "ErrorPath", "CausePath", "Variable", "And", "Or", "Not",
}

// close reports the members that nobody took.
func (f *fields) close() {
	for _, name := range slices.Sorted(maps.Keys(f.values)) {
		if slices.Contains(jsonPath, name) {
			f.p.add(f.at(name), "the JSONPath field %s is not supported", name)
		} else {
			f.p.add(f.at(name), "the field %.100q is not supported here", name)
		}
	}
}

// scope is where variables live: a machine's states, without its inner machines.
// names are those that an inner scope must not assign.
type scope struct {
	outer *scope
	names map[string]bool
}

// refuses says what is wrong with assigning name in s, if anything.
func (s *scope) refuses(name string) string {
	switch {
	case utf8.RuneCountInString(name) > maxName:
		return fmt.Sprintf("has a name of more than %d characters", maxName)
	case name == "states":
		return "is reserved"
	case !identifier(name):
		return "is no identifier"
	}
	for o := s.outer; o != nil; o = o.outer {
		if o.names[name] {
			return "is assigned in an outer scope"
		}
	}
	return ""
}

// identifier says whether a name consists of letters, digits and underscores and does
// not begin with a digit.
func identifier(name string) bool {
	for i, r := range name {
		if r != '_' && !unicode.IsLetter(r) && (i == 0 || !unicode.IsDigit(r)) {
			return false
		}
	}
	return name != ""
}
