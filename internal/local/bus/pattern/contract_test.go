package pattern_test

import (
	"encoding/json"
	"testing"

	"github.com/iris-oculus/iris/tests/contract/fixtures"
)

// The contract's own patterns, for a clone that lacks the shared ones.
func TestPatternsOfTheContract(t *testing.T) {
	type example struct {
		Name, Want     string
		Event, Pattern json.RawMessage
	}
	for _, c := range fixtures.Read[example](t, "patterns.json") {
		if got := outcome(t, string(c.Pattern), string(c.Event)); got != c.Want {
			t.Errorf("%s: got %s, want %s: pattern %s", c.Name, got, c.Want, c.Pattern)
		}
	}
}
