package pattern

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"io"
	"slices"
)

// reserved are the names that AWS keeps for operators: inside $or no field may
// have one of them.
var reserved = []string{
	"exactly", "equals-ignore-case", "prefix", "suffix", "anything-but", "exists", "wildcard", "numeric", "cidr",
	"=", "<", "<=", ">", ">=", "regex", "not-wildcard", "not-equals-ignore-case",
	"date-after", "date-on-or-after", "date-before", "date-on-or-before", "in-date-range",
	"ip-address-in-range", "ip-address-not-in-range",
}

const orKey = "$or"

// Compile reads a pattern; its error is an *InvalidError.
func Compile(text []byte) (*Pattern, error) {
	if len(text) > MaxBytes {
		return nil, invalid("pattern has %d bytes: want at most %d", len(text), MaxBytes)
	}
	root, err := decode(text)
	if err != nil {
		return nil, err
	}
	branches, err := object([]branch{nil}, "", root, false)
	if err != nil {
		return nil, err
	}
	for i := range branches {
		slices.SortFunc(branches[i], func(a, b field) int { return cmp.Compare(a.path, b.path) })
	}
	return &Pattern{branches: branches}, nil
}

func decode(text []byte) (members, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	v, err := decodeValue(d, 1)
	if err != nil {
		return nil, err
	}
	root, ok := v.(members)
	if !ok {
		return nil, invalid("Filter is not an object")
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, invalid("text after the JSON object")
	}
	return root, nil
}

// members is a JSON object in the order written: of two fields with one path
// the later one counts.
type members []member

type member struct {
	name  string
	value any // members, []any, string, json.Number, bool or nil
}

func decodeValue(d *json.Decoder, depth int) (any, error) {
	if depth > maxDepth {
		return nil, invalid("nested deeper than %d", maxDepth)
	}
	token, err := d.Token()
	if err != nil {
		return nil, invalid("not JSON")
	}
	switch token {
	case json.Delim('{'):
		object := members{}
		for d.More() {
			key, err := d.Token()
			name, ok := key.(string)
			if err != nil || !ok {
				return nil, invalid("not JSON")
			}
			value, err := decodeValue(d, depth+1)
			if err != nil {
				return nil, err
			}
			object = append(object, member{name, value})
		}
		return object, closing(d)
	case json.Delim('['):
		array := []any{}
		for d.More() {
			value, err := decodeValue(d, depth+1)
			if err != nil {
				return nil, err
			}
			array = append(array, value)
		}
		return array, closing(d)
	}
	return token, nil
}

func closing(d *json.Decoder) error {
	if _, err := d.Token(); err != nil {
		return invalid("not JSON")
	}
	return nil
}

// object adds the fields of one JSON object of the pattern to every branch.
func object(branches []branch, path string, o members, insideOr bool) ([]branch, error) {
	if len(o) == 0 {
		return nil, invalid("Empty objects are not allowed")
	}
	for _, m := range o {
		var err error
		if m.name == orKey {
			branches, err = alternatives(branches, path, m.value)
		} else if insideOr && slices.Contains(reserved, m.name) {
			err = invalid("%s is Ruler reserved fieldName which cannot be used inside %s.", m.name, orKey)
		} else {
			branches, err = fieldOrObject(branches, path, m, insideOr)
		}
		if err != nil {
			return nil, err
		}
	}
	return branches, nil
}

func fieldOrObject(branches []branch, path string, m member, insideOr bool) ([]branch, error) {
	path = join(path, m.name)
	switch v := m.value.(type) {
	case members:
		return object(branches, path, v, insideOr)
	case []any:
		terms, err := compileTerms(v)
		if err != nil {
			return nil, err
		}
		for i := range branches {
			branches[i] = set(branches[i], field{path, terms})
		}
		return branches, nil
	}
	return nil, invalid("%q must be an object or an array", m.name)
}

// set returns b with f, in place of an earlier field with the same path. It
// never writes into b, which other branches may share.
func set(b branch, f field) branch {
	out := make(branch, 0, len(b)+1)
	for _, old := range b {
		if old.path != f.path {
			out = append(out, old)
		}
	}
	return append(out, f)
}

// alternatives multiplies the branches by the objects of one $or.
func alternatives(branches []branch, path string, value any) ([]branch, error) {
	options, ok := value.([]any)
	if !ok {
		return nil, invalid("It must be an Array followed with %s.", orKey)
	}
	if len(options) < 2 {
		return nil, invalid("There must have at least 2 Objects in %s relationship.", orKey)
	}
	var out []branch
	for _, option := range options {
		o, ok := option.(members)
		if !ok {
			return nil, invalid("Only JSON object is allowed in array of %s relationship.", orKey)
		}
		more, err := object(slices.Clone(branches), path, o, true)
		if err != nil {
			return nil, err
		}
		if out = append(out, more...); len(out) > maxBranches {
			return nil, invalid("Rule is too complex - more than %d combinations of %s", maxBranches, orKey)
		}
	}
	return out, nil
}
