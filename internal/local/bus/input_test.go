package bus

import (
	"encoding/json"
	"testing"
)

// Whatever template and event meet: a payload is JSON, or there is an error.
func FuzzTransform(f *testing.F) {
	f.Add(`{"a":<x>,"b":"<x> \" <y>"}`, "$.detail.list[0]", `{"detail":{"list":["a\"b"]}}`)
	f.Add(`"<aws.events.event>"`, "$", `{"detail":[1,{"x":null}]}`)
	f.Add(`<x>`, "$.a.b", `[]`)
	f.Fuzz(func(t *testing.T, template, path, event string) {
		target := Target{Transformer: &Transformer{Paths: map[string]string{"x": path, "y": "$.detail"}, Template: template}}
		if target.checkInput() != nil || !json.Valid([]byte(event)) {
			return
		}
		payload, err := target.payload([]byte(event), occasion{rule: "r", ruleARN: "arn"})
		if err == nil && !json.Valid(payload) {
			t.Errorf("payload %q", payload)
		}
	})
}

func TestQuotedAfter(t *testing.T) {
	for _, c := range []struct {
		text         string
		before, want bool
	}{
		{``, false, false}, {``, true, true}, {`"`, false, true}, {`"a"`, false, false}, {`\"`, true, true}, {`\\"`, true, false}, {`"\`, false, true},
	} {
		if got := quotedAfter(c.text, c.before); got != c.want {
			t.Errorf("%q after %v: %v", c.text, c.before, got)
		}
	}
}
