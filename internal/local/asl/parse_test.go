package asl

import (
	"errors"
	"strings"
	"testing"
)

// accept takes any expression, for tests without the engine.
func accept(string) error { return nil }

// TestRefused: each definition is refused for one reason, at its place.
func TestRefused(t *testing.T) {
	pass := `{"Type":"Pass","End":true}`
	state := func(s string) string { return `{"QueryLanguage":"JSONata","StartAt":"A","States":{"A":` + s + `}}` }
	for _, tc := range []struct{ name, definition, place, says string }{
		{"no JSON", `{`, "/", "not JSON"},
		{"no object", `[]`, "/", "object"},
		{"too large", `"` + strings.Repeat("x", maxDefinition) + `"`, "/", "bytes"},
		{"JSONPath machine", `{"StartAt":"A","States":{"A":` + pass + `}}`, "/States/A", "JSONPath"},
		{"JSONPath state", state(`{"QueryLanguage":"JSONPath","Type":"Pass","End":true}`), "/States/A", "JSONPath"},
		{"unknown language", `{"QueryLanguage":"XPath","StartAt":"A","States":{"A":` + pass + `}}`, "/QueryLanguage", "XPath"},
		{"JSONPath field", state(`{"Type":"Pass","ResultPath":"$.a","End":true}`), "/States/A/ResultPath", "JSONPath field ResultPath"},
		{"JSONPath state in a branch", `{"QueryLanguage":"JSONata","StartAt":"P","States":{"P":{"Type":"Parallel","End":true,"Branches":[{"StartAt":"B","States":{"B":{"QueryLanguage":"JSONPath","Type":"Succeed"}}}]}}}`, "/States/P/Branches[0]/States/B", "JSONPath"},
		{"no states", `{"QueryLanguage":"JSONata","StartAt":"A"}`, "/States", "missing"},
		{"no start", `{"QueryLanguage":"JSONata","States":{"A":` + pass + `}}`, "/StartAt", "missing"},
		{"start nowhere", `{"QueryLanguage":"JSONata","StartAt":"B","States":{"A":` + pass + `}}`, "/StartAt", "no state"},
		{"next nowhere", state(`{"Type":"Pass","Next":"B"}`), "/States/A/Next", "no state"},
		{"next into a branch", `{"QueryLanguage":"JSONata","StartAt":"P","States":{"P":{"Type":"Parallel","Next":"B","Branches":[{"StartAt":"B","States":{"B":{"Type":"Succeed"}}}]}}}`, "/States/P/Next", "not in the same"},
		{"next and end", state(`{"Type":"Pass","Next":"A","End":true}`), "/States/A", "exactly one"},
		{"neither next nor end", state(`{"Type":"Pass"}`), "/States/A", "exactly one"},
		{"no type", state(`{"End":true}`), "/States/A", "Type is missing"},
		{"unknown type", state(`{"Type":"Loop","End":true}`), "/States/A/Type", "Loop"},
		{"unknown field", state(`{"Type":"Pass","End":true,"Colour":1}`), "/States/A/Colour", "Colour"},
		{"name used twice", `{"QueryLanguage":"JSONata","StartAt":"A","States":{"A":` + pass + `,"P":{"Type":"Parallel","End":true,"Branches":[{"StartAt":"A","States":{"A":{"Type":"Succeed"}}}]}}}`, "/States/P/Branches[0]/States/A", "used at"},
		{"long name", `{"QueryLanguage":"JSONata","StartAt":"A","States":{"` + strings.Repeat("n", 81) + `":` + pass + `,"A":` + pass + `}}`, "/States/" + strings.Repeat("n", 81), "81 characters"},
		{"activity", state(`{"Type":"Task","Resource":"arn:aws:states:us-east-1:000000000000:activity:a","End":true}`), "/States/A/Resource", "activity"},
		{"other integration", state(`{"Type":"Task","Resource":"arn:aws:states:::dynamodb:getItem","End":true}`), "/States/A/Resource", "dynamodb"},
		{"no resource", state(`{"Type":"Task","End":true}`), "/States/A/Resource", "missing"},
		{"no function name", state(`{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke","Arguments":{"Payload":1},"End":true}`), "/States/A/Arguments", "FunctionName"},
		{"asynchronous invoke", state(`{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke","Arguments":{"FunctionName":"f","InvocationType":"Event"},"End":true}`), "/States/A/Arguments/InvocationType", "InvocationType"},
		{"heartbeat over the timeout", state(`{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke","Arguments":{"FunctionName":"f"},"TimeoutSeconds":5,"HeartbeatSeconds":5,"End":true}`), "/States/A/HeartbeatSeconds", "less than"},
		{"timeout of nothing", state(`{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke","Arguments":{"FunctionName":"f"},"TimeoutSeconds":0,"End":true}`), "/States/A/TimeoutSeconds", "from 1"},
		{"distributed map", state(`{"Type":"Map","End":true,"ItemProcessor":{"ProcessorConfig":{"Mode":"DISTRIBUTED","ExecutionType":"STANDARD"},"StartAt":"B","States":{"B":{"Type":"Succeed"}}}}`), "/States/A/ItemProcessor/ProcessorConfig/Mode", "DISTRIBUTED"},
		{"item reader", state(`{"Type":"Map","End":true,"ItemReader":{},"ItemProcessor":{"StartAt":"B","States":{"B":{"Type":"Succeed"}}}}`), "/States/A/ItemReader", "ItemReader"},
		{"map of nothing", state(`{"Type":"Map","End":true}`), "/States/A/ItemProcessor", "missing"},
		{"items that are no array", state(`{"Type":"Map","End":true,"Items":"text","ItemProcessor":{"StartAt":"B","States":{"B":{"Type":"Succeed"}}}}`), "/States/A/Items", "array"},
		{"no branches", state(`{"Type":"Parallel","Branches":[],"End":true}`), "/States/A/Branches", "empty"},
		{"no choices", state(`{"Type":"Choice"}`), "/States/A/Choices", "missing"},
		{"JSONPath choice", state(`{"Type":"Choice","Choices":[{"Condition":true,"Variable":"$.a","Next":"A"}]}`), "/States/A/Choices[0]/Variable", "JSONPath"},
		{"choice without a condition", state(`{"Type":"Choice","Choices":[{"Next":"A"}]}`), "/States/A/Choices[0]", "Condition"},
		{"condition that is text", state(`{"Type":"Choice","Choices":[{"Condition":"yes","Next":"A"}]}`), "/States/A/Choices[0]/Condition", "boolean"},
		{"wait for nothing", state(`{"Type":"Wait","End":true}`), "/States/A", "exactly one"},
		{"wait for two things", state(`{"Type":"Wait","Seconds":1,"Timestamp":"2026-01-02T03:04:05Z","End":true}`), "/States/A", "exactly one"},
		{"wait for no time", state(`{"Type":"Wait","Timestamp":"tomorrow","End":true}`), "/States/A/Timestamp", "tomorrow"},
		{"wait backwards", state(`{"Type":"Wait","Seconds":-1,"End":true}`), "/States/A/Seconds", "-1"},
		{"retry in a pass", state(`{"Type":"Pass","Retry":[{"ErrorEquals":["States.ALL"]}],"End":true}`), "/States/A/Retry", "Retry"},
		{"States.ALL in company", state(`{"Type":"Parallel","Branches":[{"StartAt":"B","States":{"B":{"Type":"Succeed"}}}],"Retry":[{"ErrorEquals":["States.ALL","X"]}],"End":true}`), "/States/A/Retry[0]/ErrorEquals", "alone"},
		{"States.ALL not last", state(`{"Type":"Parallel","Branches":[{"StartAt":"B","States":{"B":{"Type":"Succeed"}}}],"Catch":[{"ErrorEquals":["States.ALL"],"Next":"A"},{"ErrorEquals":["X"],"Next":"A"}],"End":true}`), "/States/A/Catch[0]/ErrorEquals", "last"},
		{"backoff below one", state(`{"Type":"Parallel","Branches":[{"StartAt":"B","States":{"B":{"Type":"Succeed"}}}],"Retry":[{"ErrorEquals":["X"],"BackoffRate":0.5}],"End":true}`), "/States/A/Retry[0]/BackoffRate", "0.5"},
		{"delay below the interval", state(`{"Type":"Parallel","Branches":[{"StartAt":"B","States":{"B":{"Type":"Succeed"}}}],"Retry":[{"ErrorEquals":["X"],"IntervalSeconds":5,"MaxDelaySeconds":5}],"End":true}`), "/States/A/Retry[0]/MaxDelaySeconds", "more than"},
		{"half jitter", state(`{"Type":"Parallel","Branches":[{"StartAt":"B","States":{"B":{"Type":"Succeed"}}}],"Retry":[{"ErrorEquals":["X"],"JitterStrategy":"HALF"}],"End":true}`), "/States/A/Retry[0]/JitterStrategy", "HALF"},
		{"catch to nowhere", state(`{"Type":"Parallel","Branches":[{"StartAt":"B","States":{"B":{"Type":"Succeed"}}}],"Catch":[{"ErrorEquals":["X"],"Next":"Z"}],"End":true}`), "/States/A/Catch", "no state"},
		{"reserved variable", state(`{"Type":"Pass","Assign":{"states":1},"End":true}`), "/States/A/Assign", "reserved"},
		{"variable that is no name", state(`{"Type":"Pass","Assign":{"a.b":1},"End":true}`), "/States/A/Assign", "identifier"},
		{"JSONPath variable", state(`{"Type":"Pass","Assign":{"a.$":"$.x"},"End":true}`), "/States/A/Assign", "identifier"},
		{"variable of an outer scope", `{"QueryLanguage":"JSONata","StartAt":"P","States":{"P":{"Type":"Parallel","Next":"Q","Branches":[{"StartAt":"B","States":{"B":{"Type":"Pass","Assign":{"v":1},"End":true}}}]},"Q":{"Type":"Pass","Assign":{"v":2},"End":true}}}`, "/States/P/Branches[0]/States/B/Assign", "outer scope"},
		{"outer variable in an inner catch", `{"QueryLanguage":"JSONata","StartAt":"P","States":{"P":{"Type":"Parallel","Assign":{"v":1},"End":true,"Branches":[{"StartAt":"B","States":{"B":{"Type":"Parallel","Branches":[{"StartAt":"C","States":{"C":{"Type":"Succeed"}}}],"Catch":[{"ErrorEquals":["X"],"Assign":{"v":2},"Next":"D"}],"End":true},"D":{"Type":"Succeed"}}}]}}}`, "/States/P/Branches[0]/States/B/Catch[0]/Assign", "outer scope"},
		{"variable of the catch's next state", `{"QueryLanguage":"JSONata","StartAt":"P","States":{"P":{"Type":"Parallel","End":true,"Branches":[{"StartAt":"B","States":{"B":{"Type":"Pass","Assign":{"v":1},"End":true}}}],"Catch":[{"ErrorEquals":["X"],"Assign":{"v":2},"Next":"Q"}]},"Q":{"Type":"Pass","Assign":{"v":2},"End":true}}}`, "/States/P/Branches[0]/States/B/Assign", "outer scope"},
		{"endless nesting", `{"QueryLanguage":"JSONata","StartAt":"A","States":{"A":{"Type":"Pass","Output":` + strings.Repeat("[", 200) + strings.Repeat("]", 200) + `,"End":true}}}`, "/States/A/Output", "deeper"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := Parse([]byte(tc.definition), accept)
			var wrong *DefinitionError
			if !errors.As(err, &wrong) {
				t.Fatalf("error %v: want a *DefinitionError", err)
			}
			for _, p := range wrong.Problems {
				if p.Place == tc.place && strings.Contains(p.Message, tc.says) {
					return
				}
			}
			t.Errorf("problems %v: want %q at %s", wrong, tc.says, tc.place)
		})
	}
}

// TestBadExpression: an expression that does not parse is refused with its place.
func TestBadExpression(t *testing.T) {
	e := engine(t)
	_, err := Parse([]byte(`{"QueryLanguage":"JSONata","StartAt":"A","States":{"A":{"Type":"Pass","Output":{"a":[1,"{% $sum( %}"]},"End":true}}}`), e.Check)
	if err == nil || !strings.Contains(err.Error(), "/States/A/Output/a[1]") || !strings.Contains(err.Error(), "$sum(") {
		t.Errorf("error %v: want the expression and its place", err)
	}
}

// FuzzParse: no text makes the parser panic, and what it accepts has every state
// that its transitions name.
func FuzzParse(f *testing.F) {
	f.Add([]byte(everyState))
	f.Add([]byte(`{"QueryLanguage":"JSONata","StartAt":"A","States":{"A":{"Type":"Wait","Timestamp":"{% 1 %}","End":true}}}`))
	f.Add([]byte(`{"StartAt":1,"States":{"":null}}`))
	f.Fuzz(func(t *testing.T, definition []byte) {
		m, err := Parse(definition, accept)
		if err != nil {
			return
		}
		var walk func(*Machine)
		walk = func(m *Machine) {
			if m.States[m.StartAt] == nil {
				t.Fatalf("starts at %q, which does not exist", m.StartAt)
			}
			for _, s := range m.States {
				targets := []string{s.Next}
				for _, c := range s.Catch {
					targets = append(targets, c.Next)
				}
				for _, r := range s.Choices {
					targets = append(targets, r.Next)
				}
				for _, target := range targets {
					if target != "" && m.States[target] == nil {
						t.Fatalf("%s leads to %q, which does not exist", s.Name, target)
					}
				}
				for _, b := range s.Branches {
					walk(b)
				}
			}
		}
		walk(m)
	})
}
