// Package pattern matches JSON events against EventBridge event patterns, as
// AWS documents them and as AWS's own open matcher (aws/event-ruler) behaves.
//
// In: a pattern and an event, both JSON text. Out: match or no match.
// A pattern that AWS would refuse is an *InvalidError; it is found when the
// pattern is compiled, never while matching.
//
// A pattern is flattened into branches: each branch maps the path of a field
// ("detail.state") to the values wanted there, and matches when all its fields
// match. "$or" multiplies branches. An event is flattened into leaves in the
// same way, so {"a.b": 1} and {"a": {"b": 1}} are the same event.
package pattern

import (
	"fmt"
	"slices"
)

// Limits of one pattern, AWS's where it names one.
const (
	MaxBytes    = 4096 // text of a pattern
	maxBranches = 1000 // combinations of $or
	maxDepth    = 100  // nesting of a pattern and of an event
)

// InvalidError says why a pattern is refused.
type InvalidError struct{ Reason string }

func (e *InvalidError) Error() string {
	return "Event pattern is not valid. Reason: " + e.Reason
}

func invalid(format string, args ...any) error {
	return &InvalidError{Reason: fmt.Sprintf(format, args...)}
}

// Pattern is a compiled event pattern; it may be used by any number of
// goroutines. The zero value matches nothing.
type Pattern struct {
	branches []branch
}

// branch is a conjunction: every field must match one of its terms. Fields are
// ordered by path, so that matching never depends on the order of a map.
type branch []field

type field struct {
	path  string
	terms []term
}

// term says whether one leaf of an event has the value wanted. absent terms
// match when there is no leaf at all.
type term struct {
	absent bool
	match  func(leaf) bool
}

// Match says whether the event, a JSON object, matches. The error is that of
// an event that is not a JSON object or is nested too deeply.
func (p *Pattern) Match(event []byte) (bool, error) {
	leaves, err := flatten(event)
	if err != nil {
		return false, err
	}
	return slices.ContainsFunc(p.branches, func(b branch) bool {
		m := matcher{leaves: leaves, steps: maxSteps}
		return m.fields(b, nil)
	}), nil
}
