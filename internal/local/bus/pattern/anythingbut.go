package pattern

import (
	"encoding/json"
	"slices"
)

// anythingBut matches every value that is there and is none of the named ones:
// a string, a number, a list of either, or one of four operators over strings.
func anythingBut(value any) (func(leaf) bool, []wildcard, error) {
	switch v := value.(type) {
	case members:
		return anythingButOperator(v)
	case []any:
		match, err := anythingButList(v)
		return match, nil, err
	case string, json.Number:
		match, err := anythingButList([]any{v})
		return match, nil, err
	}
	return nil, nil, invalid("Value of anything-but must be an array or single string/number value.")
}

func anythingButList(values []any) (func(leaf) bool, error) {
	const mixed = "Inside anything but list, either all values are number or string, mixed type is not supported"
	var excluded []func(leaf) bool
	texts := 0
	for _, value := range values {
		switch v := value.(type) {
		case string:
			texts++
			excluded = append(excluded, ofString(func(s string) bool { return s == v }))
		case json.Number:
			if _, inside := millionths(v.String()); !inside {
				return nil, invalid("Value must be between -5.0E9 and 5.0E9, inclusive")
			}
			excluded = append(excluded, equalNumber(v.String()))
		default:
			return nil, invalid("Inside anything but list, start|null|boolean is not supported.")
		}
	}
	if len(values) == 0 || texts != 0 && texts != len(values) {
		return nil, invalid(mixed)
	}
	return noneOf(excluded), nil
}

func noneOf(excluded []func(leaf) bool) func(leaf) bool {
	return func(l leaf) bool {
		return !slices.ContainsFunc(excluded, func(match func(leaf) bool) bool { return match(l) })
	}
}

func anythingButOperator(o members) (func(leaf) bool, []wildcard, error) {
	if len(o) == 0 {
		return nil, nil, invalid("Anything-But expression name not found")
	}
	if len(o) > 1 {
		return nil, nil, invalid("Only one key allowed in match expression")
	}
	name := o[0].name
	if !slices.Contains([]string{"equals-ignore-case", "prefix", "suffix", "wildcard"}, name) {
		return nil, nil, invalid("Unsupported anything-but pattern: %s", name)
	}
	values, ok := o[0].value.([]any)
	if !ok {
		values = []any{o[0].value}
	}
	if len(values) == 0 {
		return nil, nil, invalid("Empty arrays are not allowed")
	}
	var excluded []func(leaf) bool
	var wildcards []wildcard
	for _, value := range values {
		text, ok := value.(string)
		if !ok {
			return nil, nil, invalid("%s match pattern inside anything-but must be a string", name)
		}
		if text == "" && (name == "prefix" || name == "suffix") {
			return nil, nil, invalid("Null prefix/suffix not allowed")
		}
		t, more, err := ofText(name, text)
		if err != nil {
			return nil, nil, err
		}
		excluded = append(excluded, t.match)
		wildcards = append(wildcards, more...)
	}
	return noneOf(excluded), wildcards, nil
}
