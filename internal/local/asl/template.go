package asl

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
)

// Template is a field's value: JSON in which strings of the form {% … %} are
// JSONata expressions.
type Template struct {
	node node
}

// node is one part of a template.
type node struct {
	literal    json.RawMessage // compact text; set when nothing beneath is an expression
	expression string          // without {% and %}
	items      []node          // an array with expressions
	keys       []string        // an object with expressions: items are its values
}

// expressionOf is the expression inside a string of the form {% … %}.
func expressionOf(s string) (string, bool) {
	if len(s) < 4 || !strings.HasPrefix(s, "{%") || !strings.HasSuffix(s, "%}") {
		return "", false
	}
	return strings.TrimSpace(s[2 : len(s)-2]), true
}

// maxTemplateDepth bounds the recursion over a definition's JSON.
const maxTemplateDepth = 100

// parseNode reads one value. problem is told every expression that does not
// parse, with its place below the field.
func parseNode(text json.RawMessage, place string, depth int, check func(place, expression string)) (node, error) {
	if depth > maxTemplateDepth {
		return node{}, fmt.Errorf("%s: deeper than %d levels", place, maxTemplateDepth)
	}
	text = bytes.TrimSpace(text)
	switch text[0] {
	case '"':
		var s string
		if err := json.Unmarshal(text, &s); err != nil {
			return node{}, err
		}
		if expression, ok := expressionOf(s); ok {
			check(place, expression)
			return node{expression: expression}, nil
		}
	case '[':
		var values []json.RawMessage
		if err := json.Unmarshal(text, &values); err != nil {
			return node{}, err
		}
		n := node{}
		for i, v := range values {
			item, err := parseNode(v, fmt.Sprintf("%s[%d]", place, i), depth+1, check)
			if err != nil {
				return node{}, err
			}
			n.items = append(n.items, item)
		}
		if n.dynamic() {
			return n, nil
		}
	case '{':
		members, err := membersOf(text)
		if err != nil {
			return node{}, err
		}
		n := node{keys: []string{}}
		for _, m := range members {
			item, err := parseNode(m.value, place+"/"+m.key, depth+1, check)
			if err != nil {
				return node{}, err
			}
			n.keys, n.items = append(n.keys, m.key), append(n.items, item)
		}
		if n.dynamic() {
			return n, nil
		}
	}
	return node{literal: compact(text)}, nil
}

// dynamic says whether any item holds an expression.
func (n node) dynamic() bool {
	for _, item := range n.items {
		if item.literal == nil {
			return true
		}
	}
	return false
}

type member struct {
	key   string
	value json.RawMessage
}

// membersOf reads an object in the order of its text, which is the order of
// results too.
func membersOf(text json.RawMessage) ([]member, error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	if t, err := decoder.Token(); err != nil || t != json.Delim('{') {
		return nil, fmt.Errorf("want an object")
	}
	var members []member
	for decoder.More() {
		key, err := decoder.Token()
		if err != nil {
			return nil, err
		}
		m := member{key: key.(string)}
		if err := decoder.Decode(&m.value); err != nil {
			return nil, err
		}
		members = append(members, m)
	}
	return members, nil
}

// EvaluationError is a States.QueryEvaluationError with the place of the field.
type EvaluationError struct {
	Location string // such as Output/result
	Message  string
	late     bool // the field was evaluated; using its value failed
}

func (e *EvaluationError) Error() string { return e.Message }

// evaluate gives the value of the template; field names it in errors.
func (t *Template) evaluate(s *Session, field string) (json.RawMessage, error) {
	var out bytes.Buffer
	if err := t.node.write(&out, s, field); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

func (n node) write(out *bytes.Buffer, s *Session, place string) error {
	if out.Len() > maxText {
		return &EvaluationError{Location: place, Message: fmt.Sprintf("The field '%s' has more than %d bytes.", place, maxText)}
	}
	switch {
	case n.literal != nil:
		out.Write(n.literal)
	case n.expression != "" || (n.items == nil && n.keys == nil):
		value, err := s.Evaluate(n.expression)
		if err != nil {
			return &EvaluationError{Location: place, Message: fmt.Sprintf("The JSONata expression '%s' specified for the field '%s' threw an error during evaluation. %v", n.expression, place, err)}
		}
		if value == nil {
			return &EvaluationError{Location: place, Message: fmt.Sprintf("The JSONata expression '%s' specified for the field '%s' returned nothing (undefined).", n.expression, place)}
		}
		out.Write(value)
	case n.keys != nil:
		out.WriteByte('{')
		for i, key := range n.keys {
			if i > 0 {
				out.WriteByte(',')
			}
			out.Write(quote(key))
			out.WriteByte(':')
			if err := n.items[i].write(out, s, place+"/"+key); err != nil {
				return err
			}
		}
		out.WriteByte('}')
	default:
		out.WriteByte('[')
		for i, item := range n.items {
			if i > 0 {
				out.WriteByte(',')
			}
			if err := item.write(out, s, fmt.Sprintf("%s[%d]", place, i)); err != nil {
				return err
			}
		}
		out.WriteByte(']')
	}
	return nil
}

// quote is the JSON text of a string, without the escapes for HTML.
func quote(s string) json.RawMessage {
	return encode(s)
}

// encode is the compact JSON text of a value that always has one, without the
// escapes for HTML that json.Marshal adds.
func encode(v any) json.RawMessage {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		panic(err) // strings, numbers, maps of them and raw JSON that was checked
	}
	return bytes.TrimRight(out.Bytes(), "\n")
}

// typeOf names a JSON value's type as Step Functions does.
func typeOf(value json.RawMessage) string {
	switch value[0] {
	case '{':
		return "object"
	case '[':
		return "array"
	case '"':
		return "string"
	case 't', 'f':
		return "boolean"
	case 'n':
		return "null"
	}
	return "number"
}

// typed evaluates a field that must have one type of value.
func (t *Template) typed(s *Session, field, kind string) (json.RawMessage, error) {
	value, err := t.evaluate(s, field)
	if err != nil {
		return nil, err
	}
	if got := typeOf(value); got != kind {
		return nil, &EvaluationError{Location: field, Message: fmt.Sprintf(
			"The JSONata expression '%s' specified for the field '%s' returned an unexpected result type. Expected '%s', but was '%s' for value: %.1000s",
			t.node.expression, field, kind, got, value)}
	}
	return value, nil
}

// text evaluates a field that is a string; an absent one is empty.
func (t *Template) text(s *Session, field string) (string, error) {
	if t == nil {
		return "", nil
	}
	value, err := t.typed(s, field, "string")
	if err != nil {
		return "", err
	}
	var text string
	return text, json.Unmarshal(value, &text)
}

// number evaluates a field that is a number from low to high.
func (t *Template) number(s *Session, field string, low, high float64) (float64, error) {
	value, err := t.typed(s, field, "number")
	if err != nil {
		return 0, err
	}
	var n float64
	if err := json.Unmarshal(value, &n); err != nil || n < low || n > high {
		return 0, &EvaluationError{Location: field, Message: fmt.Sprintf("The field '%s' is %s. Expected a number from %v to %v.", field, value, low, high)}
	}
	return n, nil
}

// whole evaluates a field that is a whole number of at least low; an absent one is 0.
func (t *Template) whole(s *Session, field string, low float64) (int64, error) {
	if t == nil {
		return 0, nil
	}
	n, err := t.number(s, field, low, maxSeconds)
	if err == nil && n != float64(int64(n)) {
		err = &EvaluationError{Location: field, Message: fmt.Sprintf("The field '%s' is %v. Expected a whole number.", field, n)}
	}
	return int64(n), err
}

// literalNumber is the value of a literal.
func (n node) literalNumber() (value float64, err error) {
	return value, json.Unmarshal(n.literal, &value)
}
