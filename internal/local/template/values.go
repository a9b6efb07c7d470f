package template

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// number and flag take what CloudFormation takes: the value or its text, as
// parameters give it.
type (
	number float64
	flag   bool
)

func (n *number) UnmarshalJSON(b []byte) error {
	f, err := strconv.ParseFloat(strings.Trim(string(b), `"`), 64)
	*n = number(f)
	return err
}

func (f *flag) UnmarshalJSON(b []byte) error {
	v, err := strconv.ParseBool(strings.Trim(string(b), `"`))
	*f = flag(v)
	return err
}

// decode puts a resolved value into a struct by its field names; fields that
// the struct lacks are the business of the property lists.
func decode(v any, into any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return json.Unmarshal(b, into)
}

// text is a scalar as CloudFormation puts it into strings.
func text(v any) string {
	if v == nil {
		return ""
	}
	return fmt.Sprint(v)
}

func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// object is a value as a mapping; empty when it is absent.
func object(v any) map[string]any {
	m, _ := v.(map[string]any)
	return m
}
