package template

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// parameter is a declaration in the Parameters section.
type parameter struct {
	Type                 string `json:"Type"`
	Default              any    `json:"Default"`
	AllowedValues        []any  `json:"AllowedValues"`
	AllowedPattern       string `json:"AllowedPattern"`
	ConstraintText       string `json:"ConstraintDescription"`
	MinValue, MaxValue   *number
	MinLength, MaxLength *number
}

// parameterValues resolves every parameter: an override, else its default.
func parameterValues(section map[string]any, overrides map[string]string) (map[string]any, error) {
	for _, name := range sorted(overrides) {
		if _, declared := section[name]; !declared {
			return nil, fmt.Errorf("parameter %s: the template does not declare it", name)
		}
	}
	values := make(map[string]any, len(section))
	for _, name := range sorted(section) {
		var p parameter
		if err := decode(section[name], &p); err != nil {
			return nil, fmt.Errorf("parameter %s: %w", name, err)
		}
		given, ok := overrides[name]
		if !ok {
			if p.Default == nil {
				return nil, fmt.Errorf("parameter %s: it has no default and no value was given", name)
			}
			given = text(p.Default)
		}
		v, err := p.accept(given)
		if err != nil {
			return nil, fmt.Errorf("parameter %s: %w", name, err)
		}
		values[name] = v
	}
	return values, nil
}

// accept checks a value against the declaration and gives it its type.
func (p parameter) accept(given string) (any, error) {
	if len(p.AllowedValues) > 0 && !slices.ContainsFunc(p.AllowedValues, func(v any) bool { return text(v) == given }) {
		return nil, fmt.Errorf("%q is not one of %v", given, p.AllowedValues)
	}
	if p.AllowedPattern != "" {
		re, err := regexp.Compile("^(?:" + p.AllowedPattern + ")$")
		if err != nil {
			return nil, fmt.Errorf("AllowedPattern: %w", err)
		}
		if !re.MatchString(given) {
			return nil, fmt.Errorf("%q: want %s", given, cmpOr(p.ConstraintText, "pattern "+p.AllowedPattern))
		}
	}
	if err := within("length", float64(len(given)), p.MinLength, p.MaxLength); err != nil {
		return nil, err
	}
	switch p.Type {
	case "String":
		return given, nil
	case "Number":
		n, err := strconv.ParseFloat(given, 64)
		if err != nil {
			return nil, fmt.Errorf("%q is not a number", given)
		}
		if err := within("value", n, p.MinValue, p.MaxValue); err != nil {
			return nil, err
		}
		if i, err := strconv.Atoi(given); err == nil {
			return i, nil
		}
		return n, nil
	case "CommaDelimitedList":
		var list []any
		for _, item := range strings.Split(given, ",") {
			list = append(list, strings.TrimSpace(item))
		}
		return list, nil
	}
	return nil, fmt.Errorf("type %q is not supported on one machine: want String, Number or CommaDelimitedList", p.Type)
}

func within(what string, v float64, low, high *number) error {
	if low != nil && v < float64(*low) || high != nil && v > float64(*high) {
		return fmt.Errorf("%s %v: want %s..%s", what, v, bound(low), bound(high))
	}
	return nil
}

func bound(n *number) string {
	if n == nil {
		return ""
	}
	return strconv.FormatFloat(float64(*n), 'g', -1, 64)
}

func cmpOr(a, b string) string {
	if a != "" {
		return a
	}
	return b
}
